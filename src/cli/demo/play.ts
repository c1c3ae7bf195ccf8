/** The scenario, which is the same for everybody who drains in it: two instances are scaled in, one after the other. */
import { SimulatedRegion } from '../../simulated-region/region.ts';
import { VirtualTime } from '../../simulated-region/virtual-time.ts';
import { buildScene, runReport, type Scene, startTraffic } from '../scene.ts';
import { type Testimony, Witness } from './witness.ts';

/** One way to drain, listening to the region's documents since before the scenario begins. */
export interface Way {
  /** A scale-in is about to be announced. */
  expect(instanceId: string, act: Act): void;
  /** It does nothing more for that instance. */
  isOver(instanceId: string): boolean;
  close(): Promise<void>;
}

export interface Audience {
  began(act: Act, instanceId: string, witness: Witness): void;
  /** After every step of the clock. */
  looks(): void;
  ended(act: Act, testimony: Testimony): void;
}

export interface Act {
  readonly title: string;
  readonly door: 'EventBridge' | 'SNS';
  /** How long the standalone task on the instance still takes. */
  readonly reportSeconds: number;
}

export const ACTS: readonly Act[] = [
  { title: 'by the EventBridge event', door: 'EventBridge', reportSeconds: 90 },
  { title: 'by the SNS notification', door: 'SNS', reportSeconds: 75 },
];

/** Until everything serves, and until requests of every length are under way. */
const WARM_UP_SECONDS = 90;
const REPORT_BEGINS_SECONDS = 15;
/** Longer than the instance takes to be gone, the health checks to notice, and the longest request to last. */
const AFTERMATH_SECONDS = 180;
const LONGEST_DRAIN_SECONDS = 7_200;

/** Plays on a clock and in a region of its own. @returns what the region says of each act. */
export async function play(engage: (scene: Scene) => Way, audience: Audience): Promise<readonly Testimony[]> {
  const time = new VirtualTime();
  try {
    const region = new SimulatedRegion();
    time.watch(region);
    const scene = buildScene(region);
    const way = engage(scene);
    await time.pass(WARM_UP_SECONDS);
    startTraffic(scene);
    await time.pass(WARM_UP_SECONDS);
    const testimonies: Testimony[] = [];
    for (const [index, act] of ACTS.entries()) {
      testimonies.push(await playAct(time, scene, act, scene.instances[index] ?? '', way, audience));
    }
    await time.finish(way.close());
    return testimonies;
  } finally {
    time.end();
  }
}

async function playAct(
  time: VirtualTime,
  scene: Scene,
  act: Act,
  instanceId: string,
  way: Way,
  audience: Audience,
): Promise<Testimony> {
  runReport(scene, instanceId, act.reportSeconds);
  await time.pass(REPORT_BEGINS_SECONDS);
  const witness = new Witness(scene, instanceId);
  audience.began(act, instanceId, witness);
  way.expect(instanceId, act);
  scene.region.autoScaling.scaleIn(scene.group, instanceId);
  await time.until(
    () => witness.hasEnded && way.isOver(instanceId),
    LONGEST_DRAIN_SECONDS,
    () => audience.looks(),
  );
  await time.pass(AFTERMATH_SECONDS);
  const testimony = witness.testify();
  audience.ended(act, testimony);
  return testimony;
}

/** For whoever plays without being watched. */
export const NOBODY: Audience = {
  began: () => undefined,
  looks: () => undefined,
  ended: () => undefined,
};

/** A thousand delayed terminations that fall due in the same second, within EC2's buckets. */
import { localEngine } from '../src/cli/local-engine.ts';
import { readSettings } from '../src/contract/settings.ts';
import { executionName } from '../src/engine/names.ts';
import { SimulatedRegion } from '../src/simulated-region/region.ts';
import { VirtualTime } from '../src/simulated-region/virtual-time.ts';
import { DelegatedDestroy } from './old-ways/asg-delegated-destroy.ts';
import type { Bench, Line, Result } from './support/bench.ts';
import { seedRandom } from './support/seeded.ts';
import { warmUp } from './support/warm-up.ts';

const TERMINATIONS = 1_000;
const DELAY_SECONDS = 10;
const WITHIN_SECONDS = 3_600;
/** AWS's figures: instances in all calls together, at once and per second. */
const AT_ONCE = 1_000;
const PER_SECOND = 20;

interface Scene {
  readonly clock: VirtualTime;
  readonly region: SimulatedRegion;
  readonly instances: readonly string[];
  /** ms, by instance: when its shutting down began. */
  readonly went: ReadonlyMap<string, number>;
}

async function within<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  await warmUp();
  const clock = new VirtualTime();
  const unseed = seedRandom();
  try {
    const region = new SimulatedRegion({ enforceBuckets: true });
    clock.watch(region);
    const instances = Array.from({ length: TERMINATIONS }, () => region.ec2.launch());
    await clock.pass(60);
    const went = new Map<string, number>();
    region.ec2.instances.onStateChange(({ instanceId, state }) => {
      if (state === 'shutting-down') went.set(instanceId, Date.now());
    });
    return await work({ clock, region, instances, went });
  } finally {
    unseed();
    clock.end();
  }
}

function lineOf(way: string, { region, went }: Scene, began: number): Line {
  const due = began + DELAY_SECONDS * 1000;
  const times = [...went.values()];
  const throttled = region.calls.count({ outcome: 'RequestLimitExceeded' });
  return {
    way,
    figures: {
      terminated: went.size,
      'too early': times.filter((at) => at < due).length,
      lost: TERMINATIONS - went.size,
      'last asked for after it was due, s': Math.max(0, ...times.map((at) => (at - due) / 1000)),
      'AWS calls': region.calls.count(),
      'of them TerminateInstances': region.calls.count({ operation: 'TerminateInstances' }),
      throttled,
      'throttled, %': (100 * throttled) / region.calls.count(),
    },
  };
}

async function sluice(scene: Scene): Promise<Line> {
  const { clock, region, instances } = scene;
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const engine = localEngine({
    journal: ':memory:',
    region: region.region,
    accountId: region.accountId,
    access: { requestHandler, credentials, endpoint },
    settings: readSettings({}),
    random: () => region.world.random(),
  });
  const began = Date.now();
  let over = 0;
  engine.onClosed(() => {
    over += 1;
  });
  for (const instanceId of instances) {
    const input = { region: region.region, instanceIds: [instanceId], delaySeconds: DELAY_SECONDS };
    await engine.start({
      workflow: 'delayed-termination',
      name: executionName('delayed-termination', instanceId, 'bench'),
      input,
    });
  }
  await clock.until(() => over === TERMINATIONS, WITHIN_SECONDS);
  const line = lineOf('Sluice, one process', scene, began);
  await clock.finish(engine.close());
  return line;
}

async function delegatedDestroy(scene: Scene): Promise<Line> {
  const { clock, region, instances } = scene;
  const old = new DelegatedDestroy(region.clientConfig());
  const began = Date.now();
  for (const instanceId of instances) old.accept(instanceId);
  await clock.until(() => old.done + old.lost === TERMINATIONS, WITHIN_SECONDS);
  return lineOf('asg-delegated-destroy', scene, began);
}

async function measure(): Promise<Result> {
  const own = await within(sluice);
  const old = await within(delegatedDestroy);
  const least = Math.max(0, (TERMINATIONS - AT_ONCE) / PER_SECOND);
  const { figures } = own;
  return {
    lines: [
      {
        way: 'least possible',
        figures: { terminated: TERMINATIONS, 'too early': 0, lost: 0, 'last asked for after it was due, s': least },
      },
      own,
      old,
    ],
    bars: [
      {
        text: `all ${TERMINATIONS} terminated, none early, none lost`,
        holds: figures.terminated === TERMINATIONS && figures['too early'] === 0,
      },
      { text: 'at most 2 % of calls throttled', holds: Number(figures['throttled, %']) <= 2 },
    ],
    notes: [
      `least possible: (${TERMINATIONS} instances − ${AT_ONCE}) / ${PER_SECOND} a second; calls take ${DELAY_SECONDS} s after the request`,
    ],
  };
}

export const bench: Bench = {
  rows: [{ name: 'terminations-1000', title: '1,000 delayed terminations due in the same second', run: measure }],
};

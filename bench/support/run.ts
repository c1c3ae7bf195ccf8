/** One fleet, one way, one clock: plays a scenario to its end and asks the region what has happened. */
import { type RegionOptions, SimulatedRegion } from '../../src/simulated-region/region.ts';
import { VirtualTime } from '../../src/simulated-region/virtual-time.ts';
import { buildFleet, type Fleet, type FleetOptions, startTraffic, WARM_UP_SECONDS } from './fleet.ts';
import { seedRandom } from './seeded.ts';
import type { Way } from './sluice.ts';
import { warmUp } from './warm-up.ts';
import { type Verdict, Witness } from './witness.ts';

export interface Scenario {
  readonly fleet: FleetOptions;
  readonly region?: RegionOptions;
  /** Over how long the scale-ins are spread, evenly. */
  readonly spreadSeconds: number;
  /** Through every target group. */
  readonly requestsPerSecond?: number;
  /** Before the first scale-in, with everything running. */
  readonly prepare?: (fleet: Fleet) => void;
  /** All lifecycle actions have ended by then, if only by their expiry. */
  readonly withinSeconds: number;
  /** Until what was still in flight has been answered or dropped. */
  readonly aftermathSeconds?: number;
}

export interface Outcome extends Verdict {
  readonly calls: number;
  readonly callsByOperation: Readonly<Record<string, number>>;
  readonly throttled: number;
  /** Of the calls after the first minute: as in a bucket that has lost its burst. */
  readonly throttledOnceSettled: number;
  readonly callsOnceSettled: number;
  readonly requestsSent: number;
  readonly requestsDropped: number;
  /** Of these, those for tasks that ECS itself had registered. */
  readonly requestsDroppedOfServices: number;
  readonly published: number;
}

const THROTTLING = /throttl|RequestLimitExceeded/i;
export const SETTLED_SECONDS = 60;

/**
 * @param isOver where that is not the end of every lifecycle action
 * @returns what the region says, and what `look` sees while the way is still there
 */
export async function play<W extends Way, T>(
  scenario: Scenario,
  engage: (fleet: Fleet) => W,
  look: (way: W) => T,
  isOver?: (way: W) => boolean,
): Promise<{ readonly outcome: Outcome; readonly seen: T }> {
  await warmUp();
  const clock = new VirtualTime();
  const unseed = seedRandom();
  try {
    const region = new SimulatedRegion(scenario.region ?? {});
    region.calls.keep(0);
    clock.watch(region);
    const fleet = buildFleet(region, scenario.fleet);
    await clock.pass(WARM_UP_SECONDS);
    if (scenario.requestsPerSecond !== undefined) {
      startTraffic(fleet, scenario.requestsPerSecond);
      await clock.pass(WARM_UP_SECONDS);
    }
    const witness = new Witness(fleet);
    const way = engage(fleet);
    scenario.prepare?.(fleet);
    const before = region.traffic.stats();
    const droppedOfServices = () => fleet.targetGroups.reduce((sum, arn) => sum + region.traffic.stats(arn).dropped, 0);
    const servicesBefore = droppedOfServices();
    const callsBefore = region.calls.counts();
    const began = Date.now();
    let throttled = 0;
    let throttledOnceSettled = 0;
    let callsOnceSettled = 0;
    region.calls.onCall(({ at, outcome }) => {
      const settled = at - began >= SETTLED_SECONDS * 1000;
      if (settled) callsOnceSettled += 1;
      if (!THROTTLING.test(outcome)) return;
      throttled += 1;
      if (settled) throttledOnceSettled += 1;
    });
    const step = (scenario.spreadSeconds * 1000) / fleet.leavers.length;
    for (const [index, { group, instanceId }] of fleet.leavers.entries()) {
      setTimeout(() => region.autoScaling.scaleIn(group, instanceId), index * step);
    }
    await clock.until(() => {
      way.check();
      return isOver === undefined ? witness.ended === fleet.leavers.length : isOver(way);
    }, scenario.withinSeconds);
    await clock.pass(scenario.aftermathSeconds ?? 60);
    const traffic = region.traffic.stats();
    const callsByOperation = difference(region.calls.counts(), callsBefore);
    const seen = look(way);
    await clock.finish(way.close());
    return {
      outcome: {
        ...witness.testify(),
        calls: Object.values(callsByOperation).reduce((sum, count) => sum + count, 0),
        callsByOperation,
        throttled,
        throttledOnceSettled,
        callsOnceSettled,
        requestsSent: traffic.sent - before.sent,
        requestsDropped: traffic.dropped - before.dropped,
        requestsDroppedOfServices: droppedOfServices() - servicesBefore,
        published: way.published,
      },
      seen,
    };
  } finally {
    unseed();
    clock.end();
  }
}

function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, count]) => [key, count - (before[key] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

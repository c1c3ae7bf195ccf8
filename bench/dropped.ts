/** Requests that are lost while a thousand instances leave, by every way of draining. */
import type { Bench, Line, Result } from './support/bench.ts';
import type { Fleet } from './support/fleet.ts';
import { OLD_WAYS } from './support/old.ts';
import { type Outcome, play, type Scenario } from './support/run.ts';
import { Sluice, type Way } from './support/sluice.ts';
import { largest, quantile } from './support/witness.ts';

const HOUR = 3_600;
const SCALE_INS = 1_000;
const SPREAD_HOURS = 4;
const THROTTLED_FROM_HOURS = 1;
/** In the throttled hour. */
const REFUSED = 0.9;

/**
 * A thousand scale-ins, one every 14 s, of instances whose tasks take 75 s to stop; requests of up to 45 s flow through
 * every target group; and for the whole second hour AWS refuses nine calls of ten as throttled.
 */
const SCENARIO: Scenario = {
  fleet: {
    clusters: 4,
    leaving: SCALE_INS,
    staying: 200,
    services: 6,
    tasksEach: 2,
    deregistrationDelaySeconds: 60,
    stopSeconds: 75,
    heartbeatTimeoutSeconds: HOUR,
    handRegistered: true,
  },
  region: { enforceBuckets: true },
  spreadSeconds: SPREAD_HOURS * HOUR,
  requestsPerSecond: 100,
  prepare: ({ region }) => {
    const from = Date.now() + THROTTLED_FROM_HOURS * HOUR * 1000;
    region.faults.inject({ kind: 'throttle', probability: REFUSED, from, until: from + HOUR * 1000 });
  },
  withinSeconds: 12 * HOUR,
  aftermathSeconds: 300,
};

function lineOf(way: string, outcome: Outcome): Line {
  return {
    way,
    figures: {
      'requests dropped': outcome.requestsDropped,
      'of ECS services': outcome.requestsDroppedOfServices,
      'of requests sent': outcome.requestsSent,
      'instances drained': outcome.drained,
      'ended too early': outcome.early,
      'left to expire': outcome.expired,
      'median lag, s': quantile(outcome.lags, 0.5),
      'longest lag, s': largest(outcome.lags),
      'AWS calls': outcome.calls + outcome.published,
    },
  };
}

const OTHERS: readonly (readonly [name: string, engage: (fleet: Fleet) => Way])[] = [
  ['sleep 60', OLD_WAYS.sleep60],
  ['poll every 15 s, ListTasks as it is', (fleet) => OLD_WAYS.fixedInterval(fleet)],
  ['ecs-lifecycle-hook', OLD_WAYS.hookToday],
  ['ECS managed draining, as a model', OLD_WAYS.managedDraining],
];

async function measure(): Promise<Result> {
  const { outcome } = await play(
    SCENARIO,
    (fleet) => new Sluice(fleet),
    () => undefined,
  );
  const lines: Line[] = [
    { way: 'least possible', figures: { 'requests dropped': 0, 'instances drained': SCALE_INS, 'median lag, s': 0 } },
    lineOf('Sluice', outcome),
  ];
  for (const [name, engage] of OTHERS) {
    const other = await play(SCENARIO, engage, () => undefined);
    lines.push(lineOf(name, other.outcome));
  }
  return {
    lines,
    bars: [
      { text: 'Sluice drops no request', holds: outcome.requestsDropped === 0 },
      { text: 'Sluice drains every instance', holds: outcome.drained === SCALE_INS && outcome.early === 0 },
    ],
    notes: [
      `${SCALE_INS} scale-ins in ${SPREAD_HOURS} h in 4 clusters; 100 requests a second through each of 10 target groups, 2 % of them take 45 s; tasks take 75 s to stop`,
      'for the whole second hour nine of ten calls to AWS are refused as throttled; an instance is terminated when its lifecycle action is completed or expires',
      'lag: from the last STOPPED task and the last target gone to the completion, of instances that did not end too early; the throttled hour is in it',
      'of ECS services: the others went to a process on each instance that somebody registered by hand, which ECS managed draining does not know',
    ],
  };
}

export const bench: Bench = {
  rows: [
    { name: 'dropped', title: 'Requests dropped in 1,000 scale-ins, one throttled hour in between', run: measure },
  ],
};

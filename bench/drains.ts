/** What a drain costs, and what thousands at once do to the account's request quotas. */
import type { Bench, Line, Result } from './support/bench.ts';
import { cost, PRICES } from './support/cost.ts';
import type { Fleet } from './support/fleet.ts';
import { AllKnowing, leastByBuckets } from './support/least.ts';
import { OLD_WAYS } from './support/old.ts';
import { type Outcome, play, type Scenario } from './support/run.ts';
import { Sluice, type Way } from './support/sluice.ts';
import { largest, quantile } from './support/witness.ts';

const HOUR = 3_600;
const USUAL_SECONDS = 300;

/**
 * One instance with four service tasks behind a target group, a daemon task, and work that no service owns and that ends
 * after so long. The deregistration delay is AWS's own unless the drain is a short one.
 */
function oneDrain(seconds: number): Scenario {
  const short = seconds < 60;
  return {
    fleet: {
      clusters: 1,
      leaving: 1,
      staying: 2,
      services: 1,
      tasksEach: 4,
      deregistrationDelaySeconds: short ? 5 : 300,
      startSeconds: short ? 2 : 10,
      stopSeconds: short ? 2 : 30,
      heartbeatTimeoutSeconds: HOUR,
      daemons: true,
    },
    region: { enforceBuckets: true },
    spreadSeconds: 0,
    withinSeconds: 49 * HOUR,
    prepare: ({ region, leavers }) => {
      const [leaver] = leavers;
      if (leaver === undefined) return;
      const { cluster, instanceId } = leaver;
      region.ecs.startTask({ cluster, instance: instanceId, family: 'report', endsAfterSeconds: seconds - 8 });
    },
  };
}

/** Calls that no drain can do without: locate, DRAINING, two lists and a description at its end, the completion. */
const LEAST_CALLS = 6;

interface Seen {
  readonly transitions?: number;
  readonly invocations?: number;
}

function lineOf(way: string, outcome: Outcome, { transitions, invocations }: Seen): Line {
  const ended =
    outcome.expired > 0 ? 'by expiry' : outcome.early > 0 ? 'too early' : outcome.lost > 0 ? 'wrong' : 'right';
  return {
    way,
    figures: {
      'AWS calls': outcome.calls + outcome.published,
      transitions,
      'cost, $':
        transitions === undefined || invocations === undefined
          ? undefined
          : cost({ transitions, invocations, events: 2 }),
      'true end, s': outcome.early > 0 ? undefined : outcome.lastTrueEnd,
      'lag, s': largest(outcome.lags),
      'lag, %': percent(largest(outcome.lagShares)),
      ended,
    },
  };
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100;
}

const sluice = (fleet: Fleet) => new Sluice(fleet);
const seenOf = (way: Sluice): Seen => ({ transitions: way.counts().transitions, invocations: way.invocations });
const nothing = (_: Way): Seen => ({});

/** Sluice's line alone, of one drain. */
export async function oneBySluice(seconds: number): Promise<Line> {
  const { outcome, seen } = await play(oneDrain(seconds), sluice, seenOf);
  return lineOf('Sluice', outcome, seen);
}

/** Sluice's line alone, of many drains. The earliest end is not in it. */
export async function manyBySluice(drains: number): Promise<Line> {
  const { outcome } = await play(manyDrains(drains), sluice, nothing);
  return manyLine(ONE_PROCESS, outcome);
}

async function measureOne(seconds: number, hotLoop: boolean): Promise<Result> {
  const scenario = oneDrain(seconds);
  const own = await play(scenario, sluice, seenOf);
  const fixed = await play(scenario, (fleet) => OLD_WAYS.fixedInterval(fleet), nothing);
  const line = lineOf('Sluice', own.outcome, own.seen);
  const lines: Line[] = [
    { way: 'least possible', figures: { 'AWS calls': LEAST_CALLS, 'lag, s': 0, 'lag, %': 0, ended: 'right' } },
    line,
    lineOf('poll every 15 s, ListTasks as it is', fixed.outcome, {}),
  ];
  const share = largest(own.outcome.lagShares) ?? Number.POSITIVE_INFINITY;
  const lag = largest(own.outcome.lags) ?? Number.POSITIVE_INFINITY;
  const bars = [
    { text: 'ends by an observed end', holds: own.outcome.drained === 1 },
    { text: 'lag at most 10 % of the drain, or 10 s', holds: share <= 0.1 || lag <= 10 },
  ];
  if (hotLoop) {
    const old = await play(scenario, OLD_WAYS.hookMended, nothing);
    lines.push(lineOf('ecs-lifecycle-hook, mended', old.outcome, {}));
    if (seconds === USUAL_SECONDS) {
      const calls = old.outcome.calls + old.outcome.published;
      bars.push({
        text: `at least 20 times fewer calls than the old hot loop (${calls})`,
        holds: calls >= 20 * own.outcome.calls,
      });
    }
  }
  if (seconds === USUAL_SECONDS) {
    const dollars = Number(line.figures['cost, $']);
    bars.push(
      { text: `at most 60 calls (${own.outcome.calls})`, holds: own.outcome.calls <= 60 },
      { text: `at most $0.005 (${dollars.toFixed(5)})`, holds: dollars <= 0.005 },
    );
  }
  return {
    lines,
    bars,
    notes: [
      'least possible: one locate, one UpdateContainerInstancesState, one RUNNING list, one STOPPED list, one description, one completion',
      PRICES,
    ],
  };
}

const TASKS_EACH = 4;

/**
 * In four clusters, with ten target groups: six of services, and four in which every instance stands by hand. Beyond a
 * thousand drains there are more of them in proportion, since a target group takes no more than a thousand targets.
 */
function manyDrains(drains: number): Scenario {
  const times = Math.max(1, Math.ceil(drains / 1_000));
  return {
    fleet: {
      clusters: 4 * times,
      leaving: drains,
      staying: drains,
      services: 6 * times,
      tasksEach: TASKS_EACH,
      deregistrationDelaySeconds: 300,
      stopSeconds: 30,
      heartbeatTimeoutSeconds: HOUR,
      handRegistered: true,
      daemons: true,
    },
    region: { enforceBuckets: true },
    spreadSeconds: 10,
    withinSeconds: 3 * HOUR,
  };
}

const ONE_PROCESS = 'Sluice, one process';

function manyLine(way: string, outcome: Outcome, earliest?: number): Line {
  return {
    way,
    figures: {
      drained: outcome.drained,
      'too early': outcome.early,
      lost: outcome.lost,
      'last end, s': outcome.lastEnd,
      'of the earliest': earliest === undefined ? undefined : outcome.lastEnd / earliest,
      'AWS calls': outcome.calls,
      'calls a drain': outcome.calls / (outcome.drained + outcome.early + outcome.lost),
      throttled: outcome.throttled,
      'throttled once settled, %': percent(outcome.throttledOnceSettled / Math.max(1, outcome.callsOnceSettled)),
      'median lag, s': quantile(outcome.lags, 0.5),
      'longest lag, s': largest(outcome.lags),
    },
  };
}

async function measureMany(drains: number, others: boolean): Promise<Result> {
  const scenario = manyDrains(drains);
  const ideal = await play(
    scenario,
    (fleet) => new AllKnowing(fleet),
    ({ seconds }) => seconds,
    ({ over }) => over === drains,
  );
  const buckets = leastByBuckets({ drains, tasksEach: TASKS_EACH + 1 });
  const earliest = Math.max(ideal.seen, buckets.seconds);
  const { outcome } = await play(scenario, sluice, nothing);
  const lines: Line[] = [
    {
      way: 'least possible',
      figures: { drained: drains, 'last end, s': earliest, 'of the earliest': 1, throttled: 0 },
    },
    manyLine(ONE_PROCESS, outcome, earliest),
  ];
  if (others) {
    const fixed = await play(scenario, (fleet) => OLD_WAYS.fixedInterval(fleet), nothing);
    lines.push(manyLine('poll every 15 s, ListTasks as it is', fixed.outcome, earliest));
  }
  return {
    lines,
    bars: [
      {
        text: `all ${drains} drained, none early, none lost`,
        holds: outcome.drained === drains && outcome.early === 0,
      },
      {
        text: `the last within 1.5 times the earliest possible (${(outcome.lastEnd / earliest).toFixed(2)})`,
        holds: outcome.lastEnd <= 1.5 * earliest,
      },
      {
        text: 'at most 2 % of calls throttled once settled',
        holds: outcome.throttledOnceSettled <= 0.02 * outcome.callsOnceSettled,
      },
    ],
    notes: [
      `least possible: the later of the drains' true end without a call (${ideal.seen.toFixed(0)} s) and ${buckets.text}`,
      'settled: a minute after the first announcement',
    ],
  };
}

/** Containers of each function that observes. */
const RESERVED = 10;

/** The same, with every function in a container of its own: nothing is shared, and nobody knows of anybody. */
async function measureLambda(drains: number): Promise<Result> {
  const { outcome, seen } = await play(
    manyDrains(drains),
    (fleet) => new Sluice(fleet, { reservedConcurrency: RESERVED }),
    (way) => way.counts(),
  );
  const { way, figures } = manyLine(`Sluice on Lambda, ${RESERVED} containers a function`, outcome);
  const more = { 'transitions a drain': seen.transitions / drains, 'most events': seen.mostEvents };
  return {
    lines: [
      { way: 'least possible', figures: { drained: drains, throttled: 0 } },
      { way, figures: { ...figures, ...more } },
    ],
    bars: [
      {
        text: `all ${drains} drained, none early, none lost`,
        holds: outcome.drained === drains && outcome.early === 0,
      },
    ],
    notes: [
      `reserved concurrency of ${RESERVED} for each function that observes; each container has clients of its own, a share of the account’s quotas, and the SDK’s adaptive retries`,
      `nothing is shared: a drain here has seven target groups to ask about, each alone, of which the account may ask ten a second`,
      'a call takes no time here, so that reserved concurrency holds back less than it does on Lambda',
    ],
  };
}

export const bench: Bench = {
  rows: [
    { name: 'drain-short', title: 'One drain of 30 s', run: () => measureOne(30, true) },
    { name: 'drain-usual', title: 'One drain of 300 s', run: () => measureOne(USUAL_SECONDS, true) },
    { name: 'drain-long', title: 'One drain of 12 h', run: () => measureOne(12 * HOUR, false) },
    {
      name: 'drain-48h',
      title: 'One drain of 47 h, the most that Auto Scaling gives',
      run: () => measureOne(47 * HOUR, false),
    },
    { name: 'drains-100', title: '100 drains that begin within ten seconds', run: () => measureMany(100, true) },
    { name: 'drains-1000', title: '1,000 drains that begin within ten seconds', run: () => measureMany(1_000, true) },
    {
      name: 'drains-lambda',
      title: '200 drains that begin within ten seconds, on Lambda',
      run: () => measureLambda(200),
    },
    {
      name: 'drains-lambda-1000',
      title: '1,000 drains that begin within ten seconds, on Lambda',
      run: () => measureLambda(1_000),
    },
    { name: 'drains-5000', title: '5,000 drains that begin within ten seconds', run: () => measureMany(5_000, false) },
  ],
};

/**
 * What one look at target groups means, and what comes next. Pure: the facts, the plan and the time go in.
 *
 * A round of looks asks every group that still matters, so many at a time. The end is the observation of an end, by a
 * round that is over; the deadline comes before every change.
 */
import type {
  PlannedGroup,
  Registration,
  TargetsDecision,
  TargetsPlan,
  TargetsProgress,
} from '../../contract/targets-data.ts';
import { nextLook } from '../pace.ts';
import { iso, millis, SECOND } from '../time.ts';
import { checkNumber } from './groups.ts';
import {
  carryForward,
  drainEnd,
  type HealthByGroup,
  hopeless,
  isDone,
  knownEnd,
  toChange,
  undone,
} from './registrations.ts';

export interface TargetsFacts {
  readonly health: HealthByGroup;
  /** Deregistration delays that were read, in seconds, by the group's index. */
  readonly delays: ReadonlyMap<number, number>;
}

/** Five calls a second, and a step of a few seconds. */
export const GROUPS_AT_A_TIME = 30;
/** How late an answer may be that is shared or has stood in the queue. */
const SLACK_SECONDS = 7;
/** Groups that had been done with are looked at once more before an end is believed, unless it was so recently. */
const STILL_TRUE_SECONDS = 30;

/** The groups that the next look asks. */
export function groupsToAsk({ pending }: TargetsProgress): number[] {
  return pending.slice(0, GROUPS_AT_A_TIME);
}

/**
 * How old the answer of a group may be at most, ms: never older than our own change, nor than the latest end of a drain
 * in it that has passed, because what came before that can only show the drain.
 */
export function notBefore(plan: TargetsPlan, progress: TargetsProgress, group: number, now: number): number {
  const changed = progress.changedAt === undefined ? 0 : millis(progress.changedAt);
  const ends = progress.registrations
    .filter((one) => one.group === group)
    .flatMap((one) => {
      const end = drainEnd(one, plan.groups ?? []);
      return end === undefined ? [] : [end.latest, end.earliest ?? 0];
    });
  return Math.max(changed, ...ends.filter((end) => end <= now));
}

type Step = { plan: TargetsPlan; progress: TargetsProgress; decision: TargetsDecision };

/**
 * @returns plan and progress with this look in them, and the decision
 * @throws Refused for more registrations than can be watched
 */
export function decideTargets(
  facts: TargetsFacts,
  before: { readonly plan: TargetsPlan; readonly progress: TargetsProgress },
  now: number,
  random: number,
): Step {
  const { plan, progress } = observe(facts, before.plan, before.progress);
  return progress.pending.length > 0 && now < millis(plan.deadline)
    ? { plan, progress, decision: decision('look', 'groups are left to be asked', now) }
    : decideRound(compacted(plan, progress), now, random);
}

function observe(facts: TargetsFacts, plan: TargetsPlan, progress: TargetsProgress) {
  const groups = (plan.groups ?? []).map((group, index) => {
    const answer = facts.health.get(index);
    const delaySeconds = facts.delays.get(index) ?? group.delaySeconds;
    return {
      ...group,
      ...(delaySeconds === undefined ? {} : { delaySeconds }),
      ...(answer === undefined ? {} : { lookedAt: iso(answer.at) }),
    };
  });
  const registrations = carryForward(progress.registrations, plan, facts.health);
  checkNumber(registrations.length);
  const pending = progress.pending.filter((index) => !facts.health.has(index));
  const delays = groups.flatMap(({ delaySeconds }) => delaySeconds ?? []);
  const end = knownEnd(registrations, groups);
  return {
    plan: { ...plan, groups },
    progress: {
      ...progress,
      registrations,
      pending,
      polls: progress.polls + (pending.length === 0 ? 1 : 0),
      ...(delays.length === 0 ? {} : { longestDelaySeconds: Math.max(...delays) }),
      ...(end === undefined ? {} : { knownEnd: iso(end) }),
    },
  };
}

/** After the first round only the groups are left in which a target stands. */
function compacted(plan: TargetsPlan, progress: TargetsProgress): { plan: TargetsPlan; progress: TargetsProgress } {
  if (progress.surveyed || progress.pending.length > 0) return { plan, progress };
  const used = [...new Set(progress.registrations.map(({ group }) => group))].sort((a, b) => a - b);
  const groups = used.flatMap((index): PlannedGroup[] => {
    const group = plan.groups?.[index];
    return group === undefined ? [] : [group];
  });
  const registrations = progress.registrations.map((one): Registration => ({ ...one, group: used.indexOf(one.group) }));
  return { plan: { ...plan, groups }, progress: { ...progress, registrations, surveyed: true } };
}

function decideRound(
  { plan, progress: round }: { plan: TargetsPlan; progress: TargetsProgress },
  now: number,
  random: number,
): Step {
  const { registrations } = round;
  const expired = now >= millis(plan.deadline);
  const changes = round.changedAt === undefined ? toChange(plan, registrations) : [];
  // What stands as it should from the start is from now on held to stay so.
  const progress =
    changes.length === 0 && round.changedAt === undefined && plan.workflow !== 'await-drained'
      ? { ...round, changedAt: iso(now) }
      : round;
  const open = registrations.filter((registration) => !isDone(plan, registration));
  const end = (outcome: NonNullable<TargetsDecision['outcome']>, reason: string): Step => ({
    plan,
    progress,
    decision: { ...decision('announce', reason, now), outcome },
  });

  if (plan.input.dryRun) return end('looked', 'a dry run looks once');
  // A round that the deadline cut short has seen no end.
  if (expired && (open.length > 0 || progress.pending.length > 0)) return end('expired', 'the deadline has come');
  if (changes.length > 0) {
    const next = plan.workflow === 'register-targets' ? 'register' : 'deregister';
    return { plan, progress, decision: decision(next, `${changes.length} registrations are to be changed`, now) };
  }
  const unreached = unreachable(plan, progress, now);
  if (unreached !== undefined) return end(unreached.outcome, unreached.reason);
  if (open.length === 0) {
    const again = stale(plan, now);
    if (again.length === 0) return end('done', 'every registration has reached its end');
    const looked = { ...progress, pending: again };
    return { plan, progress: looked, decision: decision('look', 'looks once more before it believes the end', now) };
  }
  const at = nextRound(plan, progress, now, random);
  const asked = plan.workflow === 'register-targets' ? registrations : open;
  return {
    plan,
    progress: { ...progress, pending: [...new Set(asked.map(({ group }) => group))] },
    decision: {
      ...decision('wait', `${open.length} of ${registrations.length} registrations are open`, now),
      waitUntil: iso(at),
    },
  };
}

function decision(next: TargetsDecision['next'], reason: string, now: number): TargetsDecision {
  return { next, reason, waitUntil: iso(now), resume: 'look' };
}

/** What ends the workflow short of its end: it says so, and does not fight. */
function unreachable(
  plan: TargetsPlan,
  progress: TargetsProgress,
  now: number,
): { outcome: 'undone' | 'hopeless'; reason: string } | undefined {
  const changedAt = progress.changedAt === undefined ? now : millis(progress.changedAt);
  const names = (some: readonly Registration[]) =>
    some
      .slice(0, 5)
      .map(({ id, port, group }) => `${port === 0 ? id : `${id}:${port}`} in ${plan.groups?.[group]?.at}`)
      .join(', ');
  const others = undone(plan, progress.registrations, changedAt, now);
  if (others.length > 0) {
    const reason =
      plan.workflow === 'register-targets'
        ? `${names(others)} is registered no more: somebody deregistered it, or its instance has gone`
        : `${names(others)} was registered again after it had been deregistered; find what registers it`;
    return { outcome: 'undone', reason };
  }
  const never = hopeless(plan, progress.registrations, now);
  if (never.length === 0) return undefined;
  const why = [...new Set(never.map(({ reason }) => reason ?? 'unused'))].join(', ');
  return { outcome: 'hopeless', reason: `${names(never)} will not become healthy: ${why}` };
}

/** Groups with registrations whose end was seen a while ago. */
function stale(plan: TargetsPlan, now: number): number[] {
  return (plan.groups ?? []).flatMap(({ lookedAt }, index) =>
    lookedAt !== undefined && now - millis(lookedAt) > STILL_TRUE_SECONDS * SECOND ? [index] : [],
  );
}

/** @returns ms */
export function nextRound(plan: TargetsPlan, progress: TargetsProgress, now: number, random: number): number {
  const groups = plan.groups ?? [];
  const open = progress.registrations.filter((one) => !isDone(plan, one));
  // While one is not draining yet, looking tells when it begins.
  const draining = open.every(({ state }) => state === 'draining');
  const end = draining ? knownEnd(open, groups) : undefined;
  const latest = open.flatMap((one) => drainEnd(one, groups)?.latest ?? []);
  return nextLook({
    startedAt: millis(plan.startedAt),
    now,
    ...(end === undefined ? {} : { knownEnd: end }),
    minIntervalSeconds: plan.minPollIntervalSeconds,
    maxIntervalSeconds: plan.maxPollIntervalSeconds,
    landmarks: [millis(plan.deadline), ...latest.map((at) => at + SECOND)],
    random,
    slackSeconds: SLACK_SECONDS,
  });
}

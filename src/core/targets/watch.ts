/**
 * `await-drained` without targets: it watches a place for everybody who waits there. One observation says for every
 * target of the place whether it still stands, small enough to be read out of the execution by whoever asks for one.
 *
 * Nobody knows who waits, or since when, so that the strictest case holds for all: 10 s after an end it has been seen.
 */
import type {
  Observation,
  PlannedGroup,
  TargetsDecision,
  TargetsPlan,
  TargetsProgress,
  Watch,
} from '../../contract/targets-data.ts';
import { isDrained } from '../targets.ts';
import { iso, millis, SECOND } from '../time.ts';
import { decode, encode, hashOf } from './id-set.ts';
import type { HealthByGroup } from './registrations.ts';

const LAW_SECONDS = 10;
const FOR_THE_LOOK_SECONDS = 1;
const LEAST_SECONDS = 2;
const MOST_SECONDS = 8;
/** Whoever comes before the deregistration has begun finds the watch still there; it ends when nothing drained so long. */
const IDLE_SECONDS = 60;
/** What is new at the place, such as the target group of a new backend, is watched, too. */
const LOCATE_AGAIN_SECONDS = 30;

export function isWatch({ workflow, input }: Pick<TargetsPlan, 'workflow' | 'input'>): boolean {
  return workflow === 'await-drained' && input.targets.length === 0;
}

type Step = { plan: TargetsPlan; progress: TargetsProgress; decision: TargetsDecision };
type Round = NonNullable<Watch['round']>;

/** @returns plan and progress with this look in them, and the decision */
export function decideWatch(
  facts: { readonly health: HealthByGroup; readonly delays: ReadonlyMap<number, number> },
  before: { readonly plan: TargetsPlan; readonly progress: TargetsProgress },
  now: number,
): Step {
  const groups = (before.plan.groups ?? []).map((group, index): PlannedGroup => {
    const delaySeconds = facts.delays.get(index);
    return delaySeconds === undefined ? group : { ...group, delaySeconds };
  });
  const plan = { ...before.plan, groups };
  const pending = before.progress.pending.filter((index) => !facts.health.has(index));
  const watch = before.progress.watch ?? { quietSince: plan.startedAt, locatedAt: iso(now) };
  const round = withAnswers(watch.round, facts.health, plan.input.until === 'draining', now);
  const progress = { ...before.progress, ...longestDelay(groups), pending };
  const expired = now >= millis(plan.deadline);
  if (pending.length > 0) {
    const next = expired
      ? { ...decision('announce', 'the deadline has come', now), outcome: 'expired' as const }
      : decision('look', 'groups are left to be asked', now);
    return { plan, progress: { ...progress, watch: { ...watch, round } }, decision: next };
  }
  const { round: _, ...kept } = watch;
  const over: Watch = {
    ...kept,
    observed: observation(round, watch.observed, plan, now),
    quietSince: round.drains ? iso(now) : watch.quietSince,
  };
  const polls = progress.polls + 1;
  return nextStep(plan, { ...progress, polls, watch: over }, over, millis(round.at), now);
}

function nextStep(plan: TargetsPlan, progress: TargetsProgress, watch: Watch, lookedAt: number, now: number): Step {
  const end = (outcome: NonNullable<TargetsDecision['outcome']>, reason: string): Step => ({
    plan,
    progress,
    decision: { ...decision('announce', reason, now), outcome },
  });
  if (plan.input.dryRun) return end('looked', 'a dry run looks once');
  if (now - millis(watch.quietSince) >= IDLE_SECONDS * SECOND) return end('done', 'nothing is draining any more');
  if (now >= millis(plan.deadline)) return end('expired', 'the deadline has come');
  const locate = now - millis(watch.locatedAt) >= LOCATE_AGAIN_SECONDS * SECOND;
  const at = Math.min(now + intervalSeconds(plan, (now - lookedAt) / SECOND) * SECOND, millis(plan.deadline));
  return {
    plan,
    progress: { ...progress, pending: (plan.groups ?? []).map((_, index) => index) },
    decision: {
      ...decision(locate ? 'hold' : 'wait', 'watches the place', now),
      resume: locate ? 'locate' : 'look',
      waitUntil: iso(Math.max(at, now + SECOND)),
    },
  };
}

/**
 * What ends just after it was looked at is seen by the next round: after the rest of this one, the wait, and a round.
 * @param tookSeconds how long the round took
 */
function intervalSeconds(plan: TargetsPlan, tookSeconds: number): number {
  const lawful = LAW_SECONDS - FOR_THE_LOOK_SECONDS - 2 * tookSeconds;
  return Math.max(plan.minPollIntervalSeconds, Math.min(Math.max(lawful, LEAST_SECONDS), MOST_SECONDS));
}

function decision(next: TargetsDecision['next'], reason: string, now: number): TargetsDecision {
  return { next, reason, waitUntil: iso(now), resume: 'look' };
}

/** @param fromBeginning whoever waits for the beginning of the drain is done with a target that drains */
function withAnswers(round: Round | undefined, health: HealthByGroup, fromBeginning: boolean, now: number): Round {
  const active = new Set(decode(round?.active ?? ''));
  const draining = new Set(decode(round?.draining ?? ''));
  let drains = round?.drains ?? false;
  const times = [...health.values()].map(({ at }) => at);
  for (const { targets } of health.values()) {
    for (const target of targets) {
      if (isDrained(target)) continue;
      const isDraining = target.state === 'draining';
      drains ||= isDraining;
      if (!isDraining) active.add(hashOf(target.id));
      else if (!fromBeginning) draining.add(hashOf(target.id));
    }
  }
  return {
    at: iso(Math.min(round === undefined ? now : millis(round.at), ...times)),
    active: encode(active),
    draining: encode(draining),
    drains,
  };
}

/** What drained before keeps its time; what drains since this round was in service at the one before, or not there yet. */
function observation(round: Round, before: Observation | undefined, plan: TargetsPlan, now: number): Observation {
  const active = new Set(decode(round.active));
  const left = new Set(decode(round.draining).filter((id) => !active.has(id)));
  const open: Observation['open'] = [];
  const add = (ids: Iterable<number>, from: string | undefined) => {
    const text = encode(ids);
    if (text !== '') open.push({ ...(from === undefined ? {} : { from }), ids: text });
  };
  for (const { from, ids, active: wasActive } of before?.open ?? []) {
    if (wasActive === true) continue;
    const still = decode(ids).filter((id) => left.delete(id));
    add(still, from);
  }
  add(left, before?.at);
  const ids = encode(active);
  if (ids !== '') open.push({ active: true, ids, ...(plan.input.until === 'draining' ? {} : { from: round.at }) });
  const shortestDelaySeconds = shortestDelay(plan.groups ?? []);
  return {
    at: round.at,
    endedAt: iso(now),
    open,
    ...(shortestDelaySeconds === undefined ? {} : { shortestDelaySeconds }),
  };
}

/** No drain takes less. Nothing is known as long as one delay is not. */
function shortestDelay(groups: readonly PlannedGroup[]): number | undefined {
  const used = groups.flatMap(({ delaySeconds }) => delaySeconds ?? []);
  return used.length === groups.length && used.length > 0 ? Math.min(...used) : undefined;
}

function longestDelay(groups: readonly PlannedGroup[]): { longestDelaySeconds?: number } {
  const delays = groups.flatMap(({ delaySeconds }) => delaySeconds ?? []);
  return delays.length === 0 ? {} : { longestDelaySeconds: Math.max(...delays) };
}

/** How one target stands in an observation. */
export type Standing =
  | { readonly open: false }
  /** `notBefore`: its drain cannot be over sooner, ms; absent where nothing is known. */
  | { readonly open: true; readonly active: boolean; readonly notBefore?: number };

export function standingOf(id: string, { open, shortestDelaySeconds }: Observation): Standing {
  const hash = hashOf(id);
  const cohort = open.find(({ ids }) => decode(ids).includes(hash));
  if (cohort === undefined) return { open: false };
  const active = cohort.active === true;
  if (cohort.from === undefined || shortestDelaySeconds === undefined) return { open: true, active };
  return { open: true, active, notBefore: millis(cohort.from) + shortestDelaySeconds * SECOND };
}

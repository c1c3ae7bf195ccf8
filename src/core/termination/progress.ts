/**
 * What one look at the instances of a delayed termination means, and what comes next. Pure: the facts, the plan and the
 * time go in. The end is that EC2 says so.
 */
import { StaleObservation } from '../../contract/errors.ts';
import type {
  InstanceRecord,
  TerminationData,
  TerminationPlan,
  TerminationProgress,
} from '../../contract/termination-data.ts';
import { nextLook } from '../pace.ts';
import { iso, millis, SECOND } from '../time.ts';
import { admissionFaults, type Guards, type InstanceFacts } from './admission.ts';
import { termination } from './plan.ts';

/** What is asked for and still runs after so long is asked for once more. */
const ASK_AGAIN_SECONDS = 120;
/** TerminateInstances: 100 calls at once and 5 a second. */
export const ALONE_AT_A_TIME = 40;
const PAUSE_SECONDS = 8;

export const isOpen = ({ status }: InstanceRecord): boolean => status === undefined;

/** How each was asked for, by its id. */
export type Requested = ReadonlyMap<
  string,
  'requested' | 'in group' | 'alone' | 'absent' | { readonly refused: string }
>;

/**
 * What stands before the call that cannot be undone: the time, the deadline, and the guards once more.
 * @returns the records with what was found, and the ids that may be terminated now
 * @throws StaleObservation before the time has come
 */
export function readyToTerminate(
  { plan, progress }: TerminationData,
  facts: readonly InstanceFacts[],
  guards: Guards,
  now: number,
): { progress: TerminationProgress; ready: InstanceRecord[] } {
  if (now < millis(plan.terminateAt)) throw new StaleObservation(`nothing is terminated before ${plan.terminateAt}`);
  const seen = observe(progress, facts, now);
  const open = seen.instances.filter((one) => isOpen(one) && one.requestedAt === undefined);
  const alone = progress.instances.length === 1;
  const faults = admissionFaults(
    // Of several instances the one with the address may have gone already.
    { region: plan.region, instanceIds: open.map(({ id }) => id), ...(alone ? { ipAddress: plan.ipAddress } : {}) },
    facts,
    guards,
  );
  const refused = new Map(faults.map(({ instanceId, message }) => [instanceId, message]));
  const instances = seen.instances.map((one): InstanceRecord => {
    const reason = refused.get(one.id);
    return reason === undefined || !isOpen(one) ? one : { ...one, status: 'refused', reason };
  });
  const expired = now >= millis(plan.deadline);
  const ready = instances.filter((one) => isOpen(one) && one.requestedAt === undefined);
  return { progress: { ...seen, instances }, ready: expired ? [] : ready };
}

/** @returns on with those that are left, or to looking for the end */
export function afterRequests(
  plan: TerminationPlan,
  progress: TerminationProgress,
  requested: Requested,
  now: number,
  random: number,
): TerminationData {
  const at = iso(now);
  const instances = progress.instances.map((one): InstanceRecord => {
    const answer = requested.get(one.id);
    if (answer === undefined) return one;
    if (answer === 'alone') return { ...one, alone: true };
    if (answer === 'absent') return { ...one, state: 'absent', status: 'succeeded', terminatedAt: at };
    if (typeof answer === 'object') return { ...one, status: 'refused', reason: answer.refused };
    return { ...one, requestedAt: at, ...(answer === 'in group' ? { inGroup: true } : {}) };
  });
  const next = { ...progress, instances };
  const left = instances.filter((one) => isOpen(one) && one.requestedAt === undefined);
  if (left.length > 0 && now < millis(plan.deadline)) {
    const until = now + PAUSE_SECONDS * SECOND;
    return {
      plan,
      progress: next,
      decision: termination('hold', `${left.length} are left to be terminated`, until, 'terminate'),
    };
  }
  return decide(plan, next, now, random);
}

/** @param facts of the instances that are still open */
export function decideTermination(
  { plan, progress }: TerminationData,
  facts: readonly InstanceFacts[],
  now: number,
  random: number,
): TerminationData {
  const seen = observe(progress, facts, now);
  return decide(plan, { ...seen, polls: seen.polls + 1 }, now, random);
}

function observe(progress: TerminationProgress, facts: readonly InstanceFacts[], now: number): TerminationProgress {
  const byId = new Map(facts.map((found) => [found.instanceId, found.state]));
  const instances = progress.instances.map((one): InstanceRecord => {
    if (!isOpen(one)) return one;
    // It was there when it was admitted: what EC2 does not know any more has been terminated a while ago.
    const state = byId.get(one.id) ?? 'absent';
    if (state !== 'terminated' && state !== 'absent') return { ...one, state };
    return { ...one, state, status: 'succeeded', terminatedAt: iso(now) };
  });
  return { ...progress, instances };
}

function decide(plan: TerminationPlan, progress: TerminationProgress, now: number, random: number): TerminationData {
  const open = progress.instances.filter(isOpen);
  if (open.length === 0) {
    return {
      plan,
      progress,
      decision: { ...termination('announce', 'every instance has ended', now), outcome: 'ended' },
    };
  }
  if (now >= millis(plan.deadline)) {
    const instances = progress.instances.map(
      (one): InstanceRecord =>
        isOpen(one) ? { ...one, status: 'timed-out', reason: `still ${one.state} at the deadline` } : one,
    );
    const decision = { ...termination('announce', 'the deadline has come', now), outcome: 'expired' as const };
    return { plan, progress: { ...progress, instances }, decision };
  }
  const again = open.filter((one) => isForgotten(one, now)).map(({ id }) => id);
  if (again.length > 0) {
    const instances = progress.instances.map((one): InstanceRecord => {
      const { requestedAt: _, ...rest } = one;
      return again.includes(one.id) ? rest : one;
    });
    const notes = [...new Set([...progress.notes, `${again[0]} and the like still ran and were asked for again`])];
    return { plan, progress: { ...progress, instances, notes }, decision: termination('terminate', 'asks again', now) };
  }
  return {
    plan,
    progress,
    decision: termination('wait', `${open.length} instances are not terminated`, nextRound(plan, open, now, random)),
  };
}

/** It still stands long after the call: the call was not carried out. A group's hooks may take their time. */
function isForgotten({ requestedAt, state, inGroup }: InstanceRecord, now: number): boolean {
  if (requestedAt === undefined) return true;
  return inGroup !== true && state !== 'shutting-down' && now - millis(requestedAt) > ASK_AGAIN_SECONDS * SECOND;
}

/** @returns ms */
function nextRound(plan: TerminationPlan, open: readonly InstanceRecord[], now: number, random: number): number {
  const since = Math.min(...open.map(({ requestedAt }) => (requestedAt === undefined ? now : millis(requestedAt))));
  return nextLook({
    startedAt: since,
    now,
    minIntervalSeconds: plan.minPollIntervalSeconds,
    maxIntervalSeconds: plan.maxPollIntervalSeconds,
    landmarks: [millis(plan.deadline)],
    random,
  });
}

/** What follows a fault that passes: a failed look is an observation of nothing, never an end. */
import { Unavailable } from '../../contract/errors.ts';
import type { TargetsData } from '../../contract/targets-data.ts';
import { describeFault } from '../messages.ts';
import { iso, millis, SECOND } from '../time.ts';
import { nextRound } from './progress.ts';

/** A throttled look moves the next one out. */
const AT_LEAST_SECONDS = 5;
const SPREAD_SECONDS = 5;

/** @throws Unavailable in a dry run, which waits for nothing, and past the deadline where nothing could ever be seen */
export function decideAfterTargetsFault(data: TargetsData, now: number, random: number): TargetsData {
  const { plan, fault } = data;
  const cause = describeFault(fault);
  if (plan.input.dryRun) throw new Unavailable(`a dry run looks once: ${cause}`);
  const progress = { ...data.progress, faults: data.progress.faults + 1, lastFault: cause };
  const deadline = millis(plan.deadline);
  const base = { reason: `${fault?.Error ?? 'a fault'} is waited out`, waitUntil: iso(now) };
  const resume = plan.groups === undefined ? 'locate' : 'look';
  if (now >= deadline) {
    const reason = `the deadline came while AWS could not be reached: ${cause}`;
    return { plan, progress, decision: { ...base, reason, next: 'announce', outcome: 'expired', resume } };
  }
  // A change whose answer failed may have been carried out: whether it was is looked up before it is tried again.
  const pending = progress.pending.length > 0 ? progress.pending : (plan.groups ?? []).map((_, index) => index);
  const soon = now + (AT_LEAST_SECONDS + random * SPREAD_SECONDS) * SECOND;
  const until = Math.min(
    Math.max(soon, progress.pending.length > 0 ? soon : nextRound(plan, progress, now, random)),
    deadline,
  );
  const waitUntil = iso(Math.max(until, now + SECOND));
  return { plan, progress: { ...progress, pending }, decision: { ...base, next: 'hold', resume, waitUntil } };
}

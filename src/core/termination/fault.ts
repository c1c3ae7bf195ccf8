/** What follows a fault that passes: an outage holds the termination until its deadline. */
import { Unavailable } from '../../contract/errors.ts';
import type { TerminationData, TerminationDecision } from '../../contract/termination-data.ts';
import { describeFault } from '../messages.ts';
import { millis, SECOND } from '../time.ts';
import { termination } from './plan.ts';
import { isOpen } from './progress.ts';

const FIRST_PAUSE_SECONDS = 8;
const LONGEST_PAUSE_SECONDS = 120;

/** @throws Unavailable in a dry run, which waits for nothing */
export function decideAfterTerminationFault(data: TerminationData, now: number, random: number): TerminationData {
  const { plan, fault } = data;
  const cause = describeFault(fault);
  if (plan.dryRun) throw new Unavailable(`a dry run looks once: ${cause}`);
  const progress = { ...data.progress, faults: data.progress.faults + 1, lastFault: cause };
  if (now >= millis(plan.deadline)) {
    const reason = `AWS could not be reached until the deadline: ${cause}`;
    const instances = progress.instances.map((one) =>
      isOpen(one) ? { ...one, status: 'timed-out' as const, reason } : one,
    );
    const decision = { ...termination('announce', reason, now), outcome: 'expired' as const };
    return { plan, progress: { ...progress, instances }, decision };
  }
  const pause = Math.min(FIRST_PAUSE_SECONDS * progress.faults, LONGEST_PAUSE_SECONDS) * (1 + random / 4);
  const until = Math.min(now + pause * SECOND, millis(plan.deadline));
  return {
    plan,
    progress,
    decision: termination('hold', `${fault?.Error ?? 'a fault'} is waited out`, until, resumeAt(data)),
  };
}

function resumeAt({ progress }: TerminationData): TerminationDecision['resume'] {
  if (progress.checked < progress.instances.length) return 'check';
  return progress.instances.some((one) => isOpen(one) && one.requestedAt === undefined) ? 'terminate' : 'observe';
}

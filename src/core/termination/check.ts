/** The admission inside the machine: a few instances at a time, and all or none of them. */
import { NotAdmitted } from '../../contract/errors.ts';
import type { TerminationData } from '../../contract/termination-data.ts';
import { millis, SECOND } from '../time.ts';
import { admissionFaults, type Guards, type InstanceFacts } from './admission.ts';
import { termination } from './plan.ts';

/** EC2 is asked once for each about its protection, 20 times a second at most. */
export const CHECKED_AT_A_TIME = 50;
const PAUSE_SECONDS = 3;

export function instancesToCheck({ progress }: TerminationData): string[] {
  return progress.instances.slice(progress.checked, progress.checked + CHECKED_AT_A_TIME).map(({ id }) => id);
}

/**
 * @param facts of all instances; those that were to be checked with their protection
 * @throws NotAdmitted with every fault that is known
 */
export function decideAdmission(
  { plan, progress }: TerminationData,
  facts: readonly InstanceFacts[],
  guards: Guards,
  now: number,
): TerminationData {
  const instanceIds = progress.instances.map(({ id }) => id);
  const faults = admissionFaults({ region: plan.region, instanceIds, ipAddress: plan.ipAddress }, facts, guards);
  if (faults.length > 0) throw new NotAdmitted(faults);
  const byId = new Map(facts.map((found) => [found.instanceId, found]));
  const checked = Math.min(progress.checked + CHECKED_AT_A_TIME, instanceIds.length);
  const next = {
    ...progress,
    checked,
    instances: progress.instances.map((one) => ({ ...one, state: byId.get(one.id)?.state ?? one.state })),
  };
  if (checked < instanceIds.length) {
    const until = now + PAUSE_SECONDS * SECOND;
    return { plan, progress: next, decision: termination('hold', 'instances are left to be checked', until, 'check') };
  }
  if (plan.dryRun) {
    return {
      plan,
      progress: next,
      decision: { ...termination('announce', 'a dry run looks once', now), outcome: 'looked' },
    };
  }
  return {
    plan,
    progress: next,
    decision: termination('await-time', 'the time has not come', millis(plan.terminateAt)),
  };
}

/** The plan of a target workflow: everything that is fixed once, in its first state. */
import { isIP, SocketAddress } from 'node:net';
import { type AwaitDrainedInput, LONGEST_WATCH_SECONDS } from '../../contract/await-drained.ts';
import type { DeregisterTargetsInput } from '../../contract/deregister-targets.ts';
import { Refused } from '../../contract/errors.ts';
import type { RegisterTargetsInput } from '../../contract/register-targets.ts';
import type { Settings } from '../../contract/settings.ts';
import type { TargetsPlan, TargetsProgress, TargetsWorkflow } from '../../contract/targets-data.ts';
import { iso, millis, SECOND } from '../time.ts';

export type TargetsWorkflowInput = RegisterTargetsInput | DeregisterTargetsInput | AwaitDrainedInput;

/**
 * @param execution its start time, ISO 8601: every time that the input leaves open runs from here
 * @throws Refused for a region that may not be touched
 */
export function planTargets(
  workflow: TargetsWorkflow,
  input: TargetsWorkflowInput,
  execution: { readonly id: string; readonly startTime: string },
  settings: Settings,
): { plan: TargetsPlan; progress: TargetsProgress } {
  if (settings.allowedRegions.length > 0 && !settings.allowedRegions.includes(input.region)) {
    throw new Refused(`${input.region} is not one of the allowed regions (${settings.allowedRegions.join(', ')})`);
  }
  const { timeoutSeconds, deadline, minPollIntervalSeconds, maxPollIntervalSeconds, targets, ...rest } = input;
  const times = firstDeadline(input, millis(execution.startTime), settings);
  checkLength(input, times, execution.startTime);
  const minimum = minPollIntervalSeconds ?? settings.targetsMinPollIntervalSeconds;
  return {
    plan: {
      workflow,
      input: { ...rest, targets: distinct(targets ?? []) },
      execution: execution.id,
      startedAt: execution.startTime,
      ...times,
      minPollIntervalSeconds: minimum,
      maxPollIntervalSeconds: Math.max(minimum, maxPollIntervalSeconds ?? settings.maxPollIntervalSeconds),
      loadBalancers: [],
    },
    progress: { groupsFound: 0, pending: [], surveyed: false, registrations: [], polls: 0, faults: 0, notes: [] },
  };
}

function firstDeadline(
  input: TargetsWorkflowInput,
  startedAt: number,
  settings: Settings,
): Pick<TargetsPlan, 'deadline' | 'deadlineBy'> {
  const { timeoutSeconds, deadline } = input;
  const bySeconds = timeoutSeconds === undefined ? undefined : startedAt + timeoutSeconds * SECOND;
  const byTime = deadline === undefined ? undefined : millis(deadline);
  if (byTime !== undefined && byTime <= (bySeconds ?? byTime)) return { deadline: iso(byTime), deadlineBy: 'deadline' };
  if (bySeconds !== undefined) return { deadline: iso(bySeconds), deadlineBy: 'timeoutSeconds' };
  const seconds =
    input.targets === undefined
      ? Math.min(settings.targetsTimeoutSeconds, LONGEST_WATCH_SECONDS)
      : settings.targetsTimeoutSeconds;
  return { deadline: iso(startedAt + seconds * SECOND), deadlineBy: 'default' };
}

/** @throws Refused */
function checkLength({ targets }: TargetsWorkflowInput, { deadline }: { deadline: string }, startedAt: string): void {
  const seconds = (millis(deadline) - millis(startedAt)) / SECOND;
  if (targets !== undefined || seconds <= LONGEST_WATCH_SECONDS) return;
  throw new Refused(
    `without targets it can last ${LONGEST_WATCH_SECONDS} s at most, got ${seconds} s; name the targets`,
  );
}

/** Each once, addresses as Elastic Load Balancing writes them. */
function distinct<T extends { readonly id: string; readonly port?: number | undefined }>(targets: readonly T[]): T[] {
  const written = targets.map((target) => ({ ...target, id: asWritten(target.id) }));
  return [...new Map(written.map((target) => [`${target.id}:${target.port ?? ''}`, target])).values()];
}

/** An address as Elastic Load Balancing writes it. */
export function asWritten(id: string): string {
  return isIP(id) === 6 ? new SocketAddress({ address: id, family: 'ipv6' }).address : id;
}

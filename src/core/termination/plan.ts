/** The plan of a delayed termination: everything that is fixed once, in its first state. */
import { LONGEST_SECONDS } from '../../contract/common.ts';
import type { DelayedTerminationInput } from '../../contract/delayed-termination.ts';
import { InvalidInput } from '../../contract/errors.ts';
import type { Settings } from '../../contract/settings.ts';
import type { TerminationDecision, TerminationPlan, TerminationProgress } from '../../contract/termination-data.ts';
import { iso, millis, SECOND } from '../time.ts';

/** A termination that is late is better than one that is lost: a process may have been down for hours. */
const STANDARD_TIMEOUT_SECONDS = 86_400;

/**
 * @param execution its start time, ISO 8601: every time that the input leaves open runs from here
 * @throws InvalidInput for a time that is too far away
 */
export function planTermination(
  input: DelayedTerminationInput,
  execution: { readonly id: string; readonly startTime: string },
  settings: Settings,
): { plan: TerminationPlan; progress: TerminationProgress } {
  const startedAt = millis(execution.startTime);
  const byDelay = startedAt + delayOf(input, settings) * SECOND;
  const terminateAt = Math.max(byDelay, input.terminateAt === undefined ? 0 : millis(input.terminateAt));
  if (terminateAt > startedAt + LONGEST_SECONDS * SECOND) {
    const expected = `must be within ${LONGEST_SECONDS} s of the start, ${execution.startTime}`;
    throw new InvalidInput('the input of delayed-termination', [
      { field: 'terminateAt', found: JSON.stringify(input.terminateAt), expected },
    ]);
  }
  const drainSeconds = input.drainTimeoutSeconds ?? settings.drainTimeoutSeconds;
  const timeout = (input.timeoutSeconds ?? STANDARD_TIMEOUT_SECONDS) + (input.drain ? drainSeconds : 0);
  return {
    plan: {
      region: input.region,
      ...(input.ipAddress === undefined ? {} : { ipAddress: input.ipAddress }),
      drain: input.drain,
      onDrainTimeout: input.onDrainTimeout,
      decrementDesiredCapacity: input.decrementDesiredCapacity,
      dryRun: input.dryRun,
      ...(input.requestedBy === undefined ? {} : { requestedBy: input.requestedBy }),
      execution: execution.id,
      startedAt: execution.startTime,
      terminateAt: iso(terminateAt),
      deadline: iso(terminateAt + timeout * SECOND),
      minPollIntervalSeconds: settings.minPollIntervalSeconds,
      maxPollIntervalSeconds: settings.maxPollIntervalSeconds,
      drainInput: drainInput(input, drainSeconds),
    },
    progress: {
      instances: input.instanceIds.map((id) => ({ id, state: 'unknown' })),
      checked: 0,
      polls: 0,
      faults: 0,
      notes: [],
    },
  };
}

/** Without a delay of its own, a point in time stands for itself. */
function delayOf({ delaySeconds, terminateAt }: DelayedTerminationInput, settings: Settings): number {
  return delaySeconds ?? (terminateAt === undefined ? settings.terminationDelaySeconds : 0);
}

function drainInput(input: DelayedTerminationInput, timeoutSeconds: number): Record<string, unknown> {
  const { region, cluster, targetGroups, allTargetGroups, standaloneTasks, requestedBy } = input;
  return {
    region,
    timeoutSeconds,
    allTargetGroups,
    standaloneTasks,
    ...(cluster === undefined ? {} : { cluster }),
    ...(targetGroups === undefined ? {} : { targetGroups }),
    ...(requestedBy === undefined ? {} : { requestedBy }),
  };
}

export function termination(
  next: TerminationDecision['next'],
  reason: string,
  at: number,
  resume: TerminationDecision['resume'] = 'observe',
): TerminationDecision {
  return { next, reason, waitUntil: iso(at), resume };
}

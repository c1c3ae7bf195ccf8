/** The plan of a drain: everything that is fixed once, at admission, and when the instance has been found. */

import type { DrainPlan, DrainProgress } from '../../contract/drain-data.ts';
import { type DrainInstanceInput, LAUNCHING } from '../../contract/drain-instance.ts';
import { Refused } from '../../contract/errors.ts';
import type { Settings } from '../../contract/settings.ts';
import { type Deadline, earliest, hookDeadline, spotDeadline } from '../deadline.ts';
import { isOurHook } from '../hooks.ts';
import { iso, millis, SECOND } from '../time.ts';

/**
 * @param startTime of the execution, ISO 8601: every time that the input leaves open runs from here.
 * @throws Refused for a hook that is another tool's, and for a region that may not be touched.
 */
export function planDrain(
  input: DrainInstanceInput,
  execution: { readonly id: string; readonly startTime: string },
  settings: Settings,
): { plan: DrainPlan; progress: DrainProgress } {
  const { lifecycle } = input;
  if (settings.allowedRegions.length > 0 && !settings.allowedRegions.includes(input.region)) {
    throw new Refused(`${input.region} is not one of the allowed regions (${settings.allowedRegions.join(', ')})`);
  }
  if (lifecycle !== undefined && !isOurHook(lifecycle.lifecycleHookName, settings)) {
    throw new Refused(
      `the lifecycle hook ${lifecycle.lifecycleHookName} belongs to another tool: ours begin with ` +
        `"${settings.hookPrefix}" or are listed in SLUICE_HOOKS`,
    );
  }
  const startedAt = millis(input.lifecycle?.startedAt ?? execution.startTime);
  const deadline = firstDeadline(input, startedAt, settings);
  const minimum = input.minPollIntervalSeconds ?? settings.minPollIntervalSeconds;
  return {
    plan: {
      input,
      execution: execution.id,
      kind: input.dryRun ? 'look' : lifecycle?.lifecycleTransition === LAUNCHING ? 'restore' : 'drain',
      startedAt: iso(startedAt),
      deadline: iso(deadline.at),
      deadlineBy: deadline.by,
      minPollIntervalSeconds: minimum,
      maxPollIntervalSeconds: Math.max(minimum, input.maxPollIntervalSeconds ?? settings.maxPollIntervalSeconds),
    },
    progress: {
      lifecycle: lifecycle === undefined ? 'none' : 'open',
      ...(lifecycle === undefined ? {} : { heartbeatAt: iso(startedAt) }),
      drained: false,
      targets: [],
      tasksFound: { service: 0, standalone: 0, daemon: 0 },
      tasksAlive: { service: 0, standalone: 0, daemon: 0 },
      tasksByStatus: {},
      tasksUnknown: 0,
      tasksStoppedByUs: 0,
      heartbeats: 0,
      polls: 0,
      faults: 0,
      notes: [],
    },
  };
}

/** 48 h: what Auto Scaling allows at most. Until its hook has been asked, nothing shorter is known of a lifecycle drain. */
const LONGEST_LIFECYCLE_SECONDS = 48 * 3600;

function firstDeadline(input: DrainInstanceInput, startedAt: number, settings: Settings): Deadline {
  const given = earliest(
    input.timeoutSeconds === undefined
      ? undefined
      : { at: startedAt + input.timeoutSeconds * SECOND, by: 'timeoutSeconds' },
    input.deadline === undefined ? undefined : { at: millis(input.deadline), by: 'deadline' },
    input.interruptionAt === undefined ? undefined : spotDeadline(millis(input.interruptionAt)),
    input.lifecycle === undefined ? undefined : hookDeadline(startedAt, LONGEST_LIFECYCLE_SECONDS),
  );
  return given ?? { at: startedAt + settings.drainTimeoutSeconds * SECOND, by: 'default' };
}

/** What Auto Scaling says of a hook. Seconds. */
export interface HookFacts {
  readonly heartbeatTimeoutSeconds: number;
  readonly globalTimeoutSeconds: number;
}

/** The plan once its hook is known; the global timeout may bring the deadline forward. */
export function withHook(plan: DrainPlan, hook: HookFacts | undefined): DrainPlan {
  if (hook === undefined) return { ...plan, hook: {} };
  const known: Deadline = { at: millis(plan.deadline), by: plan.deadlineBy };
  const deadline = earliest(known, hookDeadline(millis(plan.startedAt), hook.globalTimeoutSeconds)) ?? known;
  return {
    ...plan,
    deadline: iso(deadline.at),
    deadlineBy: deadline.by,
    hook: { heartbeatTimeoutSeconds: hook.heartbeatTimeoutSeconds },
  };
}

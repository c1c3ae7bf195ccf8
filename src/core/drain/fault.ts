/** What follows a fault that passes: a throttled or failed look is an observation of nothing, never an end. */
import type { DrainData, DrainDecision, DrainPlan } from '../../contract/drain-data.ts';
import { Unavailable } from '../../contract/errors.ts';
import { describeFault } from '../messages.ts';
import { iso, millis, SECOND } from '../time.ts';
import { isExpiring, isHeartbeatDue, nextObservation } from './progress.ts';

/** After the deadline the completion is tried for this long; then Auto Scaling has long decided by itself. */
const GIVE_UP_AFTER_SECONDS = 3_600;
const COMPLETION_RETRY_SECONDS = 15;
/** Others have used up what the account may ask, or the functions that may ask. */
const CROWDED = new Set(['Throttled', 'Lambda.TooManyRequestsException']);
const CROWDED_SECONDS = 8;
const LONGEST_CROWDED_SECONDS = 60;
const UNREAD_HOOK_SECONDS = 30;

/**
 * @throws Unavailable when the deadline has been over for an hour, and at once in a dry run, which waits for nothing: the
 * drain is reported as failed.
 */
export function decideAfterFault(data: DrainData, now: number, random: number): DrainData {
  const { plan } = data;
  const deadline = millis(plan.deadline);
  const fault = data.fault ?? data.heartbeatFault;
  const cause = describeFault(fault);
  const progress = { ...data.progress, faults: data.progress.faults + 1, lastFault: cause };
  if (plan.kind === 'look') throw new Unavailable(`a dry run looks once: ${cause}`);
  if (now > deadline + GIVE_UP_AFTER_SECONDS * SECOND) {
    throw new Unavailable(`AWS could not be reached until an hour after the deadline: ${cause}`);
  }
  const resume = resumeAt(data);
  const expiring = resume === 'expire';
  // What was seen to be over is looked at again soon, so that it is completed soon.
  const ending = expiring || progress.drained;
  const heartbeatFailed = data.heartbeatFault !== undefined;
  // What is to be done now does not wait for a heartbeat, or else heartbeats that fail would keep a drain from ending.
  if (heartbeatFailed && data.decision !== undefined && isWork(data.decision) && now < deadline) {
    return { plan, progress, decision: { ...data.decision, heartbeat: false } };
  }
  const soon = now + (ending ? COMPLETION_RETRY_SECONDS : heartbeatPause(data)) * SECOND * (1 + random / 4);
  const observeAt = nextObservation(paceOf(data, resume, random), progress, now, random);
  const expired = now >= deadline && !expiring;
  return {
    plan,
    progress,
    decision: {
      next: expired ? 'expire' : 'hold',
      resume,
      reason: `${fault?.Error ?? 'a fault'} is waited out`,
      heartbeat: isHeartbeatDue(plan, progress, now) && !heartbeatFailed,
      waitUntil: iso(ending || heartbeatFailed ? Math.min(soon, observeAt) : observeAt),
      taskArns: [],
    },
  };
}

function isWork({ next }: DrainDecision): boolean {
  return next !== 'wait' && next !== 'hold';
}

/** A failed heartbeat is tried again several times before the action could lapse. Seconds. */
function heartbeatPause({ plan }: DrainData): number {
  return Math.min(10, Math.max(2, (plan.hook?.heartbeatTimeoutSeconds ?? 60) / 12));
}

/**
 * The pace after a fault before the first look. Until the hook is read no heartbeat goes out, so that is tried again and
 * again. Where many drains begin at once, the same calls of all of them meet the same bucket, and would go on to: each comes
 * back after twice the time of before. A look keeps its pace, because its time is promised.
 */
function paceOf({ plan, progress, fault }: DrainData, resume: string, random: number): DrainPlan {
  const { minPollIntervalSeconds: least, maxPollIntervalSeconds: most } = plan;
  if (resume === 'read-hook') return { ...plan, maxPollIntervalSeconds: Math.min(most, UNREAD_HOOK_SECONDS) };
  if (resume === 'observe' || fault === undefined || !CROWDED.has(fault.Error)) return plan;
  const seconds = Math.min(LONGEST_CROWDED_SECONDS, 2 ** progress.faults * CROWDED_SECONDS) * (0.5 + random / 2);
  return { ...plan, minPollIntervalSeconds: Math.max(least, seconds) };
}

function resumeAt({ plan, progress, decision }: DrainData): DrainDecision['resume'] {
  const { location } = plan;
  // Whatever else was not done: after the deadline only the completion is left.
  if (isExpiring(decision)) return 'expire';
  if (plan.input.lifecycle !== undefined && plan.hook === undefined) return 'read-hook';
  if (location === undefined) return 'locate';
  if (plan.kind === 'restore') return 'set-active';
  if (location.searchFrom !== undefined) return 'search';
  if (progress.deregisterCheckedAt === undefined) return 'deregister';
  if (location.containerInstanceArn !== undefined && progress.drainingSetAt === undefined) return 'set-draining';
  return 'observe';
}

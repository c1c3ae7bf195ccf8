/** Whether an instance stands where the lifecycle action says that it does. */
import type { DrainPlan } from '../../contract/drain-data.ts';
import { TERMINATING } from '../../contract/drain-instance.ts';
import { Refused, Unavailable } from '../../contract/errors.ts';
import { millis, SECOND } from '../time.ts';
import { mayWaitFor } from './lifecycle-request.ts';

/** The event may be quicker than the answers of the service that sent it. */
const CATCHING_UP_SECONDS = 60;
/** The action is over, and the instance goes: what is left on it can still be drained. */
const GOING = /^(Terminating|Terminated)/;

export interface Standing {
  readonly autoScalingGroupName: string;
  readonly lifecycleState: string;
}

/**
 * @throws Refused for an instance of another group or of none, and for one that stays in service
 * @throws Unavailable while Auto Scaling may still be catching up
 */
export function checkMembership({ input, startedAt }: DrainPlan, standing: Standing | undefined, now: number): void {
  const { lifecycle, instanceId } = input;
  if (lifecycle === undefined) return;
  const { autoScalingGroupName: named, lifecycleHookName: hook, lifecycleTransition } = lifecycle;
  if (standing !== undefined && standing.autoScalingGroupName !== named) {
    throw new Refused(`${instanceId} is in the Auto Scaling group ${standing.autoScalingGroupName}, not in ${named}`);
  }
  const state = standing?.lifecycleState;
  const going = lifecycleTransition === TERMINATING && GOING.test(state ?? '');
  if (going || mayWaitFor(state ?? '', lifecycleTransition)) return;
  const what = `${instanceId} is ${state ?? 'not'} in ${named}: it does not wait for ${hook}`;
  if (Math.abs(now - millis(startedAt)) <= CATCHING_UP_SECONDS * SECOND) throw new Unavailable(`${what} yet`);
  throw new Refused(`${what}, or not any more`);
}

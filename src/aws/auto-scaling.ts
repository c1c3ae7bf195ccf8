/** Amazon EC2 Auto Scaling: groups, their hooks, and the lifecycle actions that wait for us. */
import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  paginateDescribeAutoScalingInstances,
  RecordLifecycleActionHeartbeatCommand,
} from '@aws-sdk/client-auto-scaling';
import type { LifecycleAction } from '../contract/drain-instance.ts';
import { clientFactory } from './clients.ts';
import { codeOf } from './errors.ts';

export const autoScalingClient = clientFactory(AutoScalingClient);

/** @returns the name of the group that the instance is in, if it is in one */
export async function groupOfInstance(autoScaling: AutoScalingClient, instanceId: string): Promise<string | undefined> {
  const answer = await autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] }));
  return answer.AutoScalingInstances?.[0]?.AutoScalingGroupName;
}

/** @returns the ARNs of the target groups attached to a group; none when there is no such group */
export async function attachedTargetGroups(autoScaling: AutoScalingClient, groupName: string): Promise<string[]> {
  const answer = await autoScaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [groupName] }));
  const group = answer.AutoScalingGroups?.[0];
  const sources = (group?.TrafficSources ?? []).filter(({ Type }) => Type === 'elbv2' || Type === undefined);
  return [...new Set([...(group?.TargetGroupARNs ?? []), ...sources.flatMap(({ Identifier }) => Identifier ?? [])])];
}

/** @returns the hook's timeouts in seconds; undefined when the hook has been deleted */
export async function describeHook(
  autoScaling: AutoScalingClient,
  groupName: string,
  hookName: string,
): Promise<{ heartbeatTimeoutSeconds: number; globalTimeoutSeconds: number } | undefined> {
  try {
    const answer = await autoScaling.send(
      new DescribeLifecycleHooksCommand({ AutoScalingGroupName: groupName, LifecycleHookNames: [hookName] }),
    );
    const hook = answer.LifecycleHooks?.[0];
    if (hook === undefined) return undefined;
    const heartbeatTimeoutSeconds = hook.HeartbeatTimeout ?? 3_600;
    return {
      heartbeatTimeoutSeconds,
      globalTimeoutSeconds: hook.GlobalTimeout ?? Math.min(172_800, 100 * heartbeatTimeoutSeconds),
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export interface GroupHook {
  readonly name: string;
  readonly transition: string;
  readonly heartbeatTimeoutSeconds: number;
  readonly notificationMetadata?: string;
}

/** @returns every hook of a group; none when there is no such group */
export async function hooksOfGroup(autoScaling: AutoScalingClient, groupName: string): Promise<GroupHook[]> {
  try {
    const answer = await autoScaling.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName: groupName }));
    return (answer.LifecycleHooks ?? []).map((hook) => ({
      name: hook.LifecycleHookName ?? '',
      transition: hook.LifecycleTransition ?? '',
      heartbeatTimeoutSeconds: hook.HeartbeatTimeout ?? 3_600,
      ...(hook.NotificationMetadata === undefined ? {} : { notificationMetadata: hook.NotificationMetadata }),
    }));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

export interface WaitingInstance {
  readonly instanceId: string;
  readonly autoScalingGroupName: string;
  readonly lifecycleState: string;
}

/**
 * Every instance that waits for a lifecycle action: `Terminating:Wait`, `Warmed:Pending:Wait`, `Pending:Wait` and the
 * like. Unlike the groups' own lists, this one has the instances of warm pools, too.
 */
export async function waitingInstances(autoScaling: AutoScalingClient): Promise<WaitingInstance[]> {
  const waiting: WaitingInstance[] = [];
  for await (const page of paginateDescribeAutoScalingInstances({ client: autoScaling }, { MaxRecords: 50 })) {
    for (const { InstanceId, AutoScalingGroupName, LifecycleState } of page.AutoScalingInstances ?? []) {
      if (InstanceId === undefined || AutoScalingGroupName === undefined || LifecycleState === undefined) continue;
      if (!LifecycleState.endsWith(':Wait')) continue;
      waiting.push({
        instanceId: InstanceId,
        autoScalingGroupName: AutoScalingGroupName,
        lifecycleState: LifecycleState,
      });
    }
  }
  return waiting;
}

/** Without a token Auto Scaling goes by the instance. */
type ActionName = Pick<LifecycleAction, 'autoScalingGroupName' | 'lifecycleHookName' | 'lifecycleActionToken'>;

function nameOf(action: ActionName, instanceId: string) {
  return {
    AutoScalingGroupName: action.autoScalingGroupName,
    LifecycleHookName: action.lifecycleHookName,
    ...(action.lifecycleActionToken === undefined ? {} : { LifecycleActionToken: action.lifecycleActionToken }),
    InstanceId: instanceId,
  };
}

/** @returns `gone` when there is no such lifecycle action any more */
export async function recordHeartbeat(
  autoScaling: AutoScalingClient,
  action: ActionName,
  instanceId: string,
): Promise<'recorded' | 'gone'> {
  try {
    await autoScaling.send(new RecordLifecycleActionHeartbeatCommand(nameOf(action, instanceId)));
    return 'recorded';
  } catch (error) {
    if (isGone(error)) return 'gone';
    throw error;
  }
}

/** @returns `gone` when it had been completed, or had expired, before */
export async function completeLifecycleAction(
  autoScaling: AutoScalingClient,
  action: LifecycleAction,
  instanceId: string,
  result: 'CONTINUE' | 'ABANDON',
): Promise<'completed' | 'gone'> {
  try {
    await autoScaling.send(
      new CompleteLifecycleActionCommand({ ...nameOf(action, instanceId), LifecycleActionResult: result }),
    );
    return 'completed';
  } catch (error) {
    if (isGone(error)) return 'gone';
    throw error;
  }
}

/** Auto Scaling has one code for everything that is wrong; only these messages say that the thing is not there. */
function isGone(error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return codeOf(error) === 'ValidationError' && /no active lifecycle action|not found|does not exist/i.test(text);
}

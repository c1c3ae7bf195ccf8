/** Amazon EC2 Auto Scaling: groups, their hooks, and the lifecycle actions that wait for us. */
import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  paginateDescribeAutoScalingGroups,
  paginateDescribeAutoScalingInstances,
  RecordLifecycleActionHeartbeatCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { LifecycleAction } from '../contract/drain-instance.ts';
import { Rejected } from '../contract/errors.ts';
import { batches } from './batches.ts';
import { clientFactory, sharedWithin } from './clients.ts';
import { codeOf } from './errors.ts';
import { Batcher } from './pacing/batcher.ts';

export const autoScalingClient = clientFactory(AutoScalingClient);

/** What executions of one process ask together. */
const shared = sharedWithin((autoScaling: AutoScalingClient) => ({
  memberships: new Batcher<string, Membership>({
    most: 50,
    pauseMs: PAUSE_MS,
    ask: (instanceIds) => membershipsOf(autoScaling, instanceIds),
  }),
  targetGroups: new Batcher<string, string[]>({
    most: 50,
    pauseMs: PAUSE_MS,
    ask: (groupNames) => targetGroupsOf(autoScaling, groupNames),
  }),
  hooks: new Batcher<string, HookTimeouts>({
    most: 1,
    pauseMs: PAUSE_MS,
    async ask(keys) {
      const found = new Map<string, HookTimeouts>();
      for (const key of keys) {
        const [groupName = '', hookName = ''] = key.split('\n');
        const timeouts = await describeHookAlone(autoScaling, groupName, hookName);
        if (timeouts !== undefined) found.set(key, timeouts);
      }
      return found;
    },
  }),
}));

const PAUSE_MS = 250;

/** @returns the name of the group that the instance is in, if it is in one */
export async function groupOfInstance(autoScaling: AutoScalingClient, instanceId: string): Promise<string | undefined> {
  return (await membershipOf(autoScaling, instanceId))?.autoScalingGroupName;
}

export interface Membership {
  readonly autoScalingGroupName: string;
  /** `InService`, `Terminating:Wait` and the like. */
  readonly lifecycleState: string;
}

/** @returns where an instance stands in its group; undefined when it is in none */
export async function membershipOf(
  autoScaling: AutoScalingClient,
  instanceId: string,
): Promise<Membership | undefined> {
  const together = shared(autoScaling)?.memberships;
  if (together !== undefined) return together.get(instanceId);
  return (await membershipsOf(autoScaling, [instanceId])).get(instanceId);
}

async function membershipsOf(
  autoScaling: AutoScalingClient,
  instanceIds: readonly string[],
): Promise<Map<string, Membership>> {
  const answer = await autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: [...instanceIds] }));
  const found = new Map<string, Membership>();
  for (const { InstanceId, AutoScalingGroupName, LifecycleState } of answer.AutoScalingInstances ?? []) {
    if (InstanceId === undefined || AutoScalingGroupName === undefined) continue;
    found.set(InstanceId, { autoScalingGroupName: AutoScalingGroupName, lifecycleState: LifecycleState ?? 'unknown' });
  }
  return found;
}

/** @returns the ARNs of the target groups attached to a group; none when there is no such group */
export async function attachedTargetGroups(autoScaling: AutoScalingClient, groupName: string): Promise<string[]> {
  const together = shared(autoScaling)?.targetGroups;
  if (together !== undefined) return (await together.get(groupName)) ?? [];
  return (await targetGroupsOf(autoScaling, [groupName])).get(groupName) ?? [];
}

async function targetGroupsOf(
  autoScaling: AutoScalingClient,
  groupNames: readonly string[],
): Promise<Map<string, string[]>> {
  const answer = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [...groupNames] }),
  );
  const found = new Map<string, string[]>();
  for (const { AutoScalingGroupName: name = '', TargetGroupARNs = [], TrafficSources } of answer.AutoScalingGroups ??
    []) {
    const sources = (TrafficSources ?? []).filter(({ Type }) => Type === 'elbv2' || Type === undefined);
    found.set(name, [...new Set([...TargetGroupARNs, ...sources.flatMap(({ Identifier }) => Identifier ?? [])])]);
  }
  return found;
}

interface HookTimeouts {
  readonly heartbeatTimeoutSeconds: number;
  readonly globalTimeoutSeconds: number;
}

/** @returns the hook's timeouts in seconds; undefined when the hook has been deleted */
export function describeHook(
  autoScaling: AutoScalingClient,
  groupName: string,
  hookName: string,
): Promise<HookTimeouts | undefined> {
  const together = shared(autoScaling)?.hooks;
  return together?.get(`${groupName}\n${hookName}`) ?? describeHookAlone(autoScaling, groupName, hookName);
}

async function describeHookAlone(
  autoScaling: AutoScalingClient,
  groupName: string,
  hookName: string,
): Promise<HookTimeouts | undefined> {
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

/** @returns the names of all groups of the region */
export async function groupNames(autoScaling: AutoScalingClient): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateDescribeAutoScalingGroups({ client: autoScaling }, { MaxRecords: 100 })) {
    names.push(...(page.AutoScalingGroups ?? []).flatMap(({ AutoScalingGroupName }) => AutoScalingGroupName ?? []));
  }
  return names;
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

const INSTANCES_AT_MOST = 50;

/** @returns the lifecycle state (`InService`, `Terminating:Wait`) of each instance that is in a group */
export async function lifecycleStates(
  autoScaling: AutoScalingClient,
  instanceIds: readonly string[],
): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (const InstanceIds of batches(instanceIds, INSTANCES_AT_MOST)) {
    const answer = await autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds }));
    for (const { InstanceId, LifecycleState } of answer.AutoScalingInstances ?? []) {
      if (InstanceId !== undefined && LifecycleState !== undefined) states.set(InstanceId, LifecycleState);
    }
  }
  return states;
}

/**
 * Terminates an instance by way of its group, whose desired capacity is lowered: nothing takes its place. The group's
 * lifecycle hooks run first. @returns why Auto Scaling will not, where it will never do
 */
export async function terminateInGroup(
  autoScaling: AutoScalingClient,
  instanceId: string,
): Promise<'terminating' | 'in no group' | { readonly refused: string }> {
  try {
    await autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: instanceId, ShouldDecrementDesiredCapacity: true }),
    );
    return 'terminating';
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    if (codeOf(error) === 'ValidationError' && /not found/i.test(text)) return 'in no group';
    if (error instanceof Rejected) return { refused: error.message };
    throw error;
  }
}

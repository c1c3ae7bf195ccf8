import type {
  AutoScalingGroup,
  CompleteLifecycleActionCommandInput,
  CompleteLifecycleActionCommandOutput,
  DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingGroupsCommandOutput,
  DescribeAutoScalingInstancesCommandInput,
  DescribeAutoScalingInstancesCommandOutput,
  DescribeLifecycleHooksCommandInput,
  DescribeLifecycleHooksCommandOutput,
  DescribeTagsCommandInput,
  DescribeTagsCommandOutput,
  PutLifecycleHookCommandInput,
  PutLifecycleHookCommandOutput,
  RecordLifecycleActionHeartbeatCommandInput,
  RecordLifecycleActionHeartbeatCommandOutput,
  SetDesiredCapacityCommandInput,
  SetDesiredCapacityCommandOutput,
  TerminateInstanceInAutoScalingGroupCommandInput,
  TerminateInstanceInAutoScalingGroupCommandOutput,
} from '@aws-sdk/client-auto-scaling';
import {
  CompleteLifecycleAction$,
  DescribeAutoScalingGroups$,
  DescribeAutoScalingInstances$,
  DescribeLifecycleHooks$,
  DescribeTags$,
  PutLifecycleHook$,
  RecordLifecycleActionHeartbeat$,
  SetDesiredCapacity$,
  TerminateInstanceInAutoScalingGroup$,
} from '@aws-sdk/client-auto-scaling';
import { page } from '../cursor.ts';
import { pageOf } from '../paging.ts';
import type { OperationModel } from '../service.ts';
import { operation, ServiceError } from '../service.ts';
import type { World } from '../world.ts';
import type { Groups } from './groups.ts';
import type { ActionReference } from './lifecycle-actions.ts';
import type { GroupRecord, LifecycleTransition, Member } from './records.ts';
import { globalTimeoutSeconds } from './records.ts';

type Operations = Readonly<Record<string, OperationModel>>;

export function autoScalingOperations(groups: Groups, world: World): Operations {
  return { ...describeOperations(groups, world), ...lifecycleOperations(groups), ...capacityOperations(groups, world) };
}

function invalid(message: string): ServiceError {
  return new ServiceError('ValidationError', message);
}

function groupNamed(groups: Groups, name: string | undefined): GroupRecord {
  const group = groups.groups.get(name ?? '');
  if (!group) throw invalid(`AutoScalingGroup name not found - ${name}`);
  return group;
}

function describeOperations(groups: Groups, world: World): Operations {
  return {
    DescribeAutoScalingGroups: operation<DescribeAutoScalingGroupsCommandInput, DescribeAutoScalingGroupsCommandOutput>(
      DescribeAutoScalingGroups$,
      'read',
      (input) => {
        const names = input.AutoScalingGroupNames;
        const found = [...groups.groups.values()]
          .filter((group) => !names?.length || names.includes(group.name))
          .filter((group) =>
            (input.Filters ?? []).every((filter) => hasTag(group, filter.Name ?? '', filter.Values ?? [])),
          );
        const { items, next } = page(found, input.NextToken, pageSize(input.MaxRecords, 100), 'InvalidNextToken');
        return {
          AutoScalingGroups: items.map((group) => describeGroup(groups, world, group)),
          ...(next !== undefined && { NextToken: next }),
        };
      },
    ),
    DescribeAutoScalingInstances: operation<
      DescribeAutoScalingInstancesCommandInput,
      DescribeAutoScalingInstancesCommandOutput
    >(DescribeAutoScalingInstances$, 'read', (input) => {
      const ids = input.InstanceIds;
      if ((ids?.length ?? 0) > 50) throw invalid('The number of instance ids that may be passed in is limited to 50');
      const found = [...groups.members.values()].filter((each) => !ids?.length || ids.includes(each.instanceId));
      const { items, next } = page(found, input.NextToken, pageSize(input.MaxRecords, 50), 'InvalidNextToken');
      return {
        AutoScalingInstances: items.map((member) => ({
          ...describeMember(world, member),
          AutoScalingGroupName: member.group.name,
          // This call writes it in capitals, DescribeAutoScalingGroups does not.
          HealthStatus: member.healthStatus.toUpperCase(),
        })),
        ...(next !== undefined && { NextToken: next }),
      };
    }),
    DescribeLifecycleHooks: operation<DescribeLifecycleHooksCommandInput, DescribeLifecycleHooksCommandOutput>(
      DescribeLifecycleHooks$,
      'read',
      (input) => {
        const names = input.LifecycleHookNames;
        const hooks = [...groupNamed(groups, input.AutoScalingGroupName).hooks.values()];
        return {
          LifecycleHooks: hooks
            .filter((hook) => !names?.length || names.includes(hook.name))
            .map((hook) => ({
              LifecycleHookName: hook.name,
              AutoScalingGroupName: input.AutoScalingGroupName,
              LifecycleTransition: hook.transition,
              HeartbeatTimeout: hook.heartbeatTimeout,
              GlobalTimeout: globalTimeoutSeconds(hook.heartbeatTimeout),
              DefaultResult: hook.defaultResult,
              ...(hook.notificationMetadata !== undefined && { NotificationMetadata: hook.notificationMetadata }),
              ...(hook.notificationTargetArn !== undefined && { NotificationTargetARN: hook.notificationTargetArn }),
              ...(hook.roleArn !== undefined && { RoleARN: hook.roleArn }),
            })),
        };
      },
    ),
    DescribeTags: operation<DescribeTagsCommandInput, DescribeTagsCommandOutput>(DescribeTags$, 'read', (input) => {
      const wanted = (name: string) => (input.Filters ?? []).filter((each) => each.Name === name);
      const matches = (name: string, value: string) => wanted(name).every((each) => each.Values?.includes(value));
      const tags = [...groups.groups.values()]
        .filter((group) => matches('auto-scaling-group', group.name))
        .flatMap(describeTags)
        .filter((tag) => matches('key', tag.Key) && matches('value', tag.Value));
      const found = pageOf(tags, pageSize(input.MaxRecords, 100), input.NextToken);
      return { Tags: [...found.items], ...(found.nextToken !== undefined && { NextToken: found.nextToken }) };
    }),
  };
}

function pageSize(wanted: number | undefined, most: number): number {
  if (wanted !== undefined && (wanted < 1 || wanted > most)) {
    throw invalid(`The number of records to be returned must be from 1 to ${most}`);
  }
  return wanted ?? 50;
}

function hasTag(group: GroupRecord, name: string, values: readonly string[]): boolean {
  if (name === 'tag-key') return values.some((value) => group.tags.has(value));
  if (name === 'tag-value') return [...group.tags.values()].some((value) => values.includes(value));
  if (name.startsWith('tag:')) return values.includes(group.tags.get(name.slice('tag:'.length)) ?? '');
  throw invalid(`Filter type ${name} is not correct. Allowed Filter types are: tag-key tag-value tag:<key>`);
}

function describeGroup(groups: Groups, world: World, group: GroupRecord): AutoScalingGroup {
  const members = [...groups.members.values()].filter((each) => each.group === group);
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desiredCapacity,
    DefaultCooldown: 300,
    AvailabilityZones: ['a', 'b', 'c'].map((zone) => `${world.region}${zone}`),
    LoadBalancerNames: [...group.loadBalancerNames],
    TargetGroupARNs: [...group.targetGroupArns],
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 0,
    CreatedTime: new Date(group.createdAt),
    // Instances of the warm pool are described by another call.
    Instances: members.filter((each) => !each.state.startsWith('Warmed:')).map((each) => describeMember(world, each)),
    Tags: describeTags(group),
    ...(group.warmPoolState && { WarmPoolConfiguration: { PoolState: group.warmPoolState } }),
    ...(group.terminateHookAbandon && {
      InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: group.terminateHookAbandon } },
    }),
  };
}

function describeMember(world: World, member: Member) {
  return {
    InstanceId: member.instanceId,
    AvailabilityZone: world.instances.get(member.instanceId)?.availabilityZone ?? `${world.region}a`,
    LifecycleState: member.state,
    HealthStatus: member.healthStatus as string,
    ProtectedFromScaleIn: false,
  };
}

function describeTags(group: GroupRecord) {
  return [...group.tags].map(([Key, Value]) => ({
    ResourceId: group.name,
    ResourceType: 'auto-scaling-group',
    Key,
    Value,
    PropagateAtLaunch: true,
  }));
}

function lifecycleOperations(groups: Groups): Operations {
  return {
    PutLifecycleHook: operation<PutLifecycleHookCommandInput, PutLifecycleHookCommandOutput>(
      PutLifecycleHook$,
      'write',
      (input) => {
        const group = groupNamed(groups, input.AutoScalingGroupName);
        const name = input.LifecycleHookName ?? '';
        const { HeartbeatTimeout: timeout, DefaultResult: result, LifecycleTransition: transition } = input;
        if (transition === undefined && !group.hooks.has(name)) throw invalid('LifecycleTransition is required');
        if (timeout !== undefined && (timeout < 30 || timeout > 7200)) {
          throw invalid('Heartbeat timeout must be between 30 and 7200 seconds');
        }
        if (result !== undefined && result !== 'CONTINUE' && result !== 'ABANDON') {
          throw invalid(`${result} is not a valid default result. Please provide CONTINUE or ABANDON`);
        }
        groups.putHook(group, {
          name,
          ...(transition !== undefined && { transition: transition as LifecycleTransition }),
          ...(timeout !== undefined && { heartbeatTimeout: timeout }),
          ...(result !== undefined && { defaultResult: result }),
          ...(input.NotificationMetadata !== undefined && { notificationMetadata: input.NotificationMetadata }),
          ...(input.NotificationTargetARN !== undefined && { notificationTargetArn: input.NotificationTargetARN }),
          ...(input.RoleARN !== undefined && { roleArn: input.RoleARN }),
        });
        return {};
      },
    ),
    RecordLifecycleActionHeartbeat: operation<
      RecordLifecycleActionHeartbeatCommandInput,
      RecordLifecycleActionHeartbeatCommandOutput
    >(RecordLifecycleActionHeartbeat$, 'write', (input) => {
      const reference = referenceOf(groups, input);
      if (!groups.actions.heartbeat(reference)) throw noAction(reference);
      return {};
    }),
    CompleteLifecycleAction: operation<CompleteLifecycleActionCommandInput, CompleteLifecycleActionCommandOutput>(
      CompleteLifecycleAction$,
      'write',
      (input) => {
        const result = input.LifecycleActionResult;
        if (result !== 'CONTINUE' && result !== 'ABANDON') {
          throw invalid(`${result} is not a valid lifecycle action result. Please provide CONTINUE or ABANDON`);
        }
        const reference = referenceOf(groups, input);
        if (!groups.actions.complete(reference, result)) throw noAction(reference);
        return {};
      },
    ),
  };
}

function referenceOf(
  groups: Groups,
  input: RecordLifecycleActionHeartbeatCommandInput | CompleteLifecycleActionCommandInput,
): ActionReference {
  const { LifecycleActionToken: token, InstanceId: instanceId } = input;
  if (token === undefined && instanceId === undefined) {
    throw invalid('Either a lifecycle action token or an instance ID must be specified');
  }
  const group = groupNamed(groups, input.AutoScalingGroupName);
  return { autoScalingGroupName: group.name, hook: input.LifecycleHookName ?? '', token, instanceId };
}

function noAction({ token, instanceId }: ActionReference): ServiceError {
  const by = token === undefined ? `instance ID ${instanceId}` : `token ${token}`;
  return invalid(`No active Lifecycle Action found with ${by}`);
}

function capacityOperations(groups: Groups, world: World): Operations {
  return {
    TerminateInstanceInAutoScalingGroup: operation<
      TerminateInstanceInAutoScalingGroupCommandInput,
      TerminateInstanceInAutoScalingGroupCommandOutput
    >(
      TerminateInstanceInAutoScalingGroup$,
      'write',
      ({ InstanceId: id = '', ShouldDecrementDesiredCapacity: decrement }) => {
        const member = groups.members.get(id);
        if (!member) throw invalid(`Instance Id not found - No managed instance found for instance ID: ${id}`);
        const { group } = member;
        if (decrement && group.desiredCapacity - 1 < group.minSize) {
          throw invalid(
            `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
          );
        }
        groups.takeOut(member, 'EC2', decrement === true);
        const now = new Date();
        return {
          Activity: {
            ActivityId: world.uuid(),
            AutoScalingGroupName: group.name,
            Description: `Terminating EC2 instance: ${id}`,
            Cause: `At ${now.toISOString()} instance ${id} was taken out of service in response to a user request.`,
            StartTime: now,
            StatusCode: 'InProgress',
            Progress: 0,
          },
        };
      },
    ),
    SetDesiredCapacity: operation<SetDesiredCapacityCommandInput, SetDesiredCapacityCommandOutput>(
      SetDesiredCapacity$,
      'write',
      ({ AutoScalingGroupName, DesiredCapacity: wanted = 0 }) => {
        const group = groupNamed(groups, AutoScalingGroupName);
        if (wanted < group.minSize || wanted > group.maxSize) {
          const [side, bound] = wanted < group.minSize ? ['below min', group.minSize] : ['above max', group.maxSize];
          throw invalid(`New SetDesiredCapacity value ${wanted} is ${side} value ${bound} for the AutoScalingGroup.`);
        }
        group.desiredCapacity = wanted;
        groups.reconcile(group);
        return {};
      },
    ),
  };
}

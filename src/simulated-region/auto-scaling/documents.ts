/** The documents by which Auto Scaling tells of a lifecycle action, field for field. */
import type { World } from '../world.ts';
import type { GroupRecord, HookRecord, LifecycleAction } from './records.ts';

const SERVICE = 'AWS Auto Scaling';

export function announceAction(world: World, group: GroupRecord, hook: HookRecord, action: LifecycleAction): void {
  const terminating = action.transition === 'autoscaling:EC2_INSTANCE_TERMINATING';
  const metadata = hook.notificationMetadata === undefined ? {} : { NotificationMetadata: hook.notificationMetadata };
  world.outbox.emit({
    source: 'aws.autoscaling',
    'detail-type': `EC2 Instance-${terminating ? 'terminate' : 'launch'} Lifecycle Action`,
    resources: [group.arn],
    detail: {
      LifecycleActionToken: action.token,
      AutoScalingGroupName: group.name,
      LifecycleHookName: hook.name,
      EC2InstanceId: action.instanceId,
      LifecycleTransition: action.transition,
      ...metadata,
      Origin: action.origin,
      Destination: action.destination,
    },
  });
  if (!isTopic(hook.notificationTargetArn)) return;
  const verb = terminating ? 'TERMINATING' : 'LAUNCHING';
  world.outbox.publish(hook.notificationTargetArn, {
    // The two spaces are AWS's.
    subject: `Auto Scaling:  Lifecycle action '${verb}' for instance ${action.instanceId} in progress.`,
    body: {
      Origin: action.origin,
      LifecycleHookName: hook.name,
      Destination: action.destination,
      AccountId: world.accountId,
      RequestId: world.uuid(),
      LifecycleTransition: action.transition,
      AutoScalingGroupName: group.name,
      Service: SERVICE,
      Time: new Date(action.startedAt).toISOString(),
      EC2InstanceId: action.instanceId,
      ...metadata,
      LifecycleActionToken: action.token,
    },
  });
}

/** Sent once when a hook is given a topic. */
export function announceTest(world: World, group: GroupRecord, topicArn: string | undefined): void {
  if (!isTopic(topicArn)) return;
  world.outbox.publish(topicArn, {
    subject: `Auto Scaling: test notification for group "${group.name}"`,
    body: {
      AccountId: world.accountId,
      RequestId: world.uuid(),
      AutoScalingGroupARN: group.arn,
      AutoScalingGroupName: group.name,
      Service: SERVICE,
      Event: 'autoscaling:TEST_NOTIFICATION',
      Time: new Date().toISOString(),
    },
  });
}

function isTopic(arn: string | undefined): arn is string {
  return arn?.split(':')[2] === 'sns';
}

import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  DescribeTagsCommand,
  PutLifecycleHookCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { install } from '@sinonjs/fake-timers';
import type { GroupSpec, HookSpec } from '../../src/simulated-region/auto-scaling.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:lifecycle';
const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';

let clock: ReturnType<typeof install>;
let region: SimulatedRegion;
let client: AutoScalingClient;

beforeEach(() => {
  clock = install({ now: Date.UTC(2026, 0, 2), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  region = new SimulatedRegion();
  client = new AutoScalingClient(region.clientConfig());
});

afterEach(() => {
  clock.uninstall();
});

/** A group with one instance in service and one hook. @returns the instance's id */
function serving(hook: Partial<HookSpec> = {}, group: Partial<GroupSpec> = {}): string {
  region.autoScaling.createGroup({ name: 'web', ...group });
  region.autoScaling.putLifecycleHook('web', { name: 'sluice', heartbeatTimeout: 300, ...hook });
  const id = region.ec2.launch();
  region.autoScaling.attachInstance('web', id);
  return id;
}

function state(id: string) {
  return region.autoScaling.lifecycleState(id);
}

function action(index = 0) {
  const found = region.autoScaling.lifecycleActions[index];
  if (!found) throw new Error(`There is no lifecycle action ${index}`);
  return found;
}

function complete(LifecycleActionToken: string, LifecycleActionResult = 'CONTINUE', LifecycleHookName = 'sluice') {
  return client.send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: 'web',
      LifecycleHookName,
      LifecycleActionToken,
      LifecycleActionResult,
    }),
  );
}

function heartbeat(LifecycleActionToken: string) {
  return client.send(
    new RecordLifecycleActionHeartbeatCommand({
      AutoScalingGroupName: 'web',
      LifecycleHookName: 'sluice',
      LifecycleActionToken,
    }),
  );
}

const seconds = (count: number) => clock.tickAsync(count * 1000);

describe('a scale-in', () => {
  test('waits in Terminating:Wait and tells EventBridge and SNS of it', async () => {
    const id = serving({ notificationTargetArn: TOPIC, notificationMetadata: '{"cluster":"web"}' });
    region.autoScaling.scaleIn('web', id);
    expect(state(id)).toBe('Terminating:Wait');
    expect(region.autoScaling.desiredCapacity('web')).toBe(0);
    const event = region.outbox.events.at(-1);
    expect(event).toMatchObject({
      source: 'aws.autoscaling',
      'detail-type': 'EC2 Instance-terminate Lifecycle Action',
      resources: [expect.stringMatching(/^arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:.*\/web$/)],
    });
    const fields = {
      LifecycleActionToken: action().token,
      AutoScalingGroupName: 'web',
      LifecycleHookName: 'sluice',
      EC2InstanceId: id,
      LifecycleTransition: TERMINATING,
      NotificationMetadata: '{"cluster":"web"}',
      Origin: 'AutoScalingGroup',
      Destination: 'EC2',
    };
    expect(event?.detail).toEqual(fields);
    const { Sns } = region.outbox.notifications.at(-1)?.Records[0] ?? {};
    expect(Sns).toMatchObject({
      Type: 'Notification',
      TopicArn: TOPIC,
      Subject: `Auto Scaling:  Lifecycle action 'TERMINATING' for instance ${id} in progress.`,
    });
    expect(JSON.parse(Sns?.Message ?? '')).toEqual({
      ...fields,
      AccountId: '123456789012',
      RequestId: expect.any(String),
      Service: 'AWS Auto Scaling',
      Time: '2026-01-02T00:00:00.000Z',
    });
  });

  test('terminates the instance once the action is completed, and not before', async () => {
    const id = serving();
    region.autoScaling.scaleIn('web', id);
    await seconds(299);
    expect(region.ec2.state(id)).toBe('running');
    await complete(action().token);
    expect(state(id)).toBe('Terminating:Proceed');
    await seconds(3);
    expect(region.ec2.state(id)).toBe('shutting-down');
    await seconds(60);
    expect(region.ec2.state(id)).toBe('terminated');
    expect(state(id)).toBeUndefined();
    expect(action()).toMatchObject({ result: 'CONTINUE', by: 'caller', completedAt: Date.UTC(2026, 0, 2, 0, 4, 59) });
  });

  test('leaves the target groups first and waits for them to drain before the hook fires', async () => {
    const targetGroup = region.elbv2.createTargetGroup({ name: 'web', port: 8080 });
    region.elbv2.attach(region.elbv2.createLoadBalancer({ name: 'web' }), targetGroup);
    const id = serving({}, { targetGroupArns: [targetGroup] });
    const states = () => region.elbv2.registrations(targetGroup, id).map((each) => each.state);
    expect(states()).toHaveLength(1);
    await seconds(600);
    region.autoScaling.scaleIn('web', id);
    expect(states()).toEqual(['draining']);
    await seconds(299);
    expect(state(id)).toBe('Terminating');
    expect(region.autoScaling.lifecycleActions).toHaveLength(0);
    await seconds(2);
    expect(states()).toEqual([]);
    expect(state(id)).toBe('Terminating:Wait');
  });

  test('of a group without hooks goes straight on', async () => {
    region.autoScaling.createGroup({ name: 'web' });
    const id = region.ec2.launch();
    region.autoScaling.attachInstance('web', id);
    region.autoScaling.scaleIn('web', id);
    await seconds(3);
    expect(region.ec2.state(id)).toBe('shutting-down');
  });

  test('to the warm pool stops the instance, which then comes back through the launching hooks', async () => {
    const id = serving({}, { warmPoolState: 'Stopped' });
    region.autoScaling.putLifecycleHook('web', { name: 'arrive', transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    region.autoScaling.scaleIn('web', id, { destination: 'WarmPool' });
    expect(action()).toMatchObject({ origin: 'AutoScalingGroup', destination: 'WarmPool' });
    await complete(action().token);
    await seconds(60);
    expect(state(id)).toBe('Warmed:Stopped');
    expect(region.ec2.state(id)).toBe('stopped');
    region.autoScaling.scaleOutFromWarmPool('web', id);
    await seconds(30);
    expect(state(id)).toBe('Pending:Wait');
    expect(region.outbox.events.at(-1)).toMatchObject({
      'detail-type': 'EC2 Instance-launch Lifecycle Action',
      detail: { Origin: 'WarmPool', Destination: 'AutoScalingGroup' },
    });
    await complete(action(1).token, 'CONTINUE', 'arrive');
    await seconds(3);
    expect(state(id)).toBe('InService');
  });

  test('for a replaced root volume ends back in service, and nothing is launched in its place', async () => {
    const id = serving();
    region.autoScaling.scaleIn('web', id, { destination: 'AutoScalingGroup' });
    expect(state(id)).toBe('ReplacingRootVolume:Wait');
    await complete(action().token);
    await seconds(10);
    expect(state(id)).toBe('InService');
    expect(region.ec2.state(id)).toBe('running');
    expect(region.autoScaling.instanceIds('web')).toEqual([id]);
  });
});

describe('a lifecycle action’s time', () => {
  test('ends with the default result when no heartbeat comes', async () => {
    const id = serving({ defaultResult: 'CONTINUE' });
    region.autoScaling.scaleIn('web', id);
    await seconds(299);
    expect(action().completedAt).toBeUndefined();
    await seconds(1);
    expect(action()).toMatchObject({ result: 'CONTINUE', by: 'expiry' });
    await expect(complete(action().token)).rejects.toMatchObject({
      name: 'ValidationError',
      message: `No active Lifecycle Action found with token ${action().token}`,
    });
    expect(region.autoScaling.completionAttempts).toMatchObject([{ accepted: false, result: 'CONTINUE' }]);
  });

  test('begins anew with each heartbeat, but never outlasts the global timeout', async () => {
    const id = serving({ heartbeatTimeout: 30 });
    region.autoScaling.scaleIn('web', id);
    // 100 × 30 s is the whole of it.
    for (let count = 0; count < 149; count += 1) {
      await seconds(20);
      await heartbeat(action().token);
    }
    expect(action().heartbeats).toHaveLength(149);
    expect(action().expiresAt).toBe(Date.UTC(2026, 0, 2) + 3_000_000);
    await seconds(19);
    expect(action().completedAt).toBeUndefined();
    await seconds(1);
    expect(action()).toMatchObject({ result: 'ABANDON', by: 'expiry' });
    await expect(heartbeat(action().token)).rejects.toMatchObject({ name: 'ValidationError' });
  });

  test('a hook of two hours is held for 48 hours, and no longer', async () => {
    const id = serving({ heartbeatTimeout: 7200 });
    const { LifecycleHooks } = await client.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName: 'web' }));
    expect(LifecycleHooks).toMatchObject([
      { HeartbeatTimeout: 7200, GlobalTimeout: 172_800, DefaultResult: 'ABANDON' },
    ]);
    region.autoScaling.scaleIn('web', id);
    expect(action().globalTimeoutSeconds).toBe(172_800);
  });
});

describe('several hooks', () => {
  test('all have to be completed, each by its own token', async () => {
    const id = serving();
    region.autoScaling.putLifecycleHook('web', { name: 'ecs-managed-draining-termination-hook' });
    region.autoScaling.scaleIn('web', id);
    expect(action(0).token).not.toBe(action(1).token);
    await complete(action(0).token);
    await seconds(60);
    expect(state(id)).toBe('Terminating:Wait');
    await expect(complete(action(1).token)).rejects.toMatchObject({ name: 'ValidationError' });
    await complete(action(1).token, 'CONTINUE', 'ecs-managed-draining-termination-hook');
    expect(state(id)).toBe('Terminating:Proceed');
  });

  test('one ABANDON skips the rest and terminates', async () => {
    const id = serving();
    region.autoScaling.putLifecycleHook('web', { name: 'other' });
    region.autoScaling.scaleIn('web', id);
    await complete(action(0).token, 'ABANDON');
    expect(action(1)).toMatchObject({ result: 'ABANDON', by: 'abandonment' });
    await seconds(3);
    expect(region.ec2.state(id)).toBe('shutting-down');
  });

  test('an ABANDON keeps the instance where the group retains', async () => {
    const id = serving({}, { terminateHookAbandon: 'retain' });
    region.autoScaling.scaleIn('web', id);
    await complete(action().token, 'ABANDON');
    await seconds(3600);
    expect(state(id)).toBe('Terminating:Retained');
    expect(region.ec2.state(id)).toBe('running');
    await client.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: id, ShouldDecrementDesiredCapacity: false }),
    );
    await seconds(3);
    expect(region.ec2.state(id)).toBe('shutting-down');
  });
});

test('an action can be completed by the instance’s id, and tells its listeners', async () => {
  const id = serving();
  const told: unknown[] = [];
  region.autoScaling.onLifecycleActionCompleted(({ token, result, by }) => told.push({ token, result, by }));
  region.autoScaling.scaleIn('web', id);
  await client.send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: 'web',
      LifecycleHookName: 'sluice',
      InstanceId: id,
      LifecycleActionResult: 'CONTINUE',
    }),
  );
  expect(told).toEqual([{ token: action().token, result: 'CONTINUE', by: 'caller' }]);
});

test('PutLifecycleHook sends a test notification, and changes only what it names', async () => {
  serving();
  await client.send(
    new PutLifecycleHookCommand({
      AutoScalingGroupName: 'web',
      LifecycleHookName: 'sluice',
      NotificationTargetARN: TOPIC,
      NotificationMetadata: 'm',
    }),
  );
  const message: unknown = JSON.parse(region.outbox.notifications.at(-1)?.Records[0].Sns.Message ?? '');
  expect(message).toMatchObject({ Event: 'autoscaling:TEST_NOTIFICATION', AutoScalingGroupName: 'web' });
  expect(message).not.toHaveProperty('LifecycleActionToken');
  const { LifecycleHooks } = await client.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName: 'web' }));
  expect(LifecycleHooks).toMatchObject([
    { HeartbeatTimeout: 300, NotificationTargetARN: TOPIC, NotificationMetadata: 'm' },
  ]);
});

test.each([
  [{ HeartbeatTimeout: 29, LifecycleTransition: TERMINATING }, 'between 30 and 7200'],
  [{ DefaultResult: 'MAYBE', LifecycleTransition: TERMINATING }, 'MAYBE'],
  [{}, 'LifecycleTransition is required'],
])('PutLifecycleHook refuses %j', async (input, words) => {
  region.autoScaling.createGroup({ name: 'web' });
  const command = new PutLifecycleHookCommand({ AutoScalingGroupName: 'web', LifecycleHookName: 'h', ...input });
  await expect(client.send(command)).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining(words),
  });
});

test('groups are described with members, target groups and tags, page by page', async () => {
  const id = serving({}, { tags: { team: 'a' }, loadBalancerNames: ['classic'] });
  for (let count = 0; count < 50; count += 1) region.autoScaling.createGroup({ name: `other-${count}` });
  const first = await client.send(new DescribeAutoScalingGroupsCommand({}));
  expect(first.AutoScalingGroups).toHaveLength(50);
  const rest = await client.send(new DescribeAutoScalingGroupsCommand({ NextToken: first.NextToken }));
  expect(rest.AutoScalingGroups?.map((each) => each.AutoScalingGroupName)).toEqual(['other-49']);
  expect(rest.NextToken).toBeUndefined();
  await expect(client.send(new DescribeAutoScalingGroupsCommand({ NextToken: 'made-up' }))).rejects.toMatchObject({
    name: 'InvalidNextToken',
  });
  const tagged = await client.send(
    new DescribeAutoScalingGroupsCommand({ Filters: [{ Name: 'tag:team', Values: ['a'] }] }),
  );
  expect(tagged.AutoScalingGroups).toMatchObject([
    {
      AutoScalingGroupName: 'web',
      DesiredCapacity: 1,
      LoadBalancerNames: ['classic'],
      Instances: [{ InstanceId: id, LifecycleState: 'InService', HealthStatus: 'Healthy' }],
      Tags: [{ Key: 'team', Value: 'a', ResourceId: 'web' }],
    },
  ]);
  const { Tags } = await client.send(
    new DescribeTagsCommand({ Filters: [{ Name: 'auto-scaling-group', Values: ['web'] }] }),
  );
  expect(Tags).toMatchObject([{ Key: 'team', Value: 'a' }]);
});

test('DescribeAutoScalingInstances finds an instance, and says nothing of one in no group', async () => {
  const id = serving();
  const loose = region.ec2.launch();
  const { AutoScalingInstances } = await client.send(
    new DescribeAutoScalingInstancesCommand({ InstanceIds: [id, loose] }),
  );
  expect(AutoScalingInstances).toMatchObject([
    { InstanceId: id, AutoScalingGroupName: 'web', LifecycleState: 'InService', HealthStatus: 'HEALTHY' },
  ]);
});

describe('capacity', () => {
  test('terminating without a decrement launches a replacement, with one it does not', async () => {
    const id = serving();
    const terminate = (InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
      client.send(new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity }));
    const { Activity } = await terminate(id, false);
    expect(Activity).toMatchObject({ AutoScalingGroupName: 'web', StatusCode: 'InProgress' });
    await complete(action().token);
    await seconds(120);
    const [replacement = '', ...more] = region.autoScaling.instanceIds('web');
    expect(more).toEqual([]);
    expect(replacement).not.toBe(id);
    expect(state(replacement)).toBe('InService');
    await terminate(replacement, true);
    await complete(action(1).token);
    await seconds(120);
    expect(region.autoScaling.instanceIds('web')).toEqual([]);
    await expect(terminate(replacement, true)).rejects.toMatchObject({ name: 'ValidationError' });
  });

  test('SetDesiredCapacity launches and takes out, within the group’s bounds', async () => {
    region.autoScaling.createGroup({ name: 'web', maxSize: 3 });
    const set = (DesiredCapacity: number) =>
      client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: 'web', DesiredCapacity }));
    await set(3);
    await seconds(60);
    expect(region.autoScaling.instanceIds('web').map(state)).toEqual(['InService', 'InService', 'InService']);
    await set(1);
    await seconds(120);
    expect(region.autoScaling.instanceIds('web').map(state)).toEqual(['InService']);
    await expect(set(4)).rejects.toMatchObject({ name: 'ValidationError' });
  });

  test('an instance that dies under its group is taken out by way of the hooks and replaced', async () => {
    const id = serving();
    region.ec2.terminate(id);
    await seconds(30);
    expect(state(id)).toBe('Terminating:Wait');
    await complete(action().token);
    await seconds(120);
    expect(region.autoScaling.instanceIds('web')).not.toContain(id);
    expect(region.autoScaling.instanceIds('web').map(state)).toEqual(['InService']);
  });
});

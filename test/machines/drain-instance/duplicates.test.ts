import { afterEach, describe, expect, test } from '@jest/globals';
import { takeLifecycleEvent, takeSnsEvent } from '../../../src/triggers/lifecycle.ts';
import { DrainWorld, HOOK, TOPIC } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

const executions = async () => (await world.lab.engine.list({ workflow: 'drain-instance' })).executions;
const sns = (message: unknown) => ({
  Records: [
    {
      EventSource: 'aws:sns',
      Sns: { TopicArn: TOPIC, Message: typeof message === 'string' ? message : JSON.stringify(message) },
    },
  ],
});

describe('one lifecycle action', () => {
  test.each<[string, readonly ('event' | 'notification')[]]>([
    ['thrice by EventBridge', ['event', 'event', 'event']],
    ['by EventBridge, by SNS and by EventBridge', ['event', 'notification', 'event']],
    ['by SNS, by EventBridge and by SNS', ['notification', 'event', 'notification']],
  ])('told %s, before, during and after its drain, is one execution and one drain', async (_, ways) => {
    world = new DrainWorld();
    world.service('api', 3);
    const documents = await world.leave();
    const { engine, settings } = world.lab;
    const tell = async (way: 'event' | 'notification' | undefined) =>
      way === 'event'
        ? takeLifecycleEvent(documents.event, engine, settings)
        : (await takeSnsEvent(documents.notification, engine, settings))[0];
    const first = await tell(ways[0]);
    await world.lab.pass(20);
    const second = await tell(ways[1]);
    if (first === undefined || 'ignored' in first) throw new Error('the first was ignored');
    const { receipt } = await world.end(first.executionArn);
    const third = await tell(ways[2]);
    expect(first).toMatchObject({ outcome: 'started' });
    expect(second).toEqual({ outcome: 'attached', executionArn: first.executionArn });
    expect(third).toEqual({ outcome: 'succeeded', executionArn: first.executionArn, receipt });
    expect(await executions()).toHaveLength(1);
    expect(world.region.autoScaling.completionAttempts).toHaveLength(1);
    expect(world.calls('UpdateContainerInstancesState')).toHaveLength(1);
  });

  test('that comes three times at once is one execution', async () => {
    world = new DrainWorld();
    const documents = await world.leave();
    const { engine, settings } = world.lab;
    const taken = await Promise.all([
      takeLifecycleEvent(documents.event, engine, settings),
      takeSnsEvent(documents.notification, engine, settings).then(([one]) => one),
      takeLifecycleEvent(documents.event, engine, settings),
    ]);
    expect(new Set(taken.map((one) => one !== undefined && 'executionArn' in one && one.executionArn)).size).toBe(1);
    expect(await executions()).toHaveLength(1);
  });

  test('whose drain failed is drained again when it is told again', async () => {
    world = new DrainWorld();
    const fault = world.region.faults.inject({ kind: 'access-denied', operation: 'ListTasks' });
    const documents = await world.leave();
    const failed = await world.end(await world.take(documents));
    expect(failed.ended.status).toBe('FAILED');
    fault.remove();
    const again = await world.end(await world.take(documents));
    expect(again.executionArn).toBe(`${failed.executionArn}-2`);
    expect(again.receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
  });
});

test('two hooks of ours on one instance: two executions, each completes its own action, and the instance is drained once', async () => {
  world = new DrainWorld({ otherHooks: [{ name: 'sluice-logs', heartbeatTimeout: 600 }] });
  const targetGroup = world.service('api', 3, { delaySeconds: 120 });
  await world.lab.pass(60);
  world.traffic(targetGroup);
  const first = await world.leave();
  const second = await world.documents('sluice-logs');
  const arns = [await world.take(first), await world.take(second)];
  expect(new Set(arns).size).toBe(2);
  for (const arn of arns)
    expect((await world.end(arn)).receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
  expect(
    world
      .completions()
      .map(({ hook }) => hook)
      .sort(),
  ).toEqual([HOOK, 'sluice-logs']);
  for (const hook of [HOOK, 'sluice-logs']) {
    expect(world.action(hook)).toMatchObject({ by: 'caller', result: 'CONTINUE' });
    expect(world.aliveAt(world.action(hook).completedAt ?? 0)).toEqual([]);
  }
  expect(world.region.traffic.stats().dropped).toBe(0);
});

describe('what is not meant for us is left alone', () => {
  test('the test notification that a hook with a topic sends', async () => {
    world = new DrainWorld();
    const [notification] = world.region.outbox.notifications;
    expect(notification?.Records[0].Sns.Message).toContain('autoscaling:TEST_NOTIFICATION');
    const taken = await takeSnsEvent(notification, world.lab.engine, world.lab.settings);
    expect(taken).toEqual([{ ignored: 'the message is autoscaling:TEST_NOTIFICATION' }]);
    expect(await executions()).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['text', 'the deployment has finished'],
    ['a number', '12'],
    ['a list', '[1, 2]'],
    ['null', 'null'],
    ['an alarm', { AlarmName: 'cpu', NewStateValue: 'ALARM' }],
    [
      'a launch that a group tells of without a hook',
      { Event: 'autoscaling:EC2_INSTANCE_LAUNCH', EC2InstanceId: 'i-0123456789abcdef0' },
    ],
  ])('%s on the topic', async (_, message) => {
    world = new DrainWorld();
    const taken = await takeSnsEvent(sns(message), world.lab.engine, world.lab.settings);
    expect(taken).toEqual([{ ignored: expect.any(String) }]);
    expect(await executions()).toEqual([]);
    expect(world.calls()).toEqual([]);
  });

  test('a launch by another tool’s hook', async () => {
    world = new DrainWorld({
      otherHooks: [{ name: 'warm-up', transition: 'autoscaling:EC2_INSTANCE_LAUNCHING', heartbeatTimeout: 60 }],
    });
    world.region.autoScaling.createGroup({ name: 'fresh' });
    world.region.autoScaling.putLifecycleHook('fresh', {
      name: 'warm-up',
      transition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    });
    const instance = world.region.ec2.launch();
    expect(instance).toMatch(/^i-/);
    const event = {
      source: 'aws.autoscaling',
      'detail-type': 'EC2 Instance-launch Lifecycle Action',
      time: '2026-03-02T12:00:00Z',
      region: 'eu-west-1',
      detail: {
        LifecycleActionToken: '11111111-2222-3333-4444-555555555555',
        AutoScalingGroupName: 'fresh',
        LifecycleHookName: 'warm-up',
        EC2InstanceId: instance,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
        Origin: 'EC2',
        Destination: 'AutoScalingGroup',
      },
    };
    expect(await takeLifecycleEvent(event, world.lab.engine, world.lab.settings)).toEqual({
      ignored: 'the hook warm-up belongs to another tool',
    });
  });
});

test('good records of an SNS event are taken even where another one is bad', async () => {
  world = new DrainWorld();
  const { notification } = await world.leave();
  const bad = sns({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', LifecycleHookName: HOOK });
  const both = { Records: [...bad.Records, ...(notification?.Records ?? [])] };
  await expect(takeSnsEvent(both, world.lab.engine, world.lab.settings)).rejects.toMatchObject({
    name: 'InvalidInput',
    faults: expect.arrayContaining([expect.objectContaining({ field: 'EC2InstanceId', found: 'nothing' })]),
  });
  expect(await executions()).toHaveLength(1);
});

import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { handler as onLifecycleAction } from '../../functions/triggers/on-lifecycle-action.ts';
import { handler as onSnsNotification } from '../../functions/triggers/on-sns-notification.ts';
import { handler as onSpotInterruption } from '../../functions/triggers/on-spot-interruption.ts';
import type { Trigger } from '../../src/triggers/trigger.ts';
import { TriggerLab } from './support.ts';

const GROUP = 'web';
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:scaling';

// The first test of a file loads the SDK, however busy the machine is.
jest.setTimeout(60_000);

let lab: TriggerLab;
afterEach(() => lab.close());

function set(hookName = 'sluice-drain') {
  lab = new TriggerLab();
  const { autoScaling, ec2, events, outbox } = { ...lab.region, outbox: lab.region.outbox };
  autoScaling.createGroup({ name: GROUP });
  autoScaling.putLifecycleHook(GROUP, { name: hookName, notificationTargetArn: TOPIC });
  return { autoScaling, ec2, events, outbox };
}

function leave() {
  const { autoScaling, ec2, outbox } = lab.region;
  const id = ec2.launch();
  autoScaling.attachInstance(GROUP, id);
  autoScaling.scaleIn(GROUP, id);
  return { id, event: outbox.events.at(-1), notification: outbox.notifications.at(-1) };
}

describe('a lifecycle action of a hook of ours', () => {
  test('by EventBridge and again by SNS starts one drain, which completes it', async () => {
    set();
    const { id, event, notification } = leave();
    lab.region.ecs.createCluster('web');
    lab.region.ecs.registerContainerInstance('web', id);
    lab.region.ecs.runTask({ cluster: 'web' });

    const first = await lab.call('onLifecycleAction', onLifecycleAction, event);
    await lab.pass(2);
    const second = (await lab.call('onSnsNotification', onSnsNotification, notification)) as object[];

    expect(first).toMatchObject({ outcome: 'started' });
    expect(second).toEqual([{ outcome: 'attached', executionArn: Reflect.get(Object(first), 'executionArn') }]);
    await lab.end(String(Reflect.get(Object(first), 'executionArn')));
    expect(lab.region.autoScaling.lifecycleActions.at(-1)).toMatchObject({ by: 'caller', result: 'CONTINUE' });
    // Once it has ended, each of its documents is answered with its receipt.
    expect(await lab.call('onLifecycleAction', onLifecycleAction, event)).toMatchObject({ outcome: 'succeeded' });
    expect(await lab.call('onSnsNotification', onSnsNotification, notification)).toMatchObject([
      { outcome: 'succeeded' },
    ]);
  });
});

test.each<[string, Trigger, () => unknown]>([
  ['EventBridge', onLifecycleAction, () => leave().event],
  ['SNS', onSnsNotification, () => leave().notification],
])('an action of another tool’s hook is acknowledged and left alone, by %s', async (_, handler, event) => {
  set('ecs-managed-draining-termination-hook');

  expect([await lab.call('onSnsNotification', handler, event())].flat()).toEqual([
    { ignored: 'the hook ecs-managed-draining-termination-hook belongs to another tool' },
  ]);
  expect(lab.region.calls.count({ service: 'states' })).toBe(0);
});

test('the test notification of a hook is acknowledged and left alone', async () => {
  set();
  const notification = lab.region.outbox.notifications.at(-1);

  expect(await lab.call('onSnsNotification', onSnsNotification, notification)).toEqual([
    { ignored: 'the message is autoscaling:TEST_NOTIFICATION' },
  ]);
});

test.each<[string, Trigger, (event: object) => unknown, string]>([
  [
    'a lifecycle event without its token',
    onLifecycleAction,
    (event) => ({ ...event, detail: { ...Object(Reflect.get(event, 'detail')), LifecycleActionToken: undefined } }),
    'detail.LifecycleActionToken must be the token of a lifecycle action, got nothing',
  ],
  ['a lifecycle event that is none', onLifecycleAction, () => 'junk', 'the event cannot be used'],
  [
    'a spot warning without an instance',
    onSpotInterruption,
    () => ({
      source: 'aws.ec2',
      'detail-type': 'EC2 Spot Instance Interruption Warning',
      time: '2026-03-02T12:00:00Z',
      region: 'eu-west-1',
      detail: {},
    }),
    'detail.instance-id must be an EC2 instance id',
  ],
])('%s goes to the queue of failed events, with the reason', async (_, handler, malform, reason) => {
  set();
  const { event } = leave();

  await expect(lab.call('onLifecycleAction', handler, malform(Object(event)))).rejects.toMatchObject({
    name: 'InvalidInput',
    message: expect.stringContaining(reason),
  });
  expect(lab.region.calls.count({ service: 'states' })).toBe(0);
});

describe('a spot interruption', () => {
  const warning = () => lab.region.outbox.events.findLast(({ source }) => source === 'aws.ec2');

  test('drains an instance of a group with a hook of ours, before the two minutes are over', async () => {
    const { autoScaling, ec2 } = set();
    const id = ec2.launch({ lifecycle: 'spot' });
    autoScaling.attachInstance(GROUP, id);
    ec2.interruptSpot(id);

    const taken = await lab.call('onSpotInterruption', onSpotInterruption, warning());

    expect(taken).toMatchObject({ outcome: 'started' });
    const { output, input } = await lab.end(String(Reflect.get(Object(taken), 'executionArn')));
    expect(input).toMatchObject({ instanceId: id, interruptionAt: '2026-03-02T12:02:00.000Z' });
    expect(output).toMatchObject({ status: 'succeeded', deadline: '2026-03-02T12:01:50.000Z' });
    // The same warning once more drains nothing twice.
    expect(await lab.call('onSpotInterruption', onSpotInterruption, warning())).toMatchObject({ outcome: 'succeeded' });
  });

  test('drains an instance with a tag of ours, in whatever group or none', async () => {
    const { ec2 } = set();
    const id = ec2.launch({ lifecycle: 'spot', tags: { 'sluice:cluster': 'web' } });
    ec2.interruptSpot(id);

    expect(await lab.call('onSpotInterruption', onSpotInterruption, warning())).toMatchObject({ outcome: 'started' });
  });

  test.each(['codedeploy', 'sluice-launch'])('leaves others alone: a group whose hook is %s', async (hook) => {
    const { autoScaling, ec2 } = set('codedeploy');
    autoScaling.putLifecycleHook(GROUP, { name: hook, transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const id = ec2.launch({ lifecycle: 'spot', tags: { Name: 'web' } });
    autoScaling.attachInstance(GROUP, id);
    ec2.interruptSpot(id);

    expect(await lab.call('onSpotInterruption', onSpotInterruption, warning())).toEqual({
      ignored: `${id} is in no group with a hook of ours, and has no sluice: tag`,
    });
  });

  test('a rebalance recommendation drains without the two minutes', async () => {
    const { ec2 } = set();
    const id = ec2.launch({ lifecycle: 'spot', tags: { 'sluice:cluster': 'web' } });
    const taken = await lab.call('onSpotInterruption', onSpotInterruption, {
      source: 'aws.ec2',
      'detail-type': 'EC2 Instance Rebalance Recommendation',
      time: '2026-03-02T12:00:00Z',
      region: 'eu-west-1',
      detail: { 'instance-id': id },
    });

    const { input } = await lab.end(String(Reflect.get(Object(taken), 'executionArn')));
    expect(input).toEqual({
      region: 'eu-west-1',
      instanceId: id,
      requestedBy: 'EC2 Instance Rebalance Recommendation',
    });
  });
});

import { describe, expect, test } from '@jest/globals';
import { LAUNCHING, TERMINATING } from '../../../src/contract/drain-instance.ts';
import { LifecycleEvent, LifecycleNotification } from '../../../src/contract/events.ts';
import {
  fromLifecycleEvent,
  fromLifecycleNotification,
  fromWaitingInstance,
} from '../../../src/core/drain/lifecycle-request.ts';
import { INSTANCE } from './plans.ts';

const OURS = { hookPrefix: 'sluice', hooks: ['listed'] };
const FIELDS = {
  LifecycleActionToken: '87654321-4321-4321-4321-210987654321',
  AutoScalingGroupName: 'web',
  LifecycleHookName: 'sluice-drain',
  EC2InstanceId: INSTANCE,
  LifecycleTransition: TERMINATING,
  Destination: 'WarmPool',
};
const event = (more: Readonly<Record<string, string>> = {}) =>
  LifecycleEvent.parse({
    source: 'aws.autoscaling',
    'detail-type': 'EC2 Instance-terminate Lifecycle Action',
    time: '2026-03-02T12:00:00Z',
    region: 'eu-west-1',
    detail: { ...FIELDS, ...more },
  });
const metadata = (value: unknown) => event({ NotificationMetadata: JSON.stringify(value) });

test("becomes a drain with the action's own time, and its token tells copies of it apart from others", () => {
  expect(fromLifecycleEvent(event(), OURS)).toStrictEqual({
    subject: INSTANCE,
    key: FIELDS.LifecycleActionToken,
    input: {
      region: 'eu-west-1',
      instanceId: INSTANCE,
      lifecycle: {
        autoScalingGroupName: 'web',
        lifecycleHookName: 'sluice-drain',
        lifecycleActionToken: FIELDS.LifecycleActionToken,
        lifecycleTransition: TERMINATING,
        destination: 'WarmPool',
        startedAt: '2026-03-02T12:00:00.000Z',
      },
    },
  });
});

test('by EventBridge in seconds and by SNS in milliseconds it is one request', () => {
  const message = LifecycleNotification.parse({ ...FIELDS, Time: '2026-03-02T12:00:00.987Z' });
  expect(fromLifecycleNotification(message, 'eu-west-1', OURS)).toStrictEqual(fromLifecycleEvent(event(), OURS));
});

test('is ignored for a hook of another tool, by name', () => {
  expect(fromLifecycleEvent(event({ LifecycleHookName: 'other' }), OURS)).toEqual({
    ignored: expect.stringContaining('other'),
  });
  expect(fromLifecycleEvent(event({ LifecycleHookName: 'listed' }), OURS)).toHaveProperty('input');
});

describe('what a hook says in its metadata', () => {
  test('is told to the drain', () => {
    const said = { cluster: 'web', standaloneTasks: 'stop', onTimeout: 'abandon', timeoutSeconds: 600 };
    expect(fromLifecycleEvent(metadata({ ...said, team: 'payments' }), OURS)).toMatchObject({ input: said });
    const { input } = fromLifecycleEvent(metadata({ cluster: 'web' }), OURS) as { input: object };
    expect(Object.keys(input)).toEqual(['region', 'instanceId', 'lifecycle', 'cluster']);
  });

  test.each(['owned by the payments team', '{half', '"text"', '[1]', 'null', '7'])(
    'passes unread when it is %s',
    (text) => {
      expect(fromLifecycleEvent(event({ NotificationMetadata: text }), OURS)).toStrictEqual(
        fromLifecycleEvent(event(), OURS),
      );
    },
  );

  test('is refused where it is meant for us and wrong', () => {
    expect(() => fromLifecycleEvent(metadata({ timeoutSeconds: '1h' }), OURS)).toThrow(
      expect.objectContaining({
        name: 'InvalidInput',
        message: expect.stringMatching(/NotificationMetadata of the hook sluice-drain.*timeoutSeconds.*"1h"/),
      }),
    );
  });
});

describe('an instance that the sweep finds waiting', () => {
  const found = (lifecycleState: string, transition: string = TERMINATING, notificationMetadata?: string) =>
    fromWaitingInstance(
      {
        instanceId: INSTANCE,
        autoScalingGroupName: 'web',
        lifecycleState,
        hook: {
          name: 'sluice-drain',
          transition,
          ...(notificationMetadata === undefined ? {} : { notificationMetadata }),
        },
      },
      'eu-west-1',
    );

  test('becomes a drain without a token and without a time', () => {
    expect(found('Terminating:Wait')).toStrictEqual({
      subject: INSTANCE,
      key: `sweep web sluice-drain ${INSTANCE}`,
      input: {
        region: 'eu-west-1',
        instanceId: INSTANCE,
        lifecycle: {
          autoScalingGroupName: 'web',
          lifecycleHookName: 'sluice-drain',
          lifecycleTransition: TERMINATING,
          destination: 'EC2',
        },
        requestedBy: 'sweep',
      },
    });
  });

  test.each([
    ['Terminating:Wait', 'EC2'],
    ['Warmed:Terminating:Wait', 'EC2'],
    ['Warmed:Pending:Wait', 'WarmPool'],
    ['ReplacingRootVolume:Wait', 'AutoScalingGroup'],
    ['Pending:Wait', 'AutoScalingGroup'],
  ])('and is %s goes to %s', (state, destination) => {
    expect(found(state).input.lifecycle?.destination).toBe(destination);
  });

  test.each([
    [LAUNCHING, LAUNCHING],
    [TERMINATING, TERMINATING],
    ['autoscaling:EC2_INSTANCE_LAUNCH_ERROR', TERMINATING],
  ])('at a hook for %s, waits for %s', (transition, expected) => {
    expect(found('Warmed:Pending:Wait', transition).input.lifecycle?.lifecycleTransition).toBe(expected);
  });

  test('is drained as the hook says, too', () => {
    expect(found('Terminating:Wait', TERMINATING, '{"onTimeout":"abandon"}').input.onTimeout).toBe('abandon');
  });
});

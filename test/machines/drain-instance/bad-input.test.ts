import { afterEach, describe, expect, test } from '@jest/globals';
import { takeLifecycleEvent, takeSnsEvent } from '../../../src/triggers/lifecycle.ts';
import { DrainWorld, TOPIC } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

async function refuse(input: unknown) {
  world = new DrainWorld();
  const started = await world.lab.engine.start({ workflow: 'drain-instance', name: 'bad', input });
  const outcome = await world.end(started.executionArn);
  expect(outcome.path).toEqual([
    'Plan Drain',
    'Keep Refused Input',
    'Announce Drain',
    'How Did It End?',
    'Drain Refused',
  ]);
  expect(outcome.ended).toMatchObject({ status: 'FAILED', error: 'DrainRefused' });
  expect(outcome.receipt).toMatchObject({ status: 'refused', error: { name: 'InvalidInput' }, polls: 0 });
  expect(world.calls()).toEqual([]);
  return outcome.receipt;
}

const good = { region: 'eu-west-1', instanceId: 'i-0123456789abcdef0' };
const action = { autoScalingGroupName: 'web', lifecycleHookName: 'sluice-drain', lifecycleActionToken: 'token' };

test.each<[string, unknown, readonly string[]]>([
  ['a field that is not known', { ...good, timeout: 5 }, ['timeout is not a field that is known here, got 5']],
  [
    'a region that is none',
    { ...good, region: 'europe' },
    ['region must be an AWS region such as "eu-west-1", got "europe"'],
  ],
  ['no region', { instanceId: good.instanceId }, ['region must be an AWS region such as "eu-west-1", got nothing']],
  ['an instance id that is none', { ...good, instanceId: 'web-1' }, ['instanceId must be an EC2 instance id']],
  [
    'a negative timeout',
    { ...good, timeoutSeconds: -1 },
    ['timeoutSeconds must be a whole number from 1 to 2000000, got -1'],
  ],
  [
    'no time at all',
    { ...good, timeoutSeconds: 0 },
    ['timeoutSeconds must be a whole number from 1 to 2000000, got 0'],
  ],
  [
    'text for a number',
    { ...good, timeoutSeconds: '1h' },
    ['timeoutSeconds must be a whole number from 1 to 2000000, got "1h"'],
  ],
  [
    'a fraction',
    { ...good, timeoutSeconds: 1.5 },
    ['timeoutSeconds must be a whole number from 1 to 2000000, got 1.5'],
  ],
  ['a duration that no timer takes', { ...good, timeoutSeconds: 2_000_001 }, ['timeoutSeconds must be a whole number']],
  [
    'too long a poll interval',
    { ...good, maxPollIntervalSeconds: 50_000 },
    ['maxPollIntervalSeconds must be a whole number from 1 to 43200'],
  ],
  ['a time without a zone', { ...good, deadline: '2026-03-01 12:00' }, ['deadline must be a time in UTC']],
  [
    'a policy that there is not',
    { ...good, standaloneTasks: 'kill' },
    ['standaloneTasks must be one of "wait", "stop-at-deadline", "stop", got "kill"'],
  ],
  ['text for a flag', { ...good, dryRun: 'yes' }, ['dryRun must be true or false, got "yes"']],
  [
    'a target group by name',
    { ...good, targetGroups: ['web'] },
    ['targetGroups[0] must be the ARN of a target group, got "web"'],
  ],
  [
    'target groups that are no list',
    { ...good, targetGroups: 'web' },
    ['targetGroups must be a list of target group ARNs'],
  ],
  [
    '101 target groups',
    {
      ...good,
      targetGroups: Array.from(
        { length: 101 },
        (_, at) => `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/t/${at}`,
      ),
    },
    ['targetGroups must be a list of at most 100'],
  ],
  [
    'a lifecycle action without its hook',
    { ...good, lifecycle: { ...action, lifecycleHookName: undefined } },
    ['lifecycle.lifecycleHookName must be the name of a lifecycle hook, got nothing'],
  ],
  [
    'an unknown field of the lifecycle action',
    { ...good, lifecycle: { ...action, token: 'x' } },
    ['lifecycle.token is not a field that is known here'],
  ],
  [
    'poll intervals that contradict each other',
    { ...good, minPollIntervalSeconds: 60, maxPollIntervalSeconds: 30 },
    ['maxPollIntervalSeconds must not be less than minPollIntervalSeconds'],
  ],
  ['a list', [good], ['it must be an object, got [{']],
  ['text', 'drain it', ['it must be an object, got "drain it"']],
  ['nothing', {}, ['region must be', 'instanceId must be']],
])('refuses %s before anything is touched', async (_, input, messages) => {
  const receipt = await refuse(input);
  for (const message of messages) expect(receipt.reason).toContain(message);
});

test('reports all faults together', async () => {
  const receipt = await refuse({
    region: 'mars',
    instanceId: 12,
    timeoutSeconds: -5,
    onTimeout: 'stop',
    colour: 'blue',
    minPollIntervalSeconds: 60,
    maxPollIntervalSeconds: 30,
    lifecycle: {
      autoScalingGroupName: '',
      lifecycleHookName: 'sluice',
      lifecycleActionToken: 't',
      destination: 'Moon',
    },
  });
  for (const field of [
    'region',
    'instanceId',
    'timeoutSeconds',
    'onTimeout',
    'colour',
    'maxPollIntervalSeconds',
    'lifecycle.autoScalingGroupName',
    'lifecycle.destination',
  ]) {
    expect(receipt.reason).toContain(`${field} `);
  }
});

test('refuses a region that the configuration does not allow', async () => {
  world = new DrainWorld({ settings: { SLUICE_ALLOWED_REGIONS: 'us-east-1, us-west-2' } });
  const { ended, receipt } = await world.end(await world.start());
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainRefused' });
  expect(receipt.reason).toBe('eu-west-1 is not one of the allowed regions (us-east-1, us-west-2)');
  expect(world.calls()).toEqual([]);
});

describe('an event that is meant for us and cannot be used', () => {
  const detail = {
    LifecycleActionToken: '11111111-2222-3333-4444-555555555555',
    AutoScalingGroupName: 'web',
    LifecycleHookName: 'sluice-drain',
    EC2InstanceId: 'i-0123456789abcdef0',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  };
  const event = {
    source: 'aws.autoscaling',
    'detail-type': 'EC2 Instance-terminate Lifecycle Action',
    time: '2026-03-02T12:00:00Z',
    region: 'eu-west-1',
    detail,
  };

  test.each<[string, unknown, readonly string[]]>([
    ['nothing', undefined, ['']],
    ['text', 'event', ['']],
    ['another source', { ...event, source: 'aws.ec2' }, ['source']],
    ['no detail', { ...event, detail: undefined }, ['detail']],
    [
      'half a detail',
      { ...event, detail: { LifecycleHookName: 'sluice-drain' } },
      [
        'detail.LifecycleActionToken',
        'detail.EC2InstanceId',
        'detail.AutoScalingGroupName',
        'detail.LifecycleTransition',
      ],
    ],
    ['an unknown destination', { ...event, detail: { ...detail, Destination: 'Moon' } }, ['detail.Destination']],
    ['bad time and region', { ...event, time: 'noon', region: 'mars' }, ['time', 'region']],
    [
      'metadata that names a wrong policy and timeout',
      {
        ...event,
        detail: { ...detail, NotificationMetadata: '{"cluster":"web app","timeoutSeconds":"1h","onTimeout":"stop"}' },
      },
      ['cluster', 'timeoutSeconds', 'onTimeout'],
    ],
  ])('%s: is refused with every fault, and nothing is started', async (_, document, fields) => {
    world = new DrainWorld();
    const { engine, settings } = world.lab;
    const failure = await takeLifecycleEvent(document, engine, settings).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'InvalidInput', faults: expect.any(Array) });
    const { faults } = failure as { faults: { field: string }[] };
    expect(faults.map(({ field }) => field)).toEqual(expect.arrayContaining([...fields]));
    expect((await engine.list({ workflow: 'drain-instance' })).executions).toEqual([]);
    expect(world.calls()).toEqual([]);
  });

  test.each(['plain words', '', '[1]', '"text"', 'null', '{"owner":"team-a"}', '{"cluster":"web","owner":1}'])(
    'metadata of somebody else’s making (%j) is no fault',
    async (NotificationMetadata) => {
      world = new DrainWorld();
      const taken = await takeLifecycleEvent(
        { ...event, detail: { ...detail, NotificationMetadata } },
        world.lab.engine,
        world.lab.settings,
      );
      expect(taken).toMatchObject({ outcome: 'started' });
    },
  );

  test.each<[string, unknown]>([
    ['no records', { Records: [] }],
    ['records of another service', { Records: [{ EventSource: 'aws:sqs', body: '{}' }] }],
    ['no object', 'Records'],
  ])('an SNS event with %s', async (_, document) => {
    world = new DrainWorld();
    await expect(takeSnsEvent(document, world.lab.engine, world.lab.settings)).rejects.toMatchObject({
      name: 'InvalidInput',
    });
  });

  test('a notification without its time, which everything in the drain is counted from', async () => {
    world = new DrainWorld();
    const document = {
      Records: [{ EventSource: 'aws:sns', Sns: { TopicArn: TOPIC, Message: JSON.stringify(detail) } }],
    };
    await expect(takeSnsEvent(document, world.lab.engine, world.lab.settings)).rejects.toMatchObject({
      faults: [{ field: 'Time', found: 'nothing', expected: expect.any(String) }],
    });
  });
});

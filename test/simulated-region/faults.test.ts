import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { install } from '@sinonjs/fake-timers';
import type { FaultKind } from '../../src/simulated-region/faults.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

let clock: ReturnType<typeof install>;
let region: SimulatedRegion;

beforeEach(() => {
  clock = install({ now: Date.UTC(2026, 0, 2), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  region = new SimulatedRegion();
});

afterEach(() => {
  clock.uninstall();
});

/** Clients that try once, so that a fault shows. */
function once() {
  return { ...region.clientConfig(), maxAttempts: 1 };
}

function describeInstances(client = new EC2Client(once())) {
  return client.send(new DescribeInstancesCommand({}));
}

function failure(call: Promise<unknown>): Promise<{ name: string; $metadata?: { httpStatusCode?: number } }> {
  return call.then(
    () => {
      throw new Error('The call succeeded');
    },
    (error: { name: string }) => error,
  );
}

const calls = {
  ec2: () => describeInstances(),
  autoscaling: () => new AutoScalingClient(once()).send(new DescribeAutoScalingGroupsCommand({})),
  elasticloadbalancing: () => new ElasticLoadBalancingV2Client(once()).send(new DescribeLoadBalancersCommand({})),
  ecs: () => new ECSClient(once()).send(new ListTasksCommand({ cluster: 'c' })),
  events: () =>
    new EventBridgeClient(once()).send(
      new PutEventsCommand({ Entries: [{ Source: 's', DetailType: 'd', Detail: '{}' }] }),
    ),
};

test.each<
  [keyof typeof calls, FaultKind & ('throttle' | 'internal-error' | 'unavailable' | 'access-denied'), string, number]
>([
  ['ec2', 'throttle', 'RequestLimitExceeded', 503],
  ['autoscaling', 'throttle', 'Throttling', 400],
  ['elasticloadbalancing', 'throttle', 'Throttling', 400],
  ['ecs', 'throttle', 'ThrottlingException', 400],
  ['events', 'throttle', 'ThrottlingException', 400],
  ['ec2', 'internal-error', 'InternalError', 500],
  ['ecs', 'internal-error', 'ServerException', 500],
  ['autoscaling', 'internal-error', 'InternalFailure', 500],
  ['ec2', 'unavailable', 'Unavailable', 503],
  ['events', 'unavailable', 'ServiceUnavailableException', 503],
  ['ec2', 'access-denied', 'UnauthorizedOperation', 403],
  ['ecs', 'access-denied', 'AccessDeniedException', 400],
  ['autoscaling', 'access-denied', 'AccessDenied', 403],
])('%s words a fault %s as %s', async (service, kind, code, status) => {
  region.faults.inject({ service, kind });
  const error = await failure(calls[service]());
  expect(error.name).toBe(code);
  expect(error.$metadata?.httpStatusCode).toBe(status);
  expect(region.calls.all.at(-1)).toMatchObject({ service, outcome: code });
});

describe('a rule strikes', () => {
  test('only the calls it names, so many times, within its time, and counts its hits', async () => {
    const now = Date.now();
    const fault = region.faults.inject({
      service: 'ec2',
      operation: 'DescribeInstances',
      from: now + 1000,
      until: now + 2000,
      times: 2,
      kind: 'unavailable',
    });
    await describeInstances();
    await clock.tickAsync(1000);
    await failure(describeInstances());
    await calls.autoscaling();
    await failure(describeInstances());
    await describeInstances();
    expect(fault.hits).toBe(2);
    const later = region.faults.inject({ until: now + 2000, kind: 'unavailable' });
    await clock.tickAsync(1000);
    await describeInstances();
    expect(later.hits).toBe(0);
  });

  test('by its predicate, and no more once removed', async () => {
    const id = region.ec2.launch();
    const fault = region.faults.inject({
      when: ({ input }) => JSON.stringify(input).includes(id),
      kind: 'throttle',
    });
    await describeInstances();
    const one = () => new EC2Client(once()).send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    await failure(one());
    fault.remove();
    await one();
    expect(fault.hits).toBe(1);
  });

  test('with its probability, the same in every region of one seed', async () => {
    const outcomes = async () => {
      region = new SimulatedRegion({ seed: 7 });
      region.faults.inject({ probability: 0.3, kind: 'throttle' });
      const client = new EC2Client(once());
      for (let count = 0; count < 200; count += 1) await describeInstances(client).catch(() => undefined);
      return region.calls.all.map((each) => each.outcome);
    };
    const first = await outcomes();
    expect(await outcomes()).toEqual(first);
    const throttled = first.filter((each) => each === 'RequestLimitExceeded').length;
    expect(throttled).toBeGreaterThan(40);
    expect(throttled).toBeLessThan(80);
  });
});

describe('a connection', () => {
  test('that is reset has carried nothing out, and the SDK tries again by itself', async () => {
    const id = region.ec2.launch();
    region.faults.inject({ kind: 'connection-reset', times: 1 });
    const sent = new EC2Client(region.clientConfig()).send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await clock.tickAsync(0);
    expect(region.ec2.state(id)).toBe('running');
    await clock.tickAsync(1000);
    await sent;
    expect(region.ec2.state(id)).toBe('shutting-down');
    expect(region.calls.all.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'connection-reset'],
      [2, 'ok'],
    ]);
  });

  test('that loses the answer has carried the call out', async () => {
    const id = region.ec2.launch();
    region.faults.inject({ kind: 'response-lost' });
    const error = await failure(new EC2Client(once()).send(new TerminateInstancesCommand({ InstanceIds: [id] })));
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ECONNRESET' });
    expect(region.ec2.state(id)).toBe('shutting-down');
    expect(region.calls.count({ outcome: 'response-lost' })).toBe(1);
  });

  test('that never answers lasts until the client gives up, by abort or by its timeout', async () => {
    region.faults.inject({ kind: 'timeout' });
    const controller = new AbortController();
    const aborted = failure(
      new EC2Client(once()).send(new DescribeInstancesCommand({}), { abortSignal: controller.signal }),
    );
    await clock.tickAsync(3_600_000);
    controller.abort();
    expect((await aborted).name).toBe('AbortError');
    const impatient = new EC2Client({ ...once(), requestHandler: region.requestHandler({ requestTimeoutMs: 5000 }) });
    const timedOut = failure(describeInstances(impatient));
    await clock.tickAsync(5000);
    expect((await timedOut).name).toBe('TimeoutError');
  });

  test('that is slow answers from the later state', async () => {
    const id = region.ec2.launch({ pendingSeconds: 5 });
    region.faults.inject({ kind: 'slow', seconds: 10 });
    const answer = describeInstances();
    await clock.tickAsync(9_999);
    expect(region.calls.count({ outcome: 'pending' })).toBe(1);
    await clock.tickAsync(1);
    const instance = (await answer).Reservations?.[0]?.Instances?.[0];
    expect(instance).toMatchObject({ InstanceId: id, State: { Name: 'running' } });
  });
});

test('a stale read answers as the same call was answered, but never longer ago than told', async () => {
  const id = region.ec2.launch();
  const fault = region.faults.inject({ kind: 'stale-read', seconds: 30, service: 'ec2' });
  const state = async () => (await describeInstances()).Reservations?.[0]?.Instances?.[0]?.State?.Name;
  expect(await state()).toBe('running');
  await new EC2Client(once()).send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  expect(region.ec2.state(id)).toBe('shutting-down');
  await clock.tickAsync(30_000);
  expect(await state()).toBe('running');
  await clock.tickAsync(1);
  expect(await state()).not.toBe('running');
  fault.remove();
  await clock.tickAsync(31_000);
  expect(await state()).toBe('terminated');
});

describe('a partial failure', () => {
  /** Two container instances, and a task on each. @returns their ARNs */
  function shop() {
    region.ecs.createCluster('c');
    const instances = [0, 1].map(() => region.ecs.registerContainerInstance('c', region.ec2.launch()));
    const tasks = instances.map((instance) => region.ecs.startTask({ cluster: 'c', instance }));
    return { instances, tasks };
  }

  test('of DescribeTasks reports one task as missing, and answers for the others', async () => {
    const { tasks } = shop();
    const fault = region.faults.inject({ kind: 'partial-failure', operation: 'DescribeTasks', times: 1 });
    const describeTasks = () => new ECSClient(once()).send(new DescribeTasksCommand({ cluster: 'c', tasks }));
    const struck = await describeTasks();
    expect(struck.tasks?.map((each) => each.taskArn)).toEqual([tasks[1]]);
    expect(struck.failures).toEqual([{ arn: tasks[0], reason: 'MISSING' }]);
    expect(fault.hits).toBe(1);
    const whole = await describeTasks();
    expect(whole.tasks).toHaveLength(2);
    expect(whole.failures).toEqual([]);
  });

  test('of PutEvents loses one entry and keeps the order of the results', async () => {
    region.faults.inject({ kind: 'partial-failure', service: 'events' });
    const entry = (Detail: string) => ({ Source: 's', DetailType: 'd', Detail });
    const answer = await new EventBridgeClient(once()).send(
      new PutEventsCommand({ Entries: [entry('{"n":1}'), entry('{"n":2}')] }),
    );
    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries?.map((each) => each.ErrorCode)).toEqual(['InternalFailure', undefined]);
    expect(region.outbox.events.map((each) => each.detail)).toEqual([{ n: 2 }]);
  });

  test('does not strike operations that report no failures', async () => {
    const fault = region.faults.inject({ kind: 'partial-failure' });
    await describeInstances();
    expect(fault.hits).toBe(0);
  });

  test('of UpdateContainerInstancesState leaves one instance as it was', async () => {
    const { instances: containerInstances } = shop();
    region.faults.inject({ kind: 'partial-failure', operation: 'UpdateContainerInstancesState' });
    const ecs = new ECSClient(once());
    const answer = await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster: 'c', containerInstances, status: 'DRAINING' }),
    );
    expect(answer.failures).toEqual([{ arn: containerInstances[0], reason: 'MISSING' }]);
    const described = await ecs.send(new DescribeContainerInstancesCommand({ cluster: 'c', containerInstances }));
    expect(described.containerInstances?.map((each) => each.status)).toEqual(['ACTIVE', 'DRAINING']);
  });
});

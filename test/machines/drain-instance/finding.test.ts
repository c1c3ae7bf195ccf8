import { afterEach, describe, expect, test } from '@jest/globals';
import { CLUSTER, DrainWorld, type DrainWorldOptions, stoppedAt } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

const MAIN_PATH = [
  'Plan Drain',
  'Read Lifecycle Hook',
  'Locate Instance',
  'What Kind Of Drain?',
  'Deregister From Target Groups',
  'Set Instance To Draining',
  'Observe Drain',
];

describe('an instance that ECS does not know', () => {
  test.each<[string, DrainWorldOptions]>([
    ['in an account without a container instance of it', { joins: false }],
    [
      'whose hook names a cluster that it never joined',
      { joins: false, launch: { tags: { 'sluice:cluster': 'web' } } },
    ],
    ['whose hook says nothing', { joins: false, hook: { notificationMetadata: '' } }],
  ])('%s is not held up', async (_, options) => {
    world = new DrainWorld(options);
    const { ended, receipt, path } = await world.drain();
    expect(path).toEqual([
      ...MAIN_PATH,
      'What Now?',
      'Complete Lifecycle Action',
      'Announce Drain',
      'How Did It End?',
      'Instance Drained',
    ]);
    expect(world.action()).toMatchObject({ result: 'CONTINUE', by: 'caller', heartbeats: [] });
    expect((world.action().completedAt ?? 0) - world.action().startedAt).toBeLessThan(5_000);
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' }, polls: 1 });
    expect(receipt.reason).toContain('in no ECS cluster');
    expect(receipt.containerInstance).toBeUndefined();
  });
});

describe('the cluster', () => {
  test('is found among 12 that nothing names, each asked with the server-side filter', async () => {
    world = new DrainWorld({ joins: false, hook: { notificationMetadata: '' } });
    for (let number = 0; number < 11; number += 1) world.region.ecs.createCluster(`other-${number}`);
    world.region.ecs.registerContainerInstance('other-10', world.instance);
    const { receipt } = await world.drain();
    expect(receipt.cluster).toMatch(/cluster\/other-10$/);
    expect(receipt.drainingSetAt).toBeDefined();
    const asked = world.calls('ListContainerInstances');
    expect(asked).toHaveLength(12);
    for (const { input } of asked) expect(input).toMatchObject({ filter: `ec2InstanceId == ${world.instance}` });
    expect(world.completions()).toHaveLength(1);
  });

  test.each([
    ['the tag sluice:cluster', { 'sluice:cluster': CLUSTER }],
    ['the Name tag of ecs-lifecycle-hook', { Name: `${CLUSTER} ECS host` }],
  ])('is taken from %s, without a look at the others', async (_, tags) => {
    world = new DrainWorld({ hook: { notificationMetadata: '' }, launch: { tags } });
    world.region.ecs.createCluster('other');
    const { receipt } = await world.drain();
    expect(receipt).toMatchObject({ status: 'succeeded', cluster: CLUSTER });
    expect(world.calls('ListClusters')).toEqual([]);
    expect(world.calls('ListContainerInstances')).toHaveLength(1);
  });

  test('is looked for elsewhere when the one that is named does not have the instance', async () => {
    world = new DrainWorld({ joins: false });
    world.region.ecs.createCluster('blue');
    world.region.ecs.registerContainerInstance('blue', world.instance);
    world.standalone({ cluster: 'blue', endsAfterSeconds: 400 });
    const { receipt } = await world.drain();
    expect(receipt.cluster).toMatch(/cluster\/blue$/);
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  });

  test('that is named and does not exist is an error, and the action is left alone', async () => {
    world = new DrainWorld({ hook: { notificationMetadata: '{"cluster":"nowhere"}' } });
    const { ended, receipt } = await world.drain();
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
    expect(receipt).toMatchObject({ status: 'failed', error: { name: 'NotFound' }, lifecycle: { outcome: 'left' } });
    expect(world.region.autoScaling.completionAttempts).toEqual([]);
  });

  test('may have 150 container instances: the one that leaves is found by one call, and only it is set to DRAINING', async () => {
    world = new DrainWorld({ joins: false });
    for (let number = 0; number < 149; number += 1) {
      world.region.ecs.registerContainerInstance(CLUSTER, world.region.ec2.launch());
    }
    world.region.ecs.registerContainerInstance(CLUSTER, world.instance);
    const { receipt } = await world.drain();
    expect(receipt.containerInstance).toBe(world.region.ecs.containerInstanceOf(world.instance));
    expect(world.calls('ListContainerInstances')).toHaveLength(1);
    const writes = world.calls('UpdateContainerInstancesState');
    expect(writes.map(({ input }) => input)).toEqual([
      expect.objectContaining({ containerInstances: [receipt.containerInstance], status: 'DRAINING' }),
    ]);
  });
});

describe('the container instance', () => {
  test('that is DRAINING already is drained like any other', async () => {
    world = new DrainWorld();
    world.service('api', 3);
    const documents = await world.leave();
    world.region.ecs.setStatus(world.instance, 'DRAINING');
    await world.lab.pass(20);
    const { receipt } = await world.end(await world.take(documents));
    expect(receipt).toMatchObject({ status: 'succeeded', tasks: { found: { service: 3 }, alive: { service: 0 } } });
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  });

  test('that is INACTIVE counts as none', async () => {
    world = new DrainWorld();
    world.standalone();
    const documents = await world.leave();
    world.region.ecs.deregisterContainerInstance(world.instance);
    const { receipt } = await world.end(await world.take(documents));
    expect(receipt).toMatchObject({ status: 'succeeded', polls: 1, lifecycle: { outcome: 'continued' } });
    expect(receipt.containerInstance).toBeUndefined();
  });

  test('that becomes INACTIVE in the middle of the drain is no longer waited for', async () => {
    world = new DrainWorld();
    world.standalone();
    const executionArn = await world.take(await world.leave());
    await world.lab.pass(100);
    world.region.ecs.deregisterContainerInstance(world.instance);
    const { receipt } = await world.end(executionArn, 600);
    expect(receipt).toMatchObject({ status: 'succeeded', tasks: { alive: { standalone: 0 } } });
  });

  test('whose agent is disconnected keeps its tasks: they are waited for, and the receipt says why it takes long', async () => {
    world = new DrainWorld();
    world.service('api', 2);
    const documents = await world.leave();
    world.region.ecs.setAgentConnected(world.instance, false);
    const executionArn = await world.take(documents);
    await world.lab.pass(900);
    expect((await world.lab.engine.describe(executionArn)).status).toBe('RUNNING');
    expect(world.aliveAt(Date.now())).not.toEqual([]);
    world.region.ecs.setAgentConnected(world.instance, true);
    const { receipt } = await world.end(executionArn);
    expect(receipt.status).toBe('succeeded');
    expect(receipt.notes.first.join()).toContain('agent of the container instance is not connected');
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  });

  test('that is still REGISTERING is waited for, and then set to DRAINING', async () => {
    world = new DrainWorld({ joins: { registeringSeconds: 400 } });
    const { receipt, path } = await world.drain();
    expect(receipt.status).toBe('succeeded');
    expect(path.filter((state) => state === 'Wait Out Fault').length).toBeGreaterThan(0);
    const writes = world.calls('UpdateContainerInstancesState').map(({ outcome }) => outcome);
    expect(writes.at(-1)).toBe('ok');
    expect(new Set(writes.slice(0, -1))).toEqual(new Set(['InvalidParameterException']));
    expect(receipt.drainingSetAt).toBeDefined();
    expect(world.action()).toMatchObject({ result: 'CONTINUE', by: 'caller' });
  });
});

test('without a lifecycle action the drain is the same, and there is nothing to complete', async () => {
  world = new DrainWorld();
  const targetGroup = world.service('api', 3);
  await world.lab.pass(120);
  world.traffic(targetGroup);
  const { ended, receipt } = await world.end(await world.start({ cluster: CLUSTER, requestedBy: 'a person' }));
  expect(ended.status).toBe('SUCCEEDED');
  expect(receipt).toMatchObject({ status: 'succeeded', requestedBy: 'a person', lifecycle: { outcome: 'none' } });
  expect(world.region.autoScaling.completionAttempts).toEqual([]);
  for (const { history } of world.region.ecs.tasksOn(world.instance))
    expect(stoppedAt(history)).toBeLessThan(Date.now());
  expect(world.region.traffic.stats().dropped).toBe(0);
});

describe('a search through all target groups', () => {
  test('finds the instance in 120 of them, 20 at a time, and takes it out of each', async () => {
    world = new DrainWorld();
    const groups = Array.from({ length: 120 }, (_, number) => world.targetGroup({ name: `tg-${number}` }));
    const mine = [groups[0], groups[57], groups[119]].flatMap((arn) => arn ?? []);
    for (const arn of mine) world.registerByHand(arn, 9000);
    await world.lab.pass(120);
    for (const arn of mine) world.traffic(arn, 1, 5);
    world.region.calls.clear();
    const { receipt, path } = await world.end(await world.start({ cluster: CLUSTER, allTargetGroups: true }));
    expect(receipt).toMatchObject({ status: 'succeeded', targets: { count: 3 } });
    expect(receipt.targets.first.map(({ targetGroupArn }) => targetGroupArn).sort()).toEqual([...mine].sort());
    expect(path.filter((state) => state === 'Search Target Groups')).toHaveLength(6);
    expect(world.calls('DescribeTargetGroups').map(({ input }) => input)).toEqual(
      Array.from({ length: 6 }, () => expect.objectContaining({ PageSize: 20 })),
    );
    expect(world.calls('DeregisterTargets')).toHaveLength(3);
    expect(world.aliveAt(Date.now())).toEqual([]);
    expect(world.region.traffic.stats().dropped).toBe(0);
  });

  test('stays below the token buckets of Elastic Load Balancing', async () => {
    world = new DrainWorld({ enforceBuckets: true });
    for (let number = 0; number < 120; number += 1) world.targetGroup({ name: `tg-${number}` });
    const { receipt } = await world.end(await world.start({ cluster: CLUSTER, allTargetGroups: true }));
    expect(receipt).toMatchObject({ status: 'succeeded', faults: 0 });
    expect(world.calls().filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  });

  test('keeps the lifecycle action alive while it goes on', async () => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 30 } });
    for (let number = 0; number < 300; number += 1) world.targetGroup({ name: `tg-${number}` });
    const { action } = await world.leave('EC2', 1);
    const executionArn = await world.start({
      allTargetGroups: true,
      lifecycle: {
        autoScalingGroupName: action.autoScalingGroupName,
        lifecycleHookName: action.hook,
        lifecycleActionToken: action.token,
        lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        destination: 'EC2',
      },
    });
    const { receipt } = await world.end(executionArn);
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    expect(world.action()).toMatchObject({ result: 'CONTINUE', by: 'caller' });
    expect(world.action().heartbeats.length).toBeGreaterThanOrEqual(3);
  });
});

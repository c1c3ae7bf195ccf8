import { DeleteTargetGroupCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CLUSTER, DrainWorld, HOOK } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

const deregistered = () =>
  world.calls('DeregisterTargets').flatMap(({ input }) => {
    const { TargetGroupArn, Targets } = input as { TargetGroupArn: string; Targets: { Id: string; Port: number }[] };
    return Targets.map(({ Id, Port }) => ({ arn: TargetGroupArn, id: Id, port: Port }));
  });
const timelinesOf = (arn: string) => world.region.elbv2.timelines(arn).filter(({ id }) => id === world.instance);

test('takes the instance out of several target groups and every port, before ECS stops anything', async () => {
  world = new DrainWorld({ hook: { notificationMetadata: '{}' } });
  const groups = ['a', 'b', 'c'].map((name, index) =>
    world.targetGroup({ name, deregistrationDelaySeconds: [30, 300, 0][index] ?? 0 }),
  );
  for (const arn of groups) for (const port of [9000, 9001]) world.registerByHand(arn, port);
  const [first = '', second = '', third = ''] = groups;
  world.service('api', 2);
  await world.lab.pass(120);
  world.traffic(first, 20, 10);
  world.traffic(second, 20, 100);
  world.traffic(third, 20, 0);
  world.region.calls.clear();
  const { receipt } = await world.end(await world.start({ cluster: CLUSTER, targetGroups: groups }));
  expect(receipt).toMatchObject({ status: 'succeeded', targets: { count: 8 } });
  expect(deregistered()).toHaveLength(6);
  for (const arn of groups) {
    expect(
      deregistered()
        .filter((one) => one.arn === arn)
        .map(({ port }) => port)
        .sort(),
    ).toEqual([9000, 9001]);
    for (const { goneAt } of timelinesOf(arn)) expect(goneAt).toBeLessThanOrEqual(Date.parse(receipt.finishedAt));
  }
  const [draining] = world.calls('UpdateContainerInstancesState');
  for (const { at } of world.calls('DeregisterTargets')) expect(at).toBeLessThanOrEqual(draining?.at ?? 0);
  expect(world.region.traffic.stats().dropped).toBe(0);
  for (const target of receipt.targets.first.filter(({ owner }) => owner === 'instance')) {
    expect(target).toMatchObject({
      state: 'drained',
      deregisteredAt: expect.any(String),
      drainedAt: expect.any(String),
    });
  }
});

test('waits for what Auto Scaling deregistered from the attached groups, and takes out what still stands there', async () => {
  world = new DrainWorld({ attachedTargetGroups: ['attached'] });
  const [attached = ''] = world.targetGroups;
  for (const id of [world.instance, world.other]) world.region.traffic.startProcess(id, 80);
  const documents = await world.leave();
  // Somebody registers it by hand between the hook and the drain.
  world.registerByHand(attached, 9100);
  world.traffic(attached);
  const { receipt } = await world.end(await world.take(documents));
  expect(deregistered()).toEqual([{ arn: attached, id: world.instance, port: 9100 }]);
  expect(receipt).toMatchObject({ status: 'succeeded', targets: { count: 1 } });
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  expect(world.region.traffic.stats().dropped).toBe(0);
});

test('takes out what somebody registers while the drain is under way', async () => {
  world = new DrainWorld();
  const group = world.targetGroup({ name: 'a', deregistrationDelaySeconds: 30 });
  world.registerByHand(group, 9000);
  world.service('api', 2, { stopSeconds: 120 });
  await world.lab.pass(120);
  const execution = await world.start({ cluster: CLUSTER, targetGroups: [group] });
  await world.lab.pass(40);
  world.registerByHand(group, 9001);
  const { receipt } = await world.end(execution);
  expect(deregistered().map(({ port }) => port)).toEqual([9000, 9001]);
  expect(receipt).toMatchObject({ status: 'succeeded' });
  for (const { goneAt } of timelinesOf(group)) expect(goneAt).toBeLessThanOrEqual(Date.parse(receipt.finishedAt));
});

describe.each(['bridge', 'awsvpc'] as const)('targets of an ECS service with %s network', (networkMode) => {
  test('are awaited, and never deregistered by us', async () => {
    world = new DrainWorld();
    const targetGroup = world.service('api', 4, { networkMode, delaySeconds: 200, stopSeconds: 15 });
    await world.lab.pass(120);
    world.traffic(targetGroup, 50, 30);
    const { receipt } = await world.drain();
    expect(world.calls('DeregisterTargets')).toEqual([]);
    expect(receipt).toMatchObject({ status: 'succeeded', targets: { count: 4 } });
    for (const target of receipt.targets.first) {
      expect(target).toMatchObject({ owner: 'ecs', state: 'drained', targetGroupArn: targetGroup });
      expect(target.deregisteredAt).toBeUndefined();
    }
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
    expect(world.region.traffic.stats().dropped).toBe(0);
  });
});

test('takes out a target that somebody registered on another port of a service’s target group, and only that', async () => {
  world = new DrainWorld();
  const targetGroup = world.service('api', 3, { delaySeconds: 90 });
  world.registerByHand(targetGroup, 9200);
  await world.lab.pass(120);
  world.traffic(targetGroup, 30, 20);
  const { receipt } = await world.drain();
  expect(deregistered()).toEqual([{ arn: targetGroup, id: world.instance, port: 9200 }]);
  const owners = receipt.targets.first.map(({ owner, port }) => [owner, port === 9200]);
  expect(owners.filter(([owner]) => owner === 'ecs')).toEqual([0, 1, 2].map(() => ['ecs', false]));
  expect(owners).toContainEqual(['instance', true]);
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  expect(world.region.traffic.stats().dropped).toBe(0);
});

test('leaves a task that starts while the drain begins to ECS, whatever it is about to register', async () => {
  world = new DrainWorld();
  const targetGroup = world.service('api', 2, { startSeconds: 30 });
  const documents = await world.leave();
  world.region.ecs.createService({
    cluster: CLUSTER,
    name: 'late',
    on: [world.instance],
    startSeconds: 1,
    loadBalancers: [{ targetGroupArn: targetGroup, containerName: 'late', containerPort: 8080 }],
  });
  const { receipt } = await world.end(await world.take(documents));
  expect(world.calls('DeregisterTargets')).toEqual([]);
  expect(receipt.status).toBe('succeeded');
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
});

describe('a target that is registered again after it was deregistered', () => {
  test.each([
    ['while it drains', 60],
    ['after it was drained', 400],
  ])('%s: the drain fails saying so, does not fight, and leaves the action', async (_, afterSeconds) => {
    world = new DrainWorld({ attachedTargetGroups: ['attached'], hook: { defaultResult: 'CONTINUE' } });
    const [attached = ''] = world.targetGroups;
    world.standalone();
    const documents = await world.leave();
    world.registerByHand(attached, 9100);
    const executionArn = await world.take(documents);
    await world.lab.pass(afterSeconds);
    world.region.elbv2.registerTargets(attached, [{ id: world.instance, port: 9100 }]);
    if (afterSeconds === 400)
      for (const { taskArn } of world.region.ecs.tasksOn(world.instance)) world.region.ecs.stopTask(taskArn);
    const { ended, receipt } = await world.end(executionArn);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
    expect(receipt).toMatchObject({
      status: 'failed',
      error: { name: 'UndoneByOthers' },
      lifecycle: { outcome: 'left', hook: HOOK },
    });
    expect(receipt.reason).toContain(`${world.instance}:9100 was registered again`);
    expect(deregistered()).toHaveLength(1);
    expect(world.region.autoScaling.completionAttempts).toEqual([]);
    expect(world.action().completedAt).toBeUndefined();
  });
});

test('passes over a target group that the Auto Scaling group still names and that has been deleted', async () => {
  world = new DrainWorld();
  const { autoScaling, elbv2, ec2 } = world.region;
  const gone = elbv2.createTargetGroup({ name: 'gone' });
  const there = world.targetGroup({ name: 'there' });
  autoScaling.createGroup({ name: 'stale', targetGroupArns: [gone, there] });
  const instanceId = ec2.launch();
  autoScaling.attachInstance('stale', instanceId);
  const deleting = new ElasticLoadBalancingV2Client(world.region.clientConfig()).send(
    new DeleteTargetGroupCommand({ TargetGroupArn: gone }),
  );
  await world.lab.pass(60);
  await deleting;
  const { receipt } = await world.end(await world.start({ instanceId }));
  expect(receipt).toMatchObject({ status: 'succeeded', subject: instanceId, targets: { count: 1 } });
  expect(deregistered()).toEqual([{ arn: there, id: instanceId, port: 80 }]);
});

test('a target group that the input names and that does not exist is an error before anything is touched', async () => {
  world = new DrainWorld();
  const missing = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/missing/0123456789abcdef';
  const { ended, receipt } = await world.end(await world.start({ cluster: CLUSTER, targetGroups: [missing] }));
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
  expect(receipt.error?.name).toBe('NotFound');
  expect(world.calls('UpdateContainerInstancesState')).toEqual([]);
});

test('a target that nobody uses is gone as soon as it is deregistered', async () => {
  world = new DrainWorld();
  const unused = world.region.elbv2.createTargetGroup({ name: 'unused' });
  world.region.elbv2.registerTargets(unused, [{ id: world.instance, port: 9000 }]);
  const began = Date.now();
  const { receipt } = await world.end(await world.start({ cluster: CLUSTER, targetGroups: [unused] }));
  expect(receipt).toMatchObject({ status: 'succeeded', targets: { count: 1 }, polls: 1 });
  expect(Date.parse(receipt.finishedAt) - began).toBeLessThan(60_000);
});

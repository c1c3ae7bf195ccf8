import { UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NewContainerInstance, NewService, TaskTimeline } from '../../src/simulated-region/ecs.ts';
import { type VirtualRegion, virtualRegion } from './virtual-region.ts';

const cluster = 'shop';

function clusterOf(virtual: VirtualRegion, instances: number, each: NewContainerInstance = {}): string[] {
  const { ec2, ecs } = virtual.region;
  ecs.createCluster(cluster);
  return Array.from({ length: instances }, () => {
    const instanceId = ec2.launch();
    ecs.registerContainerInstance(cluster, instanceId, each);
    return instanceId;
  });
}

/** A service behind a target group, its first tasks on one instance, and everything healthy. */
async function healthyService(virtual: VirtualRegion, wanted: Partial<NewService>): Promise<string> {
  const { ecs, elbv2 } = virtual.region;
  const targetGroupArn = elbv2.createTargetGroup({
    name: 'web',
    deregistrationDelaySeconds: 60,
    healthCheck: { intervalSeconds: 10 },
  });
  elbv2.attach(elbv2.createLoadBalancer({ name: 'front' }), targetGroupArn);
  const loadBalancers = [{ targetGroupArn, containerName: 'web', containerPort: 8080 }];
  ecs.createService({ cluster, name: 'web', loadBalancers, ...wanted });
  await virtual.pass(120);
  return targetGroupArn;
}

async function drain(virtual: VirtualRegion, instanceId: string): Promise<void> {
  const containerInstances = [virtual.region.ecs.containerInstanceOf(instanceId) ?? ''];
  await virtual.ecs.send(new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status: 'DRAINING' }));
}

function entered(task: TaskTimeline, status: string): number {
  return task.history.find(([, one]) => one === status)?.[0] ?? Number.NaN;
}

const alive = (tasks: readonly TaskTimeline[]) => tasks.filter((task) => task.lastStatus !== 'STOPPED');

describe('an instance that is drained', () => {
  test('loses its service tasks only as replacements become healthy, and no request with them', async () => {
    const virtual = virtualRegion();
    const [leaving = '', other = ''] = clusterOf(virtual, 2);
    const { ecs, elbv2, traffic } = virtual.region;
    const targetGroupArn = await healthyService(virtual, { desiredCount: 4, on: Array(4).fill(leaving) });
    traffic.start({ targetGroupArn, requestsPerSecond: 200, requestSeconds: 20 });
    await drain(virtual, leaving);
    await virtual.pass(600);
    expect(ecs.tasksOn(leaving).map((task) => task.lastStatus)).toEqual(Array(4).fill('STOPPED'));
    expect(alive(ecs.tasksOn(other))).toHaveLength(4);
    const healthy = elbv2.timelines(targetGroupArn).filter((one) => one.id === other);
    const firstStop = Math.min(...ecs.tasksOn(leaving).map((task) => entered(task, 'DEACTIVATING')));
    expect(firstStop).toBeGreaterThanOrEqual(Math.min(...healthy.map((one) => one.healthyAt ?? Number.NaN)));
    expect(traffic.stats()).toMatchObject({ dropped: 0 });
  });

  test('keeps its service tasks at a minimum of 100 % when nothing else has room, until something has', async () => {
    const virtual = virtualRegion();
    const [leaving = ''] = clusterOf(virtual, 1);
    const { ecs, ec2 } = virtual.region;
    await healthyService(virtual, { desiredCount: 2 });
    await drain(virtual, leaving);
    await virtual.pass(7200);
    expect(ecs.tasksOn(leaving).map((task) => task.desiredStatus)).toEqual(['RUNNING', 'RUNNING']);
    const fresh = ec2.launch();
    ecs.registerContainerInstance(cluster, fresh, { taskSlots: 1 });
    await virtual.pass(600);
    // One slot for a service of two: one may go, as soon as three are healthy.
    expect(alive(ecs.tasksOn(leaving))).toHaveLength(1);
    expect(alive(ecs.tasksOn(fresh))).toHaveLength(1);
  });

  test('stops down to the minimum at once when it is below 100 %', async () => {
    const virtual = virtualRegion();
    const [leaving = ''] = clusterOf(virtual, 1);
    const { ecs } = virtual.region;
    await healthyService(virtual, { desiredCount: 4, minimumHealthyPercent: 50, maximumPercent: 100 });
    await drain(virtual, leaving);
    await virtual.pass(2);
    const desired = ecs.tasksOn(leaving).map((task) => task.desiredStatus);
    expect(desired.filter((one) => one === 'STOPPED')).toHaveLength(2);
  });

  test('starts no replacement at a maximum of 100 % before a task has STOPPED', async () => {
    const virtual = virtualRegion();
    const [leaving = '', other = ''] = clusterOf(virtual, 2);
    const { ecs } = virtual.region;
    const on = Array(2).fill(leaving);
    await healthyService(virtual, { desiredCount: 2, minimumHealthyPercent: 50, maximumPercent: 100, on });
    await drain(virtual, leaving);
    await virtual.pass(600);
    const stopped = ecs.tasksOn(leaving).map((task) => entered(task, 'STOPPED'));
    const replaced = ecs.tasksOn(other).map((task) => entered(task, 'PENDING'));
    expect(replaced).toHaveLength(2);
    for (const [at, time] of replaced.entries()) expect(time).toBeGreaterThan(stopped[at] ?? Number.NaN);
  });

  test('stops pending service tasks immediately', async () => {
    const virtual = virtualRegion();
    const [leaving = ''] = clusterOf(virtual, 1);
    const { ecs } = virtual.region;
    ecs.createService({ cluster, name: 'slow', desiredCount: 2, startSeconds: 900 });
    await virtual.pass(60);
    await drain(virtual, leaving);
    await virtual.pass(5);
    expect(ecs.tasksOn(leaving).map((task) => task.lastStatus)).toEqual(['STOPPED', 'STOPPED']);
    expect(ecs.tasksOn(leaving)[0]?.history.map(([, status]) => status)).not.toContain('RUNNING');
  });

  test('keeps its standalone tasks, and those that it started itself, for ever', async () => {
    const virtual = virtualRegion();
    const [leaving = ''] = clusterOf(virtual, 2);
    const { ecs } = virtual.region;
    const self = ecs.containerInstanceOf(leaving)?.split('/').at(-1) ?? '';
    ecs.startTask({ cluster, instance: leaving });
    ecs.startTask({ cluster, instance: leaving, startedBy: self });
    await virtual.pass(60);
    await drain(virtual, leaving);
    await virtual.pass(48 * 3600);
    expect(ecs.tasksOn(leaving).map((task) => task.lastStatus)).toEqual(['RUNNING', 'RUNNING']);
  });

  test('stops the tasks of daemon services after every replica task has STOPPED', async () => {
    const virtual = virtualRegion();
    const [leaving = '', other = ''] = clusterOf(virtual, 2);
    const { ecs } = virtual.region;
    ecs.createService({ cluster, name: 'logs', schedulingStrategy: 'DAEMON' });
    await healthyService(virtual, { desiredCount: 3, on: Array(3).fill(leaving), stopSeconds: 25 });
    await drain(virtual, leaving);
    await virtual.pass(900);
    const tasks = ecs.tasksOn(leaving);
    const replicas = tasks.filter((task) => task.group === 'service:web').map((task) => entered(task, 'STOPPED'));
    const daemon = tasks.find((task) => task.group === 'service:logs');
    expect(daemon?.lastStatus).toBe('STOPPED');
    expect(daemon && entered(daemon, 'DEACTIVATING')).toBeGreaterThan(Math.max(...replicas));
    expect(alive(ecs.tasksOn(other)).filter((task) => task.group === 'service:logs')).toHaveLength(1);
  });

  test('gets tasks again when it is set back to ACTIVE', async () => {
    const virtual = virtualRegion();
    const [leaving = ''] = clusterOf(virtual, 1);
    const { ecs } = virtual.region;
    await healthyService(virtual, { desiredCount: 2, minimumHealthyPercent: 0 });
    await drain(virtual, leaving);
    await virtual.pass(300);
    expect(alive(ecs.tasksOn(leaving))).toEqual([]);
    ecs.setStatus(leaving, 'ACTIVE');
    await virtual.pass(60);
    expect(alive(ecs.tasksOn(leaving))).toHaveLength(2);
  });
});

describe('a service', () => {
  test('replaces the tasks of an instance that dies', async () => {
    const virtual = virtualRegion();
    const [dying = '', other = ''] = clusterOf(virtual, 2);
    const { ecs, ec2 } = virtual.region;
    await healthyService(virtual, { desiredCount: 4 });
    expect(alive(ecs.tasksOn(dying))).toHaveLength(2);
    ec2.terminate(dying);
    await virtual.pass(60);
    expect(alive(ecs.tasksOn(other))).toHaveLength(4);
  });

  test('never has fewer healthy tasks than its minimum, nor more than its maximum, whatever is drained', async () => {
    const percentages = fc.constantFrom([100, 200], [50, 200], [50, 100], [75, 150], [100, 150]);
    await fc.assert(
      fc.asyncProperty(
        percentages,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2, max: 4 }),
        async ([min = 0, max = 0], count, size) => {
          const virtual = virtualRegion();
          const instances = clusterOf(virtual, size);
          const { ecs, elbv2, traffic } = virtual.region;
          const plan = { desiredCount: count, minimumHealthyPercent: min, maximumPercent: max };
          const targetGroupArn = await healthyService(virtual, plan);
          traffic.start({ targetGroupArn, requestsPerSecond: 50, requestSeconds: 10 });
          for (const instance of instances.slice(1)) await drain(virtual, instance);
          for (let at = 0; at < 200; at += 1) {
            await virtual.pass(3);
            const tasks = instances.flatMap((instance) => ecs.tasksOn(instance));
            expect(alive(tasks).length).toBeLessThanOrEqual(Math.floor((count * max) / 100));
            const healthy = instances
              .flatMap((instance) => elbv2.registrations(targetGroupArn, instance))
              .filter((one) => one.state === 'healthy');
            expect(healthy.length).toBeGreaterThanOrEqual(Math.ceil((count * min) / 100));
          }
          if (count * (max - min) >= 100)
            expect(instances.slice(1).flatMap((one) => alive(ecs.tasksOn(one)))).toEqual([]);
          if (min > 0) expect(traffic.stats().dropped).toBe(0);
        },
      ),
      { numRuns: 12 },
    );
  });

  test('of 10,000 tasks on 1,000 instances is drained in parts while an hour passes', async () => {
    const virtual = virtualRegion();
    const instances = clusterOf(virtual, 1000);
    const { ecs, traffic } = virtual.region;
    const targetGroupArn = await healthyService(virtual, { desiredCount: 10_000 });
    traffic.start({ targetGroupArn, requestsPerSecond: 1000, requestSeconds: 1 });
    for (const instance of instances.slice(0, 10)) ecs.setStatus(instance, 'DRAINING');
    await virtual.pass(3600);
    expect(instances.slice(0, 10).flatMap((instance) => alive(ecs.tasksOn(instance)))).toEqual([]);
    expect(instances.flatMap((instance) => alive(ecs.tasksOn(instance)))).toHaveLength(10_000);
    expect(traffic.stats()).toMatchObject({ sent: 3_600_000, dropped: 0 });
  }, 60_000);
});

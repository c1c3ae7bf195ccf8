import { afterEach, describe, expect, test } from '@jest/globals';
import { CLUSTER, DrainWorld, HOOK, stoppedAt } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

const metadata = (more: object) => ({ notificationMetadata: JSON.stringify({ cluster: CLUSTER, ...more }) });
const endOf = (taskArn: string) =>
  stoppedAt(world.region.ecs.tasksOn(world.instance).find((task) => task.taskArn === taskArn)?.history ?? []);

test('drains a balanced service, a standalone and a daemon task, in this order, and drops no request', async () => {
  world = new DrainWorld();
  const targetGroup = world.service('api', 6, { delaySeconds: 120, stopSeconds: 20 });
  const standalone = world.standalone({ endsAfterSeconds: 700 });
  const daemon = world.daemon({ stopSeconds: 5 });
  await world.lab.pass(120);
  world.traffic(targetGroup, 50, 20);
  const { ended, receipt, path } = await world.drain();
  const { completedAt = 0 } = world.action();
  expect(ended.status).toBe('SUCCEEDED');
  expect(world.aliveAt(completedAt)).toEqual([]);
  const others = world.region.ecs.tasksOn(world.instance).filter(({ taskArn }) => taskArn !== daemon);
  const lastOther = Math.max(...others.map(({ history }) => stoppedAt(history)));
  const daemonStopping = world.region.ecs
    .tasksOn(world.instance)
    .find(({ taskArn }) => taskArn === daemon)
    ?.history.find(([, status]) => status === 'DEACTIVATING')?.[0];
  expect(lastOther).toBe(endOf(standalone));
  expect(daemonStopping).toBeGreaterThanOrEqual(lastOther);
  expect(world.calls('StopTask').map(({ input }) => input)).toEqual([expect.objectContaining({ task: daemon })]);
  expect(path).toContain('Stop Daemon Tasks');
  expect(path).not.toContain('Stop Standalone Tasks');
  expect(world.region.traffic.stats().dropped).toBe(0);
  expect(world.action()).toMatchObject({ result: 'CONTINUE', by: 'caller' });
  expect(receipt).toMatchObject({
    status: 'succeeded',
    tasks: { found: { service: 6, standalone: 1, daemon: 1 }, alive: { service: 0, standalone: 0, daemon: 0 } },
    targets: { count: 6 },
    lifecycle: { outcome: 'continued', hook: HOOK, destination: 'EC2' },
    survives: false,
  });
  expect(receipt.tasks.lastStoppedAt).toBe(new Date(endOf(daemon)).toISOString());
});

test('takes 250 tasks on one instance as they are: three pages, described 100 at a time', async () => {
  world = new DrainWorld();
  world.service('many', 250, { balanced: false, minimumHealthyPercent: 0, stopSeconds: 30 });
  const { receipt } = await world.drain();
  expect(receipt).toMatchObject({ status: 'succeeded', tasks: { found: { service: 250 }, alive: { service: 0 } } });
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  const sizes = world.calls('DescribeTasks').map(({ input }) => (input as { tasks: string[] }).tasks.length);
  expect(Math.max(...sizes)).toBe(100);
  expect(sizes.slice(0, 3)).toEqual([100, 100, 50]);
});

test('stops all of 250 standalone tasks before the deadline, 100 at a time', async () => {
  world = new DrainWorld({ hook: metadata({ timeoutSeconds: 3_600 }) });
  for (let number = 0; number < 250; number += 1) world.standalone({ stopSeconds: 10 });
  const { receipt } = await world.drain();
  expect(receipt).toMatchObject({ status: 'succeeded', tasks: { found: { standalone: 250 }, stoppedByUs: 250 } });
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
});

test('waits while a task that the default list no longer shows is still deprovisioning', async () => {
  world = new DrainWorld();
  const task = world.standalone({ networkMode: 'awsvpc', stopSeconds: 40, stopTimeoutSeconds: 60 });
  const executionArn = await world.take(await world.leave());
  world.region.ecs.stopTask(task);
  const { receipt } = await world.end(executionArn);
  const running = world
    .calls('ListTasks')
    .filter(({ input }) => (input as { desiredStatus?: string }).desiredStatus === 'RUNNING');
  // The default list was empty from the first look on, and each of these looks was no end.
  expect(running.length).toBeGreaterThan(3);
  const walk = world.region.ecs.tasksOn(world.instance).find(({ taskArn }) => taskArn === task)?.history ?? [];
  expect(walk.map(([, status]) => status)).toEqual(expect.arrayContaining(['STOPPING', 'DEPROVISIONING', 'STOPPED']));
  expect(world.action().completedAt).toBeGreaterThanOrEqual(stoppedAt(walk));
  expect(receipt.tasks.found.standalone).toBe(1);
});

test('sees a task that moves from the RUNNING to the STOPPED list between the two calls', async () => {
  world = new DrainWorld();
  const task = world.standalone({ stopSeconds: 60, stopTimeoutSeconds: 90 });
  const documents = await world.leave();
  let moved = 0;
  world.region.calls.onCall((call) => {
    const { desiredStatus } = (call.input ?? {}) as { desiredStatus?: string };
    if (call.operation !== 'ListTasks' || desiredStatus !== 'RUNNING' || moved > 0) return;
    moved = Date.now();
    world.region.ecs.stopTask(task);
  });
  const { receipt } = await world.end(await world.take(documents));
  expect(moved).toBeGreaterThan(0);
  expect(receipt).toMatchObject({ status: 'succeeded', tasks: { found: { standalone: 1 } } });
  expect(world.action().completedAt).toBeGreaterThanOrEqual(endOf(task));
});

test('counts a task that could not be described as alive', async () => {
  world = new DrainWorld();
  const task = world.standalone({ endsAfterSeconds: 300 });
  const documents = await world.leave();
  const fault = world.region.faults.inject({ kind: 'partial-failure', operation: 'DescribeTasks', times: 4 });
  const { receipt } = await world.end(await world.take(documents));
  expect(fault.hits).toBe(4);
  expect(receipt.status).toBe('succeeded');
  expect(world.action().completedAt).toBeGreaterThanOrEqual(endOf(task));
});

test('stops daemon tasks at once where there is nothing else', async () => {
  world = new DrainWorld();
  const daemons = [world.daemon({ stopSeconds: 3 }), world.daemon({ stopSeconds: 8 })];
  const { receipt, path } = await world.drain();
  expect(path.filter((state) => state === 'Stop Daemon Tasks')).toHaveLength(1);
  expect(
    world
      .calls('StopTask')
      .map(({ input }) => (input as { task: string }).task)
      .sort(),
  ).toEqual([...daemons].sort());
  expect(receipt).toMatchObject({ status: 'succeeded', tasks: { found: { daemon: 2 }, stoppedByUs: 2 } });
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
});

test('leaves the tasks of a daemon service to ECS', async () => {
  world = new DrainWorld();
  world.service('agent', 0, { schedulingStrategy: 'DAEMON', balanced: false });
  world.service('api', 2, { stopSeconds: 20 });
  const { receipt } = await world.drain();
  expect(receipt).toMatchObject({ status: 'succeeded', tasks: { found: { service: 3 }, stoppedByUs: 0 } });
  expect(world.calls('StopTask')).toEqual([]);
});

describe('a standalone task that never ends', () => {
  const TIMEOUT = 1_800;

  test('wait: is waited for until the deadline, and never stopped', async () => {
    world = new DrainWorld({ hook: metadata({ standaloneTasks: 'wait', timeoutSeconds: TIMEOUT }) });
    const task = world.standalone();
    const { ended, receipt, path } = await world.drain();
    const { action } = { action: world.action() };
    expect(path).not.toContain('Stop Standalone Tasks');
    expect(world.calls('StopTask')).toEqual([]);
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt).toMatchObject({
      status: 'timed-out',
      tasks: { alive: { standalone: 1 }, stoppedByUs: 0 },
      lifecycle: { outcome: 'continued' },
    });
    expect(action.completedAt).toBe(action.startedAt - (action.startedAt % 1000) + TIMEOUT * 1000);
    expect(world.aliveAt((action.completedAt ?? 0) - 1)).toEqual([task]);
  });

  test('stop-at-deadline: is stopped so long before the deadline that it can still end by itself', async () => {
    world = new DrainWorld({ hook: metadata({ timeoutSeconds: TIMEOUT }) });
    const task = world.standalone({ stopSeconds: 100, stopTimeoutSeconds: 120 });
    const { receipt, path } = await world.drain();
    const [stop] = world.calls('StopTask');
    expect(path.filter((state) => state === 'Stop Standalone Tasks')).toHaveLength(1);
    expect(stop?.at).toBeGreaterThanOrEqual(world.action().startedAt + (TIMEOUT - 151) * 1000);
    expect(receipt).toMatchObject({ status: 'succeeded', tasks: { stoppedByUs: 1, alive: { standalone: 0 } } });
    expect(world.action().completedAt).toBeGreaterThanOrEqual(endOf(task));
  });

  test('stop: is stopped at the first look', async () => {
    world = new DrainWorld({ hook: metadata({ standaloneTasks: 'stop', timeoutSeconds: TIMEOUT }) });
    const task = world.standalone({ stopSeconds: 10 });
    const { receipt } = await world.drain();
    expect((world.calls('StopTask')[0]?.at ?? 0) - world.action().startedAt).toBeLessThan(10_000);
    expect(receipt).toMatchObject({ status: 'succeeded', tasks: { stoppedByUs: 1 } });
    expect((world.action().completedAt ?? 0) - endOf(task)).toBeLessThan(15_000);
  });
});

test('a task that ignores its stop is asked once, and holds the drain until the deadline', async () => {
  world = new DrainWorld({ hook: metadata({ standaloneTasks: 'stop', timeoutSeconds: 900 }) });
  world.standalone({ ignoresStop: true, stopTimeoutSeconds: Number.POSITIVE_INFINITY });
  const { receipt } = await world.drain();
  expect(world.calls('StopTask')).toHaveLength(1);
  expect(receipt).toMatchObject({
    status: 'timed-out',
    tasks: { alive: { standalone: 1 } },
    lifecycle: { outcome: 'continued' },
  });
  expect(receipt.reason).toContain('1 task alive (1 STOPPING)');
  expect(world.action().completedAt).toBe(world.action().startedAt - (world.action().startedAt % 1000) + 900_000);
});

test('a task that is killed at its stop timeout is waited for until then', async () => {
  world = new DrainWorld({ hook: metadata({ standaloneTasks: 'stop' }) });
  const task = world.standalone({ ignoresStop: true, stopTimeoutSeconds: 120 });
  const { receipt } = await world.drain();
  expect(receipt.status).toBe('succeeded');
  expect(endOf(task) - (world.calls('StopTask')[0]?.at ?? 0)).toBeGreaterThanOrEqual(120_000);
  expect(world.action().completedAt).toBeGreaterThanOrEqual(endOf(task));
});

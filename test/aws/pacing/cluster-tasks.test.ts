/** Tasks of many container instances read together must say what each would have been told alone. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Clock, install } from '@sinonjs/fake-timers';
import { withinBudget } from '../../../src/aws/clients.ts';
import { ecsClient, tasksOnInstance } from '../../../src/aws/ecs.ts';
import type { TasksOnInstance } from '../../../src/aws/pacing/cluster-tasks.ts';
import { isAlive } from '../../../src/core/tasks.ts';
import { SimulatedRegion } from '../../../src/simulated-region/region.ts';

const CLUSTER = 'web';
let clock: Clock;
let region: SimulatedRegion;
/** Of EC2, and what they are in ECS. */
let ids: string[];
let instances: string[];

beforeEach(() => {
  clock = install({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] }) as Clock;
  region = new SimulatedRegion({ enforceBuckets: true });
  region.ecs.createCluster(CLUSTER);
  instances = [];
  ids = [];
});
afterEach(() => {
  clock.uninstall();
});

/** Container instances, each with so many tasks that end when they are told to. */
function fill(count: number, tasksEach: number): void {
  for (let index = 0; index < count; index += 1) {
    const instance = region.ec2.launch();
    ids.push(instance);
    instances.push(region.ecs.registerContainerInstance(CLUSTER, instance));
    for (let task = 0; task < tasksEach; task += 1) {
      region.ecs.startTask({ cluster: CLUSTER, instance, startSeconds: 0, stopSeconds: 20 + 10 * task });
    }
  }
}

function clients() {
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const access = { requestHandler, credentials, endpoint };
  return {
    paced: ecsClient({ ...access, paced: true }, region.region),
    alone: ecsClient({ ...access }, region.region),
  };
}

/** Lets calls that are under way finish, and as much time pass as they wait for. */
async function settled<T>(work: Promise<T>): Promise<T> {
  let over = false;
  const rest = work.finally(() => {
    over = true;
  });
  rest.catch(() => undefined);
  while (!over) {
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (!over) await clock.nextAsync();
  }
  return rest;
}

const statuses = (answer: Pick<TasksOnInstance, 'tasks'>) =>
  answer.tasks.map(({ taskArn, lastStatus }) => `${taskArn} ${lastStatus}`).sort();

describe('many at once', () => {
  test('are told what each would have been told alone, in a fraction of the calls', async () => {
    fill(60, 4);
    await clock.tickAsync(10_000);
    for (const { taskArn } of ids.slice(0, 20).flatMap((id) => region.ecs.tasksOn(id))) region.ecs.stopTask(taskArn);
    const { paced, alone } = clients();
    const before = region.calls.count();
    const together = await settled(Promise.all(instances.map((arn) => tasksOnInstance(paced, CLUSTER, arn))));
    const calls = region.calls.count() - before;
    expect(calls).toBeLessThan(15);
    // One by one they are more than the bucket holds, and nothing may change while they are read.
    region.buckets.enforce(false);
    for (const [index, arn] of instances.entries()) {
      const single = await settled(tasksOnInstance(alone, CLUSTER, arn));
      expect(statuses(together[index] ?? { tasks: [] })).toEqual(statuses(single));
      expect(statuses(single)).toHaveLength(4);
    }
  });

  test('that are stopping are seen in every state before STOPPED, round after round', async () => {
    fill(40, 3);
    await clock.tickAsync(10_000);
    const { paced } = clients();
    for (const { taskArn } of ids.flatMap((id) => region.ecs.tasksOn(id))) region.ecs.stopTask(taskArn);
    const seenAlive = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const answers = await settled(Promise.all(instances.map((arn) => tasksOnInstance(paced, CLUSTER, arn))));
      for (const [index, answer] of answers.entries()) {
        const alive = region.ecs.tasksOn(ids[index] ?? '').filter(isAlive);
        const seen = answer.tasks.flatMap(({ lastStatus = '' }) => (lastStatus === 'STOPPED' ? [] : [lastStatus]));
        for (const status of seen) seenAlive.add(status);
        expect(answer.tasks).toHaveLength(3);
        expect(seen.length).toBeGreaterThanOrEqual(alive.length);
      }
      await clock.tickAsync(4_000);
    }
    expect([...seenAlive].sort()).toEqual(['DEACTIVATING', 'DEPROVISIONING', 'STOPPING']);
    expect(ids.flatMap((id) => region.ecs.tasksOn(id)).filter(isAlive)).toEqual([]);
  });

  test('a task that leaves the first list before the second is read is seen', async () => {
    fill(20, 2);
    await clock.tickAsync(10_000);
    const [moving] = region.ecs.tasksOn(ids[0] ?? '');
    region.calls.onCall(({ operation, outcome }) => {
      if (operation === 'ListTasks' && outcome === 'ok') region.ecs.stopTask(moving?.taskArn ?? '');
    });
    const { paced } = clients();
    const answers = await settled(Promise.all(instances.map((arn) => tasksOnInstance(paced, CLUSTER, arn))));
    expect(region.calls.count({ operation: 'ListTasks' })).toBe(2);
    expect(statuses(answers[0] ?? { tasks: [] })).toContain(`${moving?.taskArn} DEACTIVATING`);
  });

  test('a task that was listed and not described may be on any of them', async () => {
    fill(20, 2);
    await clock.tickAsync(10_000);
    region.faults.inject({ kind: 'partial-failure', operation: 'DescribeTasks', times: 1 });
    const { paced } = clients();
    const answers = await settled(Promise.all(instances.map((arn) => tasksOnInstance(paced, CLUSTER, arn))));
    expect(answers.map(({ unknown }) => unknown)).toEqual(instances.map(() => 1));
  });
});

test('few in a large cluster are read alone', async () => {
  fill(60, 4);
  await clock.tickAsync(10_000);
  const { paced } = clients();
  await settled(Promise.all(instances.slice(0, 3).map((arn) => tasksOnInstance(paced, CLUSTER, arn))));
  expect(region.calls.counts()).toEqual({ 'ecs:DescribeTasks': 3, 'ecs:ListTasks': 6 });
});

describe('an answer that nobody has fetched', () => {
  const ask = (accepts?: { notBefore: number }) => tasksOnInstance(paced, CLUSTER, instances[0] ?? '', accepts);
  let paced: ReturnType<typeof clients>['paced'];
  beforeEach(async () => {
    fill(1, 2);
    await clock.tickAsync(10_000);
    paced = clients().paced;
    region.faults.inject({ kind: 'slow', seconds: 3, operation: 'DescribeTasks' });
    await expect(settled(withinBudget(1_000, () => ask()))).rejects.toHaveProperty('name', 'Unavailable');
    await clock.tickAsync(5_000);
    region.faults.clear();
    expect(region.calls.count({ operation: 'DescribeTasks' })).toBe(1);
  });

  test('is there for who asks again, with the time at which its reading began', async () => {
    const answer = await settled(ask({ notBefore: 5_000 }));
    expect(answer.tasks.map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING', 'RUNNING']);
    expect(answer.at).toBeLessThan(Date.now() - 4_000);
    expect(region.calls.count({ operation: 'DescribeTasks' })).toBe(1);
  });

  test('is given once', async () => {
    await settled(ask({ notBefore: 5_000 }));
    await settled(ask({ notBefore: 5_000 }));
    expect(region.calls.count({ operation: 'DescribeTasks' })).toBe(2);
  });

  test('does not count for who has changed something since', async () => {
    const answer = await settled(ask({ notBefore: Date.now() - 1_000 }));
    expect(answer.at).toBeGreaterThanOrEqual(Date.now() - 1_000);
    expect(region.calls.count({ operation: 'DescribeTasks' })).toBe(2);
  });

  test('is forgotten after half a minute', async () => {
    await clock.tickAsync(30_000);
    await settled(ask({ notBefore: 0 }));
    expect(region.calls.count({ operation: 'DescribeTasks' })).toBe(2);
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { CLUSTER, DrainWorld, isWrite } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

/** The longest time in which the action had neither a heartbeat nor its end, seconds. */
function longestSilence(): number {
  const { startedAt, heartbeats, completedAt = 0 } = world.action();
  const beats = [startedAt, ...heartbeats, completedAt];
  return Math.max(...beats.slice(1).map((at, index) => at - (beats[index] ?? 0))) / 1000;
}

test.each([1, 2, 3])('throttling at 30 %% of calls slows the drain down, and nothing else (seed %i)', async (seed) => {
  world = new DrainWorld({ seed });
  const targetGroup = world.service('api', 6, { delaySeconds: 120, stopSeconds: 20 });
  world.registerByHand(targetGroup, 9000);
  world.daemon();
  const documents = await world.leave();
  world.traffic(targetGroup, 50, 20);
  const fault = world.region.faults.inject({ kind: 'throttle', probability: 0.3 });
  const { ended, receipt } = await world.end(await world.take(documents));
  expect(fault.hits).toBeGreaterThan(5);
  expect(ended.status).toBe('SUCCEEDED');
  expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  expect(world.completions()).toHaveLength(1);
  expect(world.region.traffic.stats().dropped).toBe(0);
});

test.each(['internal-error', 'unavailable', 'connection-reset', 'timeout', 'throttle'] as const)(
  'an hour in which every call ends in %s holds the drain: nothing ends in it, and it goes on afterwards',
  async (kind) => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 7_200 } });
    const targetGroup = world.service('api', 3, { delaySeconds: 600 });
    world.standalone({ endsAfterSeconds: 1_500 });
    const documents = await world.leave();
    world.traffic(targetGroup);
    const from = Date.now() + 120_000;
    const until = from + 3_600_000;
    const fault = world.region.faults.inject({ kind, from, until });
    const { ended, receipt, path } = await world.end(await world.take(documents));
    expect(fault.hits).toBeGreaterThan(0);
    expect(path).toContain('Wait Out Fault');
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    expect(receipt.faults).toBeGreaterThan(0);
    expect(world.action().completedAt).toBeGreaterThanOrEqual(until);
    expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
    expect(world.region.traffic.stats().dropped).toBe(0);
  },
);

test.each(['elasticloadbalancing', 'ecs', 'ec2'])(
  'heartbeats go out while %s alone cannot be reached, also where it never could',
  async (service) => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 60 } });
    const targetGroup = world.service('api', 2);
    const documents = await world.leave();
    const until = Date.now() + 1_800_000;
    world.region.faults.inject({ kind: 'timeout', service, until });
    world.traffic(targetGroup);
    const { receipt } = await world.end(await world.take(documents));
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
    expect(longestSilence()).toBeLessThan(60);
    expect(world.region.traffic.stats().dropped).toBe(0);
  },
);

test('heartbeats that fail are tried again several times before the action could lapse', async () => {
  world = new DrainWorld({ hook: { heartbeatTimeout: 30 } });
  world.standalone({ endsAfterSeconds: 1_200 });
  const documents = await world.leave();
  world.region.faults.inject({ kind: 'unavailable', operation: 'RecordLifecycleActionHeartbeat', probability: 0.5 });
  const { receipt } = await world.end(await world.take(documents));
  expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
  expect(longestSilence()).toBeLessThan(30);
});

test('an outage from before the start until half an hour after the deadline is not hammered at, and then completed', async () => {
  world = new DrainWorld({
    hook: { heartbeatTimeout: 7_200, notificationMetadata: JSON.stringify({ cluster: CLUSTER, timeoutSeconds: 600 }) },
  });
  const documents = await world.leave();
  const until = Date.now() + 600_000 + 1_800_000;
  world.region.faults.inject({ kind: 'unavailable', until });
  const { ended, receipt, executionArn } = await world.end(await world.take(documents));
  expect(ended.status).toBe('SUCCEEDED');
  expect(receipt).toMatchObject({ status: 'timed-out', lifecycle: { outcome: 'continued' } });
  expect(receipt.reason).toContain('nothing is known of what is left');
  expect(world.lab.engine.counts(executionArn).events).toBeLessThan(4_000);
  expect(world.calls().filter(({ at }) => at < until).length).toBeLessThan(1_500);
});

test('an outage that outlasts the deadline by more than an hour is given up, with a receipt', async () => {
  world = new DrainWorld({
    hook: { heartbeatTimeout: 7_200, notificationMetadata: JSON.stringify({ cluster: CLUSTER, timeoutSeconds: 600 }) },
  });
  const documents = await world.leave();
  world.region.faults.inject({ kind: 'unavailable' });
  const { ended, receipt } = await world.end(await world.take(documents));
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
  expect(receipt).toMatchObject({ status: 'failed', lifecycle: { outcome: 'left' }, error: { name: 'Unavailable' } });
  expect(receipt.reason).toContain('AWS could not be reached until an hour after the deadline');
});

test('a completion that is throttled is tried again within seconds, not at the pace of the polls', async () => {
  world = new DrainWorld({ hook: { heartbeatTimeout: 7_200 } });
  world.standalone({ endsAfterSeconds: 20_000 });
  const documents = await world.leave();
  const fault = world.region.faults.inject({ kind: 'throttle', operation: 'CompleteLifecycleAction', times: 6 });
  const { receipt } = await world.end(await world.take(documents));
  expect(fault.hits).toBe(6);
  expect(receipt.status).toBe('succeeded');
  const attempts = world.calls('CompleteLifecycleAction');
  expect((attempts.at(-1)?.at ?? 0) - (attempts[0]?.at ?? 0)).toBeLessThan(60_000);
});

describe('an answer that was lost after the call had been carried out', () => {
  test.each(['CompleteLifecycleAction', 'DeregisterTargets', 'UpdateContainerInstancesState', 'StopTask'])(
    'of %s does no harm',
    async (operation) => {
      world = new DrainWorld();
      const targetGroup = world.service('api', 2);
      world.registerByHand(targetGroup, 9000);
      world.daemon();
      const documents = await world.leave();
      world.traffic(targetGroup);
      world.region.faults.inject({ kind: 'response-lost', operation, times: 3 });
      const { ended, receipt } = await world.end(await world.take(documents));
      expect(ended.status).toBe('SUCCEEDED');
      expect(receipt.status).toBe('succeeded');
      expect(world.completions()).toHaveLength(1);
      expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
      expect(world.region.traffic.stats().dropped).toBe(0);
    },
  );
});

test('reads that lag behind by some seconds make no end too early', async () => {
  world = new DrainWorld();
  const targetGroup = world.service('api', 3, { stopSeconds: 20 });
  world.registerByHand(targetGroup, 9000);
  const documents = await world.leave();
  world.traffic(targetGroup);
  world.region.faults.inject({ kind: 'stale-read', seconds: 10, probability: 0.5 });
  const { receipt } = await world.end(await world.take(documents));
  expect(receipt.status).toBe('succeeded');
  expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  expect(world.region.traffic.stats().dropped).toBe(0);
});

test('slow answers cost no heartbeat: what takes longer than its budget is waited out', async () => {
  world = new DrainWorld({ hook: { heartbeatTimeout: 30 } });
  world.service('api', 2);
  const documents = await world.leave();
  world.region.faults.inject({ kind: 'slow', seconds: 4, service: 'ecs', until: Date.now() + 600_000 });
  const { receipt } = await world.end(await world.take(documents));
  expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
  expect(longestSilence()).toBeLessThan(30);
  expect(
    world
      .calls()
      .filter(isWrite)
      .filter(({ operation }) => operation === 'CompleteLifecycleAction'),
  ).toHaveLength(1);
});

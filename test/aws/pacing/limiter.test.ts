import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Clock, install } from '@sinonjs/fake-timers';
import { type Call, Limiter } from '../../../src/aws/pacing/limiter.ts';

const LIST: Call = { service: 'ECS', operation: 'ListTasks' };
const LOCATE: Call = { service: 'ECS', operation: 'ListContainerInstances' };
const HEALTH: Call = { service: 'ElasticLoadBalancingV2', operation: 'DescribeTargetHealth' };
const DEREGISTER: Call = { service: 'ElasticLoadBalancingV2', operation: 'DeregisterTargets' };

let clock: Clock;
let limiter: Limiter;
beforeEach(() => {
  clock = install({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] }) as Clock;
  limiter = new Limiter();
});
afterEach(() => {
  clock.uninstall();
});

/** Admits so many, and notes who went in, in what order and when. */
function queue(
  call: Call,
  count: number,
  log: { readonly call: Call; readonly at: number }[],
  deadline?: number,
): void {
  for (let index = 0; index < count; index += 1) {
    limiter.admit(call, deadline === undefined ? {} : { deadline }).then(
      () => log.push({ call, at: Date.now() }),
      () => undefined,
    );
  }
}

describe('within the bucket that AWS gives', () => {
  test.each([
    [LIST, 100, 20],
    [HEALTH, 40, 10],
    [DEREGISTER, 20, 4],
  ])('%j: never more than its burst and its refill, and not much less', async (call, burst, perSecond) => {
    const log: { call: Call; at: number }[] = [];
    queue(call, 2_000, log);
    await clock.tickAsync(60_000);
    for (const seconds of [1, 5, 20, 60]) {
      const gone = log.filter(({ at }) => at <= seconds * 1000).length;
      expect(gone).toBeLessThanOrEqual(burst + perSecond * seconds);
    }
    expect(log.length).toBeGreaterThan(0.75 * perSecond * 60);
  });
});

test('a change goes before what a drain begins with, and that before a look', async () => {
  const log: { call: Call; at: number }[] = [];
  queue(HEALTH, 60, log);
  await clock.tickAsync(0);
  const before = log.length;
  queue(DEREGISTER, 2, log);
  queue({ service: 'ElasticLoadBalancingV2', operation: 'DescribeTargetGroups' }, 3, log);
  await clock.tickAsync(2_000);
  expect(log.slice(before, before + 5).map(({ call }) => call.operation)).toEqual([
    'DeregisterTargets',
    'DeregisterTargets',
    'DescribeTargetGroups',
    'DescribeTargetGroups',
    'DescribeTargetGroups',
  ]);
});

test('looks leave tokens for what comes before them', async () => {
  const log: { call: Call; at: number }[] = [];
  queue(LIST, 500, log);
  await clock.tickAsync(0);
  queue(LOCATE, 5, log);
  await clock.tickAsync(0);
  expect(log.filter(({ call }) => call === LOCATE)).toHaveLength(5);
});

test('those of one kind go in the order in which they came', async () => {
  const order: number[] = [];
  for (let index = 0; index < 200; index += 1) void limiter.admit(LIST).then(() => order.push(index));
  await clock.tickAsync(30_000);
  expect(order).toEqual(Array.from({ length: 200 }, (_, index) => index));
});

test('a call whose turn would come too late fails at once, and says when it would have come', async () => {
  queue(LIST, 300, []);
  await expect(limiter.admit(LIST, { deadline: 5_000 })).rejects.toThrow(
    /^ECS ListTasks: its turn would come in 1\d\.\d s, too late for this step$/,
  );
  await expect(limiter.admit(LIST, { deadline: 5_000 })).rejects.toHaveProperty('name', 'Throttled');
});

test('whoever gives up leaves the queue and takes no token', async () => {
  const log: { call: Call; at: number }[] = [];
  queue(LIST, 76, log);
  const controller = new AbortController();
  const mine = limiter.admit(LIST, { signal: controller.signal });
  await clock.tickAsync(0);
  controller.abort(new Error('the step is over'));
  await expect(mine).rejects.toThrow('the step is over');
  queue(LIST, 1, log);
  const before = log.length;
  await clock.tickAsync(130);
  expect(log.length).toBe(before + 2);
});

test('a refusal by AWS slows all of its kind down, and nobody else', async () => {
  const log: { call: Call; at: number }[] = [];
  limiter.refused(LIST);
  queue(LIST, 100, log);
  queue(HEALTH, 10, log);
  await clock.tickAsync(4_000);
  expect(log.filter(({ call }) => call === HEALTH)).toHaveLength(10);
  expect(log.filter(({ call }) => call === LIST).length).toBeLessThan(40);
});

describe('one of many processes', () => {
  beforeEach(() => {
    limiter = new Limiter(0.1);
  });

  test('takes its share, and not more', async () => {
    const log: { call: Call; at: number }[] = [];
    queue(HEALTH, 500, log);
    await clock.tickAsync(60_000);
    expect(log.length).toBeLessThanOrEqual(0.1 * (40 + 10 * 60));
    expect(log.length).toBeGreaterThan(0.75 * 0.1 * 10 * 60);
  });

  test('finishes on credit what a step has begun, which the next one waits for', async () => {
    const step = () => ({ deadline: Date.now() + 10_000, begun: new Set<object>() });
    const first = step();
    const asked = Promise.all(Array.from({ length: 40 }, () => limiter.admit(HEALTH, first)));
    await clock.tickAsync(10_000);
    await expect(asked).resolves.toHaveLength(40);
    await expect(limiter.admit(HEALTH, step())).rejects.toHaveProperty('name', 'Throttled');
    await clock.tickAsync(60_000);
    await expect(limiter.admit(HEALTH, step())).resolves.toBeUndefined();
  });

  test('begins nothing that it cannot afford', async () => {
    queue(HEALTH, 100, []);
    await clock.tickAsync(0);
    await expect(limiter.admit(HEALTH, { deadline: 10_000, begun: new Set() })).rejects.toThrow(
      'too late for this step',
    );
  });
});

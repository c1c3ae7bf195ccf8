import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Clock, install } from '@sinonjs/fake-timers';
import { withinBudget } from '../../../src/aws/clients.ts';
import { Batcher, Batchers } from '../../../src/aws/pacing/batcher.ts';
import { Rejected, Throttled } from '../../../src/contract/errors.ts';

let clock: Clock;
let asked: { readonly at: number; readonly keys: readonly number[] }[];
beforeEach(() => {
  clock = install({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] }) as Clock;
  asked = [];
});
afterEach(() => {
  clock.uninstall();
});

function batcher(answer: (keys: readonly number[]) => void = () => undefined, takesMs = 0, most = 10) {
  return new Batcher<number, string>({
    most,
    pauseMs: 1_000,
    oneByOne: (error) => error instanceof Rejected,
    async ask(keys) {
      asked.push({ at: Date.now(), keys });
      if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
      answer(keys);
      return new Map(keys.filter((key) => key >= 0).map((key) => [key, `answer ${key}`]));
    },
  });
}

test('a lone question is asked at once', async () => {
  const answer = batcher().get(1);
  await clock.tickAsync(0);
  expect(asked).toEqual([{ at: 0, keys: [1] }]);
  await expect(answer).resolves.toBe('answer 1');
});

test('questions of one moment share a call, and equal ones an answer', async () => {
  const one = batcher();
  const answers = [one.get(1), one.get(2), one.get(1)];
  await clock.tickAsync(0);
  expect(asked).toEqual([{ at: 0, keys: [1, 2] }]);
  await expect(Promise.all(answers)).resolves.toEqual(['answer 1', 'answer 2', 'answer 1']);
});

test('those that come soon after wait for the pause, and no call holds more than AWS takes', async () => {
  const one = batcher();
  void one.get(0);
  await clock.tickAsync(100);
  for (let key = 1; key <= 25; key += 1) void one.get(key);
  await clock.tickAsync(10_000);
  expect(asked.map(({ at, keys }) => [at, keys.length])).toEqual([
    [0, 1],
    [1_000, 10],
    [1_000, 10],
    [1_000, 5],
  ]);
});

test('a question is never answered by a call that began before it', async () => {
  const one = batcher(undefined, 5_000);
  void one.get(1);
  await clock.tickAsync(2_000);
  void one.get(1);
  await clock.tickAsync(20_000);
  expect(asked.map(({ keys }) => keys)).toEqual([[1], [1]]);
  expect(asked[1]?.at).toBeGreaterThanOrEqual(5_000);
});

test('a key without an answer gets none', async () => {
  const answer = batcher().get(-1);
  await clock.tickAsync(0);
  await expect(answer).resolves.toBeUndefined();
});

test('where one of them spoils the call, each is asked alone', async () => {
  const one = batcher((keys) => {
    if (keys.includes(3)) throw new Rejected('3 is bad');
  });
  const answers = Promise.allSettled([one.get(1), one.get(2), one.get(3)]);
  await clock.tickAsync(0);
  expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(asked.map(({ keys }) => keys)).toEqual([[1, 2, 3], [1], [2], [3]]);
});

test('what passes is everybody’s error, and is not asked again for each', async () => {
  const one = batcher(() => {
    throw new Throttled('slow down');
  });
  const answers = Promise.allSettled([one.get(1), one.get(2)]);
  await clock.tickAsync(0);
  expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(asked).toHaveLength(1);
});

test('a step that gives up leaves the answer to the others', async () => {
  const one = batcher(undefined, 5_000);
  const hasty = withinBudget(2_000, () => one.get(1));
  const patient = withinBudget(10_000, () => one.get(1));
  const settled = Promise.allSettled([hasty, patient]);
  await clock.tickAsync(6_000);
  expect((await settled).map((one) => ('value' in one ? one.value : one.reason.name))).toEqual([
    'Unavailable',
    'answer 1',
  ]);
  expect(asked).toHaveLength(1);
});

test('an answer is kept for who gave up waiting, if its call began after they were told, and not for long', async () => {
  const one = new Batcher<number, string>({
    most: 10,
    pauseMs: 1_000,
    keptMs: 30_000,
    async ask(keys) {
      asked.push({ at: Date.now(), keys });
      return new Map(keys.filter((key) => key >= 0).map((key) => [key, `answer ${asked.length}`]));
    },
  });
  await clock.tickAsync(5_000);
  void one.get(1);
  void one.get(-1);
  await clock.tickAsync(10_000);
  await expect(one.get(1, 5_000)).resolves.toBe('answer 1');
  expect(asked).toHaveLength(1);
  const others = [one.get(1, 5_001), one.get(1), one.get(-1, 0)];
  await clock.tickAsync(2_000);
  await expect(Promise.all(others)).resolves.toEqual(['answer 2', 'answer 2', undefined]);
  expect(asked.map(({ keys }) => keys)).toEqual([
    [1, -1],
    [1, -1],
  ]);
  await clock.tickAsync(31_000);
  const late = one.get(1, 0);
  await clock.tickAsync(2_000);
  await expect(late).resolves.toBe('answer 3');
});

test('the more there are of a kind, the less often each calls', async () => {
  const calls = new Map<string, number>();
  const all = new Batchers<number, string>((name) => ({
    most: 1_000,
    pauseMs: 1_000,
    ask: async (keys) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      return new Map(keys.map((key) => [key, name]));
    },
  }));
  const names = Array.from({ length: 16 }, (_, number) => `cluster-${number}`);
  for (const name of names) void all.get(name, 0);
  await clock.tickAsync(5_000);
  calls.clear();
  for (let key = 1; key <= 200; key += 1) {
    for (const name of names) void all.get(name, key);
    await clock.tickAsync(100);
  }
  const most = Math.max(...calls.values());
  expect(most).toBeLessThanOrEqual(20 / (16 / 4) + 1);
  expect(most).toBeGreaterThanOrEqual(4);
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Clock, install } from '@sinonjs/fake-timers';
import { withinBudget } from '../../src/aws/clients.ts';
import { SharedAnswers } from '../../src/aws/shared-answers.ts';

let clock: Clock;
let shared: SharedAnswers;
const calls: { key: string; at: number }[] = [];
beforeEach(() => {
  clock = install({ now: 1_000_000, toFake: ['setTimeout', 'clearTimeout', 'Date'] }) as Clock;
  shared = new SharedAnswers();
  calls.length = 0;
});
afterEach(() => clock.uninstall());

/** A question that is answered after so long. */
const asking = (key: string, notBefore = 0, afterMs = 0) =>
  shared.ask(key, notBefore, async () => {
    const nth = calls.push({ key, at: Date.now() });
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
    return `${key} ${nth}`;
  });

test('who asks the same at once gets the same answer', async () => {
  const answers = await Promise.all([asking('a'), asking('a'), asking('b')]);
  expect(answers.map(({ value }) => value)).toEqual(['a 1', 'a 1', 'b 2']);
});

test('an answer is shared as long as it is young enough for the asker', async () => {
  await asking('a');
  await clock.tickAsync(5_000);
  expect((await asking('a', Date.now() - 5_000)).value).toBe('a 1');
  expect((await asking('a', Date.now() - 4_999)).value).toBe('a 2');
});

test('a call that began before the own change does not count, also while it is under way', async () => {
  const before = asking('a', 0, 3_000);
  await clock.tickAsync(1_000);
  const changedAt = Date.now();
  const after = asking('a', changedAt);
  await clock.tickAsync(10_000);
  expect(await before).toMatchObject({ at: 1_000_000, value: 'a 1' });
  expect((await after).at).toBeGreaterThanOrEqual(changedAt);
  expect(calls).toHaveLength(2);
});

test('no second has more than five calls, and none is forgotten', async () => {
  const all = Promise.all(Array.from({ length: 23 }, (_, n) => asking(`key ${n}`)));
  await clock.tickAsync(10_000);
  await all;
  expect(calls).toHaveLength(23);
  for (const { at } of calls) {
    expect(calls.filter((other) => other.at >= at && other.at < at + 1000).length).toBeLessThanOrEqual(5);
  }
  expect((calls.at(-1)?.at ?? 0) - 1_000_000).toBe(4_000);
});

test('what takes several calls takes as many of the second', async () => {
  const ask = (key: string, cost: number) =>
    shared.ask(key, 0, async () => void calls.push({ key, at: Date.now() - 1_000_000 }), cost);
  const all = Promise.all([ask('a', 3), ask('b', 3), ask('c', 2)]);
  await clock.tickAsync(5_000);
  await all;
  expect(calls.map(({ at }) => at)).toEqual([0, 1000, 1000]);
});

test('an error is told to all who waited, and kept by nobody', async () => {
  const failing = () => shared.ask('a', 0, () => Promise.reject(new Error('no')));
  await expect(Promise.all([failing(), failing()])).rejects.toThrow('no');
  expect((await asking('a')).value).toBe('a 1');
});

test('the budget of one asker ends its waiting alone', async () => {
  const [impatient, patient] = [withinBudget(500, () => asking('a', 0, 2_000)), asking('a')];
  const refused = expect(impatient).rejects.toMatchObject({ name: 'Unavailable' });
  await clock.tickAsync(3_000);
  await refused;
  expect((await patient).value).toBe('a 1');
});

test('what does not press waits behind the others, and gets its turn nevertheless', async () => {
  const pressing = Array.from({ length: 12 }, (_, n) => asking(`key ${n}`));
  const patient = await shared.askPatiently(
    'patient',
    0,
    async () => void calls.push({ key: 'patient', at: Date.now() }),
  );
  expect(patient).toBeUndefined();
  await clock.tickAsync(10_000);
  await Promise.all(pressing);
  expect(calls.map(({ key }) => key).indexOf('patient')).toBe(9);
  expect(shared.peek('patient', 0)).toBeDefined();
});

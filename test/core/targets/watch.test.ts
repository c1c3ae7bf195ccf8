/** The watch of a place: what it says of a target, how often it looks, and how large it becomes. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AwaitDrainedInput } from '../../../src/contract/await-drained.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { decode, encode, hashOf } from '../../../src/core/targets/id-set.ts';
import { planTargets } from '../../../src/core/targets/plan.ts';
import { decideWatch, isWatch, standingOf } from '../../../src/core/targets/watch.ts';
import { iso, SECOND } from '../../../src/core/time.ts';

const START = Date.parse('2026-03-02T12:00:00Z');

function begun(groups: number, more: Record<string, unknown> = {}) {
  const input = AwaitDrainedInput.parse({ region: 'eu-west-1', loadBalancer: 'web', ...more });
  const execution = { id: 'arn:aws:states:eu-west-1:123456789012:execution:x:y', startTime: iso(START) };
  const { plan, progress } = planTargets('await-drained', input, execution, readSettings({}));
  const arn = (n: number) =>
    `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/group-${n}/0123456789abcdef`;
  const found = Array.from({ length: groups }, (_, n) => ({ at: arn(n), type: 'ip' as const, port: 80 }));
  return { plan: { ...plan, groups: found }, progress: { ...progress, pending: found.map((_, n) => n) } };
}

type Data = ReturnType<typeof begun>;

/** One round in which every group answers alike. */
function round(data: Data, states: Readonly<Record<string, string>>, now: number, delaySeconds = 300) {
  const targets = Object.entries(states).map(([id, state]) => ({ id, port: 80, state }));
  const indices = data.plan.groups.map((_, n) => n);
  const health = new Map(indices.map((n) => [n, { at: now, targets }]));
  return decideWatch({ health, delays: new Map(indices.map((n) => [n, delaySeconds])) }, data, now);
}

const looked = (data: Data, states: Readonly<Record<string, string>>, now: number) => {
  const { plan, progress, decision } = round(data, states, now);
  const observed = progress.watch?.observed;
  if (observed === undefined) throw new Error('a round that is over is an observation');
  return { next: { plan: { ...plan, groups: plan.groups ?? [] }, progress } as Data, observed, decision };
};

test('a set keeps every id that was put into it', () => {
  fc.assert(
    fc.property(fc.array(fc.ipV4(), { maxLength: 300 }), (ids) => {
      const kept = new Set(decode(encode(ids.map(hashOf))));
      expect(kept).toEqual(new Set(ids.map(hashOf)));
    }),
  );
});

test('a set is written in one way, whatever the order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.ipV4(), { maxLength: 50 }), (ids) => {
      expect(encode(ids.map(hashOf))).toBe(encode(ids.map(hashOf).reverse()));
    }),
  );
});

test('whatever stands is open, in whichever step of a round it was seen; what is gone is not', () => {
  const state = fc.constantFrom('healthy', 'draining', 'unhealthy', 'initial', 'unhealthy.draining', 'gone');
  fc.assert(
    fc.property(fc.array(fc.array(state, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 5 }), (groups) => {
      const standing = (n: number) => groups.map((states) => states[n]).filter((one) => one !== 'gone');
      for (const until of ['drained', 'draining']) {
        let data = begun(groups.length, { until });
        for (const [index, states] of groups.entries()) {
          const targets = states.flatMap((one, n) =>
            one === 'gone' ? [] : [{ id: `10.0.0.${n}`, port: 80, state: one ?? '' }],
          );
          const health = new Map([[index, { at: START + index, targets }]]);
          data = decideWatch({ health, delays: new Map() }, data, START + 1000 + index) as Data;
        }
        const observed = data.progress.watch?.observed;
        expect(observed?.at).toBe(iso(START));
        for (let n = 0; n < 6; n += 1) {
          const open = standing(n).some((one) => until === 'drained' || one !== 'draining');
          expect(observed === undefined ? undefined : standingOf(`10.0.0.${n}`, observed).open).toBe(open);
        }
      }
    }),
  );
});

test('knows how soon a drain can be over, from the last look before it', () => {
  const at = (seconds: number) => START + seconds * SECOND;
  const first = looked(begun(2), { a: 'healthy', b: 'draining' }, at(0));
  expect(standingOf('a', first.observed)).toEqual({ open: true, active: true, notBefore: at(300) });
  expect(standingOf('b', first.observed)).toEqual({ open: true, active: false });
  const second = looked(first.next, { a: 'draining', b: 'draining' }, at(8));
  const third = looked(second.next, { a: 'draining', c: 'draining' }, at(16));
  expect(standingOf('a', third.observed)).toEqual({ open: true, active: false, notBefore: at(300) });
  expect(standingOf('b', third.observed)).toEqual({ open: false });
  expect(standingOf('c', third.observed)).toEqual({ open: true, active: false, notBefore: at(308) });
});

test('what began to drain between two looks is kept together, whether it was there before or not', () => {
  const first = looked(begun(1), { a: 'healthy', b: 'draining' }, START);
  const second = looked(first.next, { a: 'draining', b: 'draining', c: 'draining' }, START + 8 * SECOND);
  expect(second.observed.open).toEqual([
    { ids: encode([hashOf('b')]) },
    { ids: encode(['a', 'c'].map(hashOf)), from: iso(START) },
  ]);
});

test('ends when nothing has drained for a minute, and not before', () => {
  let data = begun(1);
  let now = START;
  const turn = (states: Record<string, string>) => {
    const { next, decision } = looked(data, states, now);
    data = next;
    now = Date.parse(decision.waitUntil);
    return decision;
  };
  for (let n = 0; n < 30; n += 1) expect(turn({ a: 'draining', b: 'healthy' }).next).not.toBe('announce');
  const quiet = now;
  let last = turn({ b: 'healthy' });
  while (last.next !== 'announce') last = turn({ b: 'healthy' });
  expect(last.outcome).toBe('done');
  expect((now - quiet) / SECOND).toBeGreaterThanOrEqual(50);
  expect((now - quiet) / SECOND).toBeLessThanOrEqual(70);
});

test('looks often enough for whoever comes last, and fits into one history', () => {
  for (const tookSeconds of [0, 1, 2, 3, 3.5, 4]) {
    let data = begun(1);
    let now = START;
    let events = 0;
    for (let ended = false; !ended; ) {
      const began = now;
      const { plan, progress, decision } = decideWatch(
        {
          health: new Map([[0, { at: began, targets: [{ id: 'a', port: 80, state: 'draining' }] }]]),
          delays: new Map(),
        },
        data,
        began + tookSeconds * SECOND,
      );
      data = { plan, progress } as Data;
      ended = decision.next === 'announce';
      // A Task that is retried once, a Choice, a Wait, and what looks the place up again.
      events += 9 + 3 + (decision.resume === 'locate' ? 10 : 0);
      now = Date.parse(decision.waitUntil);
      const untilSeen = (now - began) / SECOND + tookSeconds;
      if (!ended) expect(untilSeen).toBeLessThanOrEqual(10);
    }
    expect((now - START) / SECOND).toBeGreaterThan(3_600);
    expect(events).toBeLessThan(25_000);
  }
});

test('stays under 240 KiB with 600 target groups and 5,400 targets', () => {
  let data = begun(600);
  for (let n = 0; n < 10; n += 1) {
    const now = START + n * 10 * SECOND;
    const health = new Map(
      data.plan.groups.map((_, group) => {
        const ids = Array.from({ length: 9 }, (_id, i) => `10.${group % 200}.${Math.floor(group / 200)}.${i}`);
        return [
          group,
          { at: now, targets: ids.map((id, i) => ({ id, port: 80, state: i < n ? 'draining' : 'healthy' })) },
        ];
      }),
    );
    data = decideWatch({ health, delays: new Map() }, data, now) as Data;
    expect(decode(data.progress.watch?.observed?.open.at(-1)?.ids ?? '').length).toBeGreaterThan(500);
  }
  expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(240 * 1024);
});

test('is refused for longer than its history holds', () => {
  expect(() => begun(1, { timeoutSeconds: 3_661 })).toThrow(/without targets it can last 3660 s at most, got 3661 s/);
  expect(begun(1).plan.deadline).toBe(iso(START + 3_660 * SECOND));
});

describe('a round of a watch', () => {
  const at = (seconds: number) => START + seconds * SECOND;
  const ask = (data: Data, groups: readonly number[], now: number, states: Readonly<Record<string, string>> = {}) => {
    const targets = Object.entries(states).map(([id, state]) => ({ id, port: 80, state }));
    const health = new Map(groups.map((n) => [n, { at: now, targets }]));
    return decideWatch({ health, delays: new Map() }, data, now);
  };
  const located = (data: Data, seconds: number): Data => ({
    ...data,
    progress: { ...data.progress, watch: { quietSince: iso(at(seconds)), locatedAt: iso(at(0)) } },
  });

  test('goes on with the groups that are left, at once, and is no look yet', () => {
    const { decision, progress } = ask(begun(3), [0], at(5));
    expect(decision).toEqual({
      next: 'look',
      reason: 'groups are left to be asked',
      waitUntil: iso(at(5)),
      resume: 'look',
    });
    expect(progress).toMatchObject({
      pending: [1, 2],
      polls: 0,
      watch: { quietSince: iso(START), locatedAt: iso(at(5)) },
    });
    expect(progress.watch).not.toHaveProperty('observed');
  });

  test('is cut short by the deadline', () => {
    const cut = (seconds: number) => ask(located(begun(2), seconds), [0], at(seconds)).decision;
    expect(cut(3_660)).toMatchObject({ next: 'announce', outcome: 'expired', reason: 'the deadline has come' });
    expect(cut(3_659)).toMatchObject({ next: 'look' });
    expect(cut(3_659)).not.toHaveProperty('outcome');
  });

  test('is a look when all groups have answered, and the next asks all of them again', () => {
    const first = ask(begun(2), [0], at(5)) as Data;
    const { decision, progress } = ask(first, [1], at(6));
    expect(progress).toMatchObject({ polls: 1, pending: [0, 1] });
    expect(progress.watch).not.toHaveProperty('round');
    expect(decision).toEqual({ next: 'wait', reason: 'watches the place', resume: 'look', waitUntil: iso(at(13)) });
  });

  test('of a dry run is the only one', () => {
    expect(ask(begun(1, { dryRun: true }), [0], at(5)).decision).toMatchObject({
      next: 'announce',
      outcome: 'looked',
      reason: 'a dry run looks once',
    });
  });

  test('is the last at the deadline, and comes no later than that', () => {
    const over = (seconds: number) => ask(located(begun(1), seconds), [0], at(seconds), { a: 'draining' }).decision;
    expect(over(3_660)).toMatchObject({ next: 'announce', outcome: 'expired', reason: 'the deadline has come' });
    expect(over(3_655)).toMatchObject({ waitUntil: iso(at(3_660)) });
  });

  test('is a second away at least, even before the deadline', () => {
    expect(ask(located(begun(1), 3_659.5), [0], at(3_659.5), { a: 'draining' }).decision).toMatchObject({
      waitUntil: iso(at(3_660.5)),
    });
  });

  test('is the last when nothing has drained for a minute', () => {
    const quiet = (seconds: number) => ask(located(begun(1), 0), [0], at(seconds), { a: 'healthy' }).decision;
    expect(quiet(60)).toMatchObject({ next: 'announce', outcome: 'done', reason: 'nothing is draining any more' });
    expect(quiet(59).next).not.toBe('announce');
  });

  test('looks the place up again every half minute', () => {
    const then = (seconds: number) => ask(located(begun(1), seconds), [0], at(seconds)).decision;
    expect(then(30)).toMatchObject({ next: 'hold', resume: 'locate' });
    expect(then(29)).toMatchObject({ next: 'wait', resume: 'look' });
  });

  test('keeps no target whose instance has gone', () => {
    const targets = [{ id: 'a', port: 80, state: 'unused', reason: 'Target.InvalidState' }];
    const { progress } = decideWatch(
      { health: new Map([[0, { at: at(5), targets }]]), delays: new Map() },
      begun(1),
      at(5),
    );
    expect(progress.watch?.observed?.open).toEqual([]);
  });

  test('counts a target that is in service in one group and drains in another as in service', () => {
    const first = ask(begun(2), [0], at(5), { a: 'draining' }) as Data;
    const { progress } = ask(first, [1], at(6), { a: 'healthy' });
    expect(progress.watch?.observed?.open).toEqual([{ active: true, ids: encode([hashOf('a')]), from: iso(at(5)) }]);
  });

  test('of whoever waits for the beginning of a drain says no time: it may begin at any', () => {
    const { progress } = ask(begun(1, { until: 'draining' }), [0], at(5), { a: 'healthy', b: 'draining' });
    expect(progress.watch?.observed?.open).toStrictEqual([{ active: true, ids: encode([hashOf('a')]) }]);
  });

  test('a drain that began in it keeps the watch from ending, whichever group showed it', () => {
    const first = ask(located(begun(2), 0), [0], at(60), { a: 'draining' }) as Data;
    expect(ask(first, [1], at(61)).progress.watch?.quietSince).toBe(iso(at(61)));
  });
});

test.each<[string, readonly (number | undefined)[], number | undefined, number | undefined]>([
  ['of all', [300, 60], 60, 300],
  ['of none', [undefined, undefined], undefined, undefined],
  ['not of all: a drain may be shorter than any that is known', [300, undefined], undefined, 300],
])('the delays are known %s', (_, delays, shortest, longest) => {
  const health = new Map(delays.map((_delay, n) => [n, { at: START, targets: [] }]));
  const known = new Map(delays.flatMap((delay, n) => (delay === undefined ? [] : [[n, delay] as const])));
  const { plan, progress } = decideWatch({ health, delays: known }, begun(delays.length), START);
  const { observed } = progress.watch ?? {};
  expect(observed?.shortestDelaySeconds).toBe(shortest);
  expect(progress.longestDelaySeconds).toBe(longest);
  expect(plan.groups?.map(({ delaySeconds }) => delaySeconds)).toEqual(delays);
});

test('without groups nothing is known of delays', () => {
  const { progress } = decideWatch({ health: new Map(), delays: new Map() }, begun(0), START);
  expect(progress).not.toHaveProperty('longestDelaySeconds');
  expect(progress.watch?.observed).toEqual({ at: iso(START), endedAt: iso(START), open: [] });
});

test.each([
  ['await-drained', 0, true],
  ['await-drained', 1, false],
  ['deregister-targets', 0, false],
] as const)('%s of %i targets is a watch: %s', (workflow, count, watch) => {
  const targets = Array.from({ length: count }, () => ({ id: '10.0.0.1' }));
  expect(isWatch({ workflow, input: { region: 'eu-west-1', targets, dryRun: false } })).toBe(watch);
});

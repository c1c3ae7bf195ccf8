import { describe, expect, test } from '@jest/globals';
import { decideAfterServiceFault, inRegion, regionNamedIn } from '../../../src/core/cloud-map/fault.ts';
import { guardAgainst } from '../../../src/core/cloud-map/guards.ts';
import { assertFresh, judgeObservation } from '../../../src/core/cloud-map/judgement.ts';
import {
  checkable,
  knownStale,
  newObservation,
  observationToContinue,
  staleOf,
  withPage,
} from '../../../src/core/cloud-map/observation.ts';
import { candidateOf, idOf } from '../../../src/core/cloud-map/registrations.ts';
import { NOTHING_REMOVED } from '../../../src/core/cloud-map/removal.ts';
import { at, NOON, observation, outcome, plan, run, time } from './runs.ts';

const BOTH = ['i-1@10.0.0.1', 'i-2@10.0.0.2'];

describe('a complete observation', () => {
  test('at first: all that looks stale is a candidate, and nothing is confirmed', () => {
    const seen = observation({ skipped: { noIpv4: 1, noInstanceId: 2 }, mismatched: 3, absent: 1 });
    const judged = judgeObservation(run(), seen);
    expect(judged).toMatchObject({ queue: BOTH, next: 'settle', observation: seen });
    expect(judged.outcome).toEqual(
      outcome({
        registrations: 10,
        skipped: { noIpv4: 1, noInstanceId: 2 },
        alive: 8,
        terminated: 2,
        mismatched: 3,
        absent: 1,
      }),
    );
  });

  test('that has another page is no end', () => {
    expect(judgeObservation(run(), observation({ cursor: 'next' }))).toEqual(
      run({ observation: observation({ cursor: 'next' }), next: 'observe' }),
    );
  });

  const earlier = { report: { candidates: ['i-1@10.0.0.1', 'i-9@10.0.0.9'], observedAt: time(0) } };

  test('the second time: only what was stale before is confirmed, the rest is retained, and what has gone is counted', () => {
    const judged = judgeObservation(run({ phase: 'confirm', earlier }), observation({ stillThere: 1 }));
    expect(judged).toMatchObject({ queue: ['i-1@10.0.0.1'], next: 'settle' });
    expect(judged.outcome).toMatchObject({ confirmed: 1, retained: { count: 1 }, gone: 1 });
  });

  test('the second time: where nothing was stale before, no guard is asked', () => {
    const none = { report: { candidates: [], observedAt: time(0) } };
    const judged = judgeObservation(run({ phase: 'confirm', earlier: none }), observation({ alive: 0, absent: 10 }));
    expect(judged).toMatchObject({ queue: [], next: 'settle', outcome: { status: 'succeeded' } });
    expect(judged).not.toHaveProperty('guard');
  });

  test('at first, once more after a fault: what it does not find any more has not been ours to count', () => {
    expect(judgeObservation(run({ queue: BOTH }), observation({ stillThere: 1 })).outcome.gone).toBe(0);
  });

  test('before the removal: what was confirmed stays so, and is removed', () => {
    const before = run({
      phase: 'remove',
      earlier,
      outcome: outcome({ confirmed: 7, gone: 2, retained: { count: 3 } }),
    });
    const judged = judgeObservation(before, observation({ stillThere: 2 }));
    expect(judged).toMatchObject({ queue: ['i-1@10.0.0.1'], next: 'remove' });
    expect(judged.outcome).toMatchObject({ confirmed: 7, retained: { count: 3 }, gone: 2 });
    const nothing = judgeObservation(before, observation({ candidates: [] }));
    expect(nothing).toMatchObject({ queue: [], next: 'settle' });
  });

  test('that leaves too few alive is refused, and nothing is removed', () => {
    const few = observation({ alive: 0 });
    const judged = judgeObservation(run({ phase: 'remove', earlier }), few);
    expect(judged).toMatchObject({ queue: [], next: 'settle', guard: { count: 2, guard: 'minRemaining' } });
    expect(judged.outcome).toMatchObject({
      status: 'refused',
      reason: 'all 2 look stale, and minRemaining is 1',
    });
  });

  test('is followed by what is under way, whatever it says', () => {
    const removal = { ...NOTHING_REMOVED, operations: [['op', 'i-1', false]] satisfies [string, string, boolean][] };
    expect(judgeObservation(run({ phase: 'remove', earlier, removal }), observation({ alive: 0 })).next).toBe('follow');
    expect(judgeObservation(run({ phase: 'remove', earlier, removal }), observation({ candidates: [] })).next).toBe(
      'follow',
    );
  });
});

describe('a guard', () => {
  const against = (more: Parameters<typeof observation>[0], planned: Parameters<typeof plan>[0] = {}) =>
    guardAgainst(observation({ terminated: 0, ...more }), plan(planned));

  test('has nothing against a service in which nothing is stale', () => {
    expect(against({ alive: 0 }, { minRemaining: 5 })).toBeUndefined();
  });

  test('holds where fewer would stay than have to', () => {
    expect(against({ alive: 3, terminated: 1 }, { minRemaining: 3 })).toBeUndefined();
    expect(against({ alive: 2, terminated: 1 }, { minRemaining: 3 })).toEqual({
      guard: 'minRemaining',
      reason: 'only 2 of 3 would stay, and minRemaining is 3',
    });
  });

  test('holds where too many are absent or elsewhere, and names the regions', () => {
    expect(against({ alive: 5, absent: 3, mismatched: 2 })).toBeUndefined();
    expect(against({ alive: 4, absent: 3, mismatched: 2 })).toEqual({
      guard: 'maxAbsentPercent',
      reason:
        '3 of 9 are not in eu-west-1, us-east-1 and 2 have other addresses, more than 50 %: check that instancesRegions names every region they run in',
    });
    // Proof is no lack of evidence.
    expect(against({ alive: 1, terminated: 99 })).toBeUndefined();
  });

  test('names five regions, and how many more there are', () => {
    const named = (count: number) =>
      against({ alive: 1, absent: 5 }, { instancesRegions: Array.from({ length: count }, (_, n) => `r-${n}`) })?.reason;
    expect(named(5)).toContain('not in r-0, r-1, r-2, r-3, r-4 and 0 have');
    expect(named(7)).toContain('not in r-0, r-1, r-2, r-3, r-4 and 2 more regions and 0 have');
  });
});

describe('an observation', () => {
  const ID = 'i-0123456789abcdef';
  const registration = (index: number) => ({ id: `${ID}${index}`, address: `10.0.0.${index}` });
  const sightings = new Map([
    [`${ID}1`, [{ instanceId: `${ID}1`, state: 'running', addresses: ['10.0.0.1'] }]],
    [`${ID}2`, [{ instanceId: `${ID}2`, state: 'terminated', addresses: [] }]],
  ]);

  test('counts a page by its evidence, and keeps what is stale', () => {
    const page = [registration(1), registration(2), registration(3), { id: 'task', address: '10.0.0.9' }, { id: ID }];
    const known = new Set([`${ID}2@10.0.0.2`, `${ID}1@10.0.0.1`]);
    expect(withPage(newObservation(NOON), page, sightings, known, 'more')).toEqual({
      ...newObservation(NOON),
      registrations: 5,
      skipped: { noIpv4: 1, noInstanceId: 1 },
      alive: 1,
      terminated: 1,
      absent: 1,
      candidates: [`${ID}2@10.0.0.2`, `${ID}3@10.0.0.3`],
      stillThere: 2,
      cursor: 'more',
    });
  });

  test('goes on from page to page, and ends without a cursor', () => {
    const first = withPage(newObservation(NOON), [registration(2)], sightings, new Set(), 'more');
    const second = withPage(first, [registration(3), { id: ID }], sightings, new Set(), undefined);
    expect(second).toMatchObject({ registrations: 3, terminated: 1, absent: 1, skipped: { noIpv4: 1 } });
    expect(second).not.toHaveProperty('cursor');
    expect(first).toMatchObject({ skipped: { noIpv4: 0 }, candidates: [`${ID}2@10.0.0.2`] });
  });

  test('keeps 2,000 candidates, and counts those beyond', () => {
    const many = Array.from({ length: 2_003 }, (_, n) => ({
      id: `i-${n.toString(16).padStart(17, '0')}`,
      address: 'x',
    }));
    const seen = withPage(newObservation(NOON), many, new Map(), new Set(), undefined);
    expect(seen.candidates).toHaveLength(2_000);
    expect(seen).toMatchObject({ absent: 2_003, beyond: 3 });
  });

  test('is begun anew unless one is under way', () => {
    const begun = observation({ cursor: 'next' });
    expect(observationToContinue(run({ observation: begun }), at(5))).toBe(begun);
    expect(observationToContinue(run({ observation: observation() }), at(5))).toEqual(newObservation(at(5)));
    expect(observationToContinue(run(), at(5)).startedAt).toBe(time(5));
  });

  test('knows what is stale from the queue, else from the phase before', () => {
    const earlier = { report: { candidates: ['a'], observedAt: time(0) } };
    expect(knownStale(run({ queue: ['b'], earlier }))).toEqual(new Set(['b']));
    expect(knownStale(run({ earlier }))).toEqual(new Set(['a']));
    expect(knownStale(run())).toEqual(new Set());
  });

  test('sums', () => {
    const seen = observation({ alive: 1, terminated: 20, mismatched: 300, absent: 4_000 });
    expect(checkable(seen)).toBe(4_321);
    expect(staleOf(seen)).toBe(4_320);
    expect(idOf(candidateOf({ id: 'i-1', address: '10.0.0.1' }))).toBe('i-1');
    expect(candidateOf({ id: 'i-1' })).toBe('i-1@');
  });

  test('is fresh for twenty seconds, and from the future not for ever', () => {
    const check = (seconds: number, more: Parameters<typeof run>[0] = { observation: observation() }) =>
      assertFresh(run(more), at(seconds));
    expect(() => check(20)).not.toThrow();
    expect(() => check(20.001)).toThrow(`observed at ${time(0)}, too long ago to remove anything; look again`);
    expect(() => check(-3_600)).toThrow('too long ago');
    const earlier = { report: { candidates: [], observedAt: time(0) } };
    expect(() => check(10, { earlier })).not.toThrow();
    expect(() => check(0, {})).toThrow('observed at no time');
    expect(() => check(0, {})).toThrow(expect.objectContaining({ name: 'StaleObservation' }));
  });
});

describe('a fault that passes', () => {
  const fault = { Error: 'Throttled', Cause: 'ServiceDiscovery ListInstances: Rate exceeded' };

  test('is waited out eight seconds at first, a minute at most, and not beyond the deadline', () => {
    const pause = (seconds: number) => {
      const after = decideAfterServiceFault(run({ fault, plan: plan({ deadline: time(5_000) }) }), at(seconds), 0);
      return (Date.parse(after.waitUntil ?? '') - at(seconds)) / 1000;
    };
    expect([pause(0), pause(200), pause(3_000), pause(4_990)]).toEqual([8, 16, 60, 10]);
  });

  test('is counted, and its words are kept', () => {
    expect(decideAfterServiceFault(run({ fault, faults: 3 }), at(0), 0)).toMatchObject({
      faults: 4,
      lastFault: fault.Cause,
      next: 'hold',
    });
  });

  test.each<[string, Parameters<typeof run>[0], string]>([
    ['observing', { phase: 'observe' }, 'observe'],
    ['confirming', { phase: 'confirm', removal: { ...NOTHING_REMOVED, operations: [['op', 'i', false]] } }, 'observe'],
    ['between two pages', { phase: 'remove', observation: observation({ cursor: 'next' }) }, 'observe'],
    ['removing', { phase: 'remove' }, 'remove'],
    ['following', { phase: 'remove', removal: { ...NOTHING_REMOVED, operations: [['op', 'i', false]] } }, 'follow'],
    [
      'removing more',
      { phase: 'remove', next: 'remove', removal: { ...NOTHING_REMOVED, operations: [['op', 'i', false]] } },
      'remove',
    ],
  ])('while %s goes on there', (_, more, resume) => {
    expect(decideAfterServiceFault(run(more), at(0), 0).resume).toBe(resume);
  });

  test('that lasts until the deadline is what the run fails with', () => {
    expect(() => decideAfterServiceFault(run({ fault }), at(960), 0)).toThrow(
      expect.objectContaining({ name: 'Unavailable', message: `${fault.Cause}; this lasted until the deadline` }),
    );
    expect(() => decideAfterServiceFault(run({ fault }), at(959), 0)).not.toThrow();
  });

  test('says of which region it is', () => {
    const message = inRegion('us-east-1', 'throttled');
    expect(message).toBe('EC2 in us-east-1 did not answer: throttled');
    expect(regionNamedIn(message, ['us-east-2', 'us-east-1'])).toBe('us-east-1');
    expect(regionNamedIn(`again: ${message}`, ['us-east-1'])).toBeUndefined();
  });
});

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type DeadlineBy, earliest, hookDeadline, spotDeadline, standaloneStopAt } from '../../src/core/deadline.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const seconds = (at: number): number => (at - NOW) / 1000;

test.each([
  [30 * 100, 2_940],
  [172_800, 172_740],
  [100, 90],
])('a global timeout of %i s leaves a reserve for the completion', (global, expected) => {
  expect(hookDeadline(NOW, global)).toEqual({ at: NOW + expected * 1000, by: 'hook' });
});

test('a spot interruption leaves ten seconds', () => {
  expect(spotDeadline(NOW + 120_000)).toEqual({ at: NOW + 110_000, by: 'spot' });
});

describe('the earliest', () => {
  test('of none is none', () => expect(earliest(undefined, undefined)).toBeUndefined());

  test('of two at one time is the one that was named first', () => {
    expect(earliest({ at: NOW, by: 'spot' }, { at: NOW, by: 'hook' })?.by).toBe('spot');
  });

  test('is the first of all that there are', () => {
    const deadlines = fc.array(
      fc.option(fc.record({ at: fc.integer(), by: fc.constantFrom<DeadlineBy>('hook', 'spot', 'deadline') }), {
        nil: undefined,
      }),
    );
    fc.assert(
      fc.property(deadlines, (all) => {
        const given = all.flatMap((one) => one ?? []);
        expect(earliest(...all)?.at).toBe(given.length === 0 ? undefined : Math.min(...given.map(({ at }) => at)));
      }),
    );
  });
});

test.each([
  ['150 s before a deadline that is far', 3_600, 3_450],
  ['after three quarters of a short time', 100, 75],
  ['at once where there is no time', 0, 0],
  ['at a deadline that has passed already', -50, -50],
])('standalone tasks are stopped %s', (_, deadline, expected) => {
  expect(seconds(standaloneStopAt(NOW, NOW + deadline * 1000))).toBe(expected);
});

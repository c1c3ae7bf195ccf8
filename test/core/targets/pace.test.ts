import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextLook } from '../../../src/core/pace.ts';

const SECOND = 1000;

test('with slack, a look that comes late by as much still keeps to the law', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 172_800 }),
      fc.integer({ min: 1, max: 7 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (waited, slackSeconds, random) => {
        const now = waited * SECOND;
        const at = nextLook({
          startedAt: 0,
          now,
          minIntervalSeconds: 2,
          maxIntervalSeconds: 600,
          landmarks: [],
          random,
          slackSeconds,
        });
        const allowed = Math.max(10 * SECOND, now * 0.1);
        expect(at - now + slackSeconds * SECOND).toBeLessThanOrEqual(allowed);
      },
    ),
  );
});

test('the looks of 48 hours fit into a history, with slack, too', () => {
  let now = 0;
  let looks = 0;
  while (now < 172_800 * SECOND) {
    now = nextLook({
      startedAt: 0,
      now,
      minIntervalSeconds: 2,
      maxIntervalSeconds: 600,
      landmarks: [],
      random: 1,
      slackSeconds: 7,
    });
    looks += 1;
  }
  // Nine events a look.
  expect(looks * 9).toBeLessThan(25_000);
});

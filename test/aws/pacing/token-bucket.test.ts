import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../../src/aws/pacing/token-bucket.ts';

const SIZE = { burst: 100, perSecond: 20 };

test('law: in any time it gives less than AWS would', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 300 }), (pauses) => {
      const bucket = new TokenBucket(SIZE, 0);
      let now = 0;
      let taken = 0;
      for (const pause of pauses) {
        now += pause;
        while (bucket.has(1, now)) {
          bucket.take(now);
          taken += 1;
        }
      }
      expect(taken).toBeLessThanOrEqual(0.9 * (SIZE.burst + (now / 1000) * SIZE.perSecond));
    }),
  );
});

test('law: after the time that it names, the tokens are there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 84 }), fc.integer({ min: 1, max: 80 }), (spent, wanted) => {
      const bucket = new TokenBucket(SIZE, 0);
      for (let index = 0; index < spent; index += 1) bucket.take(0);
      expect(bucket.has(wanted, bucket.wait(wanted, 0) + 1)).toBe(true);
    }),
  );
});

test('a refusal halves the rate and takes what is left; ten at once are one', () => {
  const bucket = new TokenBucket(SIZE, 0);
  const { rate } = bucket;
  for (let index = 0; index < 10; index += 1) bucket.slowDown(index * 10);
  expect(bucket.rate).toBeCloseTo(rate / 2, 1);
  expect(bucket.has(1, 100)).toBe(false);
  bucket.slowDown(5_000);
  expect(bucket.rate).toBeLessThan(rate / 3);
});

test('the rate comes back once nobody refuses, and never falls to nothing', () => {
  const bucket = new TokenBucket(SIZE, 0);
  const { rate } = bucket;
  for (let second = 0; second < 60; second += 2) bucket.slowDown(second * 1000);
  expect(bucket.rate).toBeGreaterThan(0);
  expect(bucket.rate).toBeLessThan(rate / 8);
  expect(bucket.has(1, 120_000)).toBe(true);
  expect(bucket.rate).toBe(rate);
});

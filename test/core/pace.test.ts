import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { nextLook, type Pace, SPOT_INTERVAL_SECONDS } from '../../src/core/pace.ts';

const START = Date.parse('2026-03-02T12:00:00Z');
const pace = (secondsWaited: number, more: Partial<Pace> = {}): Pace => ({
  startedAt: START,
  now: START + secondsWaited * 1000,
  minIntervalSeconds: 8,
  maxIntervalSeconds: 600,
  landmarks: [],
  random: 0,
  ...more,
});
const waitOf = (given: Pace): number => (nextLook(given) - given.now) / 1000;
const at = (seconds: number): number => START + seconds * 1000;

describe('the wait', () => {
  test.each<[string, Pace, number]>([
    ['is the least at the beginning', pace(0), 8],
    ['is a share of the time waited later on', pace(1_000), 80],
    ['is shortened by chance', pace(1_000, { random: 0.5 }), 74],
    ['is the longest at most', pace(100_000), 600],
    ['ends a second after the known end', pace(10, { knownEnd: at(310) }), 301],
    ['is not cut short by a known end that has passed', pace(1_000, { knownEnd: at(900) }), 80],
    ['is not cut short by a known end that comes just now', pace(1_000, { knownEnd: at(1_000) }), 80],
    ['leaves the law as much time as a look may be late', pace(200, { slackSeconds: 7 }), 13],
    ['leaves as much of ten seconds at the beginning', pace(50, { slackSeconds: 2, minIntervalSeconds: 1 }), 4],
    [
      'leaves as much of ten seconds, however late a look may be',
      pace(60, { slackSeconds: 7, minIntervalSeconds: 1 }),
      3,
    ],
    ['keeps the least distance to a known end that is near', pace(10, { knownEnd: at(11) }), 8],
    ['is the longest at most, even before a known end', pace(10, { knownEnd: at(5_000) }), 600],
    ['does not sleep through a landmark', pace(1_000, { landmarks: [at(1_030)] }), 30],
    ['goes to the first of several', pace(1_000, { landmarks: [at(1_050), at(1_020), at(900)] }), 20],
    ['takes no notice of one that has passed', pace(1_000, { landmarks: [at(1_000), at(2)] }), 80],
    ['is a second at least, even before a landmark', pace(1_000, { landmarks: [at(1_000.2)] }), 1],
    ['goes by the least where that is more than the share', pace(100, { minIntervalSeconds: 60 }), 60],
    ['counts from now where the beginning is still to come', pace(-50), 8],
    ['grows beyond a longest one that would fill the history', pace(100_000, { maxIntervalSeconds: 1 }), 500],
  ])('%s', (_, given, seconds) => expect(waitOf(given)).toBeCloseTo(seconds, 6));
});

const given = fc.record({
  waited: fc.integer({ min: 0, max: 172_800 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  landmarks: fc.array(fc.integer({ min: -1_000, max: 200_000 }), { maxLength: 3 }),
  knownEnd: fc.option(fc.integer({ min: 0, max: 200_000 }), { nil: undefined }),
});

test('whatever is known, the next look is at least a second away, and sleeps through no landmark', () => {
  fc.assert(
    fc.property(given, ({ waited, random, landmarks, knownEnd }) => {
      const marks = landmarks.map((offset) => at(waited + offset));
      const now = at(waited);
      const next = nextLook(
        pace(waited, { random, landmarks: marks, ...(knownEnd === undefined ? {} : { knownEnd: at(knownEnd) }) }),
      );
      expect(next).toBeGreaterThanOrEqual(now + 1_000);
      for (const mark of marks) if (mark > now) expect(next).toBeLessThanOrEqual(Math.max(mark, now + 1_000));
    }),
  );
});

test('wherever the true end falls, the look after it comes within the larger of 10 s and 10 % of the time waited', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 172_800 }), fc.integer({ min: 1, max: 2 ** 31 }), (end, seed) => {
      let state = seed;
      const random = () => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      let look = START;
      // Each look takes a second and a half, short retries in it.
      while (look < at(end)) look = nextLook(pace((look - START) / 1000 + 1.5, { random: random() }));
      expect(look - at(end)).toBeLessThanOrEqual(Math.max(10_000, end * 100));
    }),
    { numRuns: 200 },
  );
});

describe('the looks of 48 hours, each with its nine events', () => {
  const looks = (more: Partial<Pace>, heartbeatSeconds?: number): number => {
    let count = 0;
    let beat = START;
    for (let now = START; now < at(172_800); count += 1) {
      if (heartbeatSeconds !== undefined && now - beat >= heartbeatSeconds * 500) beat = now;
      const landmarks = heartbeatSeconds === undefined ? [] : [beat + heartbeatSeconds * 500];
      now = nextLook({ ...pace((now - START) / 1000), ...more, landmarks, random: 0.99 });
    }
    return count;
  };

  test.each<[string, Partial<Pace>, number | undefined]>([
    ['as it comes', {}, undefined],
    ['with the shortest heartbeats of so long a hook', {}, 1_728],
    ['on a spot instance', { maxIntervalSeconds: SPOT_INTERVAL_SECONDS }, 1_728],
    ['with the shortest intervals that can be asked for', { minIntervalSeconds: 1, maxIntervalSeconds: 1 }, 1_728],
  ])('%s leave room in the history for as many faults', (_, more, heartbeat) => {
    const heartbeatEvents = heartbeat === undefined ? 0 : (172_800 / (heartbeat / 2)) * 7;
    expect(looks(more, heartbeat) * 9 + heartbeatEvents).toBeLessThan(25_000 / 1.4);
  });
});

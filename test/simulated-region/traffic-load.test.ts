import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Load, type RequestClass } from '../../src/simulated-region/traffic/load.ts';

const mix: readonly RequestClass[] = [
  { share: 0.95, seconds: 0.2 },
  { share: 0.05, seconds: 30 },
];

function dropped(load: Load, now: number): number {
  return load.drops(now).reduce((sum, drop) => sum + drop.count, 0);
}

describe('a load', () => {
  test('spreads evenly over the routed targets and has the mean number in flight', () => {
    const load = new Load(100, mix, 0);
    load.route('a', true, true, 0);
    load.route('b', true, true, 0);
    expect(load.sent(60_000)).toBeCloseTo(6000, 6);
    // Little's law: rate times mean duration.
    expect(load.inFlight(60_000)).toBeCloseTo(100 * (0.95 * 0.2 + 0.05 * 30), 6);
    expect(load.inFlight(60_000, 'a')).toBeCloseTo(load.inFlight(60_000) / 2, 6);
  });

  test('drops nothing when a target leaves and its backend dies after the longest request', () => {
    const load = new Load(100, mix, 0);
    load.route('a', true, true, 0);
    load.route('b', true, true, 0);
    load.route('a', false, true, 60_000);
    expect(load.inFlight(75_000, 'a')).toBeGreaterThan(0);
    load.died('a', 90_000);
    expect(load.drops(200_000)).toEqual([]);
  });

  test('drops exactly what is in flight when a backend dies while it drains', () => {
    const load = new Load(100, [{ share: 1, seconds: 30 }], 0);
    load.route('a', true, true, 0);
    load.route('b', true, true, 0);
    load.route('a', false, true, 60_000);
    load.died('a', 80_000);
    // At 50 a second, of 30 seconds the first 20 have been answered.
    expect(load.drops(200_000)).toEqual([
      { at: 80_000, target: 'a', count: expect.closeTo(500, 6), why: 'the backend died while it was in flight' },
    ]);
  });

  test('drops what is in flight and then what is still sent when a routed backend dies', () => {
    const load = new Load(100, [{ share: 1, seconds: 2 }], 0);
    load.route('a', true, true, 0);
    load.route('b', true, true, 0);
    load.died('a', 10_000);
    load.route('a', false, false, 40_000);
    expect(load.drops(100_000)).toEqual([
      { at: 10_000, target: 'a', count: expect.closeTo(100, 6), why: 'the backend died while it was in flight' },
      { at: 10_000, target: 'a', count: expect.closeTo(1500, 6), why: 'sent to a backend that does not answer' },
    ]);
  });

  test('drops everything while there is no target', () => {
    const load = new Load(10, mix, 0);
    load.route('a', true, true, 5000);
    expect(load.drops(60_000)).toEqual([
      { at: 0, target: '', count: expect.closeTo(50, 9), why: 'no target to send it to' },
    ]);
  });

  test('drops what the balancer cuts off, and only that', () => {
    const load = new Load(10, [{ share: 1, seconds: 60 }], 0);
    load.route('a', true, true, 0);
    load.route('b', true, true, 0);
    load.route('a', false, true, 120_000);
    load.disconnected('a', 150_000);
    expect(load.drops(300_000)).toEqual([
      { at: 150_000, target: 'a', count: expect.closeTo(150, 6), why: 'the balancer closed the connection' },
    ]);
  });

  test('still drops what is in flight after it has stopped', () => {
    const load = new Load(10, [{ share: 1, seconds: 60 }], 0);
    load.route('a', true, true, 0);
    load.stop(60_000);
    load.died('a', 90_000);
    expect(load.sent(1_000_000)).toBeCloseTo(600, 6);
    expect(dropped(load, 1_000_000)).toBeCloseTo(300, 6);
  });
});

/** Times in the properties are whole ticks, so that the count of single requests below can go by ticks. */
const TICK = 100;

type Step = {
  readonly after: number;
  readonly target: string;
  readonly does: 'route' | 'unroute' | 'die' | 'start' | 'cut';
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 100 }).map((ticks) => ticks * TICK),
    target: fc.constantFrom('a', 'b', 'c'),
    does: fc.constantFrom('route', 'unroute', 'die', 'start', 'cut'),
  }),
  { maxLength: 60 },
);

function drive(load: Load, plan: readonly Step[], look: (now: number) => void): number {
  const alive = new Set<string>();
  let now = 0;
  for (const { after, target, does } of plan) {
    now += after;
    look(now);
    if (does === 'route' || does === 'unroute') load.route(target, does === 'route', alive.has(target), now);
    else if (does === 'cut') load.disconnected(target, now);
    else if (does === 'die' && alive.delete(target)) load.died(target, now);
    else if (does === 'start' && !alive.has(target)) {
      alive.add(target);
      load.started(target, now);
    }
  }
  return now;
}

describe('laws of a load', () => {
  test('drops never exceed what was sent, never shrink, and with what is in flight never exceed it', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const load = new Load(40, mix, 0);
        let before = 0;
        drive(load, plan, (now) => {
          const lost = dropped(load, now);
          expect(lost).toBeGreaterThanOrEqual(before - 1e-6);
          expect(load.inFlight(now)).toBeGreaterThanOrEqual(-1e-6);
          expect(lost + load.inFlight(now)).toBeLessThanOrEqual(load.sent(now) + 1e-6);
          before = lost;
        });
      }),
    );
  });

  test('looking changes nothing', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const watched = new Load(40, mix, 0);
        const alone = new Load(40, mix, 0);
        const end = drive(watched, plan, (now) => void [watched.drops(now), watched.inFlight(now), watched.sent(now)]);
        drive(alone, plan, () => undefined);
        expect(watched.drops(end + 60_000)).toEqual(alone.drops(end + 60_000));
      }),
    );
  });

  test('agrees with a count of single requests', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const load = new Load(40, [{ share: 1, seconds: 3 }], 0);
        const end = drive(load, plan, () => undefined) + 10_000;
        expect(dropped(load, end)).toBeCloseTo(countOneByOne(plan, 40, 3000, end), 3);
      }),
      { numRuns: 60 },
    );
  });
});

/** The same, told by walking the time tick by tick: what is sent in each, and what becomes of it. */
function countOneByOne(plan: readonly Step[], perSecond: number, duration: number, end: number): number {
  const alive = new Set<string>();
  const routed = new Set<string>();
  let flying: { target: string; until: number; count: number }[] = [];
  let lost = 0;
  let now = 0;
  let next = 0;
  let due = plan[0]?.after ?? Number.POSITIVE_INFINITY;
  const lose = (target: string) => {
    for (const one of flying) if (one.target === target) lost += one.count;
    flying = flying.filter((one) => one.target !== target);
  };
  for (; now < end; now += TICK) {
    flying = flying.filter((one) => one.until >= now);
    while (due === now) {
      const step = plan[next];
      if (step === undefined) break;
      if (step.does === 'route') routed.add(step.target);
      else if (step.does === 'unroute') routed.delete(step.target);
      else if (step.does === 'start') alive.add(step.target);
      else if (step.does === 'cut') lose(step.target);
      else if (alive.delete(step.target)) lose(step.target);
      next += 1;
      due = next < plan.length ? now + (plan[next]?.after ?? 0) : Number.POSITIVE_INFINITY;
    }
    const share = (perSecond * TICK) / 1000 / Math.max(1, routed.size);
    if (routed.size === 0) lost += share;
    for (const target of routed) {
      if (alive.has(target)) flying.push({ target, until: now + duration, count: share });
      else lost += share;
    }
  }
  return lost;
}

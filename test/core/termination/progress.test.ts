import { describe, expect, test } from '@jest/globals';
import { beginTermination, judgeDrain, settleDrains } from '../../../src/core/termination/drains.ts';
import { decideAfterTerminationFault } from '../../../src/core/termination/fault.ts';
import {
  afterRequests,
  decideTermination,
  isOpen,
  type Requested,
  readyToTerminate,
} from '../../../src/core/termination/progress.ts';
import { at, data, facts, GUARDS, id, plan, progress, record, time } from './terminations.ts';

type RequestedAs = Requested extends ReadonlyMap<string, infer As> ? As : never;

describe('before the call that cannot be undone', () => {
  test('nothing is ready before its time', () => {
    expect(() => readyToTerminate(data(), [facts(1)], GUARDS, at(59.999))).toThrow(
      expect.objectContaining({ name: 'StaleObservation', message: `nothing is terminated before ${time(60)}` }),
    );
    expect(readyToTerminate(data(), [facts(1)], GUARDS, at(60)).ready).toEqual([record(1)]);
  });

  test('nor from the deadline on', () => {
    expect(readyToTerminate(data(), [facts(1)], GUARDS, at(3_659)).ready).toHaveLength(1);
    expect(readyToTerminate(data(), [facts(1)], GUARDS, at(3_660)).ready).toEqual([]);
  });

  test('what has been asked for, or has ended, is left alone; what has gone has ended', () => {
    const records = [
      record(1, { requestedAt: time(60) }),
      record(2, { status: 'failed' }),
      record(3),
      record(4),
      record(5),
    ];
    const found = [1, 2, 3].map((index) => facts(index)).concat(facts(5, { state: 'terminated' }));
    const { progress: after, ready } = readyToTerminate(data(records), found, GUARDS, at(70));
    expect(ready).toEqual([record(3)]);
    expect(after.instances).toEqual([
      record(1, { requestedAt: time(60) }),
      record(2, { status: 'failed' }),
      record(3),
      record(4, { state: 'absent', status: 'succeeded', terminatedAt: time(70) }),
      record(5, { state: 'terminated', status: 'succeeded', terminatedAt: time(70) }),
    ]);
  });

  test('what was kept and has gone since was not terminated by this', () => {
    const kept = [record(1, { status: 'failed' }), record(2, { status: 'timed-out' }), record(3)];
    expect(readyToTerminate(data(kept), [facts(3)], GUARDS, at(70)).progress.instances).toEqual(kept);
  });

  test('the guards are asked once more, of what is still open', () => {
    const shielded = [facts(1, { protected: true }), facts(2)];
    const { progress: after, ready } = readyToTerminate(data([record(1), record(2)]), shielded, GUARDS, at(60));
    expect(ready).toEqual([record(2)]);
    expect(after.instances[0]).toMatchObject({ status: 'refused', reason: expect.stringContaining('is protected') });
    const asked = [record(1, { requestedAt: time(60) }), record(2)];
    expect(readyToTerminate(data(asked), shielded, GUARDS, at(60)).progress.instances[0]).toEqual(asked[0]);
  });

  test('its address is compared where it is alone; of several the one that had it may have gone', () => {
    const wrong = { ipAddress: '10.0.0.9' };
    expect(readyToTerminate(data([record(1)], wrong), [facts(1)], GUARDS, at(60)).ready).toEqual([]);
    expect(
      readyToTerminate(data([record(1), record(2)], wrong), [facts(1), facts(2)], GUARDS, at(60)).ready,
    ).toHaveLength(2);
  });
});

describe('after the calls', () => {
  const asked = (requested: Requested, records = [1, 2, 3, 4, 5].map((index) => record(index)), seconds = 60) =>
    afterRequests(plan(), progress(records), requested, at(seconds), 0);

  test('each is as it was answered', () => {
    const { progress: after, decision } = asked(
      new Map<string, RequestedAs>([
        [id(1), 'requested'],
        [id(2), 'in group'],
        [id(3), 'absent'],
        [id(4), { refused: 'no capacity' }],
      ]),
      [1, 2, 3, 4].map((index) => record(index)),
    );
    expect(after.instances).toEqual([
      record(1, { requestedAt: time(60) }),
      record(2, { requestedAt: time(60), inGroup: true }),
      record(3, { state: 'absent', status: 'succeeded', terminatedAt: time(60) }),
      record(4, { status: 'refused', reason: 'no capacity' }),
    ]);
    expect(decision).toMatchObject({ next: 'wait', reason: '2 instances are not terminated', waitUntil: time(68) });
  });

  test('what is left is asked for a little later, alone where that is said', () => {
    const { progress: after, decision } = asked(new Map([[id(1), 'alone'] as const]), [record(1), record(2)]);
    expect(after.instances).toEqual([record(1, { alone: true }), record(2)]);
    expect(decision).toEqual({
      next: 'hold',
      reason: '2 are left to be terminated',
      waitUntil: time(68),
      resume: 'terminate',
    });
  });

  test('at the deadline what is left has timed out', () => {
    const { progress: after, decision } = asked(new Map(), [record(1), record(2, { status: 'failed' })], 3_660);
    expect(after.instances).toEqual([
      record(1, { status: 'timed-out', reason: 'still running at the deadline' }),
      record(2, { status: 'failed' }),
    ]);
    expect(decision).toEqual({
      next: 'announce',
      outcome: 'expired',
      reason: 'the deadline has come',
      waitUntil: time(3_660),
      resume: 'observe',
    });
  });
});

describe('a look', () => {
  const requested = (more: object = {}) => record(1, { requestedAt: time(60), state: 'shutting-down', ...more });
  const look = (records: ReturnType<typeof record>[], found: ReturnType<typeof facts>[], seconds: number, random = 0) =>
    decideTermination(data(records), found, at(seconds), random);

  test('is counted, and ends when EC2 says so of all', () => {
    expect(look([requested()], [facts(1, { state: 'terminated' })], 100)).toMatchObject({
      progress: { polls: 1, instances: [{ state: 'terminated', status: 'succeeded', terminatedAt: time(100) }] },
      decision: { next: 'announce', outcome: 'ended', reason: 'every instance has ended' },
    });
    expect(look([requested()], [], 100).progress.instances[0]).toMatchObject({ state: 'absent', status: 'succeeded' });
    expect(isOpen(record(1))).toBe(true);
    expect(isOpen(record(1, { status: 'failed' }))).toBe(false);
  });

  test('comes again at its pace, counted from the earliest call', () => {
    const two = [requested(), record(2, { requestedAt: time(500), state: 'shutting-down' })];
    const found = [1, 2].map((index) => facts(index, { state: 'shutting-down' }));
    expect(look(two, found, 560).decision).toMatchObject({
      next: 'wait',
      reason: '2 instances are not terminated',
      waitUntil: time(600),
    });
    expect(look([requested()], [facts(1, { state: 'shutting-down' })], 3_655).decision?.waitUntil).toBe(time(3_660));
  });

  test('asks for what has not been asked for yet', () => {
    const after = look([requested(), record(2)], [facts(1, { state: 'shutting-down' }), facts(2)], 90);
    expect(after).toMatchObject({
      decision: { next: 'terminate' },
      progress: { instances: [{ requestedAt: time(60) }, { id: id(2) }] },
    });
  });

  test('asks again for what still runs two minutes after the call', () => {
    const after = look([requested({ state: 'running' })], [facts(1)], 180.001);
    expect(after).toMatchObject({
      decision: { next: 'terminate', reason: 'asks again' },
      progress: { notes: [`${id(1)} and the like still ran and were asked for again`] },
    });
    expect(after.progress.instances[0]).toEqual(record(1));
    expect(look([requested({ state: 'running' })], [facts(1)], 180).decision?.next).toBe('wait');
    expect(look([requested()], [facts(1, { state: 'shutting-down' })], 1_000).decision?.next).toBe('wait');
    // The hooks of a group may take their time.
    expect(look([requested({ inGroup: true })], [facts(1)], 1_000).decision?.next).toBe('wait');
    const again = decideTermination(
      { plan: plan(), progress: { ...progress([requested()]), notes: after.progress.notes } },
      [facts(1)],
      at(1_000),
      0,
    );
    expect(again.progress.notes).toHaveLength(1);
  });

  test('asks for what was never asked for', () => {
    const after = look([record(1), requested({ id: id(2) })], [facts(1), facts(2, { state: 'shutting-down' })], 70);
    expect(after.decision?.next).toBe('terminate');
    expect(after.progress.instances[1]).toHaveProperty('requestedAt');
  });

  test('that comes with the deadline is the last', () => {
    expect(look([requested()], [facts(1, { state: 'shutting-down' })], 3_660)).toMatchObject({
      progress: { instances: [{ status: 'timed-out', reason: 'still shutting-down at the deadline' }] },
      decision: { outcome: 'expired' },
    });
  });
});

describe('a fault that passes', () => {
  const fault = { Error: 'Throttled', Cause: 'EC2 TerminateInstances: Request limit exceeded' };
  const waitedOut = (seconds: number, more: object = {}, random = 0, records = [record(1)]) =>
    decideAfterTerminationFault({ ...data(records, {}, more), fault }, at(seconds), random);
  const pause = (faults: number, random = 0) =>
    (Date.parse(waitedOut(100, { faults }, random).decision?.waitUntil ?? '') - at(100)) / 1000;

  test('is waited out ever longer, two minutes at most, by a quarter more by chance, and not beyond the deadline', () => {
    expect([pause(0), pause(1), pause(14), pause(50), pause(0, 1)]).toEqual([8, 16, 120, 120, 10]);
    expect(waitedOut(3_655).decision?.waitUntil).toBe(time(3_660));
  });

  test('is counted and kept', () => {
    expect(waitedOut(100, { faults: 2 })).toMatchObject({
      progress: { faults: 3, lastFault: fault.Cause },
      decision: { next: 'hold', reason: 'Throttled is waited out' },
    });
    const nameless = decideAfterTerminationFault(data(), at(100), 0);
    expect(nameless.decision?.reason).toBe('a fault is waited out');
  });

  test('goes on where it was', () => {
    expect(waitedOut(10, { checked: 0 }).decision?.resume).toBe('check');
    expect(waitedOut(100, { checked: 1 }).decision?.resume).toBe('terminate');
    expect(waitedOut(100, { checked: 1 }, 0, [record(1, { requestedAt: time(60) })]).decision?.resume).toBe('observe');
    expect(waitedOut(100, { checked: 1 }, 0, [record(1, { status: 'failed' })]).decision?.resume).toBe('observe');
    const one = [record(1, { requestedAt: time(60) }), record(2)];
    expect(waitedOut(100, { checked: 2 }, 0, one).decision?.resume).toBe('terminate');
  });

  test('that lasts until the deadline ends it, with the reason', () => {
    const last = waitedOut(3_660, { checked: 2 }, 0, [record(1), record(2, { status: 'failed', reason: 'x' })]);
    expect(last.progress.instances).toEqual([
      record(1, { status: 'timed-out', reason: `AWS could not be reached until the deadline: ${fault.Cause}` }),
      record(2, { status: 'failed', reason: 'x' }),
    ]);
    expect(last.decision).toMatchObject({
      next: 'announce',
      outcome: 'expired',
      reason: `AWS could not be reached until the deadline: ${fault.Cause}`,
    });
  });

  test('ends a dry run at once', () => {
    expect(() => decideAfterTerminationFault({ ...data([record(1)], { dryRun: true }), fault }, at(1), 0)).toThrow(
      expect.objectContaining({ name: 'Unavailable', message: `a dry run looks once: ${fault.Cause}` }),
    );
  });
});

describe('drains', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => record(n, { id: `i-${n}` }));

  test('come first where they are wanted, and once', () => {
    expect(beginTermination(data(), at(60))).toMatchObject({
      decision: { next: 'terminate', reason: 'the time has come' },
    });
    expect(beginTermination(data(), at(60))).not.toHaveProperty('items');
    expect(beginTermination(data(undefined, { drain: true }, { drainedAt: time(1) }), at(60)).decision?.next).toBe(
      'terminate',
    );
    expect(beginTermination(data(undefined, { drain: true }), at(60))).toMatchObject({
      decision: { next: 'drain', reason: 'drains first', waitUntil: time(60) },
      items: [{ instanceId: id(1) }],
    });
  });

  test('of more than forty go in batches, forty at most, none lost', () => {
    expect(beginTermination(data(many(40), { drain: true }), at(60)).decision?.next).toBe('drain');
    for (const count of [41, 80, 81, 500]) {
      const { decision, items = [] } = beginTermination(data(many(count), { drain: true }), at(60));
      expect(decision).toMatchObject({ next: 'drain-batches', reason: 'drains first' });
      expect(items.length).toBeLessThanOrEqual(40);
      // Batches drain one after another: small ones are over sooner.
      for (const item of items) expect('instances' in item && item.instances.length).toBeLessThan(count / 40 + 1);
      const ids = items.flatMap((item) => ('instances' in item ? item.instances : [item])).map((one) => one.instanceId);
      expect(ids).toEqual(many(count).map((one) => one.id));
    }
  });

  test('settle each instance as its drain ended', () => {
    const of = (
      index: number,
      status: 'succeeded' | 'timed-out' | 'refused' | 'failed' | 'stopped',
      reason?: string,
    ) => ({
      instanceId: id(index),
      status,
      ...(reason === undefined ? {} : { reason }),
    });
    const drains = [
      of(1, 'succeeded'),
      { drains: [of(2, 'timed-out', 'too slow'), { drains: [of(3, 'failed', 'no')] }] },
      of(4, 'stopped'),
    ];
    const settle = (onDrainTimeout: 'terminate' | 'keep') =>
      settleDrains(
        { plan: plan({ onDrainTimeout }), progress: progress([1, 2, 3, 4, 5].map((n) => record(n))), drains },
        at(90),
      );
    const { progress: after, decision } = settle('terminate');
    expect(after.instances).toEqual([
      record(1, { drained: 'drained' }),
      record(2, { drained: 'timed-out', reason: 'its drain timed out: too slow' }),
      record(3, { status: 'failed', drained: 'failed', reason: 'not drained: no' }),
      record(4, { status: 'failed', drained: 'failed', reason: 'not drained: stopped' }),
      record(5, { status: 'failed', drained: 'failed', reason: 'nothing is known of its drain' }),
    ]);
    expect(after.drainedAt).toBe(time(90));
    expect(decision).toMatchObject({ next: 'terminate', reason: 'the drains have ended' });
    expect(settle('keep').progress.instances[1]).toEqual(
      record(2, { status: 'timed-out', drained: 'timed-out', reason: 'kept: too slow' }),
    );
  });

  describe('that failed', () => {
    const judge = (cause: unknown, name = 'States.TaskFailed') =>
      judgeDrain({
        instances: [{ instanceId: id(1) }, { instanceId: id(2) }],
        failure: { Error: name, Cause: typeof cause === 'string' ? cause : JSON.stringify(cause) },
      });
    const receipt = (status: string, reason: string) => JSON.stringify({ status, reason });

    test.each([
      ['timed-out', 'timed-out'],
      ['refused', 'refused'],
      ['failed', 'failed'],
      ['unheard-of', 'failed'],
    ])('with a receipt that says %s are %s', (told, status) => {
      const child = { ExecutionArn: 'arn:x', Status: 'FAILED', Cause: receipt(told, 'why') };
      expect(judge(child)).toEqual([
        { instanceId: id(1), status, reason: 'why (arn:x)' },
        { instanceId: id(2), status, reason: 'why (arn:x)' },
      ]);
    });

    test('by hand are stopped', () => {
      expect(judge({ Status: 'ABORTED', Error: 'Stopped' })[0]).toMatchObject({ status: 'stopped', reason: 'Stopped' });
    });

    test.each([
      ['no JSON', 'the engine is gone', 'the engine is gone'],
      ['null', 'null', 'null'],
      ['what a function throws', { errorMessage: 'out of memory' }, 'out of memory'],
      ['an error alone', { Error: 'States.Timeout' }, 'States.Timeout'],
      ['nothing', '', 'States.TaskFailed'],
    ])('with %s still say what is known', (_, cause, reason) => {
      expect(judge(cause)[0]).toEqual({ instanceId: id(1), status: 'failed', reason });
    });

    test('say no more than 200 characters', () => {
      expect(judge('x'.repeat(300))[0]?.reason).toHaveLength(200);
    });
  });
});

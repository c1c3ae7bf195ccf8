import { describe, expect, test } from '@jest/globals';
import type { CaughtError, DrainDecision, DrainPlan, DrainProgress } from '../../../src/contract/drain-data.ts';
import { completionOf } from '../../../src/core/drain/completion.ts';
import { decideAfterFault } from '../../../src/core/drain/fault.ts';
import { at, decision, location, over, plan, progress, time } from './plans.ts';

describe('the lifecycle action is completed', () => {
  test.each<[string, DrainPlan, DrainProgress, DrainDecision, number, 'CONTINUE' | 'ABANDON']>([
    ['with CONTINUE after a fresh look that showed the end', plan(), over, decision('complete'), 130, 'CONTINUE'],
    ['with CONTINUE at the deadline', plan(), progress(), decision('expire'), 3_600, 'CONTINUE'],
    [
      'with ABANDON at the deadline, when told so',
      plan({}, { onTimeout: 'abandon' }),
      progress(),
      decision('expire'),
      3_600,
      'ABANDON',
    ],
    [
      'as at the deadline, after a fault on the way',
      plan({}, { onTimeout: 'abandon' }),
      progress(),
      decision('hold', 'expire'),
      3_700,
      'ABANDON',
    ],
    [
      'with CONTINUE for an end that was seen in time, whatever the policy',
      plan({}, { onTimeout: 'abandon' }),
      over,
      decision('complete'),
      101,
      'CONTINUE',
    ],
    [
      'with CONTINUE for an instance that is back',
      plan({ kind: 'restore' }),
      progress(),
      decision('hold'),
      10,
      'CONTINUE',
    ],
    [
      'by the policy for an instance that is not back in time',
      plan({ kind: 'restore' }, { onTimeout: 'abandon' }),
      progress(),
      decision('expire'),
      3_600,
      'ABANDON',
    ],
  ])('%s', (_, planned, before, decided, seconds, expected) => {
    expect(completionOf({ plan: planned, progress: before, decision: decided }, at(seconds))).toBe(expected);
  });

  test.each<[string, DrainPlan, DrainProgress, DrainDecision, number, string]>([
    ['on a look that is too old', plan(), over, decision('complete'), 161, 'StaleObservation'],
    ['on a look from the future', plan(), over, decision('complete'), 39, 'StaleObservation'],
    [
      'on a look that showed no end',
      plan(),
      progress({ observedAt: time(100) }),
      decision('complete'),
      101,
      'StaleObservation',
    ],
    ['on no look at all', plan(), progress({ drained: true }), decision('complete'), 101, 'StaleObservation'],
    ['before the deadline', plan(), progress(), decision('expire'), 3_599, 'StaleObservation'],
    ['in a dry run', plan({ kind: 'look' }), over, decision('complete'), 101, 'Refused'],
  ])('never %s', (_, planned, before, decided, seconds, name) => {
    const words = name === 'Refused' ? /dry run/ : /look again/;
    expect(() => completionOf({ plan: planned, progress: before, decision: decided }, at(seconds))).toThrow(
      expect.objectContaining({ name, message: expect.stringMatching(words) }),
    );
  });
});

describe('a fault that passes', () => {
  const fault: CaughtError = { Error: 'Throttled', Cause: 'ECS ListTasks: slow down (ThrottlingException)' };
  const following = (
    planned: DrainPlan,
    before: DrainProgress,
    decided: DrainDecision | undefined,
    seconds: number,
    heartbeat = false,
    random = 0,
  ) =>
    decideAfterFault(
      {
        plan: planned,
        progress: before,
        ...(decided === undefined ? {} : { decision: decided }),
        ...(heartbeat ? { heartbeatFault: fault } : { fault }),
      },
      at(seconds),
      random,
    );
  const unlocated = (): DrainPlan => {
    const { location: _, ...rest } = plan();
    return rest;
  };
  const unhooked = (): DrainPlan => {
    const { hook: _, ...rest } = unlocated();
    return rest;
  };

  test.each<
    [
      string,
      DrainPlan,
      DrainProgress,
      DrainDecision | undefined,
      number,
      DrainDecision['next'],
      DrainDecision['resume'],
    ]
  >([
    ['before the hook was read', unhooked(), progress(), undefined, 10, 'hold', 'read-hook'],
    ['before the instance was found', unlocated(), progress(), undefined, 10, 'hold', 'locate'],
    ['in the search', plan({ location: location({ searchFrom: {} }) }), progress(), undefined, 10, 'hold', 'search'],
    [
      'before the targets were seen to',
      plan(),
      progress({ deregisterCheckedAt: undefined }),
      undefined,
      10,
      'hold',
      'deregister',
    ],
    ['before DRAINING was set', plan(), progress({ drainingSetAt: undefined }), undefined, 10, 'hold', 'set-draining'],
    [
      'without a container instance',
      plan({ location: location({ containerInstanceArn: undefined }) }),
      progress({ drainingSetAt: undefined }),
      undefined,
      10,
      'hold',
      'observe',
    ],
    ['while an instance returns', plan({ kind: 'restore' }), progress(), undefined, 10, 'hold', 'set-active'],
    ['in a look', plan(), progress(), decision('wait'), 10, 'hold', 'observe'],
    ['in the completion of an end', plan(), over, decision('complete'), 110, 'hold', 'observe'],
    ['in the completion at the deadline', plan(), progress(), decision('expire'), 3_600, 'hold', 'expire'],
    [
      'again in the completion at the deadline',
      plan(),
      progress(),
      decision('hold', 'expire'),
      3_620,
      'hold',
      'expire',
    ],
    ['in a look, when the deadline has come', plan(), progress(), decision('wait'), 3_600, 'expire', 'observe'],
    [
      'before anything was found, when the deadline has come',
      unlocated(),
      progress(),
      undefined,
      3_600,
      'expire',
      'locate',
    ],
    [
      'in the completion, before anything was found',
      unlocated(),
      progress(),
      decision('expire'),
      3_601,
      'hold',
      'expire',
    ],
  ])('%s leads on', (_, planned, before, decided, seconds, next, resume) => {
    const { decision: then, progress: counted } = following(planned, before, decided, seconds);
    expect(then).toMatchObject({ next, resume });
    expect(counted.faults).toBe(1);
    expect(Date.parse(then?.waitUntil ?? '')).toBeGreaterThanOrEqual(at(seconds + 1));
  });

  test('of a completion is over within seconds, of a look by the pace', () => {
    expect(following(plan(), over, decision('complete'), 3_000).decision?.waitUntil).toBe(time(3_015));
    expect(following(plan({ hook: {} }), progress(), decision('wait'), 3_000).decision?.waitUntil).toBe(time(3_240));
  });

  test.each([
    ['is tried again soon at first', 0, 10, 'Throttled', unlocated(), 18],
    ['waits for longer each time', 3, 100, 'Throttled', unlocated(), 130],
    ['waits for a minute at most', 12, 100, 'Lambda.TooManyRequestsException', unlocated(), 130],
    [
      'never waits past a heartbeat',
      12,
      20,
      'Throttled',
      { ...unlocated(), hook: { heartbeatTimeoutSeconds: 60 } },
      30,
    ],
    ['that is no crowd is tried again by the pace', 12, 100, 'Unavailable', unlocated(), 108],
    ['in a look is tried again by the pace', 12, 100, 'Throttled', plan(), 108],
    ['does not wait while no heartbeat is known of', 12, 100, 'Throttled', unhooked(), 108],
    ['does not wait longer for the hook as time goes by', 99, 3_000, 'Throttled', unhooked(), 3_030],
  ])('that a crowd is in before the first look %s', (_, faults, seconds, name, planned, until) => {
    const before = progress({ faults });
    const data = { plan: planned, progress: before, fault: { Error: name, Cause: 'ECS ListTasks: slow down' } };
    expect(decideAfterFault(data, at(seconds), 0).decision?.waitUntil).toBe(time(until));
  });

  test('that a crowd is in is tried again by no two drains at once', () => {
    const fault = { Error: 'Throttled', Cause: 'ECS ListTasks: slow down' };
    const unhurried = { ...unlocated(), hook: { heartbeatTimeoutSeconds: 3_600 } };
    const data = { plan: unhurried, progress: progress({ faults: 12 }), fault };
    const waits = [0, 0.5, 1].map((random) => decideAfterFault(data, at(100), random).decision?.waitUntil);
    expect(waits).toEqual([time(130), time(145), time(160)]);
  });

  test('of the heartbeat is no reason for another heartbeat at once, but soon', () => {
    const { decision: then } = following(plan(), progress(), decision('wait'), 200, true);
    expect(then).toMatchObject({ heartbeat: false, waitUntil: time(210) });
    expect(following(plan(), progress(), decision('wait'), 200).decision?.heartbeat).toBe(true);
  });

  test('of the heartbeat does not hold up what is to be done, until the deadline', () => {
    const work = { ...decision('stop-daemon-tasks'), heartbeat: true, taskArns: ['arn:task/d'] };
    expect(following(plan(), progress(), work, 200, true).decision).toEqual({ ...work, heartbeat: false });
    expect(following(plan(), progress(), work, 3_599, true).decision?.next).toBe('stop-daemon-tasks');
    expect(following(plan(), progress(), work, 3_600, true).decision?.next).toBe('expire');
    expect(following(plan(), progress(), work, 200).decision?.next).toBe('hold');
    expect(following(plan(), progress(), decision('hold'), 200, true).decision).toMatchObject({
      next: 'hold',
      waitUntil: time(210),
    });
    expect(following(plan(), progress(), undefined, 200, true).decision?.next).toBe('hold');
  });

  test.each([
    ['an hour', 3_600, 10],
    ['a minute', 60, 5],
    ['ten seconds', 10, 2],
    ['a length that is not known', undefined, 5],
  ])(
    'of the heartbeat is tried again several times before the action lapses, with a timeout of %s',
    (_, timeout, pause) => {
      const hook = { heartbeatTimeoutSeconds: timeout };
      const then = (random: number) =>
        following(plan({ hook }), progress(), decision('wait'), 200, true, random).decision?.waitUntil;
      expect(then(0)).toBe(time(200 + pause));
      // Spread by a quarter, so that not all drains come back at once.
      expect(then(0.5)).toBe(time(200 + pause * 1.125));
    },
  );

  test('of a completion comes back before the next heartbeat, but never at once', () => {
    const hook = { heartbeatTimeoutSeconds: 40 };
    const due = (heartbeatAt: number) =>
      following(plan({ hook }), { ...over, heartbeatAt: time(heartbeatAt) }, decision('complete'), 200).decision;
    expect(due(190)?.waitUntil).toBe(time(210));
    expect(due(180.5)?.waitUntil).toBe(time(201));
  });

  test('says which fault it was, and how many there were', () => {
    const { decision: then, progress: counted } = following(plan(), progress({ faults: 2 }), decision('wait'), 10);
    expect(then?.reason).toContain('Throttled');
    expect(then?.taskArns).toEqual([]);
    expect(counted).toMatchObject({ faults: 3, lastFault: fault.Cause });
    const unknown = decideAfterFault({ plan: plan(), progress: progress() }, at(10), 0);
    expect(unknown.decision?.reason).toContain('a fault');
    expect(unknown.decision).toMatchObject({ next: 'hold', resume: 'observe' });
  });

  test('is none of a drain without an action before the instance was found: it goes on with finding it', () => {
    expect(
      following(plan({ hook: undefined, location: undefined }, { lifecycle: undefined }), progress(), undefined, 10),
    ).toMatchObject({ decision: { resume: 'locate' } });
  });

  test('is waited out for an hour after the deadline', () => {
    expect(following(plan(), progress(), decision('hold', 'expire'), 7_200).decision?.next).toBe('hold');
  });

  test('is none an hour after the deadline, nor in a dry run: both are failures', () => {
    expect(() => following(plan(), progress(), decision('hold', 'expire'), 7_201)).toThrow(
      expect.objectContaining({ name: 'Unavailable', message: expect.stringContaining('slow down') }),
    );
    expect(() => following(plan({ kind: 'look' }), progress(), decision('wait'), 10)).toThrow(
      expect.objectContaining({ name: 'Unavailable', message: expect.stringContaining('slow down') }),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import {
  carryForward,
  concerns,
  drainEnd,
  hopeless,
  isDone,
  isGone,
  knownEnd,
  toChange,
  undone,
} from '../../../src/core/targets/registrations.ts';
import { isDrained, isDraining } from '../../../src/core/targets.ts';
import { answered, at, group, INSTANCE, POD, plan, registration, target, time } from './looks.ts';

describe('a target', () => {
  test.each([
    ['unused', 'Target.NotRegistered', true],
    ['unused', 'Target.InvalidState', true],
    ['unused', 'Target.NotInUse', false],
    ['unused', undefined, false],
    ['draining', 'Target.DeregistrationInProgress', false],
    ['healthy', 'Target.NotRegistered', false],
  ])('that is %s for %s has drained: %s', (state, reason, drained) => {
    expect(isDrained(target(state, { reason }))).toBe(drained);
    expect(isGone({ state, reason })).toBe(drained);
  });

  test('that is absent is gone', () => {
    expect(isGone({ state: 'absent' })).toBe(true);
  });

  test.each([
    ['draining', true],
    ['unhealthy.draining', true],
    ['unhealthy', false],
    ['unused', false],
  ])('that is %s drains: %s', (state, drains) => {
    expect(isDraining(state)).toBe(drains);
  });

  test('concerns who named it, on the port that was named', () => {
    const named = (targets: { id: string; port?: number }[], type: 'ip' | 'classic' = 'ip') =>
      concerns(plan('deregister-targets', {}, { targets }), group(0, { type }), target('healthy'));
    expect(named([{ id: POD }])).toBe(true);
    expect(named([{ id: POD, port: 80 }])).toBe(true);
    expect(named([{ id: POD, port: 81 }])).toBe(false);
    expect(named([{ id: POD, port: 81 }], 'classic')).toBe(true);
    expect(named([{ id: '10.0.7.8' }, { id: POD }])).toBe(true);
    expect(named([{ id: '10.0.7.8' }])).toBe(false);
    expect(named([])).toBe(false);
  });
});

describe('carried forward by an observation', () => {
  const carry = (before: ReturnType<typeof registration>[], ...targets: ReturnType<typeof target>[]) =>
    carryForward(before, plan(), answered(10, targets));

  test('new ones appear, each once, and those of others and those that are gone do not', () => {
    expect(
      carry(
        [],
        target('healthy'),
        target('draining', { port: 81, reason: 'Target.DeregistrationInProgress' }),
        target('healthy', { id: '10.0.7.8' }),
        target('unused', { port: 82, reason: 'Target.NotRegistered' }),
      ),
    ).toEqual([
      registration({ activeAt: time(10), healthyAt: time(10) }),
      registration({
        port: 81,
        state: 'draining',
        reason: 'Target.DeregistrationInProgress',
        drainingAt: time(10),
      }),
    ]);
    expect(carry([registration()], target('healthy'))).toHaveLength(1);
    const two = plan('deregister-targets', { groups: [group(0), group(1)] });
    const both = carryForward([registration()], two, answered(10, [target('healthy')], [target('healthy')]));
    expect(both.map((one) => one.group)).toEqual([0, 1]);
    // An answer of a group that is not in the plan any more.
    expect(carryForward([], plan(), answered(10, [], [target('healthy')]))).toEqual([]);
  });

  test('keep what they were where their group was not asked', () => {
    const before = [registration({ group: 3, state: 'healthy' })];
    expect(carryForward(before, plan(), answered(10, []))).toEqual(before);
  });

  test('keep the first time of each change', () => {
    const before = registration({ drainingAt: time(1), healthyAt: time(0), activeAt: time(0), reason: 'old' });
    expect(carry([before], target('draining'))).toEqual([
      registration({ state: 'draining', drainingAt: time(1), healthyAt: time(0), activeAt: time(0) }),
    ]);
    expect(carry([before], target('healthy'))).toEqual([
      registration({ drainingAt: time(1), healthyAt: time(0), activeAt: time(10) }),
    ]);
  });

  test.each([
    ['missing from the answer', []],
    ['not registered', [target('unused', { reason: 'Target.NotRegistered' })]],
  ])('those that are %s are absent, with the time at which that was first seen', (_, seen) => {
    expect(carry([registration({ reason: 'old', hopelessAt: time(0) })], ...seen)).toEqual([
      registration({ state: 'absent', drainedAt: time(10) }),
    ]);
    expect(carry([registration({ drainedAt: time(5) })], ...seen)[0]?.drainedAt).toBe(time(5));
    // What was never there has not drained.
    expect(carry([registration({ state: 'absent' })], ...seen)).toEqual([registration({ state: 'absent' })]);
  });

  test('one that came back stands again', () => {
    const [back] = carry([registration({ state: 'absent', drainedAt: time(5) })], target('initial'));
    expect(back).toEqual(registration({ state: 'initial', activeAt: time(10) }));
  });

  test('one whose instance is gone has drained, and one in no use can never become healthy', () => {
    const [gone] = carry([registration()], target('unused', { reason: 'Target.InvalidState' }));
    expect(gone).toMatchObject({ drainedAt: time(10), hopelessAt: time(10) });
    const [again] = carry(
      [registration({ drainedAt: time(5), hopelessAt: time(5) })],
      target('unused', { reason: 'Target.InvalidState' }),
    );
    expect(again).toMatchObject({ drainedAt: time(5), hopelessAt: time(5) });
    expect(carry([registration({ hopelessAt: time(5) })], target('initial'))[0]).not.toHaveProperty('hopelessAt');
    expect(carry([registration()], target('initial'))[0]).not.toHaveProperty('healthyAt');
  });

  test('in registering nothing new appears', () => {
    const registering = plan('register-targets');
    expect(carryForward([], registering, answered(10, [target('healthy')]))).toEqual([]);
    expect(carryForward([registration({ state: 'absent' })], registering, answered(10, [target('healthy')]))).toEqual([
      registration({ activeAt: time(10), healthyAt: time(10) }),
    ]);
  });
});

describe('a registration', () => {
  const gone = { state: 'unused', reason: 'Target.InvalidState' };

  test('is done when the workflow has what it waits for', () => {
    const done = (workflow: 'register-targets' | 'deregister-targets', more: object, until?: 'draining' | 'drained') =>
      isDone(plan(workflow, {}, until === undefined ? {} : { until }), registration(more));
    expect(done('register-targets', { state: 'healthy' })).toBe(true);
    expect(done('register-targets', { state: 'absent' })).toBe(false);
    expect(done('deregister-targets', { state: 'healthy' })).toBe(false);
    expect(done('deregister-targets', { state: 'absent' })).toBe(true);
    expect(done('deregister-targets', gone)).toBe(true);
    expect(done('deregister-targets', { state: 'draining' })).toBe(false);
    expect(done('deregister-targets', { state: 'draining' }, 'drained')).toBe(false);
    expect(done('deregister-targets', { state: 'draining' }, 'draining')).toBe(true);
    expect(done('deregister-targets', { state: 'healthy' }, 'draining')).toBe(false);
  });

  test.each([
    ['register-targets', { state: 'absent' }, true],
    ['register-targets', { state: 'draining' }, true],
    ['register-targets', { state: 'initial' }, false],
    ['register-targets', { state: 'absent', registeredAt: time(0) }, false],
    ['deregister-targets', { state: 'healthy' }, true],
    ['deregister-targets', { state: 'unhealthy.draining' }, true],
    ['deregister-targets', { state: 'draining' }, false],
    ['deregister-targets', { state: 'absent' }, false],
    ['deregister-targets', { state: 'healthy', deregisteredAt: time(0) }, false],
    ['await-drained', { state: 'healthy' }, false],
  ] as const)('in %s, as %j, is to be changed: %s', (workflow, more, expected) => {
    expect(toChange(plan(workflow), [registration(more)])).toHaveLength(expected ? 1 : 0);
  });

  test.each([
    ['register-targets', { state: 'draining' }, true],
    ['register-targets', { state: 'absent' }, true],
    ['register-targets', { state: 'unhealthy' }, false],
    ['deregister-targets', { state: 'draining' }, false],
    ['deregister-targets', gone, false],
    ['deregister-targets', { state: 'absent' }, false],
    ['deregister-targets', { state: 'healthy' }, true],
    ['deregister-targets', { state: 'healthy', deregisteredAt: time(0) }, true],
    ['deregister-targets', { state: 'healthy', deregisteredAt: time(1) }, false],
    ['await-drained', { state: 'healthy' }, false],
  ] as const)('in %s, as %j, was undone by others: %s', (workflow, more, expected) => {
    expect(undone(plan(workflow), [registration(more)], at(0), at(30.001))).toHaveLength(expected ? 1 : 0);
    // For half a minute AWS may be catching up.
    expect(undone(plan(workflow), [registration(more)], at(0), at(30))).toEqual([]);
  });

  test('a target may be caught up with for half a minute after it was deregistered itself, too', () => {
    const stands = [registration({ deregisteredAt: time(100) })];
    expect(undone(plan('deregister-targets'), stands, at(0), at(130))).toEqual([]);
    expect(undone(plan('deregister-targets'), stands, at(0), at(130.001))).toHaveLength(1);
  });

  test('is hopeless when it has been unused for longer than AWS takes to catch up', () => {
    const never = (
      more: object,
      seconds = 30.001,
      workflow: 'register-targets' | 'deregister-targets' = 'register-targets',
    ) => hopeless(plan(workflow), [registration(more)], at(seconds)).length;
    const unused = { state: 'unused', hopelessAt: time(0) };
    expect(never(unused)).toBe(1);
    expect(never(unused, 30)).toBe(0);
    expect(never({ state: 'initial', hopelessAt: time(0) })).toBe(0);
    expect(never({ state: 'unused' })).toBe(0);
    expect(never(unused, 31, 'deregister-targets')).toBe(0);
  });
});

describe('the end of a drain', () => {
  const groups = [group(0, { delaySeconds: 300 }), group(1), group(2, { delaySeconds: 300, type: 'classic' })];
  const end = (more: object) => {
    const found = drainEnd(registration({ state: 'draining', ...more }), groups);
    return (
      found && [
        found.earliest === undefined ? undefined : (found.earliest - at(0)) / 1000,
        (found.latest - at(0)) / 1000,
      ]
    );
  };

  test('is known from our own deregistration', () => {
    expect(end({ deregisteredAt: time(10), drainingAt: time(20), activeAt: time(5) })).toEqual([310, 310]);
  });

  test('lies, of a drain that others began, between the last moment in service and the first in which it was seen', () => {
    expect(end({ drainingAt: time(20), activeAt: time(10) })).toEqual([310, 320]);
    expect(end({ drainingAt: time(20), activeAt: time(15) })).toEqual([320, 320]);
    expect(end({ drainingAt: time(20), activeAt: time(14.9) })).toEqual([314.9, 320]);
    expect(end({ drainingAt: time(20) })).toEqual([undefined, 320]);
  });

  test('of a Classic load balancer comes at any time', () => {
    expect(end({ group: 2, deregisteredAt: time(10), id: INSTANCE })).toEqual([undefined, 310]);
  });

  test('is not known without a delay or a beginning, nor of what does not drain', () => {
    expect(end({ group: 1, deregisteredAt: time(10) })).toBeUndefined();
    expect(end({ group: 9, deregisteredAt: time(10) })).toBeUndefined();
    expect(end({})).toBeUndefined();
    expect(end({ state: 'healthy', deregisteredAt: time(10) })).toBeUndefined();
  });

  test('of several is the last', () => {
    const one = registration({ state: 'draining', deregisteredAt: time(10) });
    const two = registration({ state: 'draining', deregisteredAt: time(50) });
    expect(knownEnd([one, two, registration()], groups)).toBe(at(350));
    expect(knownEnd([registration()], groups)).toBeUndefined();
  });
});

import { describe, expect, test } from '@jest/globals';
import { afterChanges, nextChanges } from '../../../src/core/targets/change.ts';
import { decideAfterTargetsFault } from '../../../src/core/targets/fault.ts';
import { decideTargets, groupsToAsk, nextRound, notBefore } from '../../../src/core/targets/progress.ts';
import { answered, at, group, POD, plan, progress, registration, target, time } from './looks.ts';

type Workflow = 'register-targets' | 'deregister-targets' | 'await-drained';

const NO_DELAYS = new Map<number, number>();
const look = (
  workflow: Workflow,
  targets: ReturnType<typeof target>[],
  seconds: number,
  before: { plan?: Partial<Parameters<typeof plan>[1]>; progress?: object; input?: object } = {},
) =>
  decideTargets(
    { health: answered(seconds, targets), delays: NO_DELAYS },
    { plan: plan(workflow, before.plan, before.input), progress: progress(before.progress) },
    at(seconds),
    0,
  );

describe('a round of looks', () => {
  test('asks thirty groups at a time', () => {
    const pending = Array.from({ length: 40 }, (_, index) => index);
    expect(groupsToAsk(progress({ pending }))).toEqual(pending.slice(0, 30));
    const groups = pending.map((index) => group(index));
    const health = new Map(pending.slice(0, 30).map((index) => [index, { at: at(5), targets: [] }]));
    const { progress: after, decision } = decideTargets(
      { health, delays: NO_DELAYS },
      { plan: plan('await-drained', { groups }), progress: progress({ pending, surveyed: false }) },
      at(5),
      0,
    );
    expect(after).toMatchObject({ pending: pending.slice(30), polls: 0, surveyed: false });
    expect(decision).toEqual({
      next: 'look',
      reason: 'groups are left to be asked',
      waitUntil: time(5),
      resume: 'look',
    });
  });

  test('keeps what was read of each group', () => {
    const groups = [group(0, { delaySeconds: 60 }), group(1), group(2)];
    const { plan: after, progress: seen } = decideTargets(
      { health: answered(5, [target('healthy')], [target('healthy')]), delays: new Map([[1, 300]]) },
      { plan: plan('await-drained', { groups }), progress: progress({ pending: [0, 1, 2], surveyed: false }) },
      at(6),
      0,
    );
    expect(after.groups).toEqual([
      group(0, { delaySeconds: 60, lookedAt: time(5) }),
      group(1, { delaySeconds: 300, lookedAt: time(5) }),
      group(2),
    ]);
    expect(seen).toMatchObject({ longestDelaySeconds: 300, pending: [2] });
    expect(seen).not.toHaveProperty('knownEnd');
  });

  test('after the first only the groups are left in which a target stands', () => {
    const groups = [group(0), group(1), group(2)];
    const { plan: after, progress: seen } = decideTargets(
      { health: answered(5, [], [target('healthy')], [target('healthy', { port: 81 })]), delays: NO_DELAYS },
      { plan: plan('await-drained', { groups }), progress: progress({ pending: [0, 1, 2], surveyed: false }) },
      at(5),
      0,
    );
    expect(after.groups?.map(({ at: arn }) => arn)).toEqual(['arn:tg/1', 'arn:tg/2']);
    expect(seen).toMatchObject({ surveyed: true, polls: 1, pending: [0, 1] });
    expect(seen.registrations.map((one) => [one.group, one.port])).toEqual([
      [0, 80],
      [1, 81],
    ]);
  });

  test('after the first leaves the groups as they are, also where one is empty', () => {
    const groups = [group(0), group(1)];
    const registrations = [registration({ group: 1, state: 'draining' })];
    const after = decideTargets(
      { health: answered(5, [], [target('draining')]), delays: NO_DELAYS },
      { plan: plan('await-drained', { groups }), progress: progress({ pending: [0, 1], registrations }) },
      at(5),
      0,
    );
    expect(after.plan.groups).toHaveLength(2);
    expect(after.progress).toMatchObject({ registrations: [{ group: 1 }], pending: [1] });
  });

  test('that is not over leaves the groups as they are', () => {
    const { plan: after, progress: seen } = decideTargets(
      { health: answered(3_600, []), delays: NO_DELAYS },
      {
        plan: plan('await-drained', { groups: [group(0), group(1)] }),
        progress: progress({ pending: [0, 1], surveyed: false }),
      },
      at(3_600),
      0,
    );
    expect(after.groups).toHaveLength(2);
    expect(seen.surveyed).toBe(false);
  });

  test('leaves the groups in their order, whichever was registered in first', () => {
    const registrations = [1, 0].map((index) => registration({ group: index, state: 'draining' }));
    const { plan: after, progress: seen } = decideTargets(
      { health: answered(5, [target('draining')], [target('draining')]), delays: NO_DELAYS },
      {
        plan: plan('await-drained', { groups: [group(0), group(1)] }),
        progress: progress({ pending: [0, 1], surveyed: false, registrations }),
      },
      at(5),
      0,
    );
    expect(after.groups?.map(({ at: arn }) => arn)).toEqual(['arn:tg/0', 'arn:tg/1']);
    expect(seen.registrations.map((one) => one.group)).toEqual([1, 0]);
  });

  test('says when the drains that it has seen can be over', () => {
    const groups = [group(0, { delaySeconds: 300 })];
    const registrations = [registration({ state: 'draining', deregisteredAt: time(10) })];
    const seen = look('deregister-targets', [target('draining')], 20, {
      plan: { groups },
      progress: { registrations },
    });
    expect(seen.progress.knownEnd).toBe(time(310));
  });

  test('where there is no group has nothing to keep', () => {
    const { plan: after, progress: seen } = decideTargets(
      { health: new Map(), delays: NO_DELAYS },
      { plan: plan('await-drained', { groups: undefined }), progress: progress({ pending: [] }) },
      at(5),
      0,
    );
    expect(after.groups).toEqual([]);
    expect(seen).not.toHaveProperty('longestDelaySeconds');
  });

  test('is cut short by the deadline, and has seen no end', () => {
    const groups = [group(0), group(1)];
    const { decision } = decideTargets(
      { health: answered(3_600, []), delays: NO_DELAYS },
      { plan: plan('await-drained', { groups }), progress: progress({ pending: [0, 1] }) },
      at(3_600),
      0,
    );
    expect(decision).toMatchObject({ next: 'announce', outcome: 'expired', reason: 'the deadline has come' });
  });

  test('watches no more than 500 registrations', () => {
    const targets = Array.from({ length: 501 }, (_, port) => target('healthy', { port }));
    expect(() => look('await-drained', targets, 5)).toThrow(/501 registrations are more than 500/);
    expect(() => look('await-drained', targets.slice(1), 5)).not.toThrow();
  });
});

describe('a round that is over', () => {
  test('changes what is to be changed', () => {
    expect(look('deregister-targets', [target('healthy')], 5)).toMatchObject({
      decision: { next: 'deregister', reason: '1 registrations are to be changed', waitUntil: time(5) },
    });
    const absent = { progress: { registrations: [registration({ state: 'absent' })] } };
    expect(look('register-targets', [], 5, absent).decision.next).toBe('register');
    expect(look('await-drained', [target('healthy')], 5).decision.next).toBe('wait');
    // Once our own change is made, it is made.
    const changed = { progress: { changedAt: time(4), registrations: [] } };
    expect(look('deregister-targets', [target('healthy')], 5, changed).decision.next).toBe('wait');
  });

  test('of a dry run is all there is', () => {
    expect(look('deregister-targets', [target('healthy')], 5, { input: { dryRun: true } }).decision).toEqual({
      next: 'announce',
      outcome: 'looked',
      reason: 'a dry run looks once',
      waitUntil: time(5),
      resume: 'look',
    });
  });

  test('holds what stood right from the start to stay so, from then on', () => {
    const standing = { progress: { registrations: [registration()] } };
    expect(look('register-targets', [target('healthy')], 5, standing).progress.changedAt).toBe(time(5));
    expect(look('deregister-targets', [target('draining')], 5).progress.changedAt).toBe(time(5));
    expect(look('await-drained', [target('healthy')], 5).progress).not.toHaveProperty('changedAt');
    expect(look('deregister-targets', [target('healthy')], 5).progress).not.toHaveProperty('changedAt');
  });

  test('ends where every registration has reached its end', () => {
    expect(look('await-drained', [], 5).decision).toMatchObject({
      next: 'announce',
      outcome: 'done',
      reason: 'every registration has reached its end',
    });
    const gone = { progress: { registrations: [registration({ state: 'draining' })] } };
    expect(look('await-drained', [], 5, gone).decision.outcome).toBe('done');
    // Also with the deadline, if the round is whole.
    expect(look('await-drained', [], 3_600, gone).decision.outcome).toBe('done');
  });

  test('looks once more at groups that were done with a while ago', () => {
    const groups = [group(0), group(1, { lookedAt: time(60) }), group(2, { lookedAt: time(70) })];
    const registrations = [0, 1, 2].map((index) => registration({ group: index, state: 'absent' }));
    const before = { plan: { groups }, progress: { registrations } };
    expect(look('await-drained', [], 100, before)).toMatchObject({
      progress: { pending: [1] },
      decision: { next: 'look', reason: 'looks once more before it believes the end' },
    });
    expect(look('await-drained', [], 90, before).decision.outcome).toBe('done');
  });

  test('goes on waiting for the groups in which something is open, or in registering for all', () => {
    const groups = [group(0), group(1)];
    const registrations = [registration({ state: 'draining' }), registration({ group: 1, state: 'absent' })];
    const waiting = look('deregister-targets', [target('draining')], 5, {
      plan: { groups },
      progress: { registrations, changedAt: time(0) },
    });
    expect(waiting).toMatchObject({
      progress: { pending: [0] },
      decision: { next: 'wait', reason: '1 of 2 registrations are open' },
    });
    const registering = look('register-targets', [target('initial')], 5, {
      plan: { groups },
      progress: { registrations: [registration(), registration({ group: 1 })], changedAt: time(0) },
    });
    expect(registering.progress.pending).toEqual([0, 1]);
  });

  test('says what others undid, and ends', () => {
    const changedAt = time(0);
    const stands = look('deregister-targets', [target('healthy')], 40, {
      progress: { changedAt, registrations: [registration({ deregisteredAt: time(0) })] },
    });
    expect(stands.decision).toMatchObject({
      outcome: 'undone',
      reason: `${POD}:80 in arn:tg/0 was registered again after it had been deregistered; find what registers it`,
    });
    const taken = look('register-targets', [], 40, {
      progress: { changedAt, registrations: [registration({ port: 0 })] },
    });
    expect(taken.decision).toMatchObject({
      outcome: 'undone',
      reason: `${POD} in arn:tg/0 is registered no more: somebody deregistered it, or its instance has gone`,
    });
  });

  test('says what will never become healthy, and why, each reason once', () => {
    const unused = (port: number, reason?: string) =>
      registration({ port, state: 'unused', hopelessAt: time(0), ...(reason === undefined ? {} : { reason }) });
    const registrations = [unused(1, 'Target.NotInUse'), unused(2, 'Target.NotInUse'), unused(3)];
    const targets = registrations.map(({ port, reason }) =>
      target('unused', { port, ...(reason === undefined ? {} : { reason }) }),
    );
    const never = look('register-targets', targets, 40, { progress: { changedAt: time(0), registrations } });
    expect(never.decision).toMatchObject({
      outcome: 'hopeless',
      reason: `${[1, 2, 3].map((port) => `${POD}:${port} in arn:tg/0`).join(', ')} will not become healthy: Target.NotInUse, unused`,
    });
    const many = Array.from({ length: 7 }, (_, port) => unused(port + 1));
    const named = look(
      'register-targets',
      many.map(({ port }) => target('unused', { port })),
      40,
      { progress: { changedAt: time(0), registrations: many } },
    ).decision.reason;
    expect(named.match(/arn:tg/g)).toHaveLength(5);
  });

  test('past the deadline changes nothing more', () => {
    expect(look('deregister-targets', [target('healthy')], 3_600).decision.outcome).toBe('expired');
    expect(look('deregister-targets', [target('healthy')], 3_599).decision.next).toBe('deregister');
  });
});

describe('the next round', () => {
  const draining = (more: object = {}) => registration({ state: 'draining', deregisteredAt: time(10), ...more });
  const next = (
    registrations: ReturnType<typeof registration>[],
    seconds: number,
    groups = [group(0, { delaySeconds: 300 })],
  ) => (nextRound(plan('deregister-targets', { groups }), progress({ registrations }), at(seconds), 0) - at(0)) / 1000;

  test('comes a second after the known end of the drain', () => {
    expect(next([draining()], 20)).toBe(311);
  });

  test('comes sooner while one of them is not draining yet', () => {
    expect(next([draining(), registration()], 20)).toBe(22);
  });

  test('takes no notice of what is done', () => {
    expect(next([draining(), registration({ state: 'absent' })], 20)).toBe(311);
  });

  test('does not sleep through the latest end, nor the deadline', () => {
    const others = draining({ deregisteredAt: undefined, drainingAt: time(100), activeAt: undefined });
    const { deregisteredAt: _, activeAt: __, ...seen } = others;
    expect(next([seen], 395)).toBe(401);
    expect(next([registration()], 3_599)).toBe(3_600);
  });

  test('rests on nothing older than our change, or the latest end that has passed', () => {
    const groups = [group(0, { delaySeconds: 300 }), group(1, { delaySeconds: 300 })];
    const oldest = (registrations: ReturnType<typeof registration>[], seconds: number, changedAt?: string) =>
      (notBefore(
        plan('deregister-targets', { groups }),
        progress({ registrations, ...(changedAt === undefined ? {} : { changedAt }) }),
        0,
        at(seconds),
      ) -
        at(0)) /
      1000;
    expect(oldest([], 50)).toBe(-at(0) / 1000);
    expect(oldest([draining()], 50, time(20))).toBe(20);
    expect(oldest([draining()], 310, time(20))).toBe(310);
    expect(oldest([draining({ group: 1 })], 310, time(20))).toBe(20);
    const { deregisteredAt: _, ...others } = draining({ drainingAt: time(30), activeAt: time(20) });
    expect(oldest([others], 325)).toBe(320);
    expect(oldest([others], 330)).toBe(330);
  });
});

describe('a change', () => {
  const groups = Array.from({ length: 20 }, (_, index) => group(index));
  const registrations = groups.flatMap((_, index) => [
    registration({ group: index }),
    registration({ group: index, port: 81 }),
  ]);
  const data = (workflow: Workflow = 'deregister-targets') => ({
    plan: plan(workflow, { groups }),
    progress: progress({ registrations, pending: [] }),
  });

  test('takes on fifteen groups at a time, with all that is in each', () => {
    const changes = nextChanges(data(), at(5));
    expect(changes.map((one) => one.group)).toEqual(Array.from({ length: 15 }, (_, index) => index));
    expect(changes.every((one) => one.registrations.length === 2)).toBe(true);
    expect(nextChanges(data(), at(3_600))).toEqual([]);
    expect(nextChanges(data(), at(3_599))).toHaveLength(15);
  });

  test('goes on with the rest, and then looks', () => {
    const first = nextChanges(data(), at(5));
    const half = afterChanges(data(), first, at(5), 0);
    expect(half.decision).toEqual({
      next: 'deregister',
      reason: 'registrations are left to be changed',
      waitUntil: time(5),
      resume: 'look',
    });
    expect(half.progress.registrations.filter((one) => one.deregisteredAt === time(5))).toHaveLength(30);
    expect(half.progress).not.toHaveProperty('changedAt');
    const rest = nextChanges(half, at(6));
    expect(rest.map((one) => one.group)).toEqual([15, 16, 17, 18, 19]);
    const done = afterChanges(half, rest, at(6), 0);
    expect(done).toMatchObject({
      progress: { changedAt: time(6), pending: groups.map((_, index) => index) },
      decision: { next: 'wait', reason: 'the change was accepted', waitUntil: time(8), resume: 'look' },
    });
  });

  test('is written down in its own words, and ends with the deadline', () => {
    const absent = {
      plan: plan('register-targets'),
      progress: progress({ registrations: [registration({ state: 'absent' })] }),
    };
    const made = afterChanges(absent, nextChanges(absent, at(5)), at(5), 0);
    expect(made.progress.registrations).toEqual([registration({ state: 'absent', registeredAt: time(5) })]);
    const nothing = afterChanges(absent, [], at(5), 0);
    expect(nothing.decision?.next).toBe('register');
    expect(afterChanges(absent, [], at(3_600), 0).decision?.next).toBe('wait');
  });
});

describe('a fault that passes', () => {
  const fault = { Error: 'Throttled', Cause: '{"errorMessage":"Rate exceeded"}' };
  const waitedOut = (seconds: number, more: object = {}, planned: object = {}, random = 0) =>
    decideAfterTargetsFault(
      { plan: plan('deregister-targets', planned), progress: progress(more), fault },
      at(seconds),
      random,
    );

  test('of a look is waited out for five to ten seconds, and the same groups are asked again', () => {
    expect(waitedOut(10, { pending: [0] })).toMatchObject({
      progress: { pending: [0], faults: 1, lastFault: 'Rate exceeded' },
      decision: { next: 'hold', resume: 'look', reason: 'Throttled is waited out', waitUntil: time(15) },
    });
    expect(waitedOut(10, { pending: [0] }, {}, 1).decision?.waitUntil).toBe(time(20));
  });

  test('of a look at some of the groups is one of those alone', () => {
    const groups = [group(0), group(1), group(2)];
    expect(waitedOut(1_000, { pending: [1] }, { groups })).toMatchObject({
      progress: { pending: [1] },
      decision: { waitUntil: time(1_005) },
    });
  });

  test('of a change leads to a new look at every group, at the pace of the looks', () => {
    const groups = [group(0), group(1)];
    expect(waitedOut(1_000, { pending: [] }, { groups })).toMatchObject({
      progress: { pending: [0, 1] },
      decision: { resume: 'look', waitUntil: time(1_080) },
    });
  });

  test('of the search for the place goes on there', () => {
    const { groups: _, ...nowhere } = plan();
    const after = decideAfterTargetsFault({ plan: nowhere, progress: progress({ pending: [] }), fault }, at(10), 0);
    expect(after).toMatchObject({ progress: { pending: [] }, decision: { resume: 'locate' } });
  });

  test('is not waited out beyond the deadline, nor for less than a second', () => {
    expect(waitedOut(3_597).decision?.waitUntil).toBe(time(3_600));
    expect(waitedOut(3_599.5).decision?.waitUntil).toBe(time(3_600.5));
  });

  test('ends with the deadline, and says which it was', () => {
    expect(waitedOut(3_600).decision).toEqual({
      next: 'announce',
      outcome: 'expired',
      reason: 'the deadline came while AWS could not be reached: Rate exceeded',
      waitUntil: time(3_600),
      resume: 'look',
    });
    const nameless = decideAfterTargetsFault({ plan: plan(), progress: progress() }, at(10), 0);
    expect(nameless).toMatchObject({
      decision: { reason: 'a fault is waited out' },
      progress: { lastFault: 'no cause given' },
    });
  });

  test('ends a dry run at once', () => {
    const dry = { plan: plan('deregister-targets', {}, { dryRun: true }), progress: progress(), fault };
    expect(() => decideAfterTargetsFault(dry, at(1), 0)).toThrow(
      expect.objectContaining({ name: 'Unavailable', message: 'a dry run looks once: Rate exceeded' }),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import type { CaughtError } from '../../../src/contract/drain-data.ts';
import { drainReceipt } from '../../../src/core/drain/receipt.ts';
import { reportDrain } from '../../../src/core/drain/report.ts';
import { messageOf } from '../../../src/core/messages.ts';
import { at, CONTAINER_INSTANCE, decision, INSTANCE, location, over, plan, progress, target, time } from './plans.ts';

describe('the receipt', () => {
  const failure: CaughtError = { Error: 'AccessDenied', Cause: 'ECS ListTasks: not allowed' };

  test.each<[string, Parameters<typeof reportDrain>[0], string, string]>([
    [
      'of an end',
      { plan: plan(), progress: { ...over, lifecycle: 'continued' }, decision: decision('complete') },
      'drained',
      'all 0 tasks have stopped; no target was registered',
    ],
    [
      'of an end whose action had gone',
      { plan: plan(), progress: { ...over, lifecycle: 'gone' }, decision: decision('complete') },
      'drained',
      'no longer there',
    ],
    [
      'of a deadline that was continued',
      {
        plan: plan(),
        progress: progress({ lifecycle: 'continued', observedAt: time(3_600) }),
        decision: decision('expire'),
      },
      'timed-out-and-continued',
      "the hook's global timeout came first",
    ],
    [
      'of one that was continued after a fault',
      {
        plan: plan(),
        progress: progress({ lifecycle: 'continued', observedAt: time(3_600) }),
        decision: decision('hold', 'expire'),
      },
      'timed-out-and-continued',
      "the hook's global timeout came first",
    ],
    [
      'of one whose action had gone, told to continue',
      {
        plan: plan(),
        progress: progress({ lifecycle: 'gone', observedAt: time(3_600) }),
        decision: decision('expire'),
      },
      'timed-out-and-continued',
      'came first',
    ],
    [
      'of one whose action had gone, told to abandon',
      {
        plan: plan({}, { onTimeout: 'abandon' }),
        progress: progress({ lifecycle: 'gone', observedAt: time(3_600) }),
        decision: decision('expire'),
      },
      'timed-out',
      'came first',
    ],
    [
      'of one that was abandoned',
      { plan: plan(), progress: progress({ lifecycle: 'abandoned' }), decision: decision('expire') },
      'timed-out',
      'nothing is known of what is left',
    ],
    [
      'of one without an action',
      {
        plan: plan({ deadlineBy: 'default' }),
        progress: progress({ lifecycle: 'none', observedAt: time(1) }),
        decision: decision('expire'),
      },
      'timed-out',
      'SLUICE_DRAIN_TIMEOUT_SECONDS',
    ],
    [
      'of a refusal',
      { input: { instanceId: INSTANCE }, failure: { Error: 'InvalidInput', Cause: 'the input cannot be used' } },
      'refused',
      'the input cannot be used',
    ],
    ['of a failure', { plan: plan(), progress: progress(), failure }, 'failed', 'not allowed'],
    [
      'of a failure without words',
      { plan: plan(), progress: progress(), failure: { Error: 'States.Runtime', Cause: '' } },
      'failed',
      'States.Runtime',
    ],
    ['of nothing', {}, 'failed', 'there is no plan'],
    [
      'of a dry run',
      {
        plan: plan({ kind: 'look' }),
        progress: progress({ tasksAlive: { service: 1, standalone: 0, daemon: 0 }, tasksByStatus: { RUNNING: 1 } }),
        decision: decision('announce'),
      },
      'drained',
      'touched nothing: 1 task alive (1 RUNNING)',
    ],
    [
      'of a return',
      { plan: plan({ kind: 'restore' }), progress: progress({ lifecycle: 'continued' }) },
      'drained',
      'ACTIVE',
    ],
    [
      'of a return that was not in time',
      { plan: plan({ kind: 'restore' }), progress: progress({ lifecycle: 'continued' }), decision: decision('expire') },
      'timed-out-and-continued',
      'nothing is known',
    ],
  ])('%s says how it ended and why', (_, data, ending, reason) => {
    const report = reportDrain(data, at(4_000));
    expect(report.ending).toBe(ending);
    expect(report.receipt.reason).toContain(reason);
    expect(JSON.parse(report.cause)).toEqual(JSON.parse(JSON.stringify(report.receipt)));
  });

  test('of a drain that is over holds all that was fixed, seen and done', () => {
    const planned = plan({}, { requestedBy: 'alice' });
    const done = {
      ...over,
      lifecycle: 'continued' as const,
      lifecycleCompletedAt: time(130),
      lastTaskStoppedAt: time(90),
      tasksFound: { service: 3, standalone: 2, daemon: 1 },
      tasksStoppedByUs: 3,
      targets: [target({ state: 'drained', activeAt: time(20), deregisteredAt: time(21), drainedAt: time(99) })],
      heartbeats: 5,
      faults: 2,
      notes: ['a note'],
    };
    expect(drainReceipt({ plan: planned, progress: done, decision: decision('complete') }, at(131))).toStrictEqual({
      workflow: 'drain-instance',
      subject: INSTANCE,
      region: 'eu-west-1',
      status: 'succeeded',
      reason: 'all 6 tasks have stopped; all 1 targets are drained',
      execution: planned.execution,
      requestedBy: 'alice',
      dryRun: false,
      startedAt: time(0),
      finishedAt: time(131),
      deadline: time(3_600),
      cluster: 'web',
      containerInstance: CONTAINER_INSTANCE,
      drainingSetAt: time(1),
      tasks: {
        found: { service: 3, standalone: 2, daemon: 1 },
        alive: { service: 0, standalone: 0, daemon: 0 },
        stoppedByUs: 3,
        lastStoppedAt: time(90),
      },
      targets: {
        count: 1,
        first: [
          {
            targetGroupArn: 'arn:tg/a',
            id: INSTANCE,
            port: 80,
            owner: 'instance',
            state: 'drained',
            deregisteredAt: time(21),
            drainedAt: time(99),
          },
        ],
      },
      lifecycle: {
        outcome: 'continued',
        hook: 'sluice-drain',
        autoScalingGroup: 'web',
        destination: 'EC2',
        completedAt: time(130),
        heartbeats: 5,
      },
      survives: false,
      polls: 4,
      faults: 2,
      notes: { count: 1, first: ['a note'] },
    });
  });

  const none = { service: 0, standalone: 0, daemon: 0 };
  const unread = (input: unknown) =>
    drainReceipt({ input, failure, execution: { id: 'arn:x', startTime: time(0) } }, at(1));

  test('of an input that could not be read says what it was about, and that nothing was touched', () => {
    expect(unread({ instanceId: INSTANCE, region: 'eu-west-1' })).toStrictEqual({
      workflow: 'drain-instance',
      subject: INSTANCE,
      region: 'eu-west-1',
      status: 'failed',
      reason: failure.Cause,
      execution: 'arn:x',
      dryRun: false,
      startedAt: time(0),
      finishedAt: time(1),
      tasks: { found: none, alive: none, stoppedByUs: 0 },
      targets: { count: 0, first: [] },
      lifecycle: { outcome: 'none', heartbeats: 0 },
      survives: false,
      polls: 0,
      faults: 0,
      notes: { count: 0, first: [] },
      error: { name: 'AccessDenied', message: failure.Cause },
    });
  });

  test.each([undefined, null, 'text', 7, {}, { instanceId: 7 }])('of %j is about something unknown', (input) => {
    expect(unread(input)).toMatchObject({ subject: 'unknown', region: 'unknown' });
  });

  test('names what an input was about in no more than a line', () => {
    expect(unread({ instanceId: 'i'.repeat(500) }).subject).toHaveLength(100);
  });

  test.each([
    ['Refused', 'refused'],
    ['InvalidInput', 'refused'],
    ['AccessDenied', 'failed'],
  ])('after %s says %s', (name, status) => {
    expect(drainReceipt({ failure: { Error: name, Cause: 'no' } }, at(1)).status).toBe(status);
  });

  test.each([
    ['ends', {}, false],
    ['goes into a warm pool', { destination: 'WarmPool' }, true],
    ['goes back to its group', { destination: 'AutoScalingGroup' }, true],
  ] as const)('says that an instance which %s survives: %s', (_, more, survives) => {
    const { lifecycle } = plan().input;
    const planned = plan({}, { lifecycle: lifecycle === undefined ? undefined : { ...lifecycle, ...more } });
    expect(drainReceipt({ plan: planned, progress: over }, at(1)).survives).toBe(survives);
  });

  test('says that an instance survives which comes back, and nothing of one without an action', () => {
    expect(drainReceipt({ plan: plan({ kind: 'restore' }), progress: over }, at(1)).survives).toBe(true);
    expect(drainReceipt({ plan: plan({}, { lifecycle: undefined }), progress: over }, at(1)).survives).toBe(false);
  });

  const reasonOf = (data: Parameters<typeof drainReceipt>[0]) => drainReceipt(data, at(1)).reason;

  test('says of a return whether there is a container instance', () => {
    const back = (location: Parameters<typeof plan>[0], before = progress({ drainingSetAt: undefined })) =>
      reasonOf({ plan: plan({ kind: 'restore', ...location }), progress: before });
    const elsewhere = 'in no ECS cluster';
    expect(back({})).toContain('ACTIVE');
    expect(back({ location: undefined })).toContain(elsewhere);
    expect(back({ location: location({ containerInstanceArn: undefined }) })).toContain(elsewhere);
    expect(back({ location: undefined }, progress())).toContain('ACTIVE');
  });

  test('says of an end where there was nothing to wait for', () => {
    for (const where of [undefined, location({ containerInstanceArn: undefined })]) {
      expect(reasonOf({ plan: plan({ location: where }), progress: over })).toBe(
        'the instance is in no ECS cluster; no target was registered',
      );
    }
  });

  test.each([
    ['timeoutSeconds', 'its timeoutSeconds'],
    ['deadline', 'its deadline'],
    ['default', 'SLUICE_DRAIN_TIMEOUT_SECONDS'],
    ['hook', "the hook's global timeout"],
    ['spot', 'the spot interruption'],
  ] as const)('says what came first, what is left and what was in the way: %s', (deadlineBy, words) => {
    const left = progress({ observedAt: time(1), tasksUnknown: 2, faults: 3, lastFault: 'slow down' });
    const reason = reasonOf({ plan: plan({ deadlineBy }), progress: left, decision: decision('expire') });
    expect(reason).toMatch(new RegExp(`${words}.* came first: 2 tasks of which.*3 faults.*slow down`));
    const restoring = reasonOf({
      plan: plan({ deadlineBy, kind: 'restore' }),
      progress: left,
      decision: decision('expire'),
    });
    expect(restoring).toMatch(new RegExp(`${words}.* came first: AWS did not answer.*3 faults.*slow down`));
  });

  test('of half a document is one of a failure', () => {
    for (const data of [{ plan: plan() }, { progress: progress() }]) {
      expect(drainReceipt(data, at(1))).toMatchObject({ status: 'failed', reason: expect.stringContaining('no plan') });
    }
  });

  test('of targets whose group is not known names none', () => {
    const targets = [target({ group: 9 })];
    for (const planned of [plan(), plan({ location: undefined })]) {
      expect(drainReceipt({ plan: planned, progress: progress({ targets }) }, at(1)).targets.first[0]).toMatchObject({
        targetGroupArn: '',
        id: INSTANCE,
      });
    }
    expect(drainReceipt({ progress: progress({ targets }) }, at(1)).targets.first[0]?.targetGroupArn).toBe('');
  });

  test('of an outcome that nobody heard of says so', () => {
    const data = { plan: plan(), progress: { ...over, notes: ['a note'] } };
    expect(reportDrain(data, at(1)).receipt.notes.first).toEqual(['a note']);
    expect(reportDrain({ ...data, unannounced: false }, at(1)).receipt.notes.first).toEqual(['a note']);
    expect(reportDrain({ ...data, unannounced: true }, at(1)).receipt.notes).toEqual({
      count: 2,
      first: ['a note', expect.stringContaining('could not be announced')],
    });
  });

  describe('of a dry run says what would be done', () => {
    const looked = (planned: Parameters<typeof plan>, seen: Parameters<typeof progress>[0] = {}) =>
      drainReceipt({ plan: plan({ kind: 'look', ...planned[0] }, planned[1]), progress: progress(seen) }, at(1));
    const targets = [
      target(),
      target({ port: 81, state: 'draining' }),
      target({ port: 82, owner: 'ecs' }),
      target({ port: 83, state: 'drained' }),
    ];

    test('in the order in which it would be done', () => {
      const receipt = looked([{}], { targets, tasksAlive: { service: 4, standalone: 2, daemon: 1 } });
      expect(receipt.dryRun).toBe(true);
      expect(receipt.wouldDo).toEqual([
        `deregister ${INSTANCE}:80 from arn:tg/a`,
        `wait for ${INSTANCE}:81 to drain in arn:tg/a`,
        `wait for ${INSTANCE}:82 to drain in arn:tg/a`,
        `set ${CONTAINER_INSTANCE} to DRAINING`,
        'stop 2 standalone tasks (stop-at-deadline)',
        'stop 1 daemon tasks, last',
        'complete sluice-drain with CONTINUE',
      ]);
    });

    test('and no more than that', () => {
      const bare = { lifecycle: undefined, standaloneTasks: 'wait' as const };
      const draining = location({ containerInstanceStatus: 'DRAINING' });
      expect(looked([{ location: draining }, bare]).wouldDo).toEqual([]);
      expect(looked([{ location: location({ containerInstanceArn: undefined }) }, bare]).wouldDo).toEqual([]);
      expect(looked([{ location: undefined }, bare]).wouldDo).toEqual([]);
      const tasksAlive = { service: 0, standalone: 2, daemon: 0 };
      expect(looked([{ location: draining }, bare], { tasksAlive }).wouldDo).toEqual([
        'wait for 2 standalone tasks (wait)',
      ]);
    });

    test('and nothing where it never looked, or was none', () => {
      expect(drainReceipt({ plan: plan({ kind: 'look' }) }, at(1))).not.toHaveProperty('wouldDo');
      expect(drainReceipt({ plan: plan(), progress: over }, at(1))).not.toHaveProperty('wouldDo');
    });
  });

  test('says of an action that nobody completed that it was left', () => {
    expect(drainReceipt({ plan: plan(), progress: progress(), failure }, at(1)).lifecycle).toMatchObject({
      outcome: 'left',
      hook: 'sluice-drain',
      autoScalingGroup: 'web',
    });
  });

  test('keeps the count of long lists and their first twenty', () => {
    const targets = Array.from({ length: 500 }, (_, port) => target({ port, state: 'drained' }));
    const notes = Array.from({ length: 30 }, (_, number) => `note ${number}`);
    const receipt = drainReceipt({ plan: plan(), progress: { ...over, targets, notes } }, at(1));
    expect(receipt.targets).toMatchObject({ count: 500, first: { length: 20 } });
    expect(receipt.notes).toMatchObject({ count: 30, first: { length: 20 } });
    expect(receipt.targets.first[0]).toEqual({
      targetGroupArn: 'arn:tg/a',
      id: INSTANCE,
      port: 0,
      owner: 'instance',
      state: 'drained',
    });
    expect(JSON.stringify(receipt).length).toBeLessThan(16_384);
    expect(receipt.containerInstance).toBe(CONTAINER_INSTANCE);
  });

  test.each([
    ['as Lambda wraps it', '{"errorMessage":"no way","errorType":"Refused"}', 'no way'],
    ['as it is', 'no way', 'no way'],
    ['that only looks like JSON', '{no', '{no'],
    ['that is JSON of another kind', '[1]', '[1]'],
  ])('reads a cause %s', (_, cause, expected) => expect(messageOf(cause)).toBe(expected));
});

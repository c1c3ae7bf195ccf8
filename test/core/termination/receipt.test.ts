import { describe, expect, test } from '@jest/globals';
import { DelayedTerminationInput, DelayedTerminationReceipt } from '../../../src/contract/delayed-termination.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { planTermination, termination } from '../../../src/core/termination/plan.ts';
import { reportTermination } from '../../../src/core/termination/report.ts';
import { at, data, id, plan, progress, record, time } from './terminations.ts';

type Given = Parameters<typeof reportTermination>[0];

const report = (given: Given) => {
  const written = reportTermination(given, at(100));
  expect(DelayedTerminationReceipt.parse(written.receipt)).toEqual(JSON.parse(written.cause));
  return written;
};
const ended = termination('announce', 'every instance has ended', at(100));

describe('the receipt', () => {
  test('of a good end', () => {
    const gone = record(1, {
      state: 'terminated',
      status: 'succeeded',
      requestedAt: time(60),
      terminatedAt: time(90),
      drained: 'drained',
      alone: true,
      inGroup: true,
    });
    const given = data([gone], { requestedBy: 'me' }, { polls: 3, faults: 2, notes: ['a note'] });
    const { ending, receipt } = report({ ...given, decision: ended });
    expect(ending).toBe('done');
    expect(receipt).toEqual({
      workflow: 'delayed-termination',
      subject: id(1),
      region: 'eu-west-1',
      status: 'succeeded',
      reason: 'all 1 instances are terminated',
      execution: plan().execution,
      requestedBy: 'me',
      dryRun: false,
      startedAt: time(0),
      finishedAt: time(100),
      terminateAt: time(60),
      deadline: time(3_660),
      instances: {
        count: 1,
        first: [
          {
            instanceId: id(1),
            state: 'terminated',
            status: 'succeeded',
            drained: 'drained',
            terminationRequestedAt: time(60),
            terminatedAt: time(90),
          },
        ],
      },
      counts: { terminated: 1, open: 0, refused: 0, failed: 0 },
      polls: 3,
      faults: 2,
      notes: { count: 1, first: ['a note'] },
    });
  });

  const mixed = [
    record(1, { status: 'succeeded' }),
    record(2, { status: 'timed-out', reason: 'still running' }),
    record(3, { status: 'refused', reason: 'protected' }),
    record(4, { status: 'failed', reason: 'not drained' }),
    record(5, { status: 'succeeded' }),
  ];

  test('of several ends: the worst is the whole, and comes first', () => {
    const { ending, receipt } = report({ ...data(mixed), decision: ended });
    expect(ending).toBe('failed');
    expect(receipt).toMatchObject({
      subject: `${id(1)} and 4 more`,
      status: 'failed',
      reason: `3 of 5 instances are not terminated: ${id(2)}: still running; ${id(3)}: protected; ${id(4)}: not drained`,
      counts: { terminated: 2, open: 1, refused: 1, failed: 1 },
    });
    expect(receipt.instances.first.map(({ status }) => status)).toEqual([
      'failed',
      'refused',
      'timed-out',
      'succeeded',
      'succeeded',
    ]);
    expect(report({ ...data(mixed.slice(0, 3)), decision: ended }).ending).toBe('refused');
  });

  test('of a timeout names the faults that were waited out', () => {
    const given = data(mixed.slice(0, 2), {}, { faults: 3, lastFault: 'EC2 said no' });
    const { ending, receipt } = report({ ...given, decision: ended });
    expect(ending).toBe('timed-out');
    expect(receipt.reason).toBe(
      `1 of 2 instances are not terminated: ${id(2)}: still running (3 faults were waited out, the last: EC2 said no)`,
    );
    const refused = data(mixed.slice(0, 3), {}, { faults: 3, lastFault: 'EC2 said no' });
    expect(report({ ...refused, decision: ended }).receipt.reason).not.toContain('waited out');
  });

  test('names five of many, and how many more', () => {
    const open = Array.from({ length: 7 }, (_, n) => record(n));
    const { receipt } = report({ ...data(open), decision: ended });
    expect(receipt).toMatchObject({ status: 'timed-out', counts: { open: 7 } });
    expect(receipt.reason).toBe(
      `7 of 7 instances are not terminated: ${[0, 1, 2, 3, 4].map((n) => `${id(n)}: open`).join('; ')}; and 2 more`,
    );
    expect(receipt.instances.first.every(({ status }) => status === 'timed-out')).toBe(true);
    const five = report({ ...data(open.slice(0, 5)), decision: ended });
    expect(five.receipt.reason).not.toContain('more');
  });

  test('of a dry run says what would be done', () => {
    const looked = { ...ended, outcome: 'looked' as const };
    const would = (more: object) =>
      report({ ...data([record(1), record(2)], { dryRun: true, ...more }), decision: looked });
    expect(would({}).receipt).toMatchObject({
      status: 'succeeded',
      reason: 'looked once and touched nothing: all 2 instances may be terminated',
      wouldDo: [
        `terminate ${id(1)}, which is running, at ${time(60)}`,
        `terminate ${id(2)}, which is running, at ${time(60)}`,
      ],
    });
    expect(would({ drain: true, decrementDesiredCapacity: true }).receipt.wouldDo?.slice(0, 2)).toEqual([
      `drain ${id(1)} from ${time(60)}`,
      `terminate through its Auto Scaling group ${id(1)}, which is running, at ${time(60)}`,
    ]);
    const many = Array.from({ length: 120 }, (_, n) => record(n));
    expect(report({ ...data(many, { dryRun: true }), decision: looked }).receipt.wouldDo).toHaveLength(100);
    const failed = report({ ...data([record(1)], { dryRun: true }), failure: { Error: 'Boom', Cause: 'x' } });
    expect(failed.receipt).not.toHaveProperty('wouldDo');
  });

  test('of a failure: what it left open shares its fate', () => {
    const failure = { Error: 'AccessDenied', Cause: '{"errorMessage":"not allowed"}' };
    const { ending, receipt } = report({ ...data([record(1)]), failure });
    expect(ending).toBe('failed');
    expect(receipt).toMatchObject({
      status: 'failed',
      reason: 'not allowed',
      error: { name: 'AccessDenied', message: 'not allowed' },
      instances: { first: [{ status: 'failed' }] },
    });
    expect(report({ ...data([record(1)]), failure: { Error: 'Boom', Cause: '' } }).receipt.reason).toBe('Boom');
  });

  test.each(['Refused', 'InvalidInput', 'NotAdmitted'])('of %s, without a plan', (name) => {
    const { ending, receipt } = report({
      failure: { Error: name, Cause: 'no' },
      input: { region: 'x'.repeat(200), instanceIds: ['i-1', 7] },
      execution: { id: 'arn', startTime: time(-1) },
    });
    expect(ending).toBe('refused');
    expect(receipt).toMatchObject({
      subject: 'i-1 and 1 more',
      region: 'x'.repeat(100),
      execution: 'arn',
      startedAt: time(-1),
      dryRun: false,
      counts: { terminated: 0, open: 0, refused: 0, failed: 0 },
      instances: { count: 0 },
    });
    expect(receipt).not.toHaveProperty('terminateAt');
  });

  test.each([[null], ['text'], [{ instanceIds: 'i-1' }], [{ instanceIds: [] }]])(
    'of the input %j is a receipt, too',
    (input) => {
      expect(report({ input, failure: { Error: 'Boom', Cause: '' } }).receipt).toMatchObject({
        subject: 'unknown',
        region: 'unknown',
      });
      expect(report({ input: { instanceIds: [7] }, failure: { Error: 'Boom', Cause: '' } }).receipt.subject).toBe(
        'unknown',
      );
    },
  );

  test('without a plan, progress or decision says so', () => {
    for (const given of [{}, { plan: plan(), progress: progress() }, { plan: plan(), decision: ended }]) {
      expect(report(given).receipt).toMatchObject({ status: 'failed', reason: 'there is no plan to report on' });
    }
  });

  test('that could not be announced has a note', () => {
    const given = { ...data([record(1, { status: 'succeeded' })], {}, { notes: ['one'] }), decision: ended };
    expect(report({ ...given, unannounced: true }).receipt.notes.first).toEqual([
      'one',
      'the outcome could not be announced on the event bus',
    ]);
    expect(report({ ...given, unannounced: false }).receipt.notes.first).toEqual(['one']);
  });
});

describe('the plan', () => {
  const planned = (more: object = {}, settings: Readonly<Record<string, string>> = {}) =>
    planTermination(
      DelayedTerminationInput.parse({ region: 'eu-west-1', instanceIds: [id(1), id(2)], ...more }),
      { id: 'arn', startTime: time(0) },
      readSettings(settings),
    );

  test('fixes every time', () => {
    expect(planned({ delaySeconds: 60 })).toStrictEqual({
      plan: {
        region: 'eu-west-1',
        drain: false,
        onDrainTimeout: 'terminate',
        decrementDesiredCapacity: false,
        dryRun: false,
        execution: 'arn',
        startedAt: time(0),
        terminateAt: time(60),
        deadline: time(60 + 86_400),
        minPollIntervalSeconds: 8,
        maxPollIntervalSeconds: 600,
        drainInput: {
          region: 'eu-west-1',
          timeoutSeconds: readSettings({}).drainTimeoutSeconds,
          allTargetGroups: false,
          standaloneTasks: 'stop-at-deadline',
        },
      },
      progress: {
        instances: [record(1, { state: 'unknown' }), record(2, { state: 'unknown' })],
        checked: 0,
        polls: 0,
        faults: 0,
        notes: [],
      },
    });
  });

  test.each([
    [{}, 10],
    [{ delaySeconds: 0 }, 0],
    [{ terminateAt: time(500) }, 500],
    [{ terminateAt: time(-500) }, 0],
    [{ terminateAt: time(500), delaySeconds: 600 }, 600],
    [{ terminateAt: time(700), delaySeconds: 600 }, 700],
  ])('terminates, for %j, %i s after the start', (input, seconds) => {
    expect(planned(input).plan.terminateAt).toBe(time(seconds));
  });

  test('hands on what the drain of each needs', () => {
    const drain = {
      drain: true,
      drainTimeoutSeconds: 100,
      timeoutSeconds: 50,
      delaySeconds: 0,
      cluster: 'web',
      targetGroups: ['arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef'],
      requestedBy: 'me',
      ipAddress: '10.0.0.1',
    };
    const { plan: made } = planned(drain);
    expect(made).toMatchObject({ deadline: time(150), requestedBy: 'me', ipAddress: '10.0.0.1', drain: true });
    expect(made.drainInput).toEqual({
      region: 'eu-west-1',
      timeoutSeconds: 100,
      allTargetGroups: false,
      standaloneTasks: 'stop-at-deadline',
      cluster: 'web',
      targetGroups: drain.targetGroups,
      requestedBy: 'me',
    });
    expect(planned({ ...drain, drain: false }).plan.deadline).toBe(time(50));
    const settings = { SLUICE_DRAIN_TIMEOUT_SECONDS: '77' };
    expect(planned({ drain: true, timeoutSeconds: 50, delaySeconds: 0 }, settings).plan.deadline).toBe(time(127));
  });

  test('refuses a time that is too far away', () => {
    expect(planned({ terminateAt: time(2_000_000) }).plan.terminateAt).toBe(time(2_000_000));
    expect(() => planned({ terminateAt: time(2_000_001) })).toThrow(
      expect.objectContaining({
        name: 'InvalidInput',
        message: `the input of delayed-termination cannot be used: terminateAt must be within 2000000 s of the start, ${time(0)}, got "${time(2_000_001)}"`,
      }),
    );
  });
});

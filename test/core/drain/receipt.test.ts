import { describe, expect, test } from '@jest/globals';
import type { CaughtError } from '../../../src/contract/drain-data.ts';
import { drainReceipt } from '../../../src/core/drain/receipt.ts';
import { reportDrain } from '../../../src/core/drain/report.ts';
import { messageOf } from '../../../src/core/messages.ts';
import { at, CONTAINER_INSTANCE, decision, INSTANCE, over, plan, progress, target, time } from './plans.ts';

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

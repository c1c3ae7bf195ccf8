import { describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { DrainInstanceInput, LAUNCHING } from '../../../src/contract/drain-instance.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { stepBudgetSeconds } from '../../../src/core/drain/budget.ts';
import { planDrain, withHook } from '../../../src/core/drain/plan.ts';
import { INSTANCE, plan, time } from './plans.ts';

type Given = Partial<z.input<typeof DrainInstanceInput>>;
const EXECUTION = { id: 'arn:aws:states:eu-west-1:123456789012:execution:sluice-drain-instance:x', startTime: time(0) };
const HOOK = { autoScalingGroupName: 'web', lifecycleHookName: 'sluice-drain' };

const planned = (given: Given = {}, environment: Readonly<Record<string, string>> = {}) =>
  planDrain(
    DrainInstanceInput.parse({ region: 'eu-west-1', instanceId: INSTANCE, ...given }),
    EXECUTION,
    readSettings(environment),
  );

describe('a drain is over', () => {
  test.each<[string, Given, number, string]>([
    ['an hour after its start, if nothing is said', {}, 3_600, 'default'],
    ['after its timeout', { timeoutSeconds: 600 }, 600, 'timeoutSeconds'],
    ['at its deadline', { deadline: time(500) }, 500, 'deadline'],
    ['at the earlier of the two', { deadline: time(500), timeoutSeconds: 400 }, 400, 'timeoutSeconds'],
    ['at the earlier of the two', { deadline: time(300), timeoutSeconds: 400 }, 300, 'deadline'],
    ['before the spot instance is taken', { interruptionAt: time(120), timeoutSeconds: 400 }, 110, 'spot'],
    ['before 48 hours of a lifecycle action are', { lifecycle: HOOK }, 172_740, 'hook'],
    ['after its timeout, in a lifecycle action, too', { lifecycle: HOOK, timeoutSeconds: 9 }, 9, 'timeoutSeconds'],
    [
      'counted from the beginning of the action',
      { lifecycle: { ...HOOK, startedAt: time(-100) }, timeoutSeconds: 600 },
      500,
      'timeoutSeconds',
    ],
  ])('%s', (_, given, seconds, by) => {
    expect(planned(given).plan).toMatchObject({ deadline: time(seconds), deadlineBy: by });
  });

  test('as the setting says', () => {
    expect(planned({}, { SLUICE_DRAIN_TIMEOUT_SECONDS: '77' }).plan.deadline).toBe(time(77));
  });
});

test.each<[string, Given, string]>([
  ['drains', {}, 'drain'],
  ['drains for a terminate hook', { lifecycle: HOOK }, 'drain'],
  ['takes it back for a launch hook', { lifecycle: { ...HOOK, lifecycleTransition: LAUNCHING } }, 'restore'],
  ['looks in a dry run', { dryRun: true }, 'look'],
  [
    'looks in a dry run of a launch hook',
    { dryRun: true, lifecycle: { ...HOOK, lifecycleTransition: LAUNCHING } },
    'look',
  ],
])('%s', (_, given, kind) => expect(planned(given).plan.kind).toBe(kind));

test('what is fixed at the start: times, intervals, and nothing seen or done yet', () => {
  const { plan: fixed, progress } = planned({ lifecycle: { ...HOOK, startedAt: time(-100) } });
  expect(fixed).toMatchObject({
    execution: EXECUTION.id,
    startedAt: time(-100),
    minPollIntervalSeconds: 8,
    maxPollIntervalSeconds: 600,
    input: { instanceId: INSTANCE, lifecycle: HOOK },
  });
  const none = { service: 0, standalone: 0, daemon: 0 };
  expect(progress).toStrictEqual({
    lifecycle: 'open',
    heartbeatAt: time(-100),
    drained: false,
    targets: [],
    tasksFound: none,
    tasksAlive: none,
    tasksByStatus: {},
    tasksUnknown: 0,
    tasksStoppedByUs: 0,
    heartbeats: 0,
    polls: 0,
    faults: 0,
    notes: [],
  });
});

test('without a lifecycle action there is none to be kept alive', () => {
  const { progress } = planned();
  expect(progress.lifecycle).toBe('none');
  expect(progress).not.toHaveProperty('heartbeatAt');
});

test.each<[string, Given, number, number]>([
  ['as given', { minPollIntervalSeconds: 20, maxPollIntervalSeconds: 30 }, 20, 30],
  ['the longest no shorter than the shortest', { minPollIntervalSeconds: 900 }, 900, 900],
])('the intervals are %s', (_, given, least, most) => {
  expect(planned(given).plan).toMatchObject({ minPollIntervalSeconds: least, maxPollIntervalSeconds: most });
});

describe('what may be touched', () => {
  const inTwo = { SLUICE_ALLOWED_REGIONS: 'eu-north-1,eu-west-1' };

  test('is any region when none is named, else those that are', () => {
    expect(planned({ region: 'us-east-1' }).plan.input.region).toBe('us-east-1');
    expect(planned({}, inTwo).plan.input.region).toBe('eu-west-1');
    expect(() => planned({ region: 'us-east-1' }, inTwo)).toThrow(
      expect.objectContaining({
        name: 'Refused',
        message: expect.stringMatching(/^us-east-1 .*\(eu-north-1, eu-west-1\)/),
      }),
    );
  });

  test("is no hook of another tool, and a hook's name may be listed", () => {
    const other = { lifecycle: { ...HOOK, lifecycleHookName: 'other-drain' } };
    expect(() => planned(other)).toThrow(
      expect.objectContaining({
        name: 'Refused',
        message: expect.stringMatching(/other-drain belongs to another tool.*"sluice".*SLUICE_HOOKS/),
      }),
    );
    expect(planned(other, { SLUICE_HOOKS: 'other-drain' }).plan.kind).toBe('drain');
    expect(planned(other, { SLUICE_HOOK_PREFIX: 'oth' }).plan.kind).toBe('drain');
  });
});

describe('once its hook is known, a drain', () => {
  const hook = { heartbeatTimeoutSeconds: 300, globalTimeoutSeconds: 1_000 };

  test('ends before the global timeout does', () => {
    expect(withHook(plan(), hook)).toEqual({
      ...plan(),
      deadline: time(940),
      deadlineBy: 'hook',
      hook: { heartbeatTimeoutSeconds: 300 },
    });
  });

  test('keeps a deadline that comes sooner', () => {
    const sooner = plan({ deadline: time(900), deadlineBy: 'timeoutSeconds' });
    expect(withHook(sooner, hook)).toMatchObject({ deadline: time(900), deadlineBy: 'timeoutSeconds' });
  });

  test('has no heartbeats where the hook has been deleted', () => {
    expect(withHook(plan(), undefined)).toEqual({ ...plan(), hook: {} });
  });
});

test.each([
  ['without a hook', undefined, 10],
  ['with a timeout of an hour', 3_600, 10],
  ['with a timeout of a minute', 60, 5],
  ['with the shortest of timeouts', 30, 2.5],
  ['with one that is shorter still', 10, 2.5],
])('the calls of a step may take, %s, so many seconds', (_, heartbeatTimeoutSeconds, seconds) => {
  expect(stepBudgetSeconds({ plan: plan({ hook: { heartbeatTimeoutSeconds } }) })).toBe(seconds);
  if (heartbeatTimeoutSeconds === undefined)
    expect(stepBudgetSeconds({ plan: plan({ hook: undefined }) })).toBe(seconds);
});

import { describe, expect, test } from '@jest/globals';
import { DEFINITIONS, STEPS } from '../../../functions/registry.ts';
import { DrainDecision, type DrainPlan } from '../../../src/contract/drain-data.ts';
import * as errors from '../../../src/contract/errors.ts';
import { stepBudgetSeconds } from '../../../src/core/drain/budget.ts';

interface Rule {
  readonly ErrorEquals: readonly string[];
}
interface Retry extends Rule {
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy?: string;
}
interface State {
  readonly Type: string;
  readonly Resource?: { readonly 'Fn::GetAtt': readonly string[] };
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly Retry[];
  readonly Catch?: readonly (Rule & { readonly Next: string; readonly ResultPath?: string })[];
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Variable: string; readonly StringEquals?: string; readonly Next: string }[];
  readonly End?: boolean;
  readonly Error?: string;
  readonly CausePath?: string;
  readonly TimestampPath?: string;
}

const definition = DEFINITIONS['drain-instance'];
const states: Readonly<Record<string, State>> = definition.States;
const tasks = Object.entries(states).filter(([, { Type }]) => Type === 'Task');
/** Steps that call nothing of AWS: they plan, decide and write. */
const CALLS_NOTHING = ['Plan Drain', 'Wait Out Fault', 'Report Drain'];
const OUTSIDE = ['Announce Drain', ...CALLS_NOTHING];
const looping = tasks.filter(([name]) => !OUTSIDE.includes(name));

const OURS = Object.values(errors).flatMap((value) =>
  typeof value === 'function' && value.prototype instanceof errors.SluiceError ? [value.name] : [],
);

describe('names of errors', () => {
  test('that the definition matches exist: ours, or those of Step Functions and Lambda', () => {
    const matched = tasks.flatMap(([, { Retry = [], Catch = [] }]) =>
      [...Retry, ...Catch].flatMap((rule) => rule.ErrorEquals),
    );
    const known = [...OURS, ...errors.PASSING_ERRORS, 'States.ALL'];
    expect([...new Set(matched)].filter((name) => !known.includes(name))).toEqual([]);
  });

  test('of ours are those that the errors carry when they are thrown', () => {
    expect(new errors.Throttled('x').name).toBe('Throttled');
    expect(OURS).toEqual(expect.arrayContaining(['Throttled', 'Unavailable', 'StaleObservation', 'UndoneByOthers']));
    for (const name of errors.PASSING_ERRORS) expect(name.includes('.') || OURS.includes(name)).toBe(true);
    for (const name of errors.REFUSALS) expect(OURS).toContain(name);
  });

  test.each(looping)('%s: every passing error is waited out, and only those', (_, { Catch = [] }) => {
    const waiting = Catch.filter(({ Next }) => Next === 'Wait Out Fault');
    expect(waiting).toHaveLength(1);
    expect(waiting[0]?.ErrorEquals).toEqual([...errors.PASSING_ERRORS]);
  });

  test.each(['Complete Lifecycle Action', 'Stop Daemon Tasks', 'Stop Standalone Tasks'])(
    '%s looks again when its observation is too old',
    (name) => {
      expect(states[name]?.Catch?.[0]).toMatchObject({ ErrorEquals: ['StaleObservation'], Next: 'Observe Drain' });
    },
  );
});

test.each(['Stop Standalone Tasks', 'Stop Daemon Tasks'])('%s: they are given time before it looks again', (name) => {
  expect(states[states[name]?.Next ?? '']).toMatchObject({ Type: 'Wait', Next: 'Observe Drain' });
});

describe('every task', () => {
  test.each(tasks)('%s has a timeout, retries with jitter, and a catch that announces', (name, state) => {
    expect(state.TimeoutSeconds).toEqual(expect.any(Number));
    for (const retry of state.Retry ?? []) {
      expect(retry).toMatchObject({ IntervalSeconds: 1, JitterStrategy: 'FULL', MaxDelaySeconds: expect.any(Number) });
    }
    expect(state.Retry?.length).toBeGreaterThan(0);
    if (name === 'Report Drain') return;
    const last = state.Catch?.at(-1);
    expect(last?.ErrorEquals).toEqual(['States.ALL']);
    const next = { 'Plan Drain': 'Keep Refused Input', 'Announce Drain': 'Report Drain' }[name] ?? 'Announce Drain';
    expect(last?.Next).toBe(next);
    expect(state.End).toBeUndefined();
  });

  test('names a function that exists, and no function is left without a state', () => {
    const named = tasks.map(([, { Resource }]) => Resource?.['Fn::GetAtt'][0] ?? '');
    for (const key of named) expect(Object.keys(STEPS)).toContain(key);
    expect(new Set(named).size).toBe(tasks.length);
  });

  test('and its function share their words', () => {
    for (const [name, { Resource }] of tasks) {
      const words = name.split(' ').map((word, index) => (index === 0 ? word.toLowerCase() : word));
      expect(Resource?.['Fn::GetAtt']).toEqual([words.join(''), 'Arn']);
    }
  });
});

describe('trouble with one call never costs the lifecycle action', () => {
  const plan = (heartbeatTimeoutSeconds: number): { plan: DrainPlan } => ({
    plan: {
      input: {
        region: 'eu-west-1',
        instanceId: 'i-0123456789abcdef0',
        allTargetGroups: false,
        standaloneTasks: 'wait',
        onTimeout: 'continue',
        dryRun: false,
      },
      execution: 'x',
      kind: 'drain',
      startedAt: '2026-03-02T12:00:00Z',
      deadline: '2026-03-02T13:00:00Z',
      deadlineBy: 'default',
      minPollIntervalSeconds: 8,
      maxPollIntervalSeconds: 600,
      hook: { heartbeatTimeoutSeconds },
    },
  });

  test.each([30, 31, 45, 60, 119, 120, 300, 3_600, 7_200])(
    'with a heartbeat timeout of %i s, every task and its retries end within the smaller of 30 s and a quarter of it',
    (heartbeat) => {
      const budget = stepBudgetSeconds(plan(heartbeat));
      for (const [, { Retry = [], TimeoutSeconds = 0 }] of looping) {
        const attempts = 1 + Math.max(...Retry.map(({ MaxAttempts }) => MaxAttempts));
        const pauses = Math.max(...Retry.map(pausesOf));
        expect(attempts * budget + pauses).toBeLessThanOrEqual(Math.min(30, heartbeat / 4));
        // Lambda's own limit comes after the step's, so that the step itself says what was wrong.
        expect(TimeoutSeconds).toBeGreaterThan(budget);
      }
    },
  );
});

/** The longest that all pauses of a retrier take together. */
function pausesOf({ IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds }: Retry): number {
  const pauses = Array.from({ length: MaxAttempts }, (_, n) =>
    Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** n),
  );
  return pauses.reduce((sum, pause) => sum + pause, 0);
}

describe('states', () => {
  test.each(Object.entries(states))('%s is named as its kind is', (name, { Type }) => {
    expect(name.endsWith('?')).toBe(Type === 'Choice');
    expect(name).toMatch(/^([A-Z][a-z]+ ?)+\??$/);
    if (Type === 'Wait') expect(name).toMatch(/^Wait For /);
  });

  test('that fail have an error name, and the receipt as their cause', () => {
    const failing = Object.values(states).filter(({ Type }) => Type === 'Fail');
    expect(failing.map((state) => state.Error).sort()).toEqual(['DrainFailed', 'DrainRefused', 'DrainTimedOut']);
    for (const { CausePath } of failing) expect(CausePath).toBe('$.report.cause');
  });

  test('that wait do so until a time that is in the data, so that entering one twice waits once', () => {
    const waiting = Object.values(states).filter(({ Type }) => Type === 'Wait');
    expect(waiting.length).toBeGreaterThan(0);
    for (const { TimestampPath } of waiting) expect(TimestampPath).toBe('$.decision.waitUntil');
  });

  test('can all be reached, and lead on to a state that exists', () => {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const state = states[name];
      expect(state).toBeDefined();
      const next = [
        state?.Next,
        state?.Default,
        ...(state?.Choices ?? []).map(({ Next }) => Next),
        ...(state?.Catch ?? []).map(({ Next }) => Next),
      ];
      for (const one of next) if (one !== undefined) visit(one);
    };
    visit(definition.StartAt);
    expect([...seen].sort()).toEqual(Object.keys(states).sort());
  });

  test('choose by every word that a decision can say', () => {
    const words = (choice: string, variable: string) =>
      (states[choice]?.Choices ?? [])
        .filter(({ Variable }) => Variable === variable)
        .map(({ StringEquals }) => StringEquals);
    const { next, resume } = DrainDecision.shape;
    const byDefault = { 'What Now?': ['complete', 'expire'], 'Where Were We?': ['observe'] };
    expect([...words('What Now?', '$.decision.next'), ...byDefault['What Now?']].sort()).toEqual(
      [...next.options].sort(),
    );
    expect([...words('Where Were We?', '$.decision.resume'), ...byDefault['Where Were We?']].sort()).toEqual(
      [...resume.def.innerType.options].sort(),
    );
  });

  test.each(['What Now?', 'Where Were We?'])('%s: a target that still stands is deregistered', (choice) => {
    const way = states[choice]?.Choices?.find(({ StringEquals }) => StringEquals === 'deregister');
    expect(states[way?.Next ?? '']?.Resource).toEqual({ 'Fn::GetAtt': ['deregisterFromTargetGroups', 'Arn'] });
  });

  test('are bounded together: a machine ends some day whatever happens', () => {
    expect(definition.TimeoutSeconds).toBeGreaterThan(2_000_000);
    expect(definition.TimeoutSeconds).toBeLessThan(31_536_000);
  });
});

import { describe, expect, test } from '@jest/globals';
import { DEFINITIONS, STEPS } from '../../functions/registry.ts';
import { PASSING_ERRORS } from '../../src/contract/errors.ts';

interface State {
  readonly Type: string;
  readonly Resource?: string | { readonly 'Fn::GetAtt': readonly string[] };
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly { readonly JitterStrategy?: string; readonly MaxAttempts: number }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly TimestampPath?: string;
  readonly CausePath?: string;
  readonly Error?: string;
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, State>> };
}

const WORKFLOWS = [
  'register-targets',
  'deregister-targets',
  'await-drained',
  'delayed-termination',
  'delayed-termination-drains',
] as const;

const statesOf = (workflow: (typeof WORKFLOWS)[number]): [string, State][] => {
  const all = (states: Readonly<Record<string, State>>): [string, State][] =>
    Object.entries(states).flatMap(([name, state]) => [
      [name, state] as [string, State],
      ...(state.ItemProcessor === undefined ? [] : all(state.ItemProcessor.States)),
    ]);
  return all(DEFINITIONS[workflow].States);
};

const functionOf = ({ Resource }: State): string | undefined =>
  typeof Resource === 'object' ? Resource['Fn::GetAtt'][0] : undefined;

describe.each(WORKFLOWS)('the definition of %s', (workflow) => {
  const states = statesOf(workflow);
  const tasks = states.filter(([, { Type }]) => Type === 'Task');

  test('is bounded, and so is every task', () => {
    expect(DEFINITIONS[workflow].TimeoutSeconds).toEqual(expect.any(Number));
    for (const [name, { TimeoutSeconds }] of tasks)
      expect({ name, TimeoutSeconds }).toEqual({ name, TimeoutSeconds: expect.any(Number) });
  });

  test('retries with jitter', () => {
    for (const [name, { Retry = [] }] of tasks) {
      expect({ name, retries: Retry.length }).toEqual({ name, retries: 1 });
      expect(Retry[0]).toMatchObject({ JitterStrategy: 'FULL' });
    }
  });

  test('waits out every passing error of what calls AWS, and announces every other', () => {
    for (const [name, { Catch = [] }] of tasks) {
      const waiting = Catch.filter(({ Next }) => /^Wait Out/.test(Next));
      for (const { ErrorEquals } of waiting) expect(ErrorEquals).toEqual([...PASSING_ERRORS]);
      if (/^(Report|Judge)/.test(name)) continue;
      expect({ name, last: Catch.at(-1)?.ErrorEquals }).toEqual({ name, last: ['States.ALL'] });
    }
  });

  test('waits until absolute times, and fails with the receipt as its cause', () => {
    for (const [, { Type, TimestampPath, CausePath, Error: name }] of states) {
      if (Type === 'Wait') expect(TimestampPath).toMatch(/^\$\./);
      if (Type === 'Fail')
        expect({ name, CausePath }).toEqual({ name: expect.any(String), CausePath: '$.report.cause' });
    }
  });

  test('names functions that exist, by the words of their states', () => {
    for (const [name, state] of tasks) {
      const key = functionOf(state);
      if (key === undefined) continue;
      expect(Object.keys(STEPS)).toContain(key);
      const words = name.split(' ').map((word, index) => (index === 0 ? word.toLowerCase() : word));
      if (name !== 'Judge Batch') expect(key).toBe(words.join(''));
    }
  });
});

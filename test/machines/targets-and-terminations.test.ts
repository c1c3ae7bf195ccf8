import { describe, expect, test } from '@jest/globals';
import { DEFINITIONS, STEPS } from '../../functions/registry.ts';
import { PASSING_ERRORS } from '../../src/contract/errors.ts';
import { TargetsDecision } from '../../src/contract/targets-data.ts';
import { TerminationDecision } from '../../src/contract/termination-data.ts';

interface State {
  readonly Type: string;
  readonly Resource?: string | { readonly 'Fn::GetAtt': readonly string[] };
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly { readonly JitterStrategy?: string; readonly MaxAttempts: number }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly TimestampPath?: string;
  readonly CausePath?: string;
  readonly Error?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Variable: string; readonly StringEquals: string; readonly Next: string }[];
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

/** Steps that plan, decide and write, and what has its own way of being waited out. */
const CALLS_NOTHING = /^(Plan|Begin|Settle|Wait Out|Announce|Report|Judge|Drain)\b/;

/** Where what cannot be waited out leads: to the announcement, where nothing else is said. */
const LEADS_TO = [
  [/^Plan/, /^Keep Refused Input$/],
  [/^Announce/, /^Report/],
  [/^Drain (Instance|Batch)$/, /^Judge/],
] as const;

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
      const waiting = Catch.filter(({ Next }) => /^Wait Out/.test(Next)).map(({ ErrorEquals }) => ErrorEquals);
      expect({ name, waiting }).toEqual({ name, waiting: CALLS_NOTHING.test(name) ? [] : [[...PASSING_ERRORS]] });
      if (/^(Report|Judge)/.test(name)) continue;
      const [, next = /^Announce/] = LEADS_TO.find(([names]) => names.test(name)) ?? [];
      expect({ name, ...Catch.at(-1) }).toMatchObject({
        name,
        ErrorEquals: ['States.ALL'],
        Next: expect.stringMatching(next),
      });
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

const LOOPS = ['register-targets', 'deregister-targets', 'await-drained', 'delayed-termination'] as const;

describe.each(LOOPS)('the loop of %s', (workflow) => {
  const states = Object.fromEntries(statesOf(workflow));
  const decision = workflow === 'delayed-termination' ? TerminationDecision : TargetsDecision;
  const chosenBy = (choice: string) => (states[choice]?.Choices ?? []).map(({ StringEquals }) => StringEquals);
  const isAnothersWork = (word: string) =>
    ['register', 'deregister'].includes(word) && !workflow.startsWith(`${word}-`);

  test('chooses by every word that a decision can say', () => {
    const words = decision.shape.next.options.filter((word) => !isAnothersWork(word));
    expect([...chosenBy('What Now?'), 'announce'].sort()).toEqual([...words].sort());
    expect(states['What Now?']?.Default).toMatch(/^Announce/);
    const places = decision.shape.resume.def.innerType.options;
    expect([...chosenBy('Where Were We?'), places.at(-1)].sort()).toEqual([...places].sort());
  });

  test('looks, after a fault, where it does not go back to something else', () => {
    expect(states[states['Where Were We?']?.Default ?? '']).toMatchObject({ Type: 'Task', Next: 'What Now?' });
  });

  test('ends as the report says, and as a failure where it says nothing known', () => {
    expect(chosenBy('How Did It End?').sort()).toEqual(['done', 'refused', 'timed-out']);
    const ends = (states['How Did It End?']?.Choices ?? []).map(({ Next }) => states[Next]?.Type);
    expect(ends).toEqual(['Succeed', 'Fail', 'Fail']);
    expect(states[states['How Did It End?']?.Default ?? '']).toMatchObject({ Type: 'Fail' });
  });

  test('ends as it did, whether that could be announced or not', () => {
    const telling = Object.entries(states).filter(([name]) => /^(Announce|Report)\b/.test(name));
    expect(telling.map(([, { Next }]) => Next)).toEqual(['How Did It End?', 'How Did It End?']);
    expect(states['Keep Refused Input']?.Next).toMatch(/^Announce/);
  });

  test('announces whatever becomes of the work that is done beside it', () => {
    for (const [name, { Type, Catch }] of Object.entries(states)) {
      if (Type !== 'Map') continue;
      expect({ name, Catch }).toMatchObject({
        name,
        Catch: [{ ErrorEquals: ['States.ALL'], Next: expect.stringMatching(/^Announce/) }],
      });
    }
  });

  test('looks, after each wait, before it decides anything', () => {
    const waits = Object.entries(states).filter(([, { Type }]) => Type === 'Wait');
    for (const [name, { Next = '' }] of waits) {
      const looks = states[Next]?.Type === 'Task' || Next === 'Where Were We?';
      expect({ name, looks }).toEqual({ name, looks: true });
    }
  });

  test('can reach every state', () => {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const { Next, Default, Choices = [], Catch = [] } = states[name] ?? { Type: '' };
      const ways = [Next, Default, ...[...Choices, ...Catch].map((way) => way.Next)];
      for (const way of ways) if (way !== undefined) visit(way);
    };
    visit(DEFINITIONS[workflow].StartAt);
    const own = Object.keys(DEFINITIONS[workflow].States);
    expect(own.filter((name) => !seen.has(name))).toEqual([]);
  });
});

test('a termination that comes before its time, by a clock that was set back, waits for it', () => {
  const states = Object.fromEntries(statesOf('delayed-termination'));
  expect(states['Terminate Instances']?.Catch?.[0]).toMatchObject({
    ErrorEquals: ['StaleObservation'],
    Next: 'Wait For Termination Time',
  });
  expect(states['Wait For Termination Time']).toMatchObject({
    TimestampPath: '$.plan.terminateAt',
    Next: 'Begin Termination',
  });
});

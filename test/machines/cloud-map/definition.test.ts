import { describe, expect, test } from '@jest/globals';
import { DEFINITIONS } from '../../../functions/registry.ts';
import { CleanUpData, ServiceRun } from '../../../src/contract/clean-cloud-map-data.ts';
import { PASSING_ERRORS } from '../../../src/contract/errors.ts';

interface Way {
  readonly Next: string;
}
interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Retry?: readonly { readonly JitterStrategy?: string }[];
  readonly Choices?: readonly (Way & { readonly Variable: string; readonly StringEquals: string })[];
  readonly Catch?: readonly (Way & { readonly ErrorEquals: readonly string[] })[];
}

const whole: Readonly<Record<string, State>> = DEFINITIONS['clean-cloud-map'].States;
const service: Readonly<Record<string, State>> = DEFINITIONS['clean-cloud-map-service'].States;
const wordsOf = (state: State | undefined) => (state?.Choices ?? []).map(({ StringEquals }) => StringEquals);
const wayOf = (state: State | undefined, word: string) =>
  state?.Choices?.find(({ StringEquals }) => StringEquals === word)?.Next ?? state?.Default;

describe.each([
  ['clean-cloud-map', /^Announce Clean-Up$/],
  ['clean-cloud-map-service', /^Settle Service$/],
] as const)('every task of %s', (workflow, announcement) => {
  const states: Readonly<Record<string, State>> = DEFINITIONS[workflow].States;
  const tasks = Object.entries(states).filter(([, { Type }]) => Type === 'Task');

  test('is retried with jitter', () => {
    for (const [name, { Retry }] of tasks) {
      expect({ name, Retry }).toMatchObject({ name, Retry: [{ JitterStrategy: 'FULL' }] });
    }
  });

  test('ends, whatever else becomes of it, with what is said of the end', () => {
    const working = Object.entries(states).filter(([, { Type }]) => Type === 'Task' || Type === 'Map');
    for (const [name, { Catch = [] }] of working) {
      if (/^(Report Clean-Up|Settle Service)$/.test(name)) continue;
      const next = { 'Plan Clean-Up': /^Keep Refused Input$/, 'Announce Clean-Up': /^Report Clean-Up$/ }[name];
      expect({ name, ...Catch.at(-1) }).toMatchObject({
        name,
        ErrorEquals: ['States.ALL'],
        Next: expect.stringMatching(next ?? announcement),
      });
    }
  });

  test('can be reached, like every other state', () => {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const { Next, Default, Choices = [], Catch = [] } = states[name] ?? { Type: '' };
      for (const way of [Next, Default, ...[...Choices, ...Catch].map((one) => one.Next)]) {
        if (way !== undefined) visit(way);
      }
    };
    visit(DEFINITIONS[workflow].StartAt);
    expect(Object.keys(states).filter((name) => !seen.has(name))).toEqual([]);
  });
});

describe('the clean-up of one service', () => {
  test.each(['Observe Registrations', 'Remove Registrations', 'Follow Operations'])(
    '%s: what passes is waited out',
    (name) => {
      const waiting = service[name]?.Catch?.filter(({ Next }) => Next === 'Wait Out Fault') ?? [];
      expect(waiting.map(({ ErrorEquals }) => ErrorEquals)).toEqual([[...PASSING_ERRORS]]);
    },
  );

  test('looks again where what it saw is too old to remove anything by', () => {
    expect(service['Remove Registrations']?.Catch?.[0]).toMatchObject({
      ErrorEquals: ['StaleObservation'],
      Next: 'Observe Registrations',
    });
  });

  test('goes on by every word that a decision can say, and else settles', () => {
    const next = ServiceRun.shape.next.def.innerType.options.filter((word) => word !== 'hold');
    expect([...wordsOf(service['What Comes Next?']), 'settle'].sort()).toEqual([...next].sort());
    expect(service['What Comes Next?']?.Default).toBe('Settle Service');
    const resume = ServiceRun.shape.resume.def.innerType.options;
    expect([...wordsOf(service['Where Was It?']), 'observe'].sort()).toEqual([...resume].sort());
    expect(service['Where Was It?']?.Default).toBe('Observe Registrations');
  });

  test('does what the word says', () => {
    const does = { observe: 'Observe Registrations', remove: 'Remove Registrations', follow: 'Follow Operations' };
    for (const [word, state] of Object.entries(does)) {
      expect([word, wayOf(service['What Comes Next?'], word)]).toEqual([word, state]);
      expect([word, wayOf(service['Where Was It?'], word)]).toEqual([word, state]);
    }
    expect(service[wayOf(service['What Comes Next?'], 'wait') ?? '']).toMatchObject({
      Type: 'Wait',
      Next: 'Follow Operations',
    });
  });
});

test('the whole takes what a phase can say of all services to the next phase, or to the end', () => {
  const words = ['Which Services?', 'Any Service?', 'Anything Stale?', 'Anything Confirmed?'].flatMap((name) =>
    wordsOf(whole[name]),
  );
  expect([...words, 'observe'].sort()).toEqual([...CleanUpData.shape.next.options].sort());
  for (const name of ['Anything Stale?', 'Anything Confirmed?']) {
    expect([name, whole[name]?.Default]).toEqual([name, 'Announce Clean-Up']);
  }
});

test('the whole ends as it did, whether that could be announced or not', () => {
  for (const name of ['Announce Clean-Up', 'Report Clean-Up']) {
    expect([name, whole[name]?.Next]).toEqual([name, 'How Did It End?']);
  }
  expect(whole['Keep Refused Input']?.Next).toBe('Announce Clean-Up');
});

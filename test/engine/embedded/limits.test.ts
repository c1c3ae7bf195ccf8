import { describe, expect, test } from '@jest/globals';
import { call, engineFor, machine, twoSteps } from '../fixtures.ts';

const KIB = 1024;
const start = (engine: ReturnType<typeof engineFor>, name: string, input: unknown = {}) =>
  engine.start({ workflow: 'drain-instance', name, input });
const echo = async (payload: unknown) => payload;

describe('what is refused at the door', () => {
  const engine = engineFor(twoSteps, { first: echo, second: echo });

  test.each([[''], ['x'.repeat(81)], ['a b'], ['a/b'], ['a:b'], ['a*'], ['a\u0001'], ['a\ud800b'], ['«a,b»']])(
    'the name %j',
    async (name) => {
      await expect(start(engine, name)).rejects.toMatchObject({ name: 'InvalidName' });
    },
  );

  test.each([['x'.repeat(80)], ['i-0abc_1.2-3'], ['überlauf'], ["(it's)!"]])('not the name %j', async (name) => {
    await expect(start(engine, name, { pauseSeconds: 0 })).resolves.toHaveProperty('executionArn');
  });

  test('an input of more than 256 KiB', async () => {
    const fits = { text: 'é'.repeat(128 * KIB - 8) };
    await expect(start(engine, 'fits', fits)).resolves.toHaveProperty('executionArn');
    await expect(start(engine, 'large', { text: `${fits.text}ééé` })).rejects.toMatchObject({
      name: 'InvalidExecutionInput',
    });
  });

  test('an input that is no JSON', async () => {
    const nothing = { workflow: 'drain-instance', name: 'nothing', input: undefined } as const;
    await expect(engine.start(nothing)).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
    await expect(start(engine, 'bigint', { n: 1n })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
  });

  test('a workflow that has no machine', async () => {
    const request = { workflow: 'clean-cloud-map', name: 'x', input: {} } as const;
    await expect(engine.start(request)).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
    await expect(engine.describe(engine.executionArn('drain-instance', 'nobody'))).rejects.toMatchObject({
      name: 'ExecutionDoesNotExist',
    });
  });
});

describe('what fails an execution, as on AWS', () => {
  const caughtAll = { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] };

  test("a step's answer of more than 256 KiB, whatever is caught", async () => {
    const engine = engineFor(
      machine('A', { A: call('large', { ...caughtAll, End: true }), Done: { Type: 'Succeed' } }),
      { large: async () => 'x'.repeat(256 * KIB) },
    );
    const { executionArn } = await start(engine, 'one');
    expect(await engine.waitFor(executionArn)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('a state whose input and result together exceed 256 KiB', async () => {
    const engine = engineFor(machine('A', { A: call('half', { ResultPath: '$.result', End: true }) }), {
      half: async () => 'x'.repeat(200 * KIB),
    });
    const { executionArn } = await start(engine, 'one', { text: 'x'.repeat(100 * KIB) });
    expect(await engine.waitFor(executionArn)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  test('a loop that never ends, at exactly 25,000 events', async () => {
    const engine = engineFor(
      machine('A', {
        A: { Type: 'Pass', Next: 'B' },
        B: call('step', { ...caughtAll, Next: 'A' }),
        Done: { Type: 'Succeed' },
      }),
      { step: echo },
    );
    const { executionArn } = await start(engine, 'one');
    expect(await engine.waitFor(executionArn)).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    const events = await engine.history(executionArn);
    expect(events).toHaveLength(25_000);
    expect(events.at(-1)).toMatchObject({ id: 25_000, type: 'ExecutionFailed' });
  });
});

test('of what the events carried only so much is kept, of the events all', async () => {
  let polls = 0;
  const engine = engineFor(
    machine('A', {
      A: call('step', { Next: 'More?' }),
      'More?': { Type: 'Choice', Choices: [{ Variable: '$.more', BooleanEquals: true, Next: 'A' }], Default: 'Done' },
      Done: { Type: 'Succeed' },
    }),
    {
      step: async () => {
        polls += 1;
        return { more: polls < 100, polls, text: 'x'.repeat(10 * KIB) };
      },
    },
    { historyBytes: 100 * KIB },
  );
  const { executionArn } = await start(engine, 'one', { first: true });
  await engine.waitFor(executionArn);
  const events = await engine.history(executionArn);
  expect(events.map((event) => event.id)).toEqual(Array.from({ length: events.length }, (_, index) => index + 1));
  expect(events.filter((event) => event.type === 'LambdaFunctionSucceeded')).toHaveLength(100);
  const kept = events.filter((event) => event.output !== undefined);
  const bytes = new Set(kept.map((event) => JSON.stringify(event.output)));
  expect(bytes.size).toBeLessThanOrEqual(11);
  expect(bytes.size).toBeGreaterThanOrEqual(4);
  expect(events.at(-1)?.output).toMatchObject({ polls: 100 });
  expect(events[0]?.input).toEqual({ first: true });
});

describe('a definition that would run otherwise than on AWS', () => {
  const succeed = { Type: 'Succeed' };
  test.each([
    ['a function without a handler', machine('A', { A: call('nobody', { End: true }) }), /nobody.*no handler/],
    ['a Parallel', machine('A', { A: { Type: 'Parallel', End: true } }), /Parallel/],
    ['JSONata', machine('A', { A: { Type: 'Pass', QueryLanguage: 'JSONata', End: true } }), /QueryLanguage/],
    ['a heartbeat', machine('A', { A: call('step', { HeartbeatSeconds: 5, End: true }) }), /HeartbeatSeconds/],
    ['a task token', machine('A', { A: call('step', { Parameters: { 't.$': '$$.Task.Token' }, End: true }) }), /token/],
    [
      'the whole context',
      machine('A', { A: { Type: 'Pass', Parameters: { 'c.$': '$$' }, End: true } }),
      /whole context/,
    ],
    [
      'another integration',
      machine('A', { A: { Type: 'Task', Resource: 'arn:aws:states:::sns:publish', End: true } }),
      /sns/,
    ],
    ['a lost state', machine('A', { A: { Type: 'Pass', Next: 'B' } }), /'B'/],
    ['a lost start', machine('Z', { A: succeed }), /'Z'/],
  ])('is refused when it has %s', (_, definition, message) => {
    expect(() => engineFor(definition, { step: echo })).toThrow(
      expect.objectContaining({ name: 'UnsupportedDefinition', message: expect.stringMatching(message) }),
    );
  });
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine.ts';
import { Journal } from '../../../src/engine/embedded/journal.ts';
import { call, engineFor, location, machine, Named } from '../fixtures.ts';

const start = Date.parse('2026-03-01T10:00:00.000Z');
let clock: Clock;
beforeEach(() => {
  clock = FakeTimers.install({ now: start });
});
afterEach(() => clock.uninstall());

type State = Readonly<Record<string, unknown>>;

const mapOf = (states: Record<string, State>, startAt: string, more: State = {}): State => ({
  Type: 'Map',
  ItemsPath: '$.items',
  MaxConcurrency: 2,
  ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: startAt, States: states },
  ResultPath: '$.results',
  ...more,
});

const startedChild: State = {
  Type: 'Task',
  Resource: 'arn:aws:states:::states:startExecution.sync:2',
  Parameters: { StateMachineArn: { 'Fn::GetAtt': ['DrainInstance', 'Arn'] }, 'Input.$': '$' },
  ResultSelector: { 'kept.$': '$.Output' },
  End: true,
};

const waiting = machine('Rest', {
  Rest: { Type: 'Wait', Seconds: 60, Next: 'Work' },
  Work: call('work', { End: true }),
});

function parentOf(map: State, more: Partial<EmbeddedEngineOptions> = {}) {
  return new EmbeddedEngine({
    ...location,
    journal: ':memory:',
    definitions: { 'drain-instance': waiting, 'delayed-termination': machine('Each', { Each: map }) },
    handlers: { work: async (payload) => payload, settle: async (payload) => payload },
    ...more,
  });
}

async function run(engine: EmbeddedEngine, input: unknown) {
  const { executionArn } = await engine.start({ workflow: 'delayed-termination', name: 'all', input });
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  return ended;
}

test('every item runs with what ItemSelector made of it, and the results keep the order of the items', async () => {
  const handlers = { work: async (payload: unknown) => ({ did: payload }) };
  const map = mapOf({ Work: call('work', { End: true }) }, 'Work', {
    ItemSelector: { 'n.$': '$$.Map.Item.Index', 'item.$': '$$.Map.Item.Value', 'plan.$': '$.plan' },
    End: true,
  });
  const engine = engineFor(machine('Each', { Each: map }), handlers);
  const { executionArn } = await engine.start({
    workflow: 'drain-instance',
    name: 'all',
    input: { plan: 'p', items: ['a', 'b', 'c'] },
  });
  expect((await engine.waitFor(executionArn)).output).toEqual({
    plan: 'p',
    items: ['a', 'b', 'c'],
    results: ['a', 'b', 'c'].map((item, n) => ({ did: { n, item, plan: 'p' } })),
  });
});

test('no items have no results', async () => {
  const engine = engineFor(
    machine('Each', { Each: mapOf({ Work: call('work', { End: true }) }, 'Work', { End: true }) }),
    {
      work: async () => null,
    },
  );
  const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'none', input: { items: [] } });
  expect((await engine.waitFor(executionArn)).output).toEqual({ items: [], results: [] });
});

test('no more children run at once than MaxConcurrency says', async () => {
  const engine = parentOf(mapOf({ Child: startedChild }, 'Child', { End: true }));
  const ended = await run(engine, { items: [1, 2, 3, 4, 5] });
  expect(ended.output).toMatchObject({ results: [1, 2, 3, 4, 5].map((kept) => ({ kept })) });
  // Five children of a minute each, two at once.
  expect(ended.stopDate?.getTime()).toBe(start + 180_000);
});

test('an item goes on after an error that it catches, and the others with it', async () => {
  const work = async (payload: unknown) => {
    if (payload === 2) throw new Named('Refused', 'not this one');
    return payload;
  };
  const child = { ...startedChild, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Settle' }] };
  const engine = parentOf(mapOf({ Child: child, Settle: call('settle', { End: true }) }, 'Child', { End: true }), {
    handlers: { work, settle: async () => ({ kept: 'settled' }) },
  });
  const ended = await run(engine, { items: [1, 2, 3] });
  expect(ended.output).toMatchObject({ results: [{ kept: 1 }, { kept: 'settled' }, { kept: 3 }] });
});

test('an error that no item catches fails the Map, and stops the children of the others', async () => {
  const work = async (payload: unknown) => {
    if (payload === 1) throw new Named('Refused', 'not this one');
    return payload;
  };
  const map = mapOf({ Child: startedChild }, 'Child', {
    MaxConcurrency: 3,
    ItemSelector: { 'item.$': '$$.Map.Item.Value' },
    Catch: [{ ErrorEquals: ['States.TaskFailed'], ResultPath: '$.failure', Next: 'Told' }],
    End: true,
  });
  const slow = machine('Which?', {
    'Which?': { Type: 'Choice', Choices: [{ Variable: '$.item', NumericEquals: 1, Next: 'Work' }], Default: 'Rest' },
    Rest: { Type: 'Wait', Seconds: 600, Next: 'Work' },
    Work: call('work', { InputPath: '$.item', End: true }),
  });
  const engine = parentOf(map, {
    definitions: {
      'drain-instance': slow,
      'delayed-termination': machine('Each', { Each: map, Told: { Type: 'Succeed' } }),
    },
    handlers: { work },
  });
  const ended = await run(engine, { items: [1, 2, 3] });
  expect(ended).toMatchObject({ status: 'SUCCEEDED', output: { failure: { Error: 'States.TaskFailed' } } });
  const { executions } = await engine.list({ workflow: 'drain-instance' });
  expect(executions.map(({ status }) => status).sort()).toEqual(['ABORTED', 'ABORTED', 'FAILED']);
});

test('a stopped execution stops the children of its Map', async () => {
  const engine = parentOf(mapOf({ Child: startedChild }, 'Child', { End: true }));
  const { executionArn } = await engine.start({
    workflow: 'delayed-termination',
    name: 'all',
    input: { items: [1, 2] },
  });
  await clock.tickAsync(1000);
  await engine.stop(executionArn);
  await clock.runAllAsync();
  const { executions } = await engine.list({ workflow: 'drain-instance' });
  expect(executions.map(({ status }) => status)).toEqual(['ABORTED', 'ABORTED']);
});

test('after a crash every item finds the child that it had started', async () => {
  const path = `${process.env.TMPDIR ?? '/tmp'}/sluice-map-${process.pid}-${Math.random().toString(36).slice(2)}.journal`;
  const map = mapOf({ Child: startedChild }, 'Child', { End: true });
  const first = parentOf(map, { journal: path });
  const { executionArn } = await first.start({
    workflow: 'delayed-termination',
    name: 'all',
    input: { items: [1, 2, 3] },
  });
  await clock.tickAsync(70_000);
  // Two have ended, the third runs; somebody has looked at the history, so that it is written ahead of the position.
  expect((await first.history(executionArn)).filter(({ type }) => type === 'MapIterationSucceeded')).toHaveLength(2);
  const closing = first.close();
  await clock.tickAsync(0);
  await closing;
  const second = parentOf(map, { journal: new Journal({ path }) });
  const ended = second.waitFor(executionArn);
  void second.resume();
  await clock.runAllAsync();
  expect((await ended).output).toMatchObject({ results: [{ kept: 1 }, { kept: 2 }, { kept: 3 }] });
  expect((await second.list({ workflow: 'drain-instance' })).executions).toHaveLength(3);
  const ids = (await second.history(executionArn)).map(({ id }) => id);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  await second.close();
});

test('an execution is described by the SDK integration, its output as text', async () => {
  const describing = machine('Describe', {
    Describe: {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:sfn:describeExecution',
      Parameters: { 'ExecutionArn.$': '$.arn' },
      ResultSelector: { 'status.$': '$.Status', 'output.$': 'States.StringToJson($.Output)' },
      Catch: [{ ErrorEquals: ['Sfn.ExecutionDoesNotExistException'], Next: 'Unknown' }],
      End: true,
    },
    Unknown: { Type: 'Pass', Result: 'unknown', End: true },
  });
  const engine = new EmbeddedEngine({
    ...location,
    journal: ':memory:',
    definitions: { 'drain-instance': waiting, 'await-drained': describing },
    handlers: { work: async () => ({ n: 1 }) },
  });
  const { executionArn: arn } = await engine.start({ workflow: 'drain-instance', name: 'a', input: {} });
  await clock.runAllAsync();
  const described = async (name: string, input: unknown) => {
    const { executionArn } = await engine.start({ workflow: 'await-drained', name, input });
    return (await engine.waitFor(executionArn)).output;
  };
  expect(await described('known', { arn })).toEqual({ status: 'SUCCEEDED', output: { n: 1 } });
  expect(await described('other', { arn: `${arn}x` })).toBe('unknown');
});

test.each([
  ['no bound', { MaxConcurrency: undefined }, /MaxConcurrency must be from 1 to 40/],
  ['more at once than AWS allows', { MaxConcurrency: 41 }, /MaxConcurrency must be from 1 to 40/],
  ['a distributed mode', { ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' } } }, /mode "DISTRIBUTED"/],
  ['tolerated failures', { ToleratedFailureCount: 3 }, /ToleratedFailureCount is not supported/],
  [
    'a wait that a crash would forget',
    { ItemProcessor: { StartAt: 'Rest', States: { Rest: { Type: 'Wait', Seconds: 1, End: true } } } },
    /'Rest' in a Map has type "Wait"/,
  ],
])('a Map with %s is refused', (_, more, message) => {
  const map = JSON.parse(JSON.stringify(mapOf({ Work: call('work', { End: true }) }, 'Work', { ...more, End: true })));
  expect(() => engineFor(machine('Each', { Each: map }), { work: async () => null })).toThrow(message);
});

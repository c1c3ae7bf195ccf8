import { afterEach, beforeEach, expect, test } from '@jest/globals';
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine.ts';
import { call, location, machine, Named } from '../fixtures.ts';

const start = Date.parse('2026-03-01T10:00:00.000Z');
let clock: Clock;
beforeEach(() => {
  clock = FakeTimers.install({ now: start });
});
afterEach(() => clock.uninstall());

const child = machine('Rest', {
  Rest: { Type: 'Wait', SecondsPath: '$.seconds', Next: 'Work' },
  Work: call('work', { End: true }),
});
const runChild = (more: object = {}, parameters: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::states:startExecution.sync:2',
  Parameters: { StateMachineArn: { 'Fn::GetAtt': ['DrainInstance', 'Arn'] }, 'Input.$': '$.child', ...parameters },
  ...more,
});

function engineWith(parent: EmbeddedEngineOptions['definitions']['delayed-termination'] & object, work: () => unknown) {
  return new EmbeddedEngine({
    ...location,
    journal: ':memory:',
    definitions: { 'drain-instance': child, 'delayed-termination': parent },
    handlers: { work: async () => work() },
  });
}

const startParent = (engine: EmbeddedEngine) =>
  engine.start({ workflow: 'delayed-termination', name: 'parent', input: { child: { seconds: 60 } } });

test('a child execution runs under a name of its own, and its output reaches the parent parsed', async () => {
  const engine = engineWith(machine('Drain', { Drain: runChild({ ResultPath: '$.drain', End: true }) }), () => ({
    status: 'succeeded',
  }));
  const { executionArn } = await startParent(engine);
  const ended = engine.waitFor(executionArn);
  await clock.tickAsync(1000);
  const { executions } = await engine.list({ workflow: 'drain-instance' });
  expect(executions).toMatchObject([{ status: 'RUNNING', workflow: 'drain-instance' }]);
  await clock.runAllAsync();
  expect((await ended).output).toMatchObject({
    child: { seconds: 60 },
    drain: {
      Status: 'SUCCEEDED',
      Output: { status: 'succeeded' },
      Input: { seconds: 60 },
      ExecutionArn: executions[0]?.executionArn,
      StateMachineArn: 'arn:aws:states:eu-central-1:123456789012:stateMachine:sluice-drain-instance',
      StartDate: start,
      StopDate: start + 60_000,
    },
  });
  const types = (await engine.history(executionArn)).map((event) => event.type);
  expect(types).toEqual([
    'ExecutionStarted',
    'TaskStateEntered',
    'TaskScheduled',
    'TaskStarted',
    'TaskSubmitted',
    'TaskSucceeded',
    'TaskStateExited',
    'ExecutionSucceeded',
  ]);
});

test('a child that fails raises States.TaskFailed, with its description as the Cause', async () => {
  const engine = engineWith(
    machine('Drain', {
      Drain: runChild({ Catch: [{ ErrorEquals: ['States.TaskFailed'], Next: 'Read' }], End: true }),
      Read: { Type: 'Pass', Parameters: { 'child.$': 'States.StringToJson($.Cause)' }, End: true },
    }),
    () => {
      throw new Named('Refused', 'protected');
    },
  );
  const { executionArn } = await startParent(engine);
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  expect((await ended).output).toMatchObject({
    child: { Status: 'FAILED', Error: 'Refused', Input: '{"seconds":60}', Cause: expect.stringContaining('protected') },
  });
});

test('each retry runs a child of its own', async () => {
  let works = 0;
  const engine = engineWith(
    machine('Drain', { Drain: runChild({ Retry: [{ ErrorEquals: ['States.TaskFailed'] }], End: true }) }),
    () => {
      works += 1;
      if (works < 3) throw new Error('not yet');
      return 'done';
    },
  );
  const { executionArn } = await startParent(engine);
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  expect((await ended).output).toMatchObject({ Output: 'done' });
  const { executions } = await engine.list({ workflow: 'drain-instance' });
  expect(executions.map((each) => each.status)).toEqual(['SUCCEEDED', 'FAILED', 'FAILED']);
});

test.each([
  ['the parent is stopped', (engine: EmbeddedEngine, arn: string) => engine.stop(arn), {}, 'ABORTED'],
  ['the parent times out', async () => clock.tickAsync(30_000), { TimeoutSeconds: 20 }, 'TIMED_OUT'],
] as const)('when %s its child is stopped', async (_, act, more, status) => {
  const engine = engineWith(machine('Drain', { Drain: runChild({ End: true }) }, more), () => 'never');
  const { executionArn } = await startParent(engine);
  await clock.tickAsync(1000);
  await act(engine, executionArn);
  await clock.runAllAsync();
  expect((await engine.describe(executionArn)).status).toBe(status);
  const { executions } = await engine.list({ workflow: 'drain-instance' });
  expect(executions).toMatchObject([{ status: 'ABORTED' }]);
});

test("a task's own timeout stops the child and raises States.Timeout", async () => {
  const engine = engineWith(
    machine('Drain', {
      Drain: runChild({ TimeoutSeconds: 10, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Late' }], End: true }),
      Late: { Type: 'Pass', Result: 'late', End: true },
    }),
    () => 'never',
  );
  const { executionArn } = await startParent(engine);
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  expect(await ended).toMatchObject({ output: 'late', stopDate: new Date(start + 10_000) });
  const { executions } = await engine.list({ workflow: 'drain-instance' });
  expect(executions).toMatchObject([{ status: 'ABORTED' }]);
});

test('a child takes the name that it is given, once', async () => {
  const engine = engineWith(
    machine('Drain', {
      Drain: runChild({ Next: 'Again' }, { Name: 'mine' }),
      Again: runChild({ InputPath: '$$.Execution.Input', End: true }, { Name: 'mine' }),
    }),
    () => 'done',
  );
  const { executionArn } = await startParent(engine);
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  expect(await ended).toMatchObject({ status: 'FAILED', error: 'StepFunctions.ExecutionAlreadyExistsException' });
  expect((await engine.describe(engine.executionArn('drain-instance', 'mine'))).status).toBe('SUCCEEDED');
});

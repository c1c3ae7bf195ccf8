/**
 * What every engine promises, asked of the embedded one directly and of the Step Functions client that reaches the same
 * engine over AWS's wire protocol.
 */

import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from '@jest/globals';
import { stateMachineArn } from '../../src/engine/arns.ts';
import { StepFunctionsEngine } from '../../src/engine/step-functions.ts';
import type { WorkflowEngine } from '../../src/engine/workflow-engine.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { stepFunctionsService } from '../../src/simulated-region/step-functions.ts';
import { call, closeEngines, engineFor, location, machine, Named } from './fixtures.ts';

const definition = machine('Step', {
  Step: call('step', { ResultPath: '$.result', Next: 'Hold?' }),
  'Hold?': {
    Type: 'Choice',
    Choices: [
      { Variable: '$.hold', IsPresent: true, Next: 'Hold' },
      { Variable: '$.result.left', NumericGreaterThan: 0, Next: 'Step' },
    ],
    Default: 'Done',
  },
  Hold: { Type: 'Wait', Seconds: 100_000, Next: 'Done' },
  Done: { Type: 'Succeed' },
});

function embedded() {
  return engineFor(definition, {
    step: async (payload) => {
      const { fail, polls = 0, result } = payload as { fail?: boolean; polls?: number; result?: { left: number } };
      if (fail === true) throw new Named('Refused', 'it is protected');
      return { left: result === undefined ? polls : result.left - 1 };
    },
  });
}

const stack = { ...location, stack: 'sluice' };
const overTheWire = (machines: ConstructorParameters<typeof StepFunctionsEngine>[1]) => () => {
  const engine = embedded();
  const region = new SimulatedRegion(location);
  const arn = stateMachineArn(stack, 'drain-instance');
  region.use(stepFunctionsService(engine, { stateMachines: [{ arn, workflow: 'drain-instance', definition }] }));
  const client = new StepFunctionsEngine(new SFNClient(region.clientConfig()), machines);
  return { engine: client, ended: (executionArn: string) => engine.waitFor(executionArn) };
};

const engines: [string, () => { engine: WorkflowEngine; ended: (executionArn: string) => Promise<unknown> }][] = [
  [
    'the embedded engine',
    () => {
      const engine = embedded();
      return { engine, ended: (executionArn) => engine.waitFor(executionArn) };
    },
  ],
  ['Step Functions, by its stack', overTheWire(stack)],
  ['Step Functions, by ARNs', overTheWire({ 'drain-instance': stateMachineArn(stack, 'drain-instance') })],
];

const workflow = 'drain-instance';
afterEach(closeEngines);

describe.each(engines)('%s', (_, make) => {
  test('starts, describes and tells the history of what succeeds', async () => {
    const { engine, ended } = make();
    const { executionArn, startDate } = await engine.start({ workflow, name: 'one', input: { a: 1 } });
    expect(executionArn).toBe(engine.executionArn(workflow, 'one'));
    await ended(executionArn);
    const described = await engine.describe(executionArn);
    expect(described).toEqual({
      executionArn,
      workflow,
      name: 'one',
      status: 'SUCCEEDED',
      startDate,
      stopDate: expect.any(Date),
      input: { a: 1 },
      output: { a: 1, result: { left: 0 } },
    });
    const history = await engine.history(executionArn);
    expect(history.map(({ type, stateName }) => (stateName === undefined ? type : `${type} ${stateName}`))).toEqual([
      'ExecutionStarted',
      'TaskStateEntered Step',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited Step',
      'ChoiceStateEntered Hold?',
      'ChoiceStateExited Hold?',
      'SucceedStateEntered Done',
      'SucceedStateExited Done',
      'ExecutionSucceeded',
    ]);
    expect(history[4]).toMatchObject({ id: 5, previousEventId: 4, output: { left: 0 } });
    expect(history[5]).toMatchObject({ output: { a: 1, result: { left: 0 } } });
  });

  test('describes what failed by its error and cause', async () => {
    const { engine, ended } = make();
    const { executionArn } = await engine.start({ workflow, name: 'one', input: { fail: true } });
    await ended(executionArn);
    const described = await engine.describe(executionArn);
    expect(described).toMatchObject({ status: 'FAILED', error: 'Refused' });
    expect(JSON.parse(described.cause ?? '')).toMatchObject({ errorMessage: 'it is protected' });
    expect(described).not.toHaveProperty('output');
    const failed = (await engine.history(executionArn)).filter((event) => event.error === 'Refused');
    expect(failed.map((event) => event.type)).toEqual(['LambdaFunctionFailed', 'ExecutionFailed']);
  });

  test('answers the name of an open execution with it, if the input is the same', async () => {
    const { engine } = make();
    const request = { workflow, name: 'one', input: { hold: true } } as const;
    const first = await engine.start(request);
    expect(await engine.start(request)).toEqual(first);
    await expect(engine.start({ ...request, input: { hold: false } })).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
      message: expect.stringContaining(first.executionArn),
    });
    await engine.stop(first.executionArn);
    await expect(engine.start(request)).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  });

  test('stops, with a reason, what runs, and leaves what has ended', async () => {
    const { engine, ended } = make();
    const { executionArn } = await engine.start({ workflow, name: 'one', input: { hold: true } });
    await engine.stop(executionArn, { error: 'Stopped', cause: 'by hand' });
    await ended(executionArn);
    await engine.stop(executionArn);
    const stopped = { status: 'ABORTED', error: 'Stopped', cause: 'by hand' };
    expect(await engine.describe(executionArn)).toMatchObject(stopped);
  });

  test('lists the newest first, page by page, and by status', async () => {
    const { engine } = make();
    for (let index = 0; index < 5; index += 1) {
      await engine.start({ workflow, name: `n${index}`, input: { hold: true } });
    }
    await engine.stop(engine.executionArn(workflow, 'n1'));
    await engine.stop(engine.executionArn(workflow, 'n3'));
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await engine.list({ workflow, maxResults: 2, ...(nextToken === undefined ? {} : { nextToken }) });
      expect(page.executions.length).toBeLessThanOrEqual(2);
      names.push(...page.executions.map((each) => each.name));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(names).toEqual(['n4', 'n3', 'n2', 'n1', 'n0']);
    const aborted = await engine.list({ workflow, status: 'ABORTED' });
    expect(aborted.executions.map((each) => [each.name, each.status])).toEqual([
      ['n3', 'ABORTED'],
      ['n1', 'ABORTED'],
    ]);
    await expect(engine.list({ workflow, nextToken: 'made up' })).rejects.toMatchObject({ name: 'InvalidToken' });
  });

  test.each([
    ['ExecutionDoesNotExist', (engine: WorkflowEngine) => engine.describe(engine.executionArn(workflow, 'nobody'))],
    ['ExecutionDoesNotExist', (engine: WorkflowEngine) => engine.history(engine.executionArn(workflow, 'nobody'))],
    ['ExecutionDoesNotExist', (engine: WorkflowEngine) => engine.stop(engine.executionArn(workflow, 'nobody'))],
    ['ExecutionDoesNotExist', (engine: WorkflowEngine) => engine.describe('nonsense')],
    ['InvalidName', (engine: WorkflowEngine) => engine.start({ workflow, name: 'a b', input: {} })],
    [
      'InvalidExecutionInput',
      (engine: WorkflowEngine) => engine.start({ workflow, name: 'a', input: 'x'.repeat(262_143) }),
    ],
    ['StateMachineDoesNotExist', async (engine: WorkflowEngine) => engine.list({ workflow: 'clean-cloud-map' })],
  ] as const)('refuses by the name %s', async (name, ask) => {
    await expect(ask(make().engine)).rejects.toMatchObject({ name });
  });

  test('tells every event, however many pages they fill', async () => {
    const { engine, ended } = make();
    const { executionArn } = await engine.start({ workflow, name: 'one', input: { polls: 300 } });
    await ended(executionArn);
    const history = await engine.history(executionArn);
    expect(history.length).toBeGreaterThan(2000);
    expect(history.map((event) => event.id)).toEqual(history.map((_event, index) => index + 1));
    expect(history.at(-1)?.type).toBe('ExecutionSucceeded');
    expect(await engine.history(executionArn, { last: 3 })).toEqual(history.slice(-3));
  });
});

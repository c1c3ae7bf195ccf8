import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from '@jest/globals';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { stepFunctionsService } from '../../src/simulated-region/step-functions.ts';
import { call, closeEngines, engineFor, location, machine } from '../engine/fixtures.ts';

afterEach(closeEngines);

const definition = machine('Step', { Step: call('step', { End: true }) });
const stateMachineArn = 'arn:aws:states:eu-central-1:123456789012:stateMachine:sluice-drain-instance';
const executionArn = 'arn:aws:states:eu-central-1:123456789012:execution:sluice-drain-instance:one';

function make(options: { readonly enforceBuckets?: boolean } = {}) {
  const engine = engineFor(definition, { step: async (payload) => payload });
  const region = new SimulatedRegion({ ...location, ...options });
  region.use(
    stepFunctionsService(engine, { stateMachines: [{ arn: stateMachineArn, workflow: 'drain-instance', definition }] }),
  );
  return { engine, sfn: new SFNClient({ ...region.clientConfig(), maxAttempts: 1 }) };
}

async function ran() {
  const { engine, sfn } = make();
  await sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'one', input: '{"a": 1}' }));
  await engine.waitFor(executionArn);
  return sfn;
}

describe('GetExecutionHistory', () => {
  test('gives each kind of event its own details', async () => {
    const sfn = await ran();
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(events).toEqual([
      expect.objectContaining({
        id: 1,
        type: 'ExecutionStarted',
        executionStartedEventDetails: { input: '{"a":1}', inputDetails: { truncated: false } },
      }),
      expect.objectContaining({
        id: 2,
        previousEventId: 0,
        stateEnteredEventDetails: { name: 'Step', input: '{"a":1}', inputDetails: { truncated: false } },
      }),
      expect.objectContaining({
        type: 'LambdaFunctionScheduled',
        lambdaFunctionScheduledEventDetails: expect.objectContaining({ input: '{"a":1}' }),
      }),
      expect.objectContaining({ type: 'LambdaFunctionStarted', previousEventId: 3 }),
      expect.objectContaining({ lambdaFunctionSucceededEventDetails: expect.objectContaining({ output: '{"a":1}' }) }),
      expect.objectContaining({
        stateExitedEventDetails: expect.objectContaining({ name: 'Step', output: '{"a":1}' }),
      }),
      expect.objectContaining({ executionSucceededEventDetails: expect.objectContaining({ output: '{"a":1}' }) }),
    ]);
  });

  test('comes backwards, in pages and without the data when asked so', async () => {
    const sfn = await ran();
    const ids: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const command = { executionArn, maxResults: 3, reverseOrder: true, includeExecutionData: false, nextToken };
      const page = await sfn.send(new GetExecutionHistoryCommand(command));
      ids.push(page.events?.map((event) => event.id));
      expect(JSON.stringify(page.events)).not.toContain('"{\\"a\\":1}"');
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(ids).toEqual([[7, 6, 5], [4, 3, 2], [1]]);
  });
});

describe('the API', () => {
  test('makes up a name and an empty input where none are given', async () => {
    const { engine, sfn } = make();
    const started = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
    const ended = await engine.waitFor(started.executionArn ?? '');
    expect(ended).toMatchObject({ name: expect.stringMatching(/^[0-9a-f-]{36}$/), input: {}, output: {} });
  });

  test('describes an execution with its machine', async () => {
    const sfn = await ran();
    expect(await sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      stateMachineArn,
      name: 'one',
      status: 'SUCCEEDED',
      output: '{"a":1}',
      stopDate: expect.any(Date),
    });
  });

  test('lists and describes the machines', async () => {
    const { sfn } = make();
    const { stateMachines } = await sfn.send(new ListStateMachinesCommand({}));
    expect(stateMachines).toMatchObject([{ stateMachineArn, name: 'sluice-drain-instance', type: 'STANDARD' }]);
    const described = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(JSON.parse(described.definition ?? '')).toEqual(definition);
  });

  test.each([
    ['InvalidArn', new DescribeExecutionCommand({ executionArn: stateMachineArn })],
    ['InvalidArn', new StartExecutionCommand({ stateMachineArn: 'drain' })],
    ['StateMachineDoesNotExist', new DescribeStateMachineCommand({ stateMachineArn: `${stateMachineArn}x` })],
    ['InvalidExecutionInput', new StartExecutionCommand({ stateMachineArn, input: '{' })],
    ['InvalidName', new StartExecutionCommand({ stateMachineArn, name: 'a/b' })],
    ['InvalidToken', new GetExecutionHistoryCommand({ executionArn, nextToken: 'made up' })],
  ] as const)('refuses by the name %s', async (name, command) => {
    const sfn = await ran();
    await expect(sfn.send(command as DescribeExecutionCommand)).rejects.toMatchObject({ name });
  });

  test('throttles DescribeExecution as AWS does', async () => {
    const { sfn } = make({ enforceBuckets: true });
    const calls = Array.from({ length: 400 }, () => sfn.send(new DescribeExecutionCommand({ executionArn })));
    const names = new Set(
      (await Promise.allSettled(calls)).map((each) => each.status === 'rejected' && each.reason.name),
    );
    expect(names).toEqual(new Set(['ExecutionDoesNotExist', 'ThrottlingException']));
  });
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';
import type { EmbeddedEngine } from '../../../src/engine/embedded/embedded-engine.ts';
import type { ExecutionDescription } from '../../../src/engine/workflow-engine.ts';
import { call, engineFor, machine, Named, pollingLoop, twoSteps } from '../fixtures.ts';

const start = Date.parse('2026-03-01T10:00:00.000Z');
let clock: Clock;
beforeEach(() => {
  clock = FakeTimers.install({ now: start });
});
afterEach(() => clock.uninstall());

async function runToEnd(engine: EmbeddedEngine, input: unknown = {}): Promise<ExecutionDescription> {
  const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'one', input });
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  return ended;
}

async function typesOf(engine: EmbeddedEngine): Promise<string[]> {
  const events = await engine.history(engine.executionArn('drain-instance', 'one'));
  return events.map(({ type, stateName }) => (stateName === undefined ? type : `${type} ${stateName}`));
}

describe('a run', () => {
  test('passes the output of each state on and ends with the last one', async () => {
    const engine = engineFor(twoSteps, {
      first: async (payload) => ({ ...(payload as object), first: true }),
      second: async (payload) => ({ ...(payload as object), second: true }),
    });
    const ended = await runToEnd(engine, { pauseSeconds: 90 });
    expect(ended).toEqual({
      executionArn: 'arn:aws:states:eu-central-1:123456789012:execution:sluice-drain-instance:one',
      workflow: 'drain-instance',
      name: 'one',
      status: 'SUCCEEDED',
      startDate: new Date(start),
      stopDate: new Date(start + 90_000),
      input: { pauseSeconds: 90 },
      output: { pauseSeconds: 90, first: true, second: true },
    });
  });

  test('writes the history that Step Functions would', async () => {
    const engine = engineFor(twoSteps, { first: async (payload) => payload, second: async () => null });
    await runToEnd(engine, { pauseSeconds: 5 });
    const events = await engine.history(engine.executionArn('drain-instance', 'one'));
    expect(events.map((event) => [event.id, event.previousEventId])).toEqual([
      [1, 0],
      [2, 0],
      ...Array.from({ length: 14 }, (_, index) => [index + 3, index + 2]),
    ]);
    expect(await typesOf(engine)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered First',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited First',
      'WaitStateEntered Pause',
      'WaitStateExited Pause',
      'TaskStateEntered Second',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited Second',
      'SucceedStateEntered Done',
      'SucceedStateExited Done',
      'ExecutionSucceeded',
    ]);
  });

  test('counts each state entered and each retry as a transition', async () => {
    let polls = 0;
    const engine = engineFor(pollingLoop, {
      observe: async () => {
        polls += 1;
        return { state: polls === 3 ? 'drained' : 'waiting', waitSeconds: 10 };
      },
    });
    const ended = await runToEnd(engine);
    expect(ended.output).toEqual({ state: 'drained', waitSeconds: 10 });
    expect(engine.counts(ended.executionArn).transitions).toBe(3 + 3 + 2 + 1);
  });

  test('hands each step a JSON document and takes one back, as Lambda does', async () => {
    const seen: unknown[] = [];
    const engine = engineFor(machine('A', { A: call('give', { Next: 'B' }), B: call('take', { End: true }) }), {
      give: async () => ({ when: new Date(start), gone: undefined, list: [undefined, 1] }),
      take: async (payload) => {
        seen.push(payload);
        return undefined;
      },
    });
    const ended = await runToEnd(engine);
    expect(seen).toEqual([{ when: '2026-03-01T10:00:00.000Z', list: [null, 1] }]);
    expect(seen[0]).not.toHaveProperty('gone');
    expect(ended.output).toBeNull();
  });

  test('binds the context to the execution', async () => {
    const engine = engineFor(
      machine('Wait', {
        Wait: { Type: 'Wait', Seconds: 7, Next: 'Tell' },
        Tell: {
          Type: 'Pass',
          Parameters: {
            'id.$': '$$.Execution.Id',
            'name.$': '$$.Execution.Name',
            'started.$': '$$.Execution.StartTime',
            'input.$': '$$.Execution.Input',
            'machine.$': '$$.StateMachine.Name',
            'machineId.$': '$$.StateMachine.Id',
            'entered.$': '$$.State.EnteredTime',
            'text.$': "States.Format('{} in {}', $$.Execution.Name, $$.State.Name)",
          },
          End: true,
        },
      }),
    );
    const ended = await runToEnd(engine, { a: 1 });
    expect(ended.output).toEqual({
      id: ended.executionArn,
      name: 'one',
      started: '2026-03-01T10:00:00.000Z',
      input: { a: 1 },
      machine: 'sluice-drain-instance',
      machineId: 'arn:aws:states:eu-central-1:123456789012:stateMachine:sluice-drain-instance',
      entered: '2026-03-01T10:00:07.000Z',
      text: 'one in Tell',
    });
  });
});

describe('failing', () => {
  test('a thrown error is named and described as by Lambda, and a Catch can tell', async () => {
    const engine = engineFor(
      machine('A', {
        A: call('fail', { Catch: [{ ErrorEquals: ['Refused'], ResultPath: '$.error', Next: 'Read' }], End: true }),
        Read: {
          Type: 'Pass',
          Parameters: {
            'name.$': '$.error.Error',
            'cause.$': 'States.StringToJson($.error.Cause)',
            'kept.$': '$.kept',
          },
          End: true,
        },
      }),
      { fail: async () => Promise.reject(new Named('Refused', 'it is protected')) },
    );
    const ended = await runToEnd(engine, { kept: 1 });
    expect(ended.output).toMatchObject({
      name: 'Refused',
      cause: { errorType: 'Refused', errorMessage: 'it is protected' },
      kept: 1,
    });
    expect(await typesOf(engine)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered A',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionFailed',
      'TaskStateExited A',
      'PassStateEntered Read',
      'PassStateExited Read',
      'ExecutionSucceeded',
    ]);
  });

  test('an error that nothing catches fails the execution', async () => {
    const engine = engineFor(machine('A', { A: call('fail', { End: true }) }), {
      fail: async () => Promise.reject(new Named('Odd', 'no')),
    });
    const ended = await runToEnd(engine);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'Odd' });
    expect(JSON.parse(ended.cause ?? '')).toMatchObject({ errorType: 'Odd', errorMessage: 'no' });
  });

  test('a Fail state takes its error and cause by plain paths', async () => {
    const engine = engineFor(
      machine('Give Up', { 'Give Up': { Type: 'Fail', ErrorPath: '$.error', CausePath: '$.receipt' } }),
    );
    const ended = await runToEnd(engine, { error: 'DrainTimedOut', receipt: '{"status":"timed-out"}' });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainTimedOut', cause: '{"status":"timed-out"}' });
    expect(await typesOf(engine)).toEqual(['ExecutionStarted', 'FailStateEntered Give Up', 'ExecutionFailed']);
  });

  test('a Fail state without an error names none', async () => {
    const ended = await runToEnd(engineFor(machine('F', { F: { Type: 'Fail' } })));
    expect(ended.status).toBe('FAILED');
    expect(ended).not.toHaveProperty('error');
    expect(ended).not.toHaveProperty('cause');
  });

  test('what cannot be evaluated fails as States.Runtime, whatever is caught', async () => {
    const engine = engineFor(
      machine('A', {
        A: call('never', {
          InputPath: '$.missing',
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
          End: true,
        }),
        B: { Type: 'Succeed' },
      }),
      { never: async () => 1 },
    );
    expect(await runToEnd(engine)).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });
});

describe('retrying', () => {
  const retrying = (retrier: object) =>
    machine('A', { A: call('work', { Retry: [{ ErrorEquals: ['Throttled'], ...retrier }], End: true }) });

  test('waits longer each time, up to MaxDelaySeconds, then gives up', async () => {
    const at: number[] = [];
    const retrier = { IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 3 };
    const engine = engineFor(retrying(retrier), {
      work: async () => {
        at.push((Date.now() - start) / 1000);
        throw new Named('Throttled', 'later');
      },
    });
    expect(await runToEnd(engine)).toMatchObject({ status: 'FAILED', error: 'Throttled' });
    expect(at).toEqual([0, 2, 8, 18]);
    expect(engine.counts(engine.executionArn('drain-instance', 'one')).transitions).toBe(4);
    expect((await typesOf(engine)).filter((type) => type === 'LambdaFunctionScheduled')).toHaveLength(4);
  });

  test('with full jitter each pause is anything up to the interval', async () => {
    const pauses: number[] = [];
    let last = start;
    const engine = engineFor(
      retrying({ IntervalSeconds: 4, BackoffRate: 1, MaxAttempts: 40, JitterStrategy: 'FULL' }),
      {
        work: async () => {
          pauses.push(Date.now() - last);
          last = Date.now();
          throw new Named('Throttled', 'later');
        },
      },
    );
    await runToEnd(engine);
    const jittered = pauses.slice(1);
    expect(jittered).toHaveLength(40);
    expect(Math.max(...jittered)).toBeLessThanOrEqual(4000);
    expect(new Set(jittered).size).toBeGreaterThan(20);
  });

  test('other errors are not retried', async () => {
    let calls = 0;
    const engine = engineFor(retrying({}), {
      work: async () => {
        calls += 1;
        throw new Named('Rejected', 'never');
      },
    });
    expect(await runToEnd(engine)).toMatchObject({ status: 'FAILED', error: 'Rejected' });
    expect(calls).toBe(1);
  });
});

describe('what the library does otherwise, mended', () => {
  test.each([
    [{ Variable: '$.a', IsPresent: false }, {}, 'Yes'],
    [{ Variable: '$.a', IsPresent: false }, { a: 1 }, 'No'],
    [{ Variable: '$.a', IsPresent: true }, { a: 1 }, 'Yes'],
    [{ Variable: '$.a', IsNull: false }, { a: 1 }, 'Yes'],
    [{ Not: { Variable: '$.a', IsPresent: false } }, {}, 'No'],
    [
      {
        And: [
          { Variable: '$.a', IsPresent: false },
          { Variable: '$.b', IsString: false },
        ],
      },
      { b: 2 },
      'Yes',
    ],
  ])('the choice %j on %j takes %s', async (rule, input, taken) => {
    const engine = engineFor(
      machine('Choose', {
        Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
        Yes: { Type: 'Pass', Result: 'Yes', End: true },
        No: { Type: 'Pass', Result: 'No', End: true },
      }),
    );
    expect((await runToEnd(engine, input)).output).toBe(taken);
  });

  test.each([[false], [0], [''], [null]])('a Pass results in %j', async (result) => {
    const engine = engineFor(
      machine('P', { P: { Type: 'Pass', Result: result, ResultPath: '$.result', Next: 'D' }, D: { Type: 'Succeed' } }),
    );
    expect((await runToEnd(engine, { kept: 1 })).output).toEqual({ kept: 1, result });
  });

  test('ResultPath $ replaces the input, also of a Catch', async () => {
    const engine = engineFor(
      machine('A', {
        A: call('fail', {
          ResultPath: '$',
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$', Next: 'B' }],
          End: true,
        }),
        B: { Type: 'Pass', ResultPath: '$', End: true },
      }),
      { fail: async () => Promise.reject(new Named('Bad', 'x')) },
    );
    expect((await runToEnd(engine, { old: 1 })).output).toEqual({ Error: 'Bad', Cause: expect.any(String) });
  });
});

test('a state that leads to itself does', async () => {
  let left = 3;
  const engine = engineFor(
    machine('A', {
      A: call('work', { Catch: [{ ErrorEquals: ['Again'], Next: 'A' }], Next: 'Done' }),
      Done: { Type: 'Succeed' },
    }),
    {
      work: async () => {
        left -= 1;
        if (left > 0) throw new Named('Again', 'x');
        return 'ok';
      },
    },
  );
  expect((await runToEnd(engine)).output).toBe('ok');
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';
import { at } from '../../../src/engine/embedded/timers.ts';
import { call, engineFor, machine, twoSteps } from '../fixtures.ts';

const start = Date.parse('2026-03-01T10:00:00.000Z');
const DAY = 86_400_000;
let clock: Clock;
beforeEach(() => {
  clock = FakeTimers.install({ now: start });
});
afterEach(() => clock.uninstall());

const run = async (definition: Parameters<typeof engineFor>[0], input: unknown, handlers = {}) => {
  const engine = engineFor(definition, handlers);
  const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'one', input });
  const ended = engine.waitFor(executionArn);
  await clock.runAllAsync();
  return { engine, ended: await ended };
};
const seconds = (ended: { stopDate?: Date }) => ((ended.stopDate?.getTime() ?? 0) - start) / 1000;

describe('timers', () => {
  test.each([[1], [2 ** 31 - 1], [2 ** 31], [2 ** 31 + 5], [400 * DAY]])(
    'a timer of %d ms fires then and not before',
    async (length) => {
      let fired: number | undefined;
      at(start + length, () => {
        fired = Date.now() - start;
      });
      await clock.tickAsync(length - 1);
      expect(fired).toBeUndefined();
      await clock.tickAsync(1);
      expect(fired).toBe(length);
    },
  );

  test('one that is cancelled never fires', async () => {
    let fired = false;
    const timer = at(start + 2 ** 32, () => {
      fired = true;
    });
    await clock.tickAsync(2 ** 31);
    timer.cancel();
    await clock.runAllAsync();
    expect(fired).toBe(false);
  });
});

describe('a Wait', () => {
  const waiting = (wait: object) => machine('W', { W: { Type: 'Wait', ...wait, Next: 'D' }, D: { Type: 'Succeed' } });

  test.each([
    [{ Seconds: 30 }, {}, 30],
    [{ Seconds: 0 }, {}, 0],
    [{ SecondsPath: '$.s' }, { s: 45 }, 45],
    [{ SecondsPath: '$.s' }, { s: 40 * 86_400 }, 40 * 86_400],
    [{ Timestamp: '2026-03-01T10:10:00Z' }, {}, 600],
    [{ TimestampPath: '$.t' }, { t: '2026-03-01T11:10:00+01:00' }, 600],
    [{ TimestampPath: '$.t' }, { t: '2026-02-01T10:00:00Z' }, 0],
    [{ TimestampPath: '$.t' }, { t: '2026-06-01T10:00:00Z' }, 92 * 86_400],
  ])('%j given %j lasts %d seconds and passes its input on', async (wait, input, expected) => {
    const { ended } = await run(waiting(wait), input);
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: input });
    expect(seconds(ended)).toBe(expected);
  });

  test.each([
    [{ SecondsPath: '$.s' }, { s: -1 }],
    [{ SecondsPath: '$.s' }, { s: 1.5 }],
    [{ SecondsPath: '$.s' }, { s: '10' }],
    [{ SecondsPath: '$.s' }, {}],
    [{ TimestampPath: '$.t' }, { t: 'tomorrow' }],
    [{ TimestampPath: '$.t' }, { t: 12 }],
  ])('%j given %j fails as States.Runtime', async (wait, input) => {
    const { ended } = await run(waiting(wait), input);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(seconds(ended)).toBe(0);
  });
});

describe('timing out', () => {
  test('a task that takes longer than its TimeoutSeconds raises States.Timeout and is told so', async () => {
    let aborted = false;
    let remaining = 0;
    const definition = machine('A', {
      A: call('slow', {
        TimeoutSeconds: 20,
        // Not the other way round: States.TaskFailed does not match a timeout.
        Catch: [
          { ErrorEquals: ['States.TaskFailed'], Next: 'Wrong' },
          { ErrorEquals: ['States.Timeout'], Next: 'Late' },
        ],
        End: true,
      }),
      Wrong: { Type: 'Fail' },
      Late: { Type: 'Succeed' },
    });
    const { engine, ended } = await run(
      definition,
      {},
      {
        slow: (_: unknown, context: { signal: AbortSignal; getRemainingTimeInMillis(): number }) => {
          remaining = context.getRemainingTimeInMillis();
          return new Promise((_resolve, reject) => {
            context.signal.addEventListener('abort', () => {
              aborted = true;
              reject(new Error('aborted'));
            });
          });
        },
      },
    );
    expect(ended.status).toBe('SUCCEEDED');
    expect(seconds(ended)).toBe(20);
    expect([aborted, remaining]).toEqual([true, 20_000]);
    const types = (await engine.history(ended.executionArn)).map((event) => event.type);
    expect(types).toContain('LambdaFunctionTimedOut');
    expect(types).not.toContain('LambdaFunctionFailed');
  });

  test('the machine times out, and its running wait with it', async () => {
    const { engine, ended } = await run(
      twoSteps,
      { pauseSeconds: 7200 },
      {
        first: async (payload: unknown) => payload,
        second: async () => null,
      },
    );
    expect(ended.status).toBe('TIMED_OUT');
    expect(seconds(ended)).toBe(3600);
    const last = (await engine.history(ended.executionArn)).at(-1);
    expect(last?.type).toBe('ExecutionTimedOut');
    expect(clock.countTimers()).toBe(0);
  });

  test('a machine that may take a month does not time out at once', async () => {
    const long = { ...twoSteps, TimeoutSeconds: 60 * 86_400 };
    const { ended } = await run(
      long,
      { pauseSeconds: 30 * 86_400 },
      {
        first: async (payload: unknown) => payload,
        second: async () => 'ok',
      },
    );
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: 'ok' });
  });
});

describe('stopping', () => {
  test('ends a wait now, with the reason given', async () => {
    const engine = engineFor(twoSteps, { first: async (payload) => payload, second: async () => null });
    const { executionArn } = await engine.start({
      workflow: 'drain-instance',
      name: 'one',
      input: { pauseSeconds: 900 },
    });
    await clock.tickAsync(60_000);
    await engine.stop(executionArn, { error: 'Stopped', cause: 'by hand' });
    expect(await engine.describe(executionArn)).toMatchObject({
      status: 'ABORTED',
      error: 'Stopped',
      cause: 'by hand',
      stopDate: new Date(start + 60_000),
    });
    expect((await engine.history(executionArn)).at(-1)).toMatchObject({ type: 'ExecutionAborted', error: 'Stopped' });
    expect(clock.countTimers()).toBe(0);
    await engine.stop(executionArn, { error: 'Again' });
    expect(await engine.describe(executionArn)).toMatchObject({ error: 'Stopped' });
  });

  test('lets a running step finish and enters no further state', async () => {
    const calls: string[] = [];
    let finish = () => {};
    const engine = engineFor(twoSteps, {
      first: () =>
        new Promise((resolve) => {
          finish = () => {
            calls.push('first finished');
            resolve({ pauseSeconds: 0 });
          };
        }),
      second: async () => calls.push('second'),
    });
    const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'one', input: {} });
    await clock.tickAsync(0);
    await engine.stop(executionArn);
    finish();
    await clock.runAllAsync();
    expect(calls).toEqual(['first finished']);
    const types = (await engine.history(executionArn)).map((event) => event.type);
    expect(types).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'ExecutionAborted',
    ]);
  });

  test('does not retry what fails afterwards, nor what was about to be retried', async () => {
    let calls = 0;
    const engine = engineFor(
      machine('A', { A: call('fail', { Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 60 }], End: true }) }),
      {
        fail: async () => {
          calls += 1;
          throw new Error('x');
        },
      },
    );
    const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'one', input: {} });
    await clock.tickAsync(30_000);
    await engine.stop(executionArn);
    await clock.runAllAsync();
    expect(calls).toBe(1);
    expect((await engine.describe(executionArn)).status).toBe('ABORTED');
  });

  test('the observer of an end may ask for the end', async () => {
    const engine = engineFor(machine('D', { D: { Type: 'Succeed' } }));
    engine.onEvent(({ executionArn, event }) => {
      if (event.type === 'ExecutionSucceeded') void engine.stop(executionArn);
    });
    const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'one', input: {} });
    expect((await engine.waitFor(executionArn)).status).toBe('SUCCEEDED');
  });
});

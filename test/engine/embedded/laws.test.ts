import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import FakeTimers from '@sinonjs/fake-timers';
import fc from 'fast-check';
import { EmbeddedEngine } from '../../../src/engine/embedded/embedded-engine.ts';
import type { WorkflowName } from '../../../src/engine/workflow-engine.ts';
import { call, location, machine, Named } from '../fixtures.ts';

const start = Date.parse('2026-03-01T10:00:00.000Z');
let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'laws-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a step does: answer, or fail so many times before. */
interface Step {
  readonly waitSeconds: number;
  readonly failures: number;
}
const steps = fc.array(
  fc.record({ waitSeconds: fc.integer({ min: 0, max: 5000 }), failures: fc.integer({ min: 0, max: 3 }) }),
  { minLength: 1, maxLength: 6 },
);

/** A loop that takes one step after the other, each after its wait; a failure comes back after a minute. */
const loop = machine('Plan', {
  Plan: { Type: 'Pass', Result: 0, ResultPath: '$.index', Next: 'Choose' },
  Choose: call('choose', { ResultPath: '$.chosen', Next: 'More?' }),
  'More?': {
    Type: 'Choice',
    Choices: [{ Variable: '$.chosen.until', IsPresent: true, Next: 'Rest' }],
    Default: 'Done',
  },
  Rest: { Type: 'Wait', TimestampPath: '$.chosen.until', Next: 'Work' },
  Work: call('work', {
    Catch: [{ ErrorEquals: ['Passing'], ResultPath: '$.error', Next: 'Rest A Minute' }],
    ResultPath: '$.index',
    Next: 'Choose',
  }),
  'Rest A Minute': { Type: 'Wait', Seconds: 60, Next: 'Work' },
  Done: { Type: 'Succeed', OutputPath: '$.index' },
});

async function run(plan: readonly Step[], closings: readonly number[]) {
  const clock = FakeTimers.install({ now: start });
  files += 1;
  const calls: string[] = [];
  const failed = new Map<number, number>();
  const open = () =>
    new EmbeddedEngine({
      ...location,
      journal: join(folder, `${files}.db`),
      definitions: { 'drain-instance': loop },
      handlers: {
        choose: async (payload) => {
          const step = plan[(payload as { index: number }).index];
          if (step === undefined) return {};
          return { until: new Date(Date.now() + step.waitSeconds * 1000) };
        },
        work: async (payload) => {
          const { index } = payload as { index: number };
          calls.push(`${index} at ${Date.now() - start}`);
          const failures = failed.get(index) ?? 0;
          failed.set(index, failures + 1);
          if (failures < (plan[index]?.failures ?? 0)) throw new Named('Passing', 'later');
          return index + 1;
        },
      },
    });
  try {
    let engine = open();
    const { executionArn } = await engine.start({ workflow: 'drain-instance', name: 'one', input: {} });
    for (const seconds of closings) {
      await clock.tickAsync(seconds * 1000);
      await engine.close();
      engine = open();
      await engine.resume();
    }
    await clock.runAllAsync();
    const described = await engine.describe(executionArn);
    const history = await engine.history(executionArn);
    const { transitions } = engine.counts(executionArn);
    await engine.close();
    return { described, calls, history: history.map(({ id, type }) => `${id} ${type}`), transitions };
  } finally {
    clock.uninstall();
  }
}

test('closing and opening again at any moment changes nothing: not a time, not a call, not an event', async () => {
  const closings = fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(steps, closings, async (plan, moments) => {
      const undisturbed = await run(plan, []);
      expect(await run(plan, moments)).toEqual(undisturbed);
      expect(undisturbed.described).toMatchObject({ status: 'SUCCEEDED', output: plan.length });
    }),
    { numRuns: 30 },
  );
});

test('transitions are the states that were entered; every state but the last is left before the next', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { history, transitions } = await run(plan, []);
      const entered = history.filter((event) => event.endsWith('StateEntered'));
      const exited = history.filter((event) => event.endsWith('StateExited'));
      expect(transitions).toBe(entered.length);
      expect(exited.length).toBe(entered.length);
      const between = history.map((event) => event.replace(/^\d+ [A-Z][a-z]+State/, ''));
      const boundaries = between.filter((event) => event === 'Entered' || event === 'Exited');
      expect(boundaries).toEqual(entered.flatMap(() => ['Entered', 'Exited']));
    }),
    { numRuns: 20 },
  );
});

test('however often and in whatever order work is asked for, each name runs once', async () => {
  const requests = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), input: fc.constantFrom('x', 'y') }), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(requests, async (asked) => {
      const ran: string[] = [];
      const engine = new EmbeddedEngine({
        ...location,
        journal: ':memory:',
        definitions: { 'drain-instance': machine('Work', { Work: call('work', { End: true }) }) },
        handlers: { work: async (payload) => ran.push(payload as string) },
      });
      const workflow: WorkflowName = 'drain-instance';
      const answers = await Promise.allSettled(asked.map((each) => engine.start({ workflow, ...each })));
      await Promise.all(asked.map(({ name }) => engine.waitFor(engine.executionArn(workflow, name))));
      await engine.close();
      expect(ran).toHaveLength(new Set(asked.map(({ name }) => name)).size);
      for (const [index, answer] of answers.entries()) {
        const first = asked.find(({ name }) => name === asked[index]?.name);
        if (first?.input === asked[index]?.input) expect(answer.status).toBe('fulfilled');
        else expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'ExecutionAlreadyExists' } });
      }
    }),
    { numRuns: 50 },
  );
});

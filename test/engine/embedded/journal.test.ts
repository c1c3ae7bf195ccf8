import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import FakeTimers, { type Clock } from '@sinonjs/fake-timers';
import type { EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine.ts';
import { EmbeddedEngine } from '../../../src/engine/embedded/embedded-engine.ts';
import { Journal } from '../../../src/engine/embedded/journal.ts';
import { call, location, machine, pollingLoop, twoSteps } from '../fixtures.ts';

const start = Date.parse('2026-03-01T10:00:00.000Z');
let clock: Clock;
let folder: string;
let journal: string;
let engines: EmbeddedEngine[];
beforeEach(() => {
  clock = FakeTimers.install({ now: start });
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  journal = join(folder, 'sluice.db');
  engines = [];
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  clock.uninstall();
  rmSync(folder, { recursive: true });
});

const echo = async (payload: unknown) => payload;

function open(more: Partial<EmbeddedEngineOptions> = {}): EmbeddedEngine {
  const engine = new EmbeddedEngine({
    ...location,
    journal,
    definitions: { 'drain-instance': twoSteps },
    handlers: { first: echo, second: echo, observe: echo, work: echo },
    ...more,
  });
  engines.push(engine);
  return engine;
}
const one = { workflow: 'drain-instance', name: 'one', input: { pauseSeconds: 600 } } as const;

describe('closing and opening again', () => {
  test('goes on where it was: the first step is not repeated, and the wait only lasts what was left', async () => {
    const calls: string[] = [];
    const handlers = {
      first: async (payload: unknown) => {
        calls.push('first');
        return payload;
      },
      second: async () => calls.push('second'),
    };
    const before = open({ handlers });
    const { executionArn } = await before.start(one);
    await clock.tickAsync(200_000);
    await before.close();
    await clock.tickAsync(100_000);

    const after = open({ handlers });
    expect(await after.resume()).toBe(1);
    const ended = after.waitFor(executionArn);
    await clock.runAllAsync();
    expect(await ended).toMatchObject({
      status: 'SUCCEEDED',
      startDate: new Date(start),
      stopDate: new Date(start + 600_000),
    });
    expect(calls).toEqual(['first', 'second']);
    const events = await after.history(executionArn);
    expect(events.map((event) => event.id)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
  });

  test('lets the running step finish, and goes on with what follows it', async () => {
    const calls: string[] = [];
    let finish = () => {};
    const handlers = {
      first: () =>
        new Promise((resolve) => {
          calls.push('first');
          finish = () => resolve({ pauseSeconds: 0 });
        }),
      second: async () => calls.push('second'),
    };
    const before = open({ handlers });
    const { executionArn } = await before.start(one);
    await clock.tickAsync(0);
    const closed = before.close();
    await expect(before.start({ ...one, name: 'two' })).rejects.toMatchObject({ name: 'EngineClosed' });
    finish();
    await closed;
    expect(calls).toEqual(['first']);

    const after = open({ handlers });
    await after.resume();
    const ended = after.waitFor(executionArn);
    await clock.runAllAsync();
    expect((await ended).status).toBe('SUCCEEDED');
    expect(calls).toEqual(['first', 'second']);
  });

  test("counts the machine's time, and tells it, from the first start", async () => {
    const definition = machine(
      'Rest',
      {
        Rest: { Type: 'Wait', Seconds: 1000, Next: 'Tell' },
        Tell: {
          Type: 'Pass',
          Parameters: { 'since.$': '$$.Execution.StartTime', 'input.$': '$$.Execution.Input' },
          Next: 'Long',
        },
        Long: { Type: 'Wait', Seconds: 9000, Next: 'Done' },
        Done: { Type: 'Succeed' },
      },
      { TimeoutSeconds: 3600 },
    );
    const before = open({ definitions: { 'drain-instance': definition } });
    const { executionArn } = await before.start(one);
    await clock.tickAsync(500_000);
    await before.close();
    const after = open({ definitions: { 'drain-instance': definition } });
    await after.resume();
    const ended = after.waitFor(executionArn);
    await clock.runAllAsync();
    expect(await ended).toMatchObject({ status: 'TIMED_OUT', stopDate: new Date(start + 3_600_000) });
    const told = (await after.history(executionArn)).find((event) => event.type === 'PassStateExited');
    expect(told?.output).toEqual({ since: '2026-03-01T10:00:00.000Z', input: { pauseSeconds: 600 } });
  });

  test('times out at once what should have timed out meanwhile, without running anything', async () => {
    const before = open();
    const { executionArn } = await before.start(one);
    await clock.tickAsync(1000);
    await before.close();
    await clock.tickAsync(4_000_000);
    const calls: unknown[] = [];
    const after = open({ handlers: { first: echo, second: async (payload) => calls.push(payload) } });
    await after.resume();
    expect((await after.waitFor(executionArn)).status).toBe('TIMED_OUT');
    await clock.runAllAsync();
    expect(calls).toEqual([]);
  });

  test('keeps the definition that an execution was started with', async () => {
    const before = open();
    const { executionArn } = await before.start(one);
    await clock.tickAsync(1000);
    await before.close();
    const next = machine('Other', { Other: { Type: 'Succeed' } });
    const after = open({
      definitions: { 'drain-instance': next },
      handlers: { first: echo, second: async () => 'old' },
    });
    await after.resume();
    const ended = after.waitFor(executionArn);
    const fresh = await after.start({ ...one, name: 'two', input: 'new' });
    await clock.runAllAsync();
    expect((await ended).output).toBe('old');
    expect((await after.describe(fresh.executionArn)).output).toBe('new');
  });

  test('attaches a parent to the child that it has started, instead of starting another', async () => {
    const definitions = {
      'drain-instance': twoSteps,
      'delayed-termination': machine('Drain', {
        Drain: {
          Type: 'Task',
          Resource: 'arn:aws:states:::states:startExecution.sync:2',
          Parameters: { StateMachineArn: { Ref: 'drainInstance' }, 'Input.$': '$' },
          OutputPath: '$.Output',
          End: true,
        },
      }),
    } as const;
    const before = open({ definitions });
    const { executionArn } = await before.start({ ...one, workflow: 'delayed-termination' });
    await clock.tickAsync(1000);
    await before.close();
    const after = open({ definitions });
    expect(await after.resume()).toBe(2);
    const ended = after.waitFor(executionArn);
    await clock.runAllAsync();
    expect((await ended).output).toEqual({ pauseSeconds: 600 });
    expect((await after.list({ workflow: 'drain-instance' })).executions).toHaveLength(1);
  });

  test('stops what was not re-entered yet, and finds it by its name', async () => {
    const before = open();
    const { executionArn } = await before.start(one);
    await before.close();
    const after = open();
    expect(await after.start(one)).toEqual({ executionArn, startDate: new Date(start) });
    await after.stop(executionArn, { cause: 'by hand' });
    expect(await after.resume()).toBe(0);
    expect(await after.describe(executionArn)).toMatchObject({ status: 'ABORTED', cause: 'by hand' });
  });

  test('re-enters many at the pace that was set', async () => {
    const before = open();
    for (let index = 0; index < 60; index += 1) await before.start({ ...one, name: `n${index}` });
    await clock.tickAsync(1000);
    await before.close();
    await clock.tickAsync(599_000);
    const at: number[] = [];
    const reopened = Date.now();
    const handlers = { first: echo, second: async () => at.push(Date.now() - reopened) };
    const after = open({ handlers, resumePerSecond: 20 });
    const resumed = after.resume();
    await clock.runAllAsync();
    expect(await resumed).toBe(60);
    expect(at).toHaveLength(60);
    for (let second = 0; second < 3; second += 1) {
      expect(at.filter((time) => time >= second * 1000 && time < (second + 1) * 1000)).toHaveLength(20);
    }
  });
});

describe('a journal that cannot be used', () => {
  const unusable = { name: 'JournalUnavailable', message: expect.stringContaining('sluice.db') };

  test('is refused when it is no journal', () => {
    writeFileSync(journal, 'this is no database, but long enough to be looked at '.repeat(200));
    expect(() => open()).toThrow(expect.objectContaining(unusable));
  });

  test('is refused when its folder does not exist', () => {
    expect(() => open({ journal: join(folder, 'nowhere', 'sluice.db') })).toThrow(expect.objectContaining(unusable));
  });

  test('is refused while another has it, and accepted afterwards', async () => {
    const first = open();
    expect(() => open()).toThrow(
      expect.objectContaining({ ...unusable, message: expect.stringContaining('another process') }),
    );
    await first.close();
    expect(() => open()).not.toThrow();
  });

  test('is refused when a newer version wrote it', () => {
    const db = new DatabaseSync(journal);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => open()).toThrow(
      expect.objectContaining({ ...unusable, message: expect.stringContaining('version 99') }),
    );
  });

  test('accepts nothing while it cannot be written, holds what runs, and goes on when it can', async () => {
    const calls: string[] = [];
    const kept = new Journal({ path: journal });
    const engine = open({
      journal: kept,
      definitions: {
        'drain-instance': machine('A', { A: call('first', { Next: 'B' }), B: call('second', { End: true }) }),
      },
      handlers: {
        first: async () => {
          calls.push('first');
          // As a full disk would: no page can be added any more.
          const pages = kept.get<{ page_count: number }>('PRAGMA page_count')?.page_count;
          kept.get(`PRAGMA max_page_count = ${pages}`);
          return 'x'.repeat(100_000);
        },
        second: async () => calls.push('second'),
      },
    });
    const { executionArn } = await engine.start(one);
    await clock.tickAsync(10_000);
    expect(calls).toEqual(['first']);
    const refused = { ...one, name: 'two', input: 'x'.repeat(100_000) };
    await expect(engine.start(refused)).rejects.toMatchObject(unusable);
    await expect(engine.describe(engine.executionArn('drain-instance', 'two'))).rejects.toMatchObject({
      name: 'ExecutionDoesNotExist',
    });
    kept.get('PRAGMA max_page_count = 1000000');
    await clock.runAllAsync();
    expect(calls).toEqual(['first', 'second']);
    expect((await engine.describe(executionArn)).status).toBe('SUCCEEDED');
  });
});

test('what start has acknowledged is on the disk, with its first state', async () => {
  const engine = open();
  await engine.start(one);
  // A copy of the files as a killed process would leave them.
  const { copyFileSync } = await import('node:fs');
  for (const suffix of ['', '-wal']) copyFileSync(journal + suffix, join(folder, `copy.db${suffix}`));
  const copy = new DatabaseSync(join(folder, 'copy.db'));
  expect(copy.prepare('SELECT name, status, state, state_input FROM executions').all()).toEqual([
    expect.objectContaining({ name: 'one', status: 'RUNNING', state: 'First', state_input: '{"pauseSeconds":600}' }),
  ]);
  copy.close();
});

test('closed executions and their names are forgotten after the retention, open ones never', async () => {
  const engine = open({ definitions: { 'drain-instance': twoSteps, 'await-drained': pollingLoop } });
  const long = machine('Rest', { Rest: { Type: 'Wait', Seconds: 30_000_000, End: true } });
  await engine.start({ ...one, input: { pauseSeconds: 0 } });
  await clock.tickAsync(1000);
  await expect(engine.start({ ...one, input: { pauseSeconds: 0 } })).rejects.toMatchObject({
    name: 'ExecutionAlreadyExists',
  });
  await engine.close();
  const later = open({ definitions: { 'drain-instance': long } });
  await later.start({ ...one, name: 'open' });
  await clock.tickAsync(89 * 86_400_000);
  await expect(later.start(one)).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  await clock.tickAsync(2 * 86_400_000);
  await later.start({ ...one, name: 'sweeps' });
  await clock.tickAsync(1000);
  expect(await later.start(one)).toMatchObject({ startDate: new Date(Date.now()) });
  expect((await later.list({ workflow: 'drain-instance' })).executions.map((each) => each.name).sort()).toEqual([
    'one',
    'open',
    'sweeps',
  ]);
});

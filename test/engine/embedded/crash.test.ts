import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Journal } from '../../../src/engine/embedded/journal.ts';
import { builtVictim } from '../../support/built.ts';
import { crashEngine, ORDER } from './crash-machine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crash-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const journalOf = (run: string) => join(folder, `${run}.db`);
const logOf = (run: string) => join(folder, `${run}.log`);
const linesOf = (run: string) => readFileSync(logOf(run), { encoding: 'utf8', flag: 'a+' }).trim().split('\n');

/** @returns whether it was killed before it had come to its end, and what it complained of. */
async function victim(run: string, names: string, killAfter: number): Promise<{ killed: boolean; errors: string }> {
  const script = await builtVictim(join(__dirname, 'crash-victim.ts'));
  const argv = ['--disable-warning=ExperimentalWarning', script, journalOf(run), logOf(run), names, String(killAfter)];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  return new Promise((resolve) => child.on('close', (_, signal) => resolve({ killed: signal === 'SIGKILL', errors })));
}

/** Takes up what is left, and checks what no crash may break. */
async function resumeAndCheck(run: string, names: readonly string[]): Promise<void> {
  const engine = crashEngine(journalOf(run), logOf(run));
  await engine.resume();
  const { executions } = await engine.list({ workflow: 'delayed-termination' });
  const ended = await Promise.all(executions.map(({ executionArn }) => engine.waitFor(executionArn)));
  const children = (await engine.list({ workflow: 'drain-instance' })).executions;
  for (const { executionArn } of ended) {
    const ids = (await engine.history(executionArn)).map((event) => event.id);
    expect(ids).toEqual(ids.map((_id, index) => index + 1));
  }
  await engine.close();

  expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'SUCCEEDED'));
  expect(children.map(({ status }) => status)).toEqual(ended.map(() => 'SUCCEEDED'));
  const lines = linesOf(run);
  for (const name of names) {
    const known = ended.some((each) => each.name === name);
    if (lines.includes(`${name} accepted`)) expect(known).toBe(true);
    if (!known) continue;
    const steps = (what: string) =>
      lines
        .filter((line) => line.startsWith(`${name} ${what} `))
        .map((line) => line.split(' ')[2] as (typeof ORDER)[number]);
    const begun = steps('begin').map((step) => ORDER.indexOf(step));
    // In order: a step that was interrupted may come twice, one that another has followed never again.
    expect(begun).toEqual([...begun].sort());
    expect(new Set(steps('end'))).toEqual(new Set(ORDER));
  }
}

test('SIGKILL at every event of an execution and its child: once accepted it ends, in order, nothing finished repeated', async () => {
  let next = 0;
  const lane = async (): Promise<number> => {
    for (let kills = 0; ; kills += 1) {
      next += 1;
      const run = `kill-${next}`;
      const { killed, errors } = await victim(run, 'a', next);
      expect(errors).toBe('');
      await resumeAndCheck(run, ['a']);
      if (!killed) return kills;
    }
  };
  const [one, two] = await Promise.all([lane(), lane()]);
  // 31 events of the parent and 7 of the child: there was a kill at each.
  expect(one + two).toBe(38);
}, 120_000);

test('killed again and again after a few events, two executions still come to their ends', async () => {
  await victim('again', 'a,b', 10);
  let rounds = 0;
  for (let killed = true; killed && rounds < 30; rounds += 1) ({ killed } = await victim('again', '', 20));
  expect(rounds).toBeGreaterThan(2);
  expect(rounds).toBeLessThan(30);
  await resumeAndCheck('again', ['a', 'b']);
}, 60_000);

test('one journal serves one process: a second one is refused, by the name of the file', async () => {
  const journal = new Journal({ path: journalOf('held') });
  const { errors } = await victim('held', 'a', 0);
  journal.close();
  expect(errors).toMatch(/JournalUnavailable: The journal .*held\.db cannot be used: another process is using it/);
});

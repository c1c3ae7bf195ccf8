/** What `sluice serve` cannot keep it does not acknowledge: a disk that is full, and a journal that is damaged. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { killAll, type Program, ServeProcess } from '../http/support/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
afterAll(() => {
  killAll();
  rmSync(folder, { recursive: true });
});
jest.setTimeout(60_000);

const JSON_TYPE = { 'content-type': 'application/json' };

/** A program that may write no file beyond so many blocks of 512 bytes: the system's own way to make a small disk. */
function onSmallDisk(blocks: number): Program {
  const node = join(folder, `small-${blocks}.sh`);
  writeFileSync(node, `#!/bin/sh\nulimit -f ${blocks}\nexec node_modules/.bin/node "$@"\n`);
  chmodSync(node, 0o755);
  return { node };
}

/** Waits for a day, so that nothing but its start is written. */
function ask(served: ServeProcess, key: string): Promise<Response> {
  return served.fetch('/workflows/delayed-termination', {
    method: 'POST',
    headers: { ...JSON_TYPE, 'idempotency-key': key },
    body: JSON.stringify({ instanceIds: ['i-06060a1e235608888'], delaySeconds: 86_400 }),
  });
}

async function executions(served: ServeProcess): Promise<number> {
  const answer = await served.fetch('/executions?workflow=delayed-termination&max-results=1000');
  return ((await answer.json()) as { readonly executions: readonly object[] }).executions.length;
}

/** @returns how many were acknowledged before the first that was not, and that answer */
async function untilRefused(served: ServeProcess): Promise<{ accepted: number; refusal: Response }> {
  for (let accepted = 0; accepted < 1_000; accepted += 1) {
    const answer = await ask(served, `number-${accepted}`);
    if (answer.status !== 202) return { accepted, refusal: answer };
  }
  throw new Error('the disk was never full');
}

test('a full disk: what cannot be kept is refused with 503, is in no list, and all else is still there afterwards', async () => {
  const journal = join(folder, 'full.db');
  const served = await ServeProcess.start(['--simulate', '--journal', journal], {}, onSmallDisk(700));
  const { accepted, refusal } = await untilRefused(served);
  expect(accepted).toBeGreaterThan(3);
  expect(refusal.status).toBe(503);
  expect(await refusal.json()).toEqual({ error: expect.any(String), message: expect.stringMatching(/journal/) });
  // It goes on answering, says of itself that it is alive, and still accepts nothing.
  expect((await served.fetch('/health')).status).toBe(200);
  expect((await ask(served, 'another')).status).toBe(503);
  expect(await executions(served)).toBe(accepted);
  await served.end('SIGKILL');

  const again = await ServeProcess.start(['--simulate', '--journal', journal]);
  expect(await executions(again)).toBe(accepted);
  expect((await ask(again, 'another')).status).toBe(202);
  expect(await again.end()).toBe(0);
});

/** A journal with a few hundred pages in it. */
function journalOf(name: string): string {
  const path = join(folder, name);
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE filler (body TEXT)');
  // One write to the disk, not five hundred.
  db.exec('BEGIN');
  const insert = db.prepare('INSERT INTO filler VALUES (?)');
  for (let row = 0; row < 500; row += 1) insert.run('x'.repeat(2_000));
  db.exec('COMMIT');
  db.close();
  return path;
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
}

describe('a journal that cannot be used ends the start with words', () => {
  test.each<[string, () => string, RegExp]>([
    [
      'whose first bytes are junk',
      () => {
        const path = journalOf('head.db');
        overwrite(path, 0, Buffer.from('nothing that SQLite knows'));
        return path;
      },
      /head\.db cannot be used: .*not a database/,
    ],
    [
      'with junk in its middle',
      () => {
        const path = journalOf('middle.db');
        overwrite(path, 4096 * 20, Buffer.alloc(4096 * 200, 0xa5));
        return path;
      },
      /middle\.db cannot be used: it is damaged \(.+\); put a copy in its place, or move it away/,
    ],
    [
      'that was cut off',
      () => {
        const path = journalOf('whole.db');
        const cut = join(folder, 'cut.db');
        copyFileSync(path, cut);
        writeFileSync(cut, Buffer.alloc(5_000, 'SQLite format 3'));
        return cut;
      },
      /cut\.db cannot be used: .*(malformed|not a database)/,
    ],
    [
      'that is a folder',
      () => {
        const path = join(folder, 'a-folder');
        mkdirSync(path);
        return path;
      },
      /a-folder cannot be used: unable to open/,
    ],
  ])('one %s', async (_, make, message) => {
    const path = make();
    const started = ServeProcess.start(['--simulate', '--journal', path]);
    await expect(started).rejects.toThrow(message);
    await expect(started).rejects.toThrow(/ended with [1-9]/);
    await expect(started).rejects.not.toThrow(/\n {4}at /);
  });
});

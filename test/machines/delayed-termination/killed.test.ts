/** A real process, killed by SIGKILL between the acceptance and the termination, and another that takes its journal up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { builtVictim } from '../../support/built.ts';
import { Lab } from '../../support/lab.ts';
import { finish } from '../../support/places.ts';
import { fleet, terminationsOf } from './terminations.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let folder: string;
let lab: Lab;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'killed-'));
});
afterEach(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

/** Resolves once the child has said it. */
function says(child: ChildProcess, words: string): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (data: Buffer): void => {
      said += data.toString();
      if (said.includes(words)) resolve(said);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('close', () => reject(new Error(`it ended, and said ${said}`)));
  });
}

const killed = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.removeAllListeners('close');
    if (child.signalCode !== null) resolve();
    child.on('close', () => resolve());
    child.kill('SIGKILL');
  });

test.each([
  ['as soon as it was accepted', 'accepted', 600],
  ['while it waits for its time', 'waits in Wait For Termination Time', 600],
  ['when it has terminated and nobody has written that down', 'dies at Terminate Instances', 0],
])(
  'SIGKILL %s: the termination still happens, once',
  async (_, words, delaySeconds) => {
    lab = new Lab({ now: Date.now() });
    const [id = ''] = fleet(lab, 1);
    const listening = await lab.region.listen();
    const journal = join(folder, 'journal.db');
    const input = { region: 'eu-west-1', instanceIds: [id], delaySeconds };
    // The other process has the real time.
    lab.clock.setSystemTime(performance.timeOrigin + performance.now());
    const script = await builtVictim(join(__dirname, 'killed-victim.ts'));
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        script,
        listening.url,
        journal,
        JSON.stringify(input),
        'Terminate Instances',
      ],
      { stdio: 'pipe' },
    );
    await says(child, words);
    await killed(child);
    await listening.close();
    expect(terminationsOf(lab)).toHaveLength(delaySeconds === 0 ? 1 : 0);

    await lab.engine.close();
    lab.engine = lab.newEngine({ journal });
    // An hour passes before another process is there.
    lab.clock.setSystemTime(Date.now() + 3_600_000);
    void lab.engine.resume();
    const arn = lab.engine.executionArn('delayed-termination', 'killed');
    const { receipt } = await finish(lab, arn);
    expect(receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 1 } });
    expect(terminationsOf(lab)).toEqual([[id]]);
  },
  30_000,
);

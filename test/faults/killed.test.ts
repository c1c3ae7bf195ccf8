/**
 * The process dies at every state of every workflow, and another takes its journal up. Death is a journal that is closed at
 * once, so that nothing that follows is written: at a state's entry nothing of its work was done, at a Task's exit all of it
 * was, and nobody knows. `drain-instance` has such a test of its own, with every ending; with real processes, too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Journal } from '../../src/engine/embedded/journal.ts';
import { warmUp } from '../machines/cloud-map/cloud-map-lab.ts';
import { CLEAN_CLOUD_MAP } from './matrix/clean-cloud-map.ts';
import { TERMINATIONS } from './matrix/delayed-termination.ts';
import { type Cell, receiptOf, type Subject } from './matrix/matrix.ts';
import { AWAIT, DEREGISTER, REGISTER } from './matrix/targets.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'killed-'));
  await warmUp();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A moment at which the process dies: `TaskStateExited Terminate Instances`. */
type Moment = string;

/** As if the answer to whatever was called last had been lost. */
const UNHEARD: Cell = { operation: '', kind: 'response-lost', shape: 'burst' };
let runs = 0;

/** @returns the moments of the run, each once, and what is wrong with its end */
async function run(subject: Subject, death?: Moment): Promise<{ moments: Set<Moment>; wrong: string[] }> {
  runs += 1;
  const path = join(folder, `${runs}.db`);
  const journal = new Journal({ path });
  const scene = await subject.build({ journal });
  const moments = new Set<Moment>();
  let dead = false;
  const died = new Promise<void>((resolve) => {
    scene.lab.engine.onEvent(({ event: { type, stateName } }) => {
      const moment = `${type} ${stateName}`;
      if (/StateEntered$|^TaskStateExited$/.test(type)) moments.add(moment);
      if (dead || moment !== death) return;
      dead = true;
      journal.close();
      resolve();
    });
  });
  try {
    let executionArn = await scene.begin().catch((error: Error) => {
      if (error.name !== 'JournalUnavailable') throw error;
      return undefined;
    });
    if (death !== undefined) {
      for (let waited = 0; !dead && waited < 1_000; waited += 1) await scene.lab.clock.tickAsync(1_000);
      await died;
      void scene.lab.engine.close().catch(() => undefined);
      await scene.lab.clock.tickAsync(5_000);
      scene.lab.engine = scene.lab.newEngine({ journal: path });
      await scene.lab.engine.resume();
      // What was not acknowledged is asked for again.
      executionArn ??= await scene.begin();
    }
    const receipt = receiptOf(await scene.end(executionArn ?? ''));
    const wrong = scene.wrongs(receipt, UNHEARD);
    if (receipt.status !== 'succeeded') wrong.push(`${receipt.status}: ${receipt.reason}`);
    return { moments, wrong };
  } finally {
    await scene.close();
  }
}

test.each(
  [...TERMINATIONS, ...AWAIT, ...DEREGISTER, ...REGISTER, CLEAN_CLOUD_MAP].map((one) => [one.name, one] as const),
)(
  '%s: killed at every state, it ends as if it had not been',
  async (_, subject) => {
    const { moments, wrong } = await run(subject);
    expect(wrong).toEqual([]);
    for (const moment of moments) {
      const killed = await run(subject, moment).catch((error: unknown) => ({ wrong: [String(error)] }));
      wrong.push(...killed.wrong.map((what) => `${moment}: ${what}`));
    }
    expect(wrong).toEqual([]);
    process.stdout.write(`${subject.name}: killed at ${moments.size} moments\n`);
  },
  120_000,
);

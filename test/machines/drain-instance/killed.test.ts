/**
 * The process dies at every state, and another takes its journal up. Here death is a journal that is closed at once, so
 * that nothing that follows is ever written: at a state's entry nothing of its work was done, at its exit all of it was,
 * and nobody knows. The file beside it does the same with real processes and SIGKILL.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { DEFINITIONS } from '../../../functions/registry.ts';
import { Journal } from '../../../src/engine/embedded/journal.ts';
import {
  arrange,
  CRASH_SCENARIOS,
  type CrashScenario,
  checkRecord,
  crashInput,
} from '../../support/crash-scenarios.ts';
import { type DrainWorld, receiptOf } from '../../support/drain-world.ts';

interface Kill {
  readonly state: string;
  readonly moment: 'Entered' | 'Exited';
}

let folder: string;
let world: DrainWorld | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'killed-'));
});
afterEach(async () => {
  await world?.close();
  world = undefined;
  rmSync(folder, { recursive: true });
});

const killedAt = new Set<string>();
let runs = 0;

/** @returns the path; of a drain that was killed, up to where it was. */
async function drain(scenario: CrashScenario, kill?: Kill): Promise<string[]> {
  await world?.close();
  runs += 1;
  const path = join(folder, `${runs}.db`);
  const journal = new Journal({ path });
  const arranged = await arrange(scenario, { engine: { journal } });
  world = arranged.world;
  const { lab } = world;
  const seen: string[] = [];
  let dead = false;
  const watch = (): void => {
    lab.engine.onEvent(({ event }) => {
      if (event.type.endsWith('StateEntered')) seen.push(event.stateName ?? '');
      if (scenario.until !== undefined && event.stateName === scenario.until) arranged.relieve();
      if (kill === undefined || dead) return;
      dead = event.stateName === kill.state && event.type.endsWith(`State${kill.moment}`);
      if (dead) journal.close();
    });
  };
  watch();
  const request = { workflow: 'drain-instance', name: 'crash', input: crashInput(world, scenario) } as const;
  const executionArn = lab.engine.executionArn('drain-instance', 'crash');
  let acknowledged = true;
  await lab.engine.start(request).catch((error: Error) => {
    acknowledged = false;
    if (error.name !== 'JournalUnavailable') throw error;
  });
  if (kill !== undefined) {
    await lab.until(() => dead, 4_000);
    killedAt.add(kill.state);
    void lab.engine.close().catch(() => undefined);
    await lab.pass(5);
    lab.engine = lab.newEngine({ journal: path });
    watch();
    await lab.engine.resume();
    // What was not acknowledged is delivered again.
    if (!acknowledged) await lab.engine.start(request);
  }
  const ended = await lab.end(executionArn, 4_000);
  expect({ status: ended.status, error: ended.error }).toEqual({ error: undefined, ...scenario.ending });
  checkRecord(world, scenario);
  expect(receiptOf(ended)).toMatchObject({ workflow: 'drain-instance', subject: world.instance });
  return seen;
}

test.each(CRASH_SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
  '%s: killed at the entry and at the exit of every state, it ends as if it had not been',
  async (_, scenario) => {
    const states = new Set(await drain(scenario));
    for (const state of states) {
      await drain(scenario, { state, moment: 'Entered' });
      if (DEFINITIONS['drain-instance'].States[state as 'Plan Drain'].Type !== 'Fail')
        await drain(scenario, { state, moment: 'Exited' });
    }
  },
  60_000,
);

afterAll(() => {
  expect([...killedAt].sort()).toEqual(Object.keys(DEFINITIONS['drain-instance'].States).sort());
});

/**
 * Real processes, killed by SIGKILL at one state after the other of one drain, against a region that this process serves
 * over HTTP. The region's clock follows the real one, so that both sides agree on the time.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { DEFINITIONS } from '../../../functions/registry.ts';
import { builtVictim } from '../../support/built.ts';
import { arrange, CRASH_SCENARIOS, checkRecord, crashInput } from '../../support/crash-scenarios.ts';
import type { DrainWorld } from '../../support/drain-world.ts';

const realNow = (): number => performance.timeOrigin + performance.now();

let folder: string;
let script: string;
let world: DrainWorld;
let keeping: Promise<void> | undefined;
let over: boolean;
beforeAll(async () => {
  script = await builtVictim(join(__dirname, 'sigkill-victim.ts'));
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigkill-'));
  over = false;
});
afterEach(async () => {
  over = true;
  await keeping;
  await world.close();
  rmSync(folder, { recursive: true });
});

/** Timers are not to be had while the clock is replaced: waiting on a cell that nobody wakes is. */
async function keepTime(): Promise<void> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!over) {
    const lag = realNow() - Date.now();
    if (lag > 0) await world.lab.clock.tickAsync(lag);
    await Atomics.waitAsync(cell, 0, 0, 10).value;
  }
}

type Said = { readonly diedAt: string } | { readonly status: string; readonly error?: string };

function victim(endpoint: string, input: object, states: readonly string[]): Promise<Said> {
  const given = [endpoint, join(folder, 'journal.db'), JSON.stringify(input), JSON.stringify(states)];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...given], { stdio: 'pipe' });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  return new Promise((resolve, reject) => {
    child.on('close', (_, signal) => {
      const said = output.trim().split('\n').at(-1) ?? '';
      if (said === '' || (signal !== null) !== said.includes('diedAt'))
        reject(new Error(`${signal} ${output} ${errors}`));
      else resolve(JSON.parse(said) as Said);
    });
  });
}

/** States that the first scenario does not enter, by the scenario that does. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  'a return, with an event bus that refuses': ['Set Instance To Active', 'Report Drain'],
  'a deadline that comes first, told to continue': ['Drain Timed Out And Continued'],
  'a deadline that comes first, told to abandon': ['Drain Timed Out'],
  'an input that is refused': ['Keep Refused Input', 'Drain Refused'],
  'a drain that is not permitted': ['Drain Failed'],
};
const REST = Object.keys(DEFINITIONS['drain-instance'].States).filter(
  (state) => !Object.values(OWN).flat().includes(state),
);

test.each(CRASH_SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
  '%s: SIGKILL at one state after the other, and each time another process goes on',
  async (name, scenario) => {
    // The setting-up passes in virtual time; then the region's clock is set to the present, which fires no timer.
    const arranged = await arrange(scenario, { now: realNow() - 180_000 });
    world = arranged.world;
    world.lab.clock.setSystemTime(realNow());
    keeping = keepTime();
    const listening = await world.region.listen();
    const states = OWN[name] ?? REST;
    const input = crashInput(world, scenario, 26);
    const died: string[] = [];
    for (;;) {
      const left = states.filter((state) => !died.includes(state));
      const said = await victim(listening.url, input, left);
      if ('diedAt' in said) died.push(said.diedAt);
      else {
        expect(said).toEqual(scenario.ending);
        break;
      }
      if (scenario.until !== undefined && died.includes(scenario.until)) arranged.relieve();
    }
    await listening.close();
    expect([...died].sort()).toEqual([...states].sort());
    checkRecord(world, scenario);
  },
  90_000,
);

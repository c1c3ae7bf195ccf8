/** Tries each mutant of the definitions on the tests of its machine, two at a time. */
import { spawn } from 'node:child_process';
import { MUTANT } from './definition-transform.ts';
import { type Mutant, machines, mutantsOf } from './definitions.ts';
import { LEAST_PERCENT, percent } from './score.ts';

const AT_A_TIME = 2;
/** Beyond this a mutant goes round and round, which is as good as failing. */
const LONGEST_TRIAL_MS = 600_000;
const MACHINES = 'test/machines';
const MATRIX = 'test/faults/matrix';
const TARGETS = `${MACHINES}/targets-and-terminations`;
const CLOUD_MAP = [
  `${MACHINES}/cloud-map/definition`,
  `${MACHINES}/cloud-map/cases`,
  `${MACHINES}/cloud-map/(meanwhile|bars|laws)`,
];

/** Quick ones first: the first that fails ends the trial. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  'drain-instance': [
    `${MACHINES}/drain-instance/definition`,
    `${MACHINES}/drain-instance/(bad-input|dry-run|targets|destinations)`,
    `${MACHINES}/drain-instance/(lifecycle|finding)`,
    `${MACHINES}/drain-instance/(tasks|faults)`,
    'test/faults/events',
    `${MATRIX}/drain`,
  ],
  'await-drained': [TARGETS, `${MACHINES}/await-drained/(await|kube)`, `${MATRIX}/await`],
  'register-targets': [TARGETS, `${MACHINES}/register-targets`, `${MATRIX}/register`],
  'deregister-targets': [TARGETS, `${MACHINES}/deregister-targets`, `${MATRIX}/deregister`],
  'delayed-termination': [
    TARGETS,
    `${MACHINES}/delayed-termination/delayed`,
    `${MACHINES}/delayed-termination/drain`,
    `${MATRIX}/delayed`,
  ],
  'clean-cloud-map': CLOUD_MAP,
  'clean-cloud-map-service': CLOUD_MAP,
};

/** @returns whether enough was found. @param names of machines; all when empty */
export async function mutateDefinitions(names: readonly string[]): Promise<boolean> {
  const wanted = machines().filter((machine) => names.length === 0 || names.includes(machine));
  let found = 0;
  let total = 0;
  for (const machine of wanted) {
    const mutants = mutantsOf(machine);
    if (mutants.length === 0) continue;
    if (!(await passes(machine))) throw new Error(`the tests of ${machine} fail without any mutant`);
    const survivors = await survivorsOf(machine, mutants);
    found += mutants.length - survivors.length;
    total += mutants.length;
    process.stdout.write(
      `${percent(mutants.length - survivors.length, mutants.length)}  ${machine} (${mutants.length})\n`,
    );
  }
  process.stdout.write(`${percent(found, total)}  definitions: ${found} of ${total} mutants found\n`);
  return found / total >= LEAST_PERCENT / 100;
}

async function survivorsOf(machine: string, mutants: readonly Mutant[]): Promise<Mutant[]> {
  const left = [...mutants];
  const survivors: Mutant[] = [];
  const lane = async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      if (!(await passes(machine, mutant))) continue;
      survivors.push(mutant);
      process.stdout.write(`  survived  ${machine}: ${mutant.title}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return survivors;
}

async function passes(machine: string, mutant?: Mutant): Promise<boolean> {
  for (const pattern of TESTS[machine] ?? []) {
    if (!(await passesIn(pattern, mutant))) return false;
  }
  return true;
}

function passesIn(pattern: string, mutant: Mutant | undefined): Promise<boolean> {
  const args = ['--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const options = ['--config', 'scripts/mutation/jest.definitions.config.ts', '--bail', '--runInBand', '--silent'];
  const child = spawn(process.execPath, [...args, ...options, pattern], {
    stdio: 'ignore',
    timeout: LONGEST_TRIAL_MS,
    env: { ...process.env, ...(mutant === undefined ? {} : { [MUTANT]: JSON.stringify(mutant) }) },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}

/** Tries each mutant of the definitions on the tests of its machine, two at a time. */
import { spawn } from 'node:child_process';
import { MUTANT } from './definition-transform.ts';
import { type Mutant, machines, mutantsOf } from './definitions.ts';
import { EQUIVALENT_DEFINITIONS } from './equivalent.ts';

const AT_A_TIME = 2;
const LEAST_PERCENT = 90;
const DRAIN = 'test/machines/drain-instance';
const CLOUD_MAP = ['test/machines/cloud-map', 'test/faults/matrix/clean-cloud-map'];
const TARGETS = ['test/machines/targets-and-terminations'];

/** Quick ones first: the first failure ends the trial. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  'drain-instance': [
    `${DRAIN}/(definition|bad-input|dry-run|tasks|targets|lifecycle|destinations|finding|faults)`,
    'test/faults/(events|matrix/drain)',
  ],
  'await-drained': [...TARGETS, 'test/machines/await-drained/(await|kube)', 'test/faults/matrix/await'],
  'register-targets': [...TARGETS, 'test/machines/register-targets', 'test/faults/matrix/register'],
  'deregister-targets': [...TARGETS, 'test/machines/deregister-targets', 'test/faults/matrix/deregister'],
  'delayed-termination': [
    ...TARGETS,
    'test/machines/delayed-termination/(delayed|drain)',
    'test/faults/matrix/delayed',
  ],
  'clean-cloud-map': CLOUD_MAP,
  'clean-cloud-map-service': CLOUD_MAP,
};

/** @returns whether enough was found. @param names of machines; all when empty */
export async function mutateDefinitions(names: readonly string[]): Promise<boolean> {
  const wanted = machines().filter((machine) => names.length === 0 || names.includes(machine));
  let enough = true;
  for (const machine of wanted) {
    const mutants = mutantsOf(machine).filter(
      ({ title }) => !EQUIVALENT_DEFINITIONS.some((one) => one.machine === machine && one.titles.includes(title)),
    );
    if (mutants.length === 0) continue;
    const survivors = await survivorsOf(mutants);
    const percent = (100 * (mutants.length - survivors.length)) / mutants.length;
    enough &&= percent >= LEAST_PERCENT;
    process.stdout.write(`${machine}: ${percent.toFixed(1)} % of ${mutants.length} mutants found\n`);
    for (const { title } of survivors) process.stdout.write(`  survived  ${title}\n`);
  }
  return enough;
}

async function survivorsOf(mutants: readonly Mutant[]): Promise<Mutant[]> {
  const left = [...mutants];
  const survivors: Mutant[] = [];
  const lane = async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      if (await passes(mutant)) survivors.push(mutant);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return survivors;
}

function passes({ machine, path, to }: Mutant): Promise<boolean> {
  const args = ['--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const options = ['--config', 'scripts/mutation/jest.definitions.config.ts', '--bail', '--runInBand', '--silent'];
  const child = spawn(process.execPath, [...args, ...options, ...(TESTS[machine] ?? [])], {
    stdio: 'ignore',
    env: { ...process.env, [MUTANT]: JSON.stringify({ machine, path, to }) },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}

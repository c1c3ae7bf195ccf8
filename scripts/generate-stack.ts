/**
 * Writes infrastructure/generated/*.yml from the definitions, the functions' files and infrastructure/permissions.ts;
 * with `--check`, only says what is out of date.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { INPUTS } from '../src/contract/inputs.ts';
import { dashboard } from './stack/dashboard.ts';
import { stackModel } from './stack/model.ts';
import { alarms, encryption, lambdaFunctions, logGroups, stateMachines } from './stack/parts.ts';
import { functionRole, machineRole } from './stack/roles.ts';

const FOLDER = 'infrastructure/generated';
const HEADER = '# Written by `npm run generate`; `npm run check` fails when it is out of date.\n';

const model = stackModel();
const resources = (parts: Record<string, object>) => ({ Resources: parts });
const files: Readonly<Record<string, object>> = {
  'public-machines.yml': model.machines.filter(({ workflow }) => workflow in INPUTS).map(({ id }) => ({ Ref: id })),
  'functions.yml': lambdaFunctions(model),
  'machines.yml': stateMachines(model),
  'machine-encryption.yml': encryption(model),
  'log-groups.yml': resources(logGroups(model)),
  'function-roles.yml': resources(Object.assign({}, ...model.functions.map(functionRole))),
  'machine-roles.yml': resources(Object.assign({}, ...model.machines.map(machineRole))),
  'alarms.yml': resources(alarms(model)),
  'dashboard.yml': resources(dashboard(model)),
  'outputs.yml': {
    Outputs: Object.fromEntries(
      model.machines.map(({ workflow, id }) => [
        `${id}Arn`,
        { Description: `State machine of ${workflow}`, Value: { Ref: id } },
      ]),
    ),
  },
};

const texts = Object.entries(files).map(
  ([name, content]) =>
    [name, HEADER + stringify(content, { lineWidth: 120, aliasDuplicateObjects: false, singleQuote: true })] as const,
);
const stale = texts.filter(([name, text]) => {
  const path = `${FOLDER}/${name}`;
  return !existsSync(path) || readFileSync(path, 'utf8') !== text;
});
const left = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => !(name in files)) : [];

if (process.argv.includes('--check')) {
  for (const name of [...stale.map(([name]) => name), ...left]) {
    process.stdout.write(`${FOLDER}/${name} is out of date: npm run generate\n`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of left) rmSync(`${FOLDER}/${name}`);
  for (const [name, text] of stale) writeFileSync(`${FOLDER}/${name}`, text);
}

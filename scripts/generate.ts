/** Writes docs/reference.md and action.yml from the schemas; with `--check`, only says whether they are up to date. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { ACTION_OUTPUTS, ActionInput } from '../src/contract/action.ts';
import { kebab } from '../src/contract/fields.ts';
import { INPUTS } from '../src/contract/inputs.ts';
import { settingsSchema } from '../src/contract/settings.ts';
import { actionFile } from './action-file.ts';

interface Property {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Property;
  readonly anyOf?: readonly Property[];
}

function kindOf(property: Property): string {
  if (property.enum !== undefined) return property.enum.map((word) => `\`${String(word)}\``).join(', ');
  if (property.anyOf !== undefined) return property.anyOf.map(kindOf).join(' or ');
  if (property.type === 'integer') return `whole number, ${property.minimum} to ${property.maximum}`;
  if (property.type === 'array') return `list of ${kindOf(property.items ?? {})}`;
  return String(property.type ?? 'any');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function inputTable(schema: z.ZodMiniObject, spelt = (name: string): string => name): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const required = new Set(json.required ?? []);
  const rows = Object.entries(json.properties ?? {}).map(([name, value]) => {
    const property = value as Property;
    const standard =
      property.default === undefined
        ? required.has(name)
          ? 'required'
          : ''
        : `\`${JSON.stringify(property.default)}\``;
    return `| \`${spelt(name)}\` | ${cell(kindOf(property))} | ${cell(standard)} | ${cell(property.description ?? '')} |`;
  });
  return ['| field | form | default | what it is |', '|---|---|---|---|', ...rows].join('\n');
}

function settingsTable(): string {
  const rows = Object.entries(settingsSchema().shape).map(([name, schema]) => {
    const standard = schema.safeParse(undefined);
    const shown = standard.success && standard.data !== undefined ? `\`${JSON.stringify(standard.data)}\`` : '';
    return `| \`${name}\` | ${cell(shown)} | ${cell(z.globalRegistry.get(schema)?.description ?? '')} |`;
  });
  return ['| variable | default | what it sets |', '|---|---|---|', ...rows].join('\n');
}

function outputsTable(): string {
  const rows = Object.entries(ACTION_OUTPUTS).map(([name, description]) => `| \`${name}\` | ${cell(description)} |`);
  return ['| output | what it is |', '|---|---|', ...rows].join('\n');
}

const reference = `${[
  '# Reference',
  '',
  'Written by `npm run generate` from the schemas in `src/contract/`; `npm run check` fails when it is out of date.',
  '',
  '## Inputs',
  ...Object.entries(INPUTS).flatMap(([workflow, schema]) => ['', `### ${workflow}`, '', inputTable(schema)]),
  '',
  '## The GitHub Action',
  '',
  'Beside the inputs of the workflow, in kebab-case (`timeout-seconds`), it takes:',
  '',
  inputTable(ActionInput, kebab),
  '',
  outputsTable(),
  '',
  '## Settings',
  '',
  'All faults are reported together at start; a `SLUICE_` variable that is not listed here is one of them.',
  '',
  settingsTable(),
].join('\n')}\n`;

for (const [file, text] of [
  ['docs/reference.md', reference],
  ['action.yml', actionFile()],
] as const) {
  const current = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (current !== text) {
    process.stdout.write(`${file} is out of date: npm run generate\n`);
    process.exitCode = 1;
  }
}

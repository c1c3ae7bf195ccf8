/** The text of action.yml: the Action's own inputs, and every workflow's, from the schemas. */
import { stringify } from 'yaml';
import { ACTION_OUTPUTS, ActionInput } from '../src/contract/action.ts';
import { type Field, fieldsOf } from '../src/contract/fields.ts';
import { INPUTS } from '../src/contract/inputs.ts';

interface InputEntry {
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string;
}

export function actionFile(): string {
  const own = fieldsOf(ActionInput).map((field): [string, InputEntry] => [field.option, ownEntry(field)]);
  const taken = new Set(own.map(([name]) => name));
  const byOption = new Map<string, { readonly workflow: string; readonly field: Field }[]>();
  for (const [workflow, schema] of Object.entries(INPUTS)) {
    for (const field of fieldsOf(schema)) {
      if (taken.has(field.option)) throw new Error(`${workflow} has an input of the Action's own: ${field.option}`);
      byOption.set(field.option, [...(byOption.get(field.option) ?? []), { workflow, field }]);
    }
  }
  const ofWorkflows = [...byOption].map(([option, uses]): [string, InputEntry] => [
    option,
    { description: describe(uses) },
  ]);
  const document = {
    name: 'Sluice',
    description:
      'Takes EC2 instances, containers and load balancer targets out of service on AWS without dropping a request, and puts them back',
    author: 'The Sluice authors',
    branding: { icon: 'git-pull-request', color: 'blue' },
    inputs: Object.fromEntries([...own, ...ofWorkflows]),
    outputs: Object.fromEntries(Object.entries(ACTION_OUTPUTS).map(([name, description]) => [name, { description }])),
    runs: { using: 'node24', main: 'dist/action/index.js' },
  };
  const head = '# Written by `npm run generate` from the schemas in src/contract/.\n';
  return head + stringify(document, { lineWidth: 120 });
}

function ownEntry(field: Field): InputEntry {
  const { option, description, standard } = field;
  return {
    description,
    ...(option === 'workflow' ? { required: true } : {}),
    ...(standard === undefined ? {} : { default: String(standard) }),
  };
}

/** No `default` in the file: it would be given to every other workflow, too. The schema has it. */
function describe(uses: readonly { readonly workflow: string; readonly field: Field }[]): string {
  const texts = new Map<string, string[]>();
  for (const { workflow, field } of uses) {
    const text = `${[field.description || 'See the reference.', ...form(field)].join(' ')}`;
    texts.set(text, [...(texts.get(text) ?? []), workflow]);
  }
  return [...texts].map(([text, workflows]) => `${workflows.join(', ')}: ${text}`).join('\n');
}

function form({ option, required, standard, choices, kind, members }: Field): string[] {
  return [
    ...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]),
    ...(kind === 'list' ? ['A list: lines or commas.'] : []),
    ...(kind === 'objects'
      ? [`A list: lines, each the ${members?.[0]?.option ?? 'value'} alone, or with \`,name=value\`; or JSON.`]
      : []),
    ...(standard === undefined ? [] : [`Default: ${String(standard)}.`]),
    ...(required ? [option === 'region' ? 'AWS_REGION when absent.' : 'Required.'] : []),
  ];
}

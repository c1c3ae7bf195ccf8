import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { parse, parseDocument } from 'yaml';
import { readInputs } from '../../src/action/read-inputs.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly on: unknown;
  readonly permissions?: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly 'runs-on': string; readonly steps: readonly Step[]; readonly strategy?: unknown }>
  >;
}

const ACTION = parse(readFileSync('action.yml', 'utf8')) as { readonly inputs: Readonly<Record<string, unknown>> };
const EXAMPLES = globSync('examples/workflows/*.yml').sort();
const OWN = globSync('.github/workflows/*.yml').sort();
/** What a step's expressions come to, in one run. */
const VALUES: Readonly<Record<string, string>> = {
  'matrix.host': 'i-0a1b2c3d4e5f60718',
  'matrix.instance': 'i-0a1b2c3d4e5f60718',
  'github.run_id': '4711',
  'github.run_attempt': '1',
  'steps.old.outputs.ids': 'i-0a1b2c3d4e5f60718,i-0b1c2d3e4f5061728',
  'inputs.services': 'srv-e4anhexample0004,srv-e4anhexample0005',
  'inputs.address': '10.0.7.7',
  '!inputs.remove': 'true',
};

function workflowIn(file: string): Workflow {
  const document = parseDocument(readFileSync(file, 'utf8'));
  expect(document.errors).toEqual([]);
  return document.toJS() as Workflow;
}

const stepsOf = (file: string): Step[] => Object.values(workflowIn(file).jobs).flatMap(({ steps }) => [...steps]);

function given(inputs: Readonly<Record<string, unknown>>): Map<string, string> {
  return new Map(
    Object.entries(inputs).map(([name, value]) => [
      name,
      String(value)
        .replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string) => {
          const known = VALUES[expression];
          if (known === undefined) throw new Error(`nothing is known of ${expression}`);
          return known;
        })
        .trim(),
    ]),
  );
}

test.each(EXAMPLES)('%s gives the Action what it takes', (file) => {
  const uses = stepsOf(file).filter((step) => step.uses?.startsWith('your-organization/sluice@') === true);
  expect(uses.length).toBeGreaterThan(0);
  for (const { uses: used, with: inputs = {} } of uses) {
    expect(used).toBe('your-organization/sluice@v1');
    expect(Object.keys(inputs).filter((name) => !(name in ACTION.inputs))).toEqual([]);
    const request = readInputs({ texts: given(inputs), region: 'eu-west-1', environment: {} });
    expect(request.workflow).toBe(inputs.workflow);
  }
});

test('the examples are those that are promised', () => {
  const workflows = EXAMPLES.flatMap((file) => stepsOf(file).map((step) => step.with?.workflow)).filter(Boolean);
  expect(new Set(workflows)).toEqual(
    new Set([
      'deregister-targets',
      'register-targets',
      'drain-instance',
      'delayed-termination',
      'clean-cloud-map',
      'await-drained',
    ]),
  );
  const texts = EXAMPLES.map((file) => readFileSync(file, 'utf8'));
  expect(texts.filter((text) => text.includes('matrix:'))).toHaveLength(2);
  // Credentials come by OIDC everywhere; nothing is stored.
  for (const text of texts) {
    expect(text).toContain('id-token: write');
    expect(text).not.toMatch(/secrets\./);
  }
});

test.each([...EXAMPLES, ...OWN])(
  '%s pins what others have made by its commit, and asks for no more than it needs',
  (file) => {
    const workflow = workflowIn(file);
    expect(workflow.permissions).toBeDefined();
    for (const { uses } of stepsOf(file)) {
      if (uses === undefined || uses === './' || uses.startsWith('your-organization/')) continue;
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    }
    // An expression inside of a script is replaced before the shell reads it: whoever names a branch would write the script.
    for (const { run } of stepsOf(file)) expect(run ?? '').not.toMatch(/\$\{\{\s*(github\.(event|head_ref)|inputs)/);
  },
);

test('what a workflow of this project runs is there', () => {
  expect(OWN.map((file) => path.basename(file))).toEqual(['action-dist.yml', 'ci.yml', 'image.yml', 'release.yml']);
  const scripts = OWN.flatMap((file) => stepsOf(file).map(({ run = '' }) => run)).join('\n');
  for (const [script = ''] of scripts.matchAll(/(?<=node )scripts\/[\w.-]+|\.ci\/run/g))
    expect(globSync(script)).toEqual([script]);
});

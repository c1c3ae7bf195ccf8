/** From the texts that a workflow file gives to what the contract parses. All faults are told together. */
import { ActionInput } from '../contract/action.ts';
import { type Fault, InvalidInput } from '../contract/errors.ts';
import { type Field, fieldsOf, fieldValue, kebab, withValues } from '../contract/fields.ts';
import { INPUTS } from '../contract/inputs.ts';
import { parse } from '../contract/parse.ts';
import { readSettings } from '../contract/settings.ts';
import type { WorkflowName } from '../engine/workflow-engine.ts';

export interface ActionRequest {
  readonly own: ActionInput;
  readonly workflow: WorkflowName;
  /** As it was said, with the region filled in: what the execution starts with. */
  readonly document: Readonly<Record<string, unknown>>;
  /** The same, parsed. */
  readonly input: Readonly<Record<string, unknown>>;
}

export interface GivenInputs {
  /** By their names in `action.yml`; what is empty was not given. */
  readonly texts: ReadonlyMap<string, string>;
  /** Where the inputs name no region. */
  readonly region: string | undefined;
  /** Its `SLUICE_*` variables count where no stack is deployed. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const OWN_FIELDS = fieldsOf(ActionInput);

/** Every input that `action.yml` declares. */
export function inputNames(): string[] {
  const ofWorkflows = Object.values(INPUTS).flatMap((schema) => fieldsOf(schema).map(({ option }) => option));
  return [...new Set([...OWN_FIELDS.map(({ option }) => option), ...ofWorkflows])];
}

/** @throws InvalidInput with the inputs named as a workflow file spells them */
export function readInputs({ texts, region, environment }: GivenInputs): ActionRequest {
  const faults: Fault[] = [];
  const own = attempt(faults, () => parse(ActionInput, values(OWN_FIELDS, texts, {}), 'the inputs'), OWN_FIELDS);
  const workflow = texts.get('workflow') ?? '';
  const schema = INPUTS[workflow];
  const fields = schema === undefined ? [] : fieldsOf(schema);
  const known = new Set([...OWN_FIELDS, ...fields].map(({ option }) => option));
  for (const [name, text] of texts) {
    // Whether it belongs to the workflow cannot be said of a workflow that does not exist.
    if (known.has(name) || (schema === undefined && inputNames().includes(name))) continue;
    faults.push({
      field: name,
      // What somebody gave by mistake may be a secret.
      found: `${text.length} characters`,
      expected: schema === undefined ? 'is not an input of this Action' : `is not an input of ${workflow}`,
    });
  }
  const standard = region !== undefined && schema !== undefined && 'region' in schema.shape ? { region } : {};
  const document = values(fields, texts, standard);
  const input = schema === undefined ? undefined : attempt(faults, () => parse(schema, document, 'the inputs'), fields);
  if (!texts.has('stack') && !texts.has('state-machine-arn')) attempt(faults, () => readSettings(environment), []);
  if (faults.length > 0 || own === undefined || input === undefined) {
    throw new InvalidInput(schema === undefined ? 'The inputs' : `The inputs of ${workflow}`, faults);
  }
  return { own, workflow: workflow as WorkflowName, document, input };
}

function values(fields: readonly Field[], texts: ReadonlyMap<string, string>, standard: object) {
  const given = fields.flatMap((field): [Field, unknown][] => {
    const text = texts.get(field.option);
    return text === undefined ? [] : [[field, fieldValue(field, parts(field, text))]];
  });
  return withValues(standard, given);
}

/** Lists come as lines, by commas, or as JSON; an item that is an object as JSON or as `i-0123456789abcdef0,port=80`. */
function parts(field: Field, text: string): string[] {
  const { kind } = field;
  if (kind === 'flag') return [text.toLowerCase()];
  if (kind !== 'list' && kind !== 'objects') return [text];
  if (text.startsWith('[')) {
    try {
      const items: unknown = JSON.parse(text);
      if (Array.isArray(items)) return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return [text];
  }
  if (kind === 'list') return text.split(/[,\n]/);
  return text
    .split('\n')
    .flatMap((line) => (line.trim().startsWith('{') ? [line.trim()] : line.split(/[\s;]+|,\s*(?![\w-]+=)/)))
    .filter((item) => item !== '');
}

function attempt<T>(faults: Fault[], work: () => T, fields: readonly Field[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    faults.push(...error.faults.map((fault) => ({ ...fault, field: spelt(fault.field, fields) })));
    return undefined;
  }
}

/** `lifecycle.destination` → `destination`; `targets[0].port` → `targets[0].port` */
function spelt(name: string, fields: readonly Field[]): string {
  const [, plain = name, rest = ''] = /^([^[]*)(.*)$/s.exec(name) ?? [];
  const field = fields.find(({ path }) => path.join('.') === plain);
  return `${field?.option ?? (plain.startsWith('SLUICE_') ? plain : kebab(plain))}${rest}`;
}

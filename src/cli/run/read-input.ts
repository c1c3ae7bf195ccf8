/** The input of a workflow, from a document and from options: the options say it last. */
import { readFileSync } from 'node:fs';
import { type Field, fieldValue, withValues } from '../../contract/fields.ts';
import { INPUTS } from '../../contract/inputs.ts';
import { parse } from '../../contract/parse.ts';
import type { WorkflowName } from '../../engine/workflow-engine.ts';
import type { Faults } from '../faults.ts';

export interface InputSources {
  readonly workflow: WorkflowName;
  readonly fields: readonly Field[];
  /** By option, as given. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** A file with a JSON object; `-` is standard input. */
  readonly file: string | undefined;
  /** Where the input names no region. */
  readonly region: string | undefined;
}

export interface ReadInput {
  /** As it was said: what the execution starts with. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly region: string;
}

/** @returns undefined when it cannot be used: then all of its faults are among the given ones. */
export function readInput(sources: InputSources, faults: Faults): ReadInput | undefined {
  const { workflow, fields, texts } = sources;
  const given = sources.file === undefined ? {} : readDocument(sources.file, faults);
  const values = fields.flatMap((field): [Field, unknown][] => {
    const said = texts.get(field.option);
    return said === undefined ? [] : [[field, fieldValue(field, said)]];
  });
  const said = withValues(given ?? {}, values);
  const document =
    said.region === undefined && sources.region !== undefined ? { ...said, region: sources.region } : said;
  const schema = INPUTS[workflow];
  if (schema === undefined) throw new TypeError(`There is no schema of ${workflow}`);
  const parsed = faults.try(
    () => parse(schema, document, `the input of ${workflow}`),
    (name) => withOption(name, fields),
  );
  if (parsed === undefined || given === undefined) return undefined;
  return { document, region: String(parsed.region) };
}

function readDocument(file: string, faults: Faults): object | undefined {
  const expected = 'must be a file with a JSON object, or - for standard input';
  try {
    const parsed: unknown = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
    faults.add({ field: '--input', found: `${file} with another JSON value`, expected });
  } catch (error) {
    faults.add({
      field: '--input',
      found: `${file} (${error instanceof Error ? error.message : String(error)})`,
      expected,
    });
  }
  return undefined;
}

/** @returns `timeoutSeconds (--timeout-seconds)` */
function withOption(name: string, fields: readonly Field[]): string {
  const plain = name.replace(/\[.*$/, '');
  const field = fields.find(({ path }) => path.join('.') === plain);
  return field === undefined ? name : `${name} (--${field.option})`;
}

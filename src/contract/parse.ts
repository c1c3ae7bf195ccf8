import type * as z from 'zod/mini';
import { type Fault, InvalidInput } from './errors.ts';

const LONGEST_FOUND = 80;

/**
 * Parses a document by its schema, all faults reported together.
 * @param subject what the document is, as the message's subject: `the input of drain-instance`
 * @throws InvalidInput
 */
export function parse<S extends z.ZodMiniType>(schema: S, document: unknown, subject: string): z.output<S> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  throw new InvalidInput(
    subject,
    result.error.issues.flatMap((issue) => faultsOf(issue, document)),
  );
}

function faultsOf(issue: z.core.$ZodIssue, document: unknown): Fault[] {
  const field = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: field === '' ? key : `${field}.${key}`,
      found: shorten(valueAt(document, [...issue.path, key])),
      expected: 'is not a field that is known here',
    }));
  }
  return [{ field, found: shorten(valueAt(document, issue.path)), expected: issue.message }];
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    document,
  );
}

function shorten(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text;
}

/**
 * A workflow's input as flat words in kebab-case, which is how a command line and an Action say it: derived from the
 * schema, so that nothing has to be kept in step by hand.
 */
import * as z from 'zod/mini';

export interface Field {
  /** `timeout-seconds`. A nested field goes by its own name; by its parent's, too, where that name is taken. */
  readonly option: string;
  /** `['lifecycle', 'destination']` */
  readonly path: readonly string[];
  readonly kind: 'text' | 'number' | 'flag' | 'list' | 'objects';
  readonly required: boolean;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly standard?: unknown;
  /** Of `objects`: the fields of each, the first of which may be given without its name. */
  readonly members?: readonly Field[];
}

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly items?: Property;
}

export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function fieldsOf(schema: z.ZodMiniObject): Field[] {
  const { properties, required } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Property;
  const outer = Object.entries(properties ?? {});
  const taken = new Set(outer.filter(([, { properties: inner }]) => inner === undefined).map(([name]) => kebab(name)));
  return outer.flatMap(([name, property]) => {
    if (property.properties === undefined) return [fieldOf([name], kebab(name), property, required ?? [])];
    return Object.entries(property.properties).map(([inner, member]) => {
      const option = taken.has(kebab(inner)) ? `${kebab(name)}-${kebab(inner)}` : kebab(inner);
      taken.add(option);
      // Only whoever gives one of them has to give the others.
      return fieldOf([name, inner], option, member, []);
    });
  });
}

function fieldOf(path: readonly string[], option: string, property: Property, required: readonly string[]): Field {
  const members = property.items?.properties;
  return {
    option,
    path,
    kind: kindOf(property),
    required: required.includes(path.at(-1) ?? ''),
    description: property.description ?? (path.length > 1 ? `Part of ${path[0]}.` : ''),
    ...(property.enum === undefined ? {} : { choices: property.enum.map(String) }),
    ...(property.default === undefined ? {} : { standard: property.default }),
    ...(members === undefined
      ? {}
      : {
          members: Object.entries(members).map(([name, member]) =>
            fieldOf([name], kebab(name), member, property.items?.required ?? []),
          ),
        }),
  };
}

function kindOf({ type, items }: Property): Field['kind'] {
  if (type === 'boolean') return 'flag';
  if (type === 'integer' || type === 'number') return 'number';
  if (type !== 'array') return 'text';
  return items?.properties === undefined ? 'list' : 'objects';
}

/**
 * @param texts as given: a list may be given in several, and with commas. An item of `objects` is JSON, or the form
 *   `i-0123456789abcdef0,port=80`.
 * @returns what the schema parses. What is of the wrong form passes as text: the schema says what it should have been.
 */
export function fieldValue(field: Field, texts: readonly string[]): unknown {
  const last = texts.at(-1) ?? '';
  switch (field.kind) {
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(last) ? Number(last) : last;
    case 'flag':
      return last === 'true' ? true : last === 'false' ? false : last;
    case 'list':
      return texts
        .flatMap((text) => text.split(/[,\n]/))
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'objects':
      return texts
        .flatMap((text) => (text.trimStart().startsWith('{') ? [text] : text.split(/[\s;]+/)))
        .filter((item) => item !== '')
        .map((item) => objectOf(field.members ?? [], item));
    case 'text':
      return last;
  }
}

function objectOf(members: readonly Field[], text: string): unknown {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      if (error instanceof SyntaxError) return text;
      throw error;
    }
  }
  const entries = text.split(',').map((part, index): [string, unknown] => {
    const split = part.indexOf('=');
    const name = split < 0 && index === 0 ? (members[0]?.option ?? part) : part.slice(0, Math.max(0, split));
    const member = members.find(({ option, path }) => option === name || path[0] === name);
    const value = part.slice(split + 1);
    return [member?.path[0] ?? (name === '' ? part : name), member === undefined ? value : fieldValue(member, [value])];
  });
  return Object.fromEntries(entries);
}

/** Puts values over a document, at their paths; neither is changed. */
export function withValues(document: object, values: readonly (readonly [Field, unknown])[]): Record<string, unknown> {
  const result: Record<string, unknown> = { ...document };
  for (const [{ path }, value] of values) {
    const [first, second] = path;
    if (first === undefined) continue;
    if (second === undefined) result[first] = value;
    else {
      const parent = result[first];
      result[first] = { ...(typeof parent === 'object' && parent !== null ? parent : {}), [second]: value };
    }
  }
  return result;
}

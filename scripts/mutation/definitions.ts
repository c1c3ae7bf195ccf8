/** Mutants of the definitions: a catch or a retry that is lost, a rule that is dropped, a way that leads elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';

export const FOLDER = 'state-machines';

/** A document with one member changed. */
export interface Mutant {
  readonly machine: string;
  /** `Observe Drain: loses the catch of States.ALL` */
  readonly title: string;
  readonly path: readonly (string | number)[];
  /** What stands there instead; the member is taken out when absent. */
  readonly to?: string;
}

const Way = z.looseObject({ Next: z.string() });
const State = z.looseObject({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(Way).default([]),
  Catch: z.array(Way.extend({ ErrorEquals: z.array(z.string()) })).default([]),
  Retry: z.array(z.unknown()).optional(),
});
export const Definition = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), State) });
type Definition = z.output<typeof Definition>;

export function machines(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.asl.json'))
    .map((file) => file.replace('.asl.json', ''));
}

export function mutantsOf(machine: string): Mutant[] {
  const definition = Definition.parse(JSON.parse(readFileSync(`${FOLDER}/${machine}.asl.json`, 'utf8')));
  return Object.entries(definition.States).flatMap(([name, state]) =>
    changesOf(state, name, definition).map(({ what, path, ...rest }) => ({
      machine,
      title: `${name}: ${what}`,
      path: ['States', name, ...path],
      ...rest,
    })),
  );
}

interface Change extends Pick<Mutant, 'path' | 'to'> {
  readonly what: string;
}

function changesOf(state: z.output<typeof State>, name: string, definition: Definition): Change[] {
  const { Next, Default, Choices, Catch, Retry } = state;
  const lost = Catch.map(({ ErrorEquals }, index) => ({
    what: `loses the catch of ${ErrorEquals[0]}`,
    path: ['Catch', index],
  }));
  const dropped = Choices.map((rule, index) => ({ what: `loses the rule to ${rule.Next}`, path: ['Choices', index] }));
  return [
    ...lost,
    ...dropped,
    ...(Retry === undefined ? [] : [{ what: 'loses its retries', path: ['Retry'] }]),
    ...elsewhere('', ['Next'], Next, name, definition),
    ...elsewhere('by default ', ['Default'], Default, name, definition),
    ...Choices.flatMap((way, index) =>
      elsewhere(`by rule ${index + 1} `, ['Choices', index, 'Next'], way.Next, name, definition),
    ),
    ...Catch.flatMap((way, index) =>
      elsewhere(`on ${way.ErrorEquals[0]} `, ['Catch', index, 'Next'], way.Next, name, definition),
    ),
  ];
}

/** The way leads past its state, to where that one leads. */
function elsewhere(
  when: string,
  path: readonly (string | number)[],
  to: string | undefined,
  from: string,
  { States }: Definition,
): Change[] {
  const next = to === undefined ? undefined : (States[to]?.Next ?? States[to]?.Default);
  return next === undefined || next === from ? [] : [{ what: `${when}leads past ${to}`, path, to: next }];
}

/** @returns the document with the mutant in it */
export function mutated(document: unknown, { path, to }: Pick<Mutant, 'path' | 'to'>): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof document !== 'object' || document === null) return to;
  if (Array.isArray(document)) {
    const members = document.map((member: unknown, index) =>
      index === key ? mutated(member, { path: rest, ...(to === undefined ? {} : { to }) }) : member,
    );
    return rest.length === 0 && to === undefined ? members.filter((_, index) => index !== key) : members;
  }
  return Object.fromEntries(
    Object.entries(document).flatMap(([name, member]) => {
      if (name !== key) return [[name, member]];
      if (rest.length === 0 && to === undefined) return [];
      return [[name, mutated(member, { path: rest, ...(to === undefined ? {} : { to }) })]];
    }),
  );
}

/**
 * The items of a Map state, so many at once. They are no entries of the journal: after a crash the Map is entered anew,
 * and every item finds the child execution that it had started by its key.
 */
import { ExecutionError } from 'aws-local-stepfunctions';
import { contextOf } from './context.ts';
import type { Json, PreparedDefinition, PreparedMap } from './definition.ts';
import { dataLimitExceeded, Terminal } from './failures.ts';
import { tooLarge } from './limits.ts';
import { Visit } from './visit.ts';

/** @throws what the first failing item failed with; the others are then stopped. */
export async function fanOut(map: Visit, items: Json, input: Json, key: string): Promise<readonly Json[]> {
  const { processor } = map.state;
  if (processor === undefined || !Array.isArray(items)) {
    throw new Terminal('States.Runtime', `The items of '${map.state.name}' are not an array`);
  }
  const { record } = map.visitor;
  record('MapStateStarted', {});
  const results: Json[] = new Array(items.length).fill(null);
  const read = readBySelector(processor, input);
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (failure === undefined && next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await runItem(map, processor, read, { Index: index, Value: items[index] }, `${key}.${index}`);
      } catch (error) {
        failure ??= { error: error instanceof ExecutionError ? error.cause : error };
        for (const child of [...map.within].flatMap((visit) => visit.abandon())) {
          map.visitor.host.stopChild(child, `An item of '${map.state.name}' failed`);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(processor.concurrency, items.length) }, worker));
  if (failure !== undefined) {
    record('MapStateFailed', {});
    throw failure.error;
  }
  record('MapStateSucceeded', {});
  return results;
}

async function runItem(
  map: Visit,
  processor: PreparedMap,
  input: Json,
  item: { readonly Index: number; readonly Value: Json },
  key: string,
): Promise<Json> {
  const { visitor } = map;
  const stateName = map.state.name;
  visitor.record('MapIterationStarted', { state: stateName });
  let data = JSON.stringify(await selected(map, processor, input, item));
  let name: string | undefined = processor.definition.startAt;
  while (name !== undefined) {
    const state = stateOf(processor.definition, name);
    visitor.transition();
    visitor.record(`${state.type}StateEntered`, { state: name, input: data });
    const visit = new Visit(state, { input: data, entered: Date.now(), key: `${key}.${name}`, item }, visitor, fanOut);
    map.within.add(visit);
    try {
      const { output, next } = await visit.run();
      if (tooLarge(output)) throw dataLimitExceeded(name, 'output of the state');
      visitor.record(`${state.type}StateExited`, { state: name, output });
      data = output;
      name = next;
    } finally {
      map.within.delete(visit);
    }
  }
  visitor.record('MapIterationSucceeded', { state: stateName });
  // What hundreds of items carried would otherwise be held until the last one has ended.
  await visitor.flush();
  return JSON.parse(data) as Json;
}

/** The library copies what it is given, for each item: the items themselves must not be copied as often as there are items. */
function readBySelector({ selects }: PreparedMap, input: Json): Json {
  if (selects === undefined || typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([key]) => selects.includes(key))) as Json;
}

async function selected(map: Visit, { selector }: PreparedMap, input: Json, item: { Index: number; Value: Json }) {
  if (selector === undefined) return item.Value;
  const { host, identity } = map.visitor;
  const context = { ...contextOf(host, identity, map.state.name, map.place.entered), Map: { Item: item } };
  return selector.run(input as never, { context }).result;
}

function stateOf(definition: PreparedDefinition, name: string) {
  const state = definition.states.get(name);
  if (state === undefined) throw new Terminal('States.Runtime', `There is no state '${name}'`);
  return state;
}

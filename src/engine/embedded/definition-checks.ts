/** Refuses, before anything runs, what the embedded engine would run otherwise than Step Functions does. */
import { UnsupportedDefinition } from '../errors.ts';
import type { JsonObject } from './definition.ts';

const TYPES = ['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail', 'Map'];
/** AWS runs no more items of an inline Map at once. */
const MOST_AT_ONCE = 40;
/** A wait among a Map's items would be forgotten in a crash. */
const TYPES_IN_MAPS = ['Task', 'Choice', 'Pass', 'Succeed', 'Fail'];
const UNSUPPORTED_FIELDS = [
  'Arguments',
  'Assign',
  'Credentials',
  'HeartbeatSeconds',
  'HeartbeatSecondsPath',
  'ItemBatcher',
  'ItemReader',
  'Iterator',
  'MaxConcurrencyPath',
  'Output',
  'QueryLanguage',
  'ResultWriter',
  'TimeoutSecondsPath',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
];

/** @throws UnsupportedDefinition */
export function checkState(name: string, state: JsonObject): void {
  const refuse = (what: string): never => {
    throw new UnsupportedDefinition(`State '${name}': ${what}`);
  };
  if (typeof state.Type !== 'string' || !TYPES.includes(state.Type)) {
    refuse(`Type ${JSON.stringify(state.Type)} is not supported, only ${TYPES.join(', ')}`);
  }
  for (const field of UNSUPPORTED_FIELDS) if (field in state) refuse(`${field} is not supported`);
  if (state.Type === 'Wait' && 'InputPath' in state) refuse('InputPath of a Wait is not supported');
  const resultPath = state.ResultPath;
  if (typeof resultPath === 'string' && resultPath !== '$' && !/^\$\.[^$]+$/.test(resultPath)) {
    refuse(`ResultPath ${resultPath} is not supported, only the form $.field`);
  }
  for (const path of ['ErrorPath', 'CausePath']) {
    const value = state[path];
    if (typeof value === 'string' && !value.startsWith('$')) refuse(`${path} ${value} is no plain path`);
  }
  if (/"\$\$(?!\.)/.test(JSON.stringify(state)))
    refuse('the whole context object ($$) is not supported, only its fields');
  if (state.Type === 'Map') checkMap(state, refuse);
  if (JSON.stringify(state).includes('$$.Task')) refuse('task tokens are not supported');
}

function checkMap(state: JsonObject, refuse: (what: string) => never): void {
  const { MaxConcurrency: atOnce, ItemProcessor: processor } = state;
  if (typeof atOnce !== 'number' || atOnce < 1 || atOnce > MOST_AT_ONCE) {
    refuse(`MaxConcurrency must be from 1 to ${MOST_AT_ONCE}, got ${JSON.stringify(atOnce)}`);
  }
  if ('Parameters' in state) refuse('Parameters of a Map are not supported, only ItemSelector');
  const { ProcessorConfig: config, States: states } = (processor ?? {}) as JsonObject;
  const mode = (config as JsonObject | undefined)?.Mode ?? 'INLINE';
  if (mode !== 'INLINE') refuse(`a Map of mode ${JSON.stringify(mode)} is not supported, only INLINE`);
  for (const [name, inner] of Object.entries((states ?? {}) as JsonObject)) {
    const type = (inner as JsonObject).Type;
    if (typeof type !== 'string' || !TYPES_IN_MAPS.includes(type)) {
      refuse(
        `'${name}' in a Map has type ${JSON.stringify(type)}, only ${TYPES_IN_MAPS.join(', ')} are supported there`,
      );
    }
  }
}

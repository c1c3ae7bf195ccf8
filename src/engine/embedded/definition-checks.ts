/** Refuses, before anything runs, what the embedded engine would run otherwise than Step Functions does. */
import { UnsupportedDefinition } from '../errors.ts';
import type { JsonObject } from './definition.ts';

const TYPES = ['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail'];
const UNSUPPORTED_FIELDS = [
  'Arguments',
  'Assign',
  'Credentials',
  'HeartbeatSeconds',
  'HeartbeatSecondsPath',
  'Output',
  'QueryLanguage',
  'TimeoutSecondsPath',
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
  if (JSON.stringify(state).includes('$$.Task')) refuse('task tokens are not supported');
}

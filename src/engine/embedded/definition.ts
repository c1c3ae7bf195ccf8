/**
 * Reads a shipped state machine definition (Amazon States Language, JSONPath) and prepares each state to be run on its
 * own by aws-local-stepfunctions.
 *
 * Each state becomes a machine of one state, whose ways out lead to exits that only say which state comes next. So the
 * engine decides between two states: it journals, stops, waits and re-enters there, which the library cannot. The
 * rewriting also mends what the library does otherwise than AWS:
 *  - `$$.Execution` is bound to the library's own run; ours is under `$$.Run`.
 *  - `IsPresent: false` and the like never match.
 *  - A Pass whose Result is false, 0, "" or null passes its input on.
 *  - ResultPath `$` writes a field of that name.
 *  - A wait or a timeout beyond 2^31 ms fires at once: waits are the engine's, and timeouts are capped.
 */
import { type StateMachineDefinition as LibraryDefinition, StateMachine } from 'aws-local-stepfunctions';
import { UnsupportedDefinition } from '../errors.ts';
import { checkState } from './definition-checks.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A definition as it stands in `state-machines/`, where functions and machines are named by the stack's keys. */
export interface StateMachineDefinition {
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly Comment?: string;
  readonly States: Readonly<Record<string, unknown>>;
}

export type StateType = 'Task' | 'Choice' | 'Wait' | 'Pass' | 'Succeed' | 'Fail' | 'Map';

/** What a Task state calls. */
export type TaskTarget =
  | { readonly kind: 'function'; readonly functionKey: string }
  | { readonly kind: 'execution'; readonly machineKey: string }
  /** DescribeExecution, by the SDK integration. */
  | { readonly kind: 'description' };

/** What a Map does for each item. */
export interface PreparedMap {
  readonly definition: PreparedDefinition;
  readonly concurrency: number;
  /** Makes an item's input; absent: the item itself. */
  readonly selector?: StateMachine;
  /** Fields of the Map's own input that the selector reads; absent: all of it. */
  readonly selects?: readonly string[];
}

export interface PreparedState {
  readonly name: string;
  readonly type: StateType;
  readonly machine: StateMachine;
  /** Exit of the library's machine → the state that comes next. */
  readonly exits: ReadonlyMap<string, string>;
  readonly target?: TaskTarget;
  /** Of a Task; absent where the definition sets none. */
  readonly timeoutSeconds?: number;
  /** Of a Pass that has one. */
  readonly result?: Json;
  readonly wait?: { readonly seconds: boolean; readonly literal?: Json };
  /** Of a Map. */
  readonly processor?: PreparedMap;
  /** Of a Fail without Error or Cause: AWS then leaves them out. */
  readonly namesNoError?: boolean;
  readonly namesNoCause?: boolean;
  /** The same state with less time left for its task. */
  withTimeout(seconds: number): StateMachine;
}

export interface PreparedDefinition {
  readonly startAt: string;
  readonly timeoutSeconds?: number;
  readonly states: ReadonlyMap<string, PreparedState>;
}

const EXIT = 'exit to ';
/** The library's timers are Node's, so no task of it may last longer than this. */
const LONGEST_TASK_SECONDS = 2_147_483;
const PLACEHOLDER_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:local';

/**
 * @param text the definition as JSON.
 * @throws UnsupportedDefinition for what could not run as on AWS.
 */
export function prepare(text: string): PreparedDefinition {
  return prepareStates(JSON.parse(text) as StateMachineDefinition);
}

function prepareStates(definition: StateMachineDefinition): PreparedDefinition {
  const states = new Map<string, PreparedState>();
  for (const [name, state] of Object.entries(definition.States)) {
    states.set(name, prepareState(name, state as JsonObject));
  }
  if (!states.has(definition.StartAt)) {
    throw new UnsupportedDefinition(`StartAt names '${definition.StartAt}', which is not a state`);
  }
  for (const state of states.values()) {
    for (const next of state.exits.values()) {
      if (!states.has(next))
        throw new UnsupportedDefinition(`'${state.name}' leads to '${next}', which is not a state`);
    }
  }
  const { TimeoutSeconds: timeoutSeconds } = definition;
  return { startAt: definition.StartAt, states, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
}

function prepareState(name: string, state: JsonObject): PreparedState {
  checkState(name, state);
  const type = state.Type as StateType;
  const exits = new Map<string, string>();
  const { ItemProcessor: _, ItemSelector: __, ...own } = state;
  const rewritten = rewrite(own, exits) as Record<string, Json>;
  for (const key of ['InputPath', 'OutputPath', 'ResultPath']) if (rewritten[key] === '$') delete rewritten[key];

  const facts: { -readonly [K in keyof PreparedState]?: PreparedState[K] } = {};
  if (type === 'Task') {
    facts.target = targetOf(state);
    if (facts.target.kind === 'execution') {
      rewritten.Parameters = withoutMachine(rewritten.Parameters);
    }
    rewritten.Resource = PLACEHOLDER_ARN;
    if (typeof state.TimeoutSeconds === 'number') facts.timeoutSeconds = state.TimeoutSeconds;
  } else if (type === 'Pass' && 'Result' in state) {
    facts.result = state.Result ?? null;
    for (const key of ['Result', 'Parameters', 'InputPath']) delete rewritten[key];
    rewritten.Type = 'Task';
    rewritten.Resource = PLACEHOLDER_ARN;
  } else if (type === 'Wait') {
    const path = rewritten.SecondsPath ?? rewritten.TimestampPath;
    const literal = state.Seconds ?? state.Timestamp;
    const seconds = 'Seconds' in state || 'SecondsPath' in state;
    facts.wait = literal === undefined ? { seconds } : { seconds, literal };
    for (const key of ['Seconds', 'SecondsPath', 'Timestamp', 'TimestampPath']) delete rewritten[key];
    rewritten.Type = 'Task';
    rewritten.Resource = PLACEHOLDER_ARN;
    if (path !== undefined) rewritten.Parameters = { 'until.$': path, 'input.$': '$' };
  } else if (type === 'Map') {
    facts.processor = prepareMap(state);
    const items = rewritten.ItemsPath ?? '$';
    for (const key of ['ItemsPath', 'MaxConcurrency']) delete rewritten[key];
    rewritten.Type = 'Task';
    rewritten.Resource = PLACEHOLDER_ARN;
    rewritten.Parameters = { 'items.$': items, 'input.$': '$' };
  } else if (type === 'Fail') {
    facts.namesNoError = !('Error' in state || 'ErrorPath' in state);
    facts.namesNoCause = !('Cause' in state || 'CausePath' in state);
  }

  const withTimeout = (seconds: number): StateMachine => oneState(name, rewritten, exits, seconds);
  const machine = withTimeout(facts.timeoutSeconds ?? LONGEST_TASK_SECONDS);
  return { ...facts, name, type, machine, exits, withTimeout };
}

function prepareMap(state: JsonObject): PreparedMap {
  const definition = prepareStates(state.ItemProcessor as unknown as StateMachineDefinition);
  const concurrency = state.MaxConcurrency as number;
  if (state.ItemSelector === undefined) return { definition, concurrency };
  const select = { Type: 'Pass', Parameters: rewriteTemplate(state.ItemSelector) };
  const selector = oneState('Select Item', { ...select, End: true }, new Map(), 0);
  const selects = fieldsRead(state.ItemSelector);
  return { definition, concurrency, selector, ...(selects === undefined ? {} : { selects }) };
}

/** @returns the fields of `$` that a template's paths begin with; undefined where one reads more than a field */
function fieldsRead(template: Json): readonly string[] | undefined {
  if (typeof template !== 'object' || template === null) return [];
  const inner = Object.entries(template).map(([key, value]) => {
    if (!key.endsWith('.$') || typeof value !== 'string') return fieldsRead(value as Json);
    // What follows `$$` is the context object's.
    const paths = [...value.matchAll(/(?<!\$)\$(?!\$)(?:\.(\w+))?/g)].map(([, field]) => field);
    return paths.some((field) => field === undefined) ? undefined : paths.map(String);
  });
  return inner.some((fields) => fields === undefined)
    ? undefined
    : [...new Set(inner.flatMap((fields) => fields ?? []))];
}

function oneState(
  name: string,
  state: Readonly<Record<string, Json>>,
  exits: ReadonlyMap<string, string>,
  timeoutSeconds: number,
): StateMachine {
  const timed = state.Type === 'Task' ? { TimeoutSeconds: Math.min(timeoutSeconds, LONGEST_TASK_SECONDS) } : {};
  const states: Record<string, Json> = { [name]: { ...state, ...timed } };
  for (const exit of exits.keys()) states[exit] = { Type: 'Task', Resource: PLACEHOLDER_ARN, End: true };
  // The shipped definition has been validated as a whole; this one has states that no schema knows.
  const definition = { StartAt: name, States: states } as unknown as LibraryDefinition;
  return new StateMachine(definition, { validationOptions: { noValidate: true } });
}

/** Walks a state: paths of the context, ways out, and tests for absence. */
function rewrite(value: Json, exits: Map<string, string>): Json {
  if (Array.isArray(value)) return value.map((item: Json) => rewrite(item, exits));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value as JsonObject)) {
    if ((key === 'Next' || key === 'Default') && typeof inner === 'string') {
      exits.set(EXIT + inner, inner);
      result[key] = EXIT + inner;
    } else if (typeof inner === 'string' && isPath(key)) {
      result[key] = inner.replaceAll('$$.Execution', '$$$$.Run');
    } else if (key === 'Parameters' || key === 'ResultSelector') {
      result[key] = rewriteTemplate(inner);
    } else if (key === 'Result') {
      result[key] = inner;
    } else {
      result[key] = rewrite(inner, exits);
    }
  }
  const test = Object.keys(result).find((key) => /^Is[A-Z]/.test(key) && result[key] === false);
  if (test !== undefined && typeof result.Variable === 'string') {
    const { Next: next, ...rule } = result;
    return { Not: { ...rule, [test]: true }, ...(next === undefined ? {} : { Next: next }) };
  }
  if (result.ResultPath === '$' && 'ErrorEquals' in result) delete result.ResultPath;
  return result;
}

/** In a payload template only keys ending in `.$` are paths, and `Next` is a field like any other. */
function rewriteTemplate(value: Json): Json {
  if (Array.isArray(value)) return value.map(rewriteTemplate);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject).map(([key, inner]) => [
    key,
    typeof inner === 'string' && key.endsWith('.$')
      ? inner.replaceAll('$$.Execution', '$$$$.Run')
      : rewriteTemplate(inner),
  ]);
  return Object.fromEntries(entries) as JsonObject;
}

function isPath(key: string): boolean {
  return key.endsWith('Path') || key === 'Variable';
}

const START_EXECUTION = 'arn:aws:states:::states:startExecution.sync:2';
const DESCRIBE_EXECUTION = 'arn:aws:states:::aws-sdk:sfn:describeExecution';

/** @throws UnsupportedDefinition */
function targetOf(state: JsonObject): TaskTarget {
  if (state.Resource === START_EXECUTION) {
    return { kind: 'execution', machineKey: keyOf((state.Parameters as JsonObject).StateMachineArn ?? null) };
  }
  if (state.Resource === DESCRIBE_EXECUTION) return { kind: 'description' };
  return { kind: 'function', functionKey: keyOf(state.Resource ?? null) };
}

/** `{"Fn::GetAtt": ["key", "Arn"]}` or `{"Ref": "key"}` names something of the stack. */
function keyOf(reference: Json): string {
  if (typeof reference === 'object' && reference !== null && !Array.isArray(reference)) {
    const { 'Fn::GetAtt': attribute, Ref: ref } = reference as JsonObject;
    if (Array.isArray(attribute) && typeof attribute[0] === 'string' && attribute[1] === 'Arn') return attribute[0];
    if (typeof ref === 'string') return ref;
  }
  throw new UnsupportedDefinition(
    `${JSON.stringify(reference)} names nothing that runs here: {"Fn::GetAtt": ["key", "Arn"]} or ${START_EXECUTION} was expected`,
  );
}

function withoutMachine(parameters: Json | undefined): JsonObject {
  const { StateMachineArn: _, ...rest } = (parameters ?? {}) as JsonObject;
  return rest;
}

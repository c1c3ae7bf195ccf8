/** Reading a CloudFormation template: what refers to what, and the definitions inside. */
import type { Resource, Template } from '../package-stack.ts';

export type Properties = Readonly<Record<string, unknown>>;

export function members(template: Template, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

/** The logical id that a value refers to. */
export function reference(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const ref: unknown = Reflect.get(value, 'Ref');
  if (typeof ref === 'string') return ref;
  const attribute: unknown = Reflect.get(value, 'Fn::GetAtt');
  return Array.isArray(attribute) && typeof attribute[0] === 'string' ? attribute[0] : undefined;
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

export interface MachineTask {
  readonly state: string;
  /** Logical id of the function that a task calls. */
  readonly called?: string;
  /** Logical id of the machine that a task starts. */
  readonly machine?: string;
  /** Every error leads somewhere; or it is itself where an error of another state leads, and fails the execution. */
  readonly failsVisibly: boolean;
}

export interface MachineDefinition {
  readonly id: string;
  readonly timeoutSeconds?: number;
  readonly tasks: readonly MachineTask[];
}

interface State {
  readonly Type: string;
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, State>> };
  readonly Iterator?: { readonly States: Readonly<Record<string, State>> };
  readonly Resource?: unknown;
  readonly Parameters?: Properties;
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
}

export function definitionsOf(template: Template): readonly MachineDefinition[] {
  return members(template, 'AWS::StepFunctions::StateMachine').map(([id, { Properties }]) => {
    const { States, TimeoutSeconds } = JSON.parse(definitionText(Properties?.DefinitionString)) as {
      readonly States: Readonly<Record<string, State>>;
      readonly TimeoutSeconds?: number;
    };
    const states = allStates(States);
    const lastResorts = states.flatMap(([, { Catch }]) => (Catch ?? []).map(({ Next }) => Next));
    const tasks = states
      .filter(([, { Type }]) => Type === 'Task')
      .map(([state, task]) => taskOf(state, task, lastResorts));
    return { id, tasks, ...(TimeoutSeconds === undefined ? {} : { timeoutSeconds: TimeoutSeconds }) };
  });
}

/** Those inside a Map, too. */
function allStates(states: Readonly<Record<string, State>>): [string, State][] {
  return Object.entries(states).flatMap(([name, state]) => [
    [name, state],
    ...allStates((state.ItemProcessor ?? state.Iterator)?.States ?? {}),
  ]);
}

function definitionText(value: unknown): string {
  const sub: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'Fn::Sub') : value;
  if (typeof sub !== 'string') throw new Error('a definition was expected as text, or as Fn::Sub of a text');
  return sub;
}

function taskOf(state: string, task: State, lastResorts: readonly string[]): MachineTask {
  const catchesAll = task.Catch?.some(({ ErrorEquals }) => ErrorEquals.includes('States.ALL')) === true;
  const called = /^\$\{(\w+)\.Arn\}$/.exec(text(task.Resource))?.[1];
  const machine = /^\$\{(\w+)\}$/.exec(text(task.Parameters?.StateMachineArn))?.[1];
  return {
    state,
    failsVisibly: catchesAll || lastResorts.includes(state),
    ...(called === undefined ? {} : { called }),
    ...(machine === undefined ? {} : { machine }),
  };
}

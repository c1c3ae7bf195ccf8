/** What the repository holds, as the stack sees it: functions, machines, and which of them call which. */
import { DEFINITIONS, STEPS } from '../../functions/registry.ts';
import { TRIGGERS, type TriggerSpec } from '../../infrastructure/triggers.ts';
import { functionSources } from '../bundle-functions.ts';

export interface StackFunction {
  /** `observeDrain`: as definitions name it. */
  readonly key: string;
  /** `observe-drain`: its file, and its folder in dist. */
  readonly file: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  /** Workflows whose machine calls it; none of an entry point. */
  readonly workflows: readonly string[];
  /** Of an entry point. */
  readonly trigger?: TriggerSpec;
}

export interface StackMachine {
  readonly workflow: string;
  readonly comment: string;
  /** Logical id of the resource, as other definitions name it. */
  readonly id: string;
  readonly functions: readonly string[];
  /** Workflows that it runs as children. */
  readonly children: readonly string[];
  /** Whether it reads what an execution answered, by a call of its own. */
  readonly describes: boolean;
}

export interface StackModel {
  readonly functions: readonly StackFunction[];
  readonly machines: readonly StackMachine[];
}

const pascal = (name: string) => name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const camel = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

export const capital = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);
export const roleId = (key: string) => `${capital(key)}Role`;
export const logGroupId = (key: string) => `${capital(key)}LogGroup`;
/** As osls names it. */
export const functionId = (key: string) => `${capital(key)}LambdaFunction`;

interface TaskState {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: unknown;
  readonly TimeoutSeconds?: number;
  readonly Parameters?: { readonly StateMachineArn?: unknown };
}

interface Call {
  readonly workflow: string;
  readonly state: string;
  readonly target: string;
  readonly timeoutSeconds: number;
}

const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Every Task of a definition, also inside a Map or a Parallel. */
function tasksOf(states: object): [string, TaskState][] {
  return Object.entries(states).flatMap(([name, state]: [string, TaskState]) => [
    ...(state.Type === 'Task' ? [[name, state] as [string, TaskState]] : []),
    ...nested(state).flatMap(tasksOf),
  ]);
}

function nested(state: object): object[] {
  const inner = [
    ...['Iterator', 'ItemProcessor'].map((key) => Reflect.get(state, key)),
    ...(Array.isArray(Reflect.get(state, 'Branches')) ? Reflect.get(state, 'Branches') : []),
  ];
  return inner.flatMap((machine: unknown) =>
    typeof machine === 'object' && machine !== null && 'States' in machine && typeof machine.States === 'object'
      ? [machine.States ?? {}]
      : [],
  );
}

function named(reference: unknown): string | undefined {
  if (typeof reference !== 'object' || reference === null) return undefined;
  const attribute: unknown = Reflect.get(reference, 'Fn::GetAtt');
  const ref: unknown = Array.isArray(attribute) ? attribute[0] : Reflect.get(reference, 'Ref');
  return typeof ref === 'string' ? ref : undefined;
}

/** @throws Error listing what does not fit together: a function without a file, an entry point without a line. */
export function stackModel(): StackModel {
  const calls: Call[] = [];
  const childRefs: { readonly workflow: string; readonly ref: string }[] = [];
  const describing = new Set<string>();
  for (const [workflow, definition] of Object.entries(DEFINITIONS)) {
    for (const [state, task] of tasksOf(definition.States)) {
      const child = named(task.Parameters?.StateMachineArn);
      const target = named(task.Resource);
      if (child !== undefined) childRefs.push({ workflow, ref: child });
      else if (target !== undefined) calls.push({ workflow, state, target, timeoutSeconds: task.TimeoutSeconds ?? 20 });
      else if (String(task.Resource).endsWith(':aws-sdk:sfn:describeExecution')) describing.add(workflow);
    }
  }
  const workflowOf = (ref: string) =>
    Object.keys(DEFINITIONS).find((name) => plain(name) === plain(ref).replace(/(statemachine|machine)$/, ''));
  const faults = childRefs
    .filter(({ ref }) => ref !== pascal(workflowOf(ref) ?? ''))
    .map(
      ({ ref, workflow }) =>
        `${workflow} starts {"Ref": "${ref}"}: no machine is called that, but ${Object.keys(DEFINITIONS).map(pascal).join(', ')}`,
    );
  const functions = functionsOf(calls, faults);
  if (faults.length > 0) throw new Error(faults.join('; '));
  const machines = Object.entries(DEFINITIONS).map(([workflow, definition]) => ({
    workflow,
    comment: definition.Comment,
    // Other definitions name it so, and a deployed machine that changes its logical id would be replaced.
    id: pascal(workflow),
    functions: unique(calls.filter((call) => call.workflow === workflow).map(({ target }) => target)),
    children: unique(
      childRefs.filter((child) => child.workflow === workflow).flatMap(({ ref }) => workflowOf(ref) ?? []),
    ),
    describes: describing.has(workflow),
  }));
  return { functions, machines };
}

const unique = (names: readonly string[]) => [...new Set(names)].toSorted();

function functionsOf(calls: readonly Call[], faults: string[]): StackFunction[] {
  const functions: StackFunction[] = [];
  for (const [file, source] of Object.entries(functionSources())) {
    const key = camel(file);
    const trigger = TRIGGERS[key];
    const mine = calls.filter(({ target }) => target === key);
    const workflows = unique(mine.map(({ workflow }) => workflow));
    if (source.includes('/triggers/')) {
      if (trigger === undefined) {
        faults.push(`${source} has no line in infrastructure/triggers.ts`);
        continue;
      }
      const { description, timeoutSeconds } = trigger;
      functions.push({ key, file, description, timeoutSeconds, workflows, trigger });
    } else if (mine.length > 0) {
      if (!(key in STEPS)) faults.push(`${source} is not in functions/registry.ts`);
      const states = unique(mine.map(({ state }) => state));
      functions.push({
        key,
        file,
        description: `${workflows.join(', ')}: ${states.join(', ')}`.slice(0, 250),
        timeoutSeconds: Math.max(...mine.map(({ timeoutSeconds }) => timeoutSeconds)),
        workflows,
      });
    }
  }
  const keys = functions.map(({ key }) => key);
  for (const { target } of calls) if (!keys.includes(target)) faults.push(`no function is called ${target}`);
  for (const key of Object.keys(TRIGGERS)) if (!keys.includes(key)) faults.push(`functions/triggers has no ${key}`);
  return functions;
}

/** The definitions that an engine starts executions of, checked as a whole when it is made. */
import { type StateMachineDefinition as LibraryDefinition, StateMachine } from 'aws-local-stepfunctions';
import { functionArn, type StackLocation, stateMachineArn } from '../arns.ts';
import { StateMachineDoesNotExist, UnsupportedDefinition } from '../errors.ts';
import type { WorkflowName } from '../workflow-engine.ts';
import { type PreparedDefinition, type PreparedState, prepare, type StateMachineDefinition } from './definition.ts';
import type { StepHandler } from './host.ts';
import { hashOf } from './store.ts';

export interface Machine {
  readonly hash: string;
  readonly text: string;
  readonly definition: PreparedDefinition;
}

const validated = new Set<string>();

export interface MachinesOptions {
  readonly definitions: Readonly<Partial<Record<WorkflowName, StateMachineDefinition>>>;
  readonly definitionsChecked?: boolean;
  readonly handlers: Readonly<Record<string, StepHandler>>;
}

export class Machines {
  readonly #current = new Map<WorkflowName, Machine>();
  readonly #prepared = new Map<string, PreparedDefinition>();
  readonly #at: StackLocation;

  /** @throws UnsupportedDefinition naming the machine, for what cannot run here or has no handler. */
  constructor({ definitions, definitionsChecked = false, handlers }: MachinesOptions, location: StackLocation) {
    this.#at = location;
    for (const [workflow, given] of Object.entries(definitions)) {
      const text = JSON.stringify(given);
      this.#current.set(workflow as WorkflowName, { hash: hashOf(text), text, definition: prepare(text) });
    }
    for (const [workflow, machine] of this.#current) {
      this.#check(workflow, () => {
        this.#checkTargets(machine, handlers);
        if (!definitionsChecked) this.#checkLanguage(machine);
      });
    }
  }

  /** @throws StateMachineDoesNotExist */
  get(workflow: WorkflowName): Machine {
    const machine = this.#current.get(workflow);
    if (machine === undefined) {
      throw new StateMachineDoesNotExist(`State Machine Does Not Exist: '${stateMachineArn(this.#at, workflow)}'`);
    }
    return machine;
  }

  workflows(): readonly WorkflowName[] {
    return [...this.#current.keys()];
  }

  /** A definition that was current once: what runs keeps its own. */
  prepared(hash: string, text: () => string): PreparedDefinition {
    for (const machine of this.#current.values()) if (machine.hash === hash) return machine.definition;
    let definition = this.#prepared.get(hash);
    if (definition === undefined) {
      definition = prepare(text());
      this.#prepared.set(hash, definition);
    }
    return definition;
  }

  /** The workflow that a key of the stack names: `DrainInstance` and `drainInstanceStateMachine` are `drain-instance`. */
  named(key: string): WorkflowName {
    const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
    const wanted = plain(key).replace(/(statemachine|machine)$/, '');
    const workflow = this.workflows().find((candidate) => plain(candidate) === wanted);
    if (workflow === undefined) {
      throw new UnsupportedDefinition(`'${key}' names none of the machines ${this.workflows().join(', ')}`);
    }
    return workflow;
  }

  #check(workflow: WorkflowName, hold: () => void): void {
    try {
      hold();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new UnsupportedDefinition(`The definition of ${workflow} cannot run: ${message}`, { cause: error });
    }
  }

  #checkTargets(machine: Machine, handlers: MachinesOptions['handlers']): void {
    for (const { name, target } of everyState(machine.definition)) {
      if (target?.kind === 'function' && handlers[target.functionKey] === undefined) {
        throw new UnsupportedDefinition(`State '${name}' calls '${target.functionKey}', for which there is no handler`);
      }
      if (target?.kind === 'execution') this.named(target.machineKey);
    }
  }

  /** The library validates against the language's schema, which wants ARNs. It takes long: once for each text. */
  #checkLanguage(machine: Machine): void {
    const resolved = this.#resolved(JSON.parse(machine.text));
    const known = hashOf(JSON.stringify(resolved));
    if (!validated.has(known)) new StateMachine(resolved as LibraryDefinition);
    validated.add(known);
  }

  #resolved(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#resolved(item));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => {
      const reference = inner as { 'Fn::GetAtt'?: [string, string]; Ref?: string } | null;
      const named = reference?.['Fn::GetAtt']?.[0] ?? reference?.Ref;
      if (named === undefined) return [key, this.#resolved(inner)];
      if (key === 'Resource') return [key, functionArn(this.#at, named)];
      return [key, key === 'StateMachineArn' ? stateMachineArn(this.#at, this.named(named)) : this.#resolved(inner)];
    });
    return Object.fromEntries(entries) as unknown;
  }
}

/** Those within a Map, too. */
function everyState({ states }: PreparedDefinition): PreparedState[] {
  return [...states.values()].flatMap((state) => [
    state,
    ...(state.processor === undefined ? [] : everyState(state.processor.definition)),
  ]);
}

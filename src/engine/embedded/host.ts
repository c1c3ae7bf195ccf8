/** What an execution needs of the engine that runs it. */
import type { ExecutionDescription, HistoryEvent, WorkflowName } from '../workflow-engine.ts';
import type { Journal } from './journal.ts';
import type { Slots } from './slots.ts';
import type { Store } from './store.ts';

/** What a Lambda's second argument offers, as far as it exists in one process. */
export interface InvocationContext {
  readonly functionName: string;
  readonly awsRequestId: string;
  /** Until the Task state's TimeoutSeconds. */
  getRemainingTimeInMillis(): number;
  /** Aborted when that time is up, or the execution was stopped: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A Lambda handler: JSON in, JSON out. */
export type StepHandler = (payload: unknown, context: InvocationContext) => Promise<unknown>;

export interface EngineLogger {
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

/** Something happened in an execution, just now. */
export interface Progress {
  readonly executionArn: string;
  readonly workflow: WorkflowName;
  readonly name: string;
  /** States entered and tasks retried so far, as AWS bills them. */
  readonly transitions: number;
  readonly event: HistoryEvent;
}

export interface ChildRequest {
  readonly machineKey: string;
  /** Names the attempt of the parent's state: asking twice with the same key finds the same child. */
  readonly key: string;
  /** Absent: made from the key. */
  readonly name?: string;
  readonly input: unknown;
}

export interface Host {
  readonly journal: Journal;
  readonly store: Store;
  readonly handlers: Readonly<Record<string, StepHandler>>;
  readonly slots: Slots;
  readonly logger: EngineLogger;
  /** True once the engine is to enter no further state. */
  readonly closing: boolean;
  readonly historyBytes: number;
  readonly observed: boolean;
  machineArn(workflow: WorkflowName): string;
  observe(progress: Progress): void;
  /** Starts a child execution, or finds the one that this key has started. @returns its ARN. */
  startChild(request: ChildRequest): Promise<string>;
  waitFor(executionArn: string): Promise<ExecutionDescription>;
  stopChild(executionArn: string, cause: string): void;
  /** Its end is in the journal. */
  ended(executionArn: string): void;
}

/**
 * The one thing every entry point knows of whatever runs the state machines: deployed Step Functions, or the embedded
 * engine. The words and the answers are Step Functions' own.
 */
export type WorkflowName =
  | 'drain-instance'
  | 'delayed-termination'
  | 'register-targets'
  | 'deregister-targets'
  | 'await-drained'
  | 'clean-cloud-map'
  /** One service of `clean-cloud-map`: its child, which no entry point offers. */
  | 'clean-cloud-map-service'
  /** The drains of some instances of a large `delayed-termination`: its child, which no entry point offers either. */
  | 'delayed-termination-drains';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface StartRequest {
  readonly workflow: WorkflowName;
  /** At most 80 characters, unique per workflow for 90 days. */
  readonly name: string;
  readonly input: unknown;
}

export interface StartedExecution {
  readonly executionArn: string;
  readonly startDate: Date;
}

export interface ExecutionDescription extends StartedExecution {
  readonly workflow: WorkflowName;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly input: unknown;
  readonly stopDate?: Date;
  /** Of a succeeded execution. */
  readonly output?: unknown;
  /** Of a failed, timed out or aborted one. */
  readonly error?: string;
  readonly cause?: string;
}

/** One event of the history, as GetExecutionHistory numbers and names them (`TaskStateEntered`, `LambdaFunctionFailed`). */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: string;
  /** Of a state entered or exited. */
  readonly stateName?: string;
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
}

export interface ListRequest {
  readonly workflow: WorkflowName;
  readonly status?: ExecutionStatus;
  /** At most 1,000; 100 when absent. */
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface ExecutionPage {
  /** Newest first. */
  readonly executions: readonly Omit<ExecutionDescription, 'input' | 'output' | 'error' | 'cause'>[];
  readonly nextToken?: string;
}

export interface WorkflowEngine {
  /**
   * Starts an execution, durably: once this returns, the work outlives the process.
   * The name of an open execution with the same input answers with that execution, as Step Functions does.
   * @throws ExecutionAlreadyExists for an open execution with another input, or a closed one.
   */
  start(request: StartRequest): Promise<StartedExecution>;
  /** @throws ExecutionDoesNotExist */
  describe(executionArn: string): Promise<ExecutionDescription>;
  /** The ARN that an execution of this name has, whether or not it exists. */
  executionArn(workflow: WorkflowName, name: string): string;
  /**
   * Events, oldest first: all, every page read, or only the last so many (at most 1,000).
   * @throws ExecutionDoesNotExist
   */
  history(executionArn: string, options?: { readonly last?: number }): Promise<readonly HistoryEvent[]>;
  /** Stopping what has ended changes nothing. @throws ExecutionDoesNotExist */
  stop(executionArn: string, reason?: { readonly error?: string; readonly cause?: string }): Promise<void>;
  list(request: ListRequest): Promise<ExecutionPage>;
}

/** What the Action needs of an engine, whether it is far away or in this process. */
import type { ExecutionDescription, HistoryEvent, WorkflowEngine } from '../engine/workflow-engine.ts';

/** Says one line in the log. */
export type Say = (line: string) => void;

export interface Watch {
  readonly executionArn: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** When to stop waiting, ms. */
  readonly until?: number;
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal;
  readonly say: Say;
}

/** How the waiting ended. */
export type Watched =
  | { readonly kind: 'ended'; readonly description: ExecutionDescription }
  /** Our own time was up; the execution may go on. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'cancelled' }
  /** It cannot be asked for any more; the execution may go on. */
  | { readonly kind: 'lost'; readonly reason: string };

export interface ActionEngine {
  /** False for what ends with this process. */
  readonly durable: boolean;
  readonly engine: WorkflowEngine;
  watch(watch: Watch): Promise<Watched>;
  close(): Promise<void>;
}

/** Tells of states and of what is waited for, each change once. */
export class ProgressLog {
  readonly #say: Say;
  readonly #states = new Set<string>();
  #reason = '';

  constructor(say: Say) {
    this.#say = say;
  }

  add({ type, stateName, input, timestamp }: Pick<HistoryEvent, 'type' | 'stateName' | 'input' | 'timestamp'>): void {
    // A loop goes through the same states again and again; choices only say which way.
    if (!/^(Task|Wait|Map|Parallel)StateEntered$/.test(type) || stateName === undefined) return;
    const reason = reasonIn(input);
    const changed = reason !== undefined && reason !== this.#reason;
    if (this.#states.has(stateName) && !changed) return;
    this.#states.add(stateName);
    this.#reason = reason ?? this.#reason;
    this.#say(`${timestamp.toISOString().slice(11, 19)}  ${stateName}${changed ? `: ${reason}` : ''}`);
  }
}

function reasonIn(input: unknown): string | undefined {
  const decision = member(input, 'decision');
  const reason = member(decision, 'reason');
  return typeof reason === 'string' && reason !== '' ? reason : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** @returns once that many ms have passed (Infinity: never), or the signal is aborted */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(done, Math.max(0, ms));
    signal.addEventListener('abort', done, { once: true });
  });
}

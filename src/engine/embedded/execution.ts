/**
 * One open execution: takes it from state to state. Between two states lies the journal: a Task or a Wait begins only
 * once its entry is on the disk. Choices, Passes and ends need no such wait: running them again changes nothing, and
 * what they led to is written with the next Task or Wait.
 */
import { ExecutionError } from 'aws-local-stepfunctions';
import type { Identity } from './context.ts';
import type { PreparedDefinition, PreparedState } from './definition.ts';
import { dataLimitExceeded, Halted, TaskFailure, Terminal } from './failures.ts';
import { type EventDetails, History, toHistoryEvent } from './history.ts';
import type { Host } from './host.ts';
import type { ExecutionRow } from './journal.ts';
import { MAX_HISTORY_EVENTS, tooLarge } from './limits.ts';
import { fanOut } from './map.ts';
import type { Ending, Position } from './store.ts';
import { at, type Timer } from './timers.ts';
import { Visit, type Visitor } from './visit.ts';
import { Writer } from './writer.ts';

export class Execution {
  readonly identity: Identity;
  readonly history: History;
  transitions: number;
  readonly #writer: Writer;
  readonly #host: Host;
  readonly #definition: PreparedDefinition;
  #timeout: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;
  #present: Visit | undefined;
  readonly #visitor: Visitor;

  /** @param row what the journal has of it; absent for a new one. */
  constructor(
    host: Host,
    identity: Identity,
    definition: PreparedDefinition,
    row?: Pick<ExecutionRow, 'id' | 'events' | 'transitions'>,
  ) {
    this.#host = host;
    this.identity = identity;
    this.#definition = definition;
    this.history =
      row === undefined
        ? new History(host.historyBytes)
        : new History(
            host.historyBytes,
            // Events may have been written ahead of the entry that the row tells of.
            Math.max(row.events, host.store.lastEvent(row.id)),
            host.store.lastPayload(row.id),
          );
    this.transitions = row?.transitions ?? 0;
    this.#writer = new Writer(host, identity.arn, this.history, row?.id);
    const execution = this;
    this.#visitor = {
      host,
      identity,
      get closed() {
        return execution.#closed !== undefined;
      },
      record: (type, details) => {
        if (this.#closed === undefined) this.#record(type, details);
      },
      transition: () => {
        this.transitions += 1;
      },
      flush: () => this.flush(),
    };
  }

  /** Records a state's entry; what makes it durable is the next write. */
  enter(name: string, input: string): Position {
    const entered = Date.now();
    this.transitions += 1;
    const event = this.#record(`${this.#state(name).type}StateEntered`, { state: name, input });
    return { state: name, input, entered, event };
  }

  /**
   * Within `journal.write`: writes the admission together with the entry of the first state.
   * @param insert adds the execution's row and returns its id.
   */
  admit(insert: () => number): Position {
    const row = insert();
    this.#record('ExecutionStarted', { input: this.identity.input });
    const position = this.enter(this.#definition.startAt, this.identity.input);
    this.#host.store.moveTo(row, position, this.history.count, this.transitions);
    this.#writer.admit(row);
    return position;
  }

  /** The admission is on the disk. */
  admitted(): void {
    this.#writer.admitted();
  }

  /** Goes on from a position that is in the journal, to the end or until the engine closes. */
  run(from: Position): void {
    if (this.#closed !== undefined) return;
    const { timeoutSeconds } = this.#definition;
    if (timeoutSeconds !== undefined) {
      const deadline = this.identity.started + timeoutSeconds * 1000;
      if (deadline <= Date.now()) {
        void this.end('TIMED_OUT');
        return;
      }
      this.#timeout = at(deadline, () => void this.end('TIMED_OUT'));
    }
    this.#running = this.#loop(from).catch((error: unknown) => {
      this.#host.logger.error('An execution was left where it was', { arn: this.identity.arn, error: String(error) });
    });
  }

  /** Ends it, once: what comes second changes nothing. Resolves when the end is in the journal. */
  end(status: Ending['status'], details: Pick<Ending, 'output' | 'error' | 'cause'> = {}): Promise<void> {
    if (this.#closed === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      // Set first: an observer of the last event may ask for the end again.
      this.#closed = promise;
      promise.catch(() => undefined);
      this.#end(status, details).then(resolve, reject);
    }
    return this.#closed;
  }

  /** Enters no further state; a step that is running finishes first. */
  async release(): Promise<void> {
    this.#timeout?.cancel();
    this.#present?.release();
    await this.#running;
    await this.#closed;
    await this.#writer.idle();
  }

  /** Writes the events that are not yet written. */
  flush(): Promise<void> {
    return this.#writer.write(() => undefined);
  }

  async #end(status: Ending['status'], details: Pick<Ending, 'output' | 'error' | 'cause'>): Promise<void> {
    this.#timeout?.cancel();
    const stopped = Date.now();
    const type = { SUCCEEDED: 'Succeeded', FAILED: 'Failed', TIMED_OUT: 'TimedOut', ABORTED: 'Aborted' }[status];
    this.#record(`Execution${type}`, details);
    for (const child of this.#present?.abandon() ?? []) {
      this.#host.stopChild(child, `The parent execution ${this.identity.arn} has ended: ${status}`);
    }
    const ending = { status, stopped, ...details };
    await this.#writer.write((row) => this.#host.store.end(row, ending, this.history.count, this.transitions));
    this.#host.ended(this.identity.arn);
  }

  async #loop(from: Position): Promise<void> {
    let position: Position | undefined = from;
    while (position !== undefined && this.#closed === undefined && !this.#host.closing) {
      position = await this.#pass(position);
    }
  }

  /** Runs the state at a position. @returns where the execution then stands, or nothing where it has ended or was let go. */
  async #pass(position: Position): Promise<Position | undefined> {
    const state = this.#state(position.state);
    try {
      const { output, next } = await this.#visit(state, position);
      if (this.#closed !== undefined) return undefined;
      if (tooLarge(output)) throw dataLimitExceeded(state.name, 'output of the state');
      this.#record(`${state.type}StateExited`, { state: state.name, output });
      if (next === undefined) {
        await this.end('SUCCEEDED', { output });
        return undefined;
      }
      const entered = this.enter(next, output);
      const { type } = this.#state(next);
      if (type === 'Task' || type === 'Wait' || this.#host.closing) await this.#moveTo(entered);
      return entered;
    } catch (error) {
      const failure = error instanceof ExecutionError ? error.cause : error;
      if (this.#closed !== undefined || failure instanceof Halted || isAbort(failure)) return undefined;
      await this.#fail(state, failure);
      return undefined;
    }
  }

  async #fail(state: PreparedState, failure: unknown): Promise<void> {
    const { name, message } = failure instanceof Error ? failure : new Error(String(failure));
    // What neither a task nor a Fail state nor States.* raised comes from evaluating the state itself.
    const known = failure instanceof TaskFailure || state.type === 'Fail' || name.startsWith('States.');
    await this.end('FAILED', {
      ...(state.namesNoError === true && !name.startsWith('States.') ? {} : { error: known ? name : 'States.Runtime' }),
      ...(state.namesNoCause === true && !name.startsWith('States.') ? {} : { cause: message }),
    });
  }

  async #visit(state: PreparedState, position: Position): Promise<{ output: string; next: string | undefined }> {
    const key = `${this.identity.arn}#${position.event}`;
    this.#present = new Visit(state, { input: position.input, entered: position.entered, key }, this.#visitor, fanOut);
    try {
      return await this.#present.run();
    } finally {
      this.#present = undefined;
    }
  }

  #state(name: string): PreparedState {
    const state = this.#definition.states.get(name);
    if (state === undefined) throw new Terminal('States.Runtime', `There is no state '${name}'`);
    return state;
  }

  #checkHistory(): void {
    if (this.history.count < MAX_HISTORY_EVENTS - 1) return;
    throw new Terminal(
      'States.Runtime',
      `The execution reached the maximum number of history events (${MAX_HISTORY_EVENTS}).`,
    );
  }

  /** @throws Terminal when only the end's own event still fits. */
  #record(type: string, details: EventDetails): number {
    if (!type.startsWith('Execution')) this.#checkHistory();
    const now = Date.now();
    const id = this.history.add(type, now, details);
    if (this.#host.observed) {
      const { state = null, input = null, output = null, error = null, cause = null } = details;
      const event = toHistoryEvent({ id, type, at: now, state, input, output, error, cause });
      const { arn: executionArn, workflow, name } = this.identity;
      this.#host.observe({ executionArn, workflow, name, transitions: this.transitions, event });
    }
    return id;
  }

  #moveTo(position: Position): Promise<void> {
    const { store } = this.#host;
    return this.#writer.write(
      (row) => store.moveTo(row, position, this.history.count, this.transitions),
      () => this.#closed === undefined,
    );
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'ExecutionAbortedError';
}

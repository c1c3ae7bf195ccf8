/**
 * One open execution: takes it from state to state. Between two states lies the journal: a Task or a Wait begins only
 * once its entry is on the disk. Choices, Passes and ends need no such wait: running them again changes nothing, and
 * what they led to is written with the next Task or Wait.
 */
import { ExecutionError } from 'aws-local-stepfunctions';
import { contextOf, type Identity } from './context.ts';
import type { Json, PreparedDefinition, PreparedState } from './definition.ts';
import { dataLimitExceeded, Halted, TaskFailure, Terminal } from './failures.ts';
import { type EventDetails, History, toHistoryEvent } from './history.ts';
import type { Host } from './host.ts';
import type { ExecutionRow } from './journal.ts';
import { MAX_HISTORY_EVENTS, tooLarge } from './limits.ts';
import type { Ending, Position } from './store.ts';
import { runAttempt } from './task.ts';
import { at, type Timer } from './timers.ts';
import { waitsUntil } from './wait.ts';
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
  /** Lets go of what the present state is doing. */
  #letGo: (() => void) | undefined;
  #handling = false;
  #slot = false;
  #child: string | undefined;

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
        : new History(host.historyBytes, row.events, host.store.lastPayload(row.id));
    this.transitions = row?.transitions ?? 0;
    this.#writer = new Writer(host, identity.arn, this.history, row?.id);
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
    if (!this.#handling) this.#letGo?.();
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
    const child = this.#child;
    this.#letGo?.();
    if (child !== undefined)
      this.#host.stopChild(child, `The parent execution ${this.identity.arn} has ended: ${status}`);
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
      const { output, next } = await this.#runState(state, position);
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

  async #runState(state: PreparedState, position: Position): Promise<{ output: string; next: string | undefined }> {
    let next: string | undefined;
    let until: number | undefined;
    let attempts = 0;
    const { promise: halted, reject: halt } = Promise.withResolvers<never>();
    halted.catch(() => undefined);
    const context = contextOf(this.#host, this.identity, state.name, position.entered);

    const handlers: Record<string, (payload: Json) => Json | Promise<Json>> = {};
    for (const [exit, target] of state.exits) {
      handlers[exit] = (payload) => {
        next = target;
        return payload;
      };
    }
    handlers[state.name] = (payload) => {
      if (state.wait !== undefined) {
        const path = state.wait.literal === undefined ? (payload as { until: Json; input: Json }) : undefined;
        until = waitsUntil(state.wait, path?.until, position.entered);
        return path === undefined ? payload : path.input;
      }
      if (state.result !== undefined) return state.result;
      attempts += 1;
      context.State.RetryCount = attempts - 1;
      return this.#attempt(state, position, payload, attempts, halted) as Promise<Json>;
    };

    const isFunction = state.target?.kind === 'function';
    if (isFunction) await this.#host.slots.acquire();
    this.#slot = isFunction;
    if (this.#closed !== undefined || this.#host.closing) {
      this.#freeSlot();
      throw new Halted();
    }
    const machine = this.#machine(state, position);
    const run = machine.run(JSON.parse(position.input), {
      overrides: { taskResourceLocalHandlers: handlers as never },
      context,
    });
    this.#letGo = () => {
      halt(new Halted());
      run.abort();
    };
    try {
      const result = await run.result;
      if (until !== undefined) await this.#sleep(until, halted);
      return { output: JSON.stringify(result) ?? 'null', next };
    } finally {
      this.#letGo = undefined;
      this.#freeSlot();
    }
  }

  #freeSlot(): void {
    if (this.#slot) this.#host.slots.release();
    this.#slot = false;
  }

  async #attempt(
    state: PreparedState,
    position: Position,
    payload: unknown,
    attempt: number,
    halted: Promise<never>,
  ): Promise<unknown> {
    // The library goes on retrying after it was aborted.
    if (this.#closed !== undefined || this.#host.closing || state.target === undefined) throw new Halted();
    if (attempt > 1) this.transitions += 1;
    const isFunction = state.target.kind === 'function';
    if (isFunction && !this.#slot) {
      await this.#host.slots.acquire();
      this.#slot = true;
    }
    this.#handling = isFunction;
    try {
      return await runAttempt({
        host: this.#host,
        state: state.name,
        target: state.target,
        payload,
        ...(state.timeoutSeconds === undefined ? {} : { deadline: this.#taskDeadline(state, position) }),
        key: `${this.identity.arn}#${position.event}#${attempt}`,
        halted,
        record: (type, details) => {
          if (this.#closed !== undefined) return;
          this.#record(type, details);
        },
        childStarted: (arn) => {
          this.#child = arn;
        },
      });
    } catch (error) {
      if (this.#host.closing) throw new Halted();
      throw error;
    } finally {
      this.#handling = false;
      this.#child = undefined;
      this.#freeSlot();
    }
  }

  #taskDeadline(state: PreparedState, position: Position): number {
    return Date.now() + this.#secondsLeft(state, position) * 1000;
  }

  /** A child execution goes on while nobody watches it: its time counts from the entry. A call of a function begins anew. */
  #secondsLeft(state: PreparedState, position: Position): number {
    const seconds = state.timeoutSeconds ?? 0;
    if (state.target?.kind === 'function') return seconds;
    return Math.max(1, seconds - Math.floor((Date.now() - position.entered) / 1000));
  }

  #machine(state: PreparedState, position: Position): PreparedState['machine'] {
    if (state.timeoutSeconds === undefined || state.target?.kind === 'function') return state.machine;
    const left = this.#secondsLeft(state, position);
    return left === state.timeoutSeconds ? state.machine : state.withTimeout(left);
  }

  async #sleep(until: number, halted: Promise<never>): Promise<void> {
    if (until <= Date.now()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = at(until, resolve);
    try {
      await Promise.race([promise, halted]);
    } finally {
      timer.cancel();
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

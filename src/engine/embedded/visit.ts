/**
 * One visit of one state: the library runs it, and what it does to the outside (a task, a wait, the items of a Map) is
 * done here, until it ends or is let go of.
 */
import { contextOf, type Identity } from './context.ts';
import type { Json, PreparedState } from './definition.ts';
import { Halted } from './failures.ts';
import type { EventDetails } from './history.ts';
import type { Host } from './host.ts';
import { runAttempt } from './task.ts';
import { at } from './timers.ts';
import { waitsUntil } from './wait.ts';

/** The execution that a state is visited by. */
export interface Visitor {
  readonly host: Host;
  readonly identity: Identity;
  readonly closed: boolean;
  /** Nothing, once it is closed. @throws Terminal when the history is full. */
  record(type: string, details: EventDetails): void;
  /** A state entered or a task retried, as AWS bills them. */
  transition(): void;
  flush(): Promise<void>;
}

/** What `$$.Map` is within the states of a Map. */
export interface MapItem {
  readonly Index: number;
  readonly Value: Json;
}

export interface Place {
  /** JSON. */
  readonly input: string;
  /** Milliseconds since the epoch: of the first entry, also after a re-entry. */
  readonly entered: number;
  /** The same whenever this visit is made again: a child that it has started is found by it. */
  readonly key: string;
  readonly item?: MapItem;
}

/** Runs the items of a Map. @returns their results, in the order of the items. */
export type FanOut = (visit: Visit, items: Json, input: Json, key: string) => Promise<readonly Json[]>;

export class Visit {
  readonly state: PreparedState;
  readonly place: Place;
  readonly visitor: Visitor;
  /** Visits of a Map's own states, while they last. */
  readonly within = new Set<Visit>();
  readonly #fanOut: FanOut;
  #letGo: (() => void) | undefined;
  #handling = false;
  #slot = false;
  #child: string | undefined;

  constructor(state: PreparedState, place: Place, visitor: Visitor, fanOut: FanOut) {
    this.state = state;
    this.place = place;
    this.visitor = visitor;
    this.#fanOut = fanOut;
  }

  /** @throws what the state fails with. @throws Halted when it was let go of. */
  async run(): Promise<{ readonly output: string; readonly next: string | undefined }> {
    const { state, place, visitor } = this;
    const { host } = visitor;
    let next: string | undefined;
    let until: number | undefined;
    let attempts = 0;
    const { promise: halted, reject: halt } = Promise.withResolvers<never>();
    halted.catch(() => undefined);
    const context = {
      ...contextOf(host, visitor.identity, state.name, place.entered),
      ...(place.item === undefined ? {} : { Map: { Item: place.item } }),
    };

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
        until = waitsUntil(state.wait, path?.until, place.entered);
        return path === undefined ? payload : path.input;
      }
      if (state.result !== undefined) return state.result;
      attempts += 1;
      context.State.RetryCount = attempts - 1;
      return this.#attempt(payload, attempts, halted) as Promise<Json>;
    };

    const isFunction = state.target?.kind === 'function';
    if (isFunction) await host.slots.acquire();
    this.#slot = isFunction;
    if (visitor.closed || host.closing) {
      this.#freeSlot();
      throw new Halted();
    }
    const run = this.#machine().run(JSON.parse(place.input), {
      overrides: { taskResourceLocalHandlers: handlers as never },
      context,
    });
    this.#letGo = () => {
      halt(new Halted());
      run.abort();
    };
    try {
      const result = await run.result;
      if (until !== undefined) await sleep(until, halted);
      return { output: JSON.stringify(result) ?? 'null', next };
    } finally {
      this.#letGo = undefined;
      this.#freeSlot();
    }
  }

  /** Ends it now. @returns the child executions that it leaves running. */
  abandon(): readonly string[] {
    const children = [...this.within].flatMap((visit) => visit.abandon());
    if (this.#child !== undefined) children.push(this.#child);
    this.#letGo?.();
    return children;
  }

  /** Ends it as soon as no function is running in it. */
  release(): void {
    if (this.state.processor !== undefined) for (const visit of this.within) visit.release();
    else if (!this.#handling) this.#letGo?.();
  }

  #freeSlot(): void {
    if (this.#slot) this.visitor.host.slots.release();
    this.#slot = false;
  }

  async #attempt(payload: Json, attempt: number, halted: Promise<never>): Promise<unknown> {
    const { state, visitor } = this;
    const { host } = visitor;
    // The library goes on retrying after it was aborted.
    if (visitor.closed || host.closing) throw new Halted();
    if (attempt > 1) visitor.transition();
    const key = `${this.place.key}#${attempt}`;
    try {
      if (state.processor !== undefined) {
        const { items, input } = payload as { readonly items: Json; readonly input: Json };
        return await Promise.race([this.#fanOut(this, items, input, key), halted]);
      }
      if (state.target === undefined) throw new Halted();
      const isFunction = state.target.kind === 'function';
      if (isFunction && !this.#slot) {
        await host.slots.acquire();
        this.#slot = true;
      }
      this.#handling = isFunction;
      return await runAttempt({
        host,
        state: state.name,
        target: state.target,
        payload,
        ...(state.timeoutSeconds === undefined ? {} : { deadline: Date.now() + this.#secondsLeft() * 1000 }),
        key,
        halted,
        record: visitor.record,
        childStarted: (arn) => {
          this.#child = arn;
        },
      });
    } catch (error) {
      if (host.closing) throw new Halted();
      throw error;
    } finally {
      this.#handling = false;
      this.#child = undefined;
      this.#freeSlot();
    }
  }

  /** A child execution goes on while nobody watches it: its time counts from the entry. A call of a function begins anew. */
  #secondsLeft(): number {
    const seconds = this.state.timeoutSeconds ?? 0;
    if (this.state.target?.kind === 'function') return seconds;
    return Math.max(1, seconds - Math.floor((Date.now() - this.place.entered) / 1000));
  }

  #machine(): PreparedState['machine'] {
    const { state } = this;
    if (state.timeoutSeconds === undefined || state.target?.kind === 'function') return state.machine;
    const left = this.#secondsLeft();
    return left === state.timeoutSeconds ? state.machine : state.withTimeout(left);
  }
}

async function sleep(until: number, halted: Promise<never>): Promise<void> {
  if (until <= Date.now()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = at(until, resolve);
  try {
    await Promise.race([promise, halted]);
  } finally {
    timer.cancel();
  }
}

/**
 * Numbers an execution's events as Step Functions does, and holds them until they are written. What follows from an
 * earlier payload is stored once: a state's output, the next state's input and a Choice's output are one row.
 */
import type { HistoryEvent } from '../workflow-engine.ts';
import type { EventRow } from './journal.ts';
import type { NewEvent, Store } from './store.ts';

export interface EventDetails {
  readonly state?: string;
  /** JSON. */
  readonly input?: string;
  /** JSON. */
  readonly output?: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** How many payloads back a repetition is noticed. */
const REMEMBERED = 4;

export class History {
  /** How many events there are; the number of the last one. */
  count: number;
  #events: NewEvent[] = [];
  #payloads: { readonly id: number; readonly body: string }[] = [];
  #recent: { readonly id: number; readonly body: string }[] = [];
  #lastPayload: number;
  readonly #keptBytes: number;
  #half: { readonly from: number; bytes: number };
  #dropBefore: number | undefined;
  #previousHalf = 2;

  /** @param keptBytes how much of what the events carried is kept, at most; the oldest goes first. */
  constructor(keptBytes: number, count = 0, lastPayload = 0) {
    this.count = count;
    this.#lastPayload = lastPayload;
    this.#keptBytes = keptBytes;
    this.#half = { from: lastPayload + 1, bytes: 0 };
  }

  /** @returns the event's number. */
  add(type: string, at: number, details: EventDetails): number {
    this.count += 1;
    this.#events.push({
      id: this.count,
      type,
      at,
      state: details.state ?? null,
      input: this.#payload(details.input),
      output: this.#payload(details.output),
      error: details.error ?? null,
      cause: details.cause ?? null,
    });
    return this.count;
  }

  /** Writes what is not yet written; within `journal.write`. Forgotten only by `written`, so a failed write is repeated. */
  writeTo(store: Store, execution: number): { readonly events: number; readonly payloads: number } {
    for (const { id, body } of this.#payloads) store.insertPayload(execution, id, body);
    for (const event of this.#events) store.insertEvent(execution, event);
    if (this.#dropBefore !== undefined) store.dropPayloads(execution, this.#dropBefore);
    return { events: this.#events.length, payloads: this.#payloads.length };
  }

  written(batch: { readonly events: number; readonly payloads: number }): void {
    this.#events = this.#events.slice(batch.events);
    this.#payloads = this.#payloads.slice(batch.payloads);
    this.#dropBefore = undefined;
  }

  #payload(body: string | undefined): number | null {
    if (body === undefined) return null;
    const known = this.#recent.find((payload) => payload.body === body);
    if (known !== undefined) return known.id;
    this.#lastPayload += 1;
    const payload = { id: this.#lastPayload, body };
    this.#payloads.push(payload);
    this.#recent = [payload, ...this.#recent].slice(0, REMEMBERED);
    this.#half.bytes += body.length;
    if (this.#half.bytes * 2 > this.#keptBytes) {
      // Two halves, of which the older goes when the younger is full: no bookkeeping for each payload.
      this.#dropBefore = this.#previousHalf;
      this.#previousHalf = this.#half.from;
      this.#half = { from: payload.id + 1, bytes: 0 };
    }
    return payload.id;
  }
}

/** An event as the engine's callers see it. */
export function toHistoryEvent(row: EventRow): HistoryEvent {
  return {
    id: row.id,
    // Step Functions lets the first state follow event 0, as ExecutionStarted does.
    previousEventId: row.id <= 2 ? 0 : row.id - 1,
    timestamp: new Date(row.at),
    type: row.type,
    ...(row.state === null ? {} : { stateName: row.state }),
    ...(row.input === null ? {} : { input: JSON.parse(row.input) as unknown }),
    ...(row.output === null ? {} : { output: JSON.parse(row.output) as unknown }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.cause === null ? {} : { cause: row.cause }),
  };
}

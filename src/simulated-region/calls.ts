import type { Millis } from './world.ts';

export interface Call {
  /** When the request arrived. */
  readonly at: Millis;
  readonly region: string;
  /** SigV4 signing name. */
  readonly service: string;
  readonly operation: string;
  /** Undefined where the input could not be read, and in a log that keeps counts only. */
  readonly input: unknown;
  /** Number of the SDK's attempt at this call, from 1. */
  readonly attempt: number;
  /** `ok`, the error's code, or what became of the connection; `pending` until answered. */
  readonly outcome: string;
}

/** Of requests that were not answered; every other outcome is `ok`, `pending` or an error's code. */
export type ConnectionOutcome = 'connection-reset' | 'timeout' | 'response-lost';

/** Every call that reached a region, oldest first. For very long runs it can be told to keep fewer calls, or counts only. */
export class CallLog {
  readonly #calls: Call[] = [];
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #listeners: ((call: Call) => void)[] = [];
  #capacity = Number.POSITIVE_INFINITY;

  /** The newest calls that are kept. */
  get all(): readonly Call[] {
    return this.#calls;
  }

  since(at: Millis): readonly Call[] {
    return this.#calls.filter((call) => call.at >= at);
  }

  /** Keeps the newest calls only; 0 keeps counts only. Counts are always complete. */
  keep(capacity: number): void {
    this.#capacity = capacity;
    this.#trim();
  }

  /** Calls by `service:operation`, whatever their outcome. */
  counts(): Readonly<Record<string, number>> {
    const sums = [...this.#counts].map(([key, outcomes]) => [key, sum(outcomes.values())] as const);
    return Object.fromEntries(sums.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The number of calls, of one service, operation or outcome if given. */
  count(filter: { readonly service?: string; readonly operation?: string; readonly outcome?: string } = {}): number {
    let total = 0;
    for (const [key, outcomes] of this.#counts) {
      const [service, operation] = key.split(':');
      if (filter.service !== undefined && filter.service !== service) continue;
      if (filter.operation !== undefined && filter.operation !== operation) continue;
      total += filter.outcome === undefined ? sum(outcomes.values()) : (outcomes.get(filter.outcome) ?? 0);
    }
    return total;
  }

  /** Calls back once a call has its outcome. */
  onCall(listener: (call: Call) => void): void {
    this.#listeners.push(listener);
  }

  clear(): void {
    this.#calls.length = 0;
    this.#counts.clear();
  }

  /** @returns what sets the outcome, once. */
  begin(call: Omit<Call, 'outcome'>): (outcome: string) => void {
    const entry = { ...call, outcome: 'pending' };
    if (this.#capacity > 0) {
      this.#calls.push(entry);
      this.#trim();
    }
    this.#add(call, 'pending', 1);
    return (outcome) => {
      entry.outcome = outcome;
      this.#add(call, 'pending', -1);
      this.#add(call, outcome, 1);
      for (const listener of this.#listeners) listener(entry);
    };
  }

  #add(call: Pick<Call, 'service' | 'operation'>, outcome: string, change: number): void {
    const key = `${call.service}:${call.operation}`;
    let outcomes = this.#counts.get(key);
    if (!outcomes) {
      outcomes = new Map();
      this.#counts.set(key, outcomes);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + change);
  }

  #trim(): void {
    // Cutting in bulk keeps the log linear however long the run.
    if (this.#calls.length > this.#capacity * 2 || this.#calls.length - this.#capacity > 10_000) {
      this.#calls.splice(0, this.#calls.length - this.#capacity);
    }
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

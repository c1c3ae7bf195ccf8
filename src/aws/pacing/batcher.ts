/**
 * Questions of one kind that several executions ask at about the same time, asked of AWS together. The first is asked at
 * once; those that come while it is under way, or soon after it, wait and then share as few calls as hold them. So a lone
 * execution waits for nothing, and a thousand cost a call a pause.
 */
import { batches } from '../batches.ts';
import { untilBudgetEnds, withinBudget } from '../clients.ts';

export interface Batching<K, V> {
  /** AWS's limit for one call. */
  readonly most: number;
  readonly pauseMs: number;
  /** For so long an answer is there for who accepts it; not at all when absent. */
  readonly keptMs?: number;
  /** @returns an answer for every key; a key without one gets `undefined` */
  readonly ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>;
  /** Whether such an error of a call for many may be the fault of one of them: then each is asked alone. */
  readonly oneByOne?: (error: unknown) => boolean;
}

interface Kept<V> {
  /** When its call began, ms. */
  readonly at: number;
  readonly value: V;
}

interface Waiting<V> {
  readonly promise: Promise<V | undefined>;
  readonly resolve: (value: V | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Shared work has a budget of its own, so that one asker's end does not take the answer from the others. */
const BUDGET_MS = 15_000;

export class Batcher<K, V> {
  readonly #batching: Batching<K, V>;
  #waiting = new Map<K, Waiting<V>>();
  readonly #kept = new Map<K, Kept<V>>();
  /** Calls come less often where others of the kind need them, too. */
  slowness = 1;
  #startedAt = Number.NEGATIVE_INFINITY;
  /** A call is under way, or its time is set. */
  #busy = false;

  constructor(batching: Batching<K, V>) {
    this.#batching = batching;
  }

  /**
   * Asked by a call that begins after this, unless an answer is there.
   * @param notBefore ms: an answer is accepted whose call began then or later
   * @throws what the call throws; Unavailable when the step's budget ends first
   */
  get(key: K, notBefore = Number.POSITIVE_INFINITY): Promise<V | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && isWithin(kept.at, notBefore, this.#batching.keptMs ?? 0)) {
      return Promise.resolve(kept.value);
    }
    let waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      waiting = Promise.withResolvers<V | undefined>();
      // Whoever asked may have given up; then nobody listens.
      waiting.promise.catch(() => undefined);
      this.#waiting.set(key, waiting);
      this.#plan();
    }
    return untilBudgetEnds(waiting.promise);
  }

  #plan(): void {
    if (this.#busy || this.#waiting.size === 0) return;
    this.#busy = true;
    // By a timer even when nothing is left: whoever asks in the same moment is in.
    setTimeout(() => void this.#start(), pauseLeft(this.#startedAt, this.#batching.pauseMs * this.slowness));
  }

  async #start(): Promise<void> {
    this.#startedAt = Date.now();
    const waiting = [...this.#waiting];
    this.#waiting = new Map();
    await Promise.all(batches(waiting, this.#batching.most).map((batch) => this.#run(batch)));
    this.#busy = false;
    this.#plan();
  }

  async #run(batch: readonly (readonly [K, Waiting<V>])[]): Promise<void> {
    const at = Date.now();
    try {
      const answers = await withinBudget(BUDGET_MS, () => this.#batching.ask(batch.map(([key]) => key)));
      for (const [key, { resolve }] of batch) {
        const value = answers.get(key);
        this.#keep(key, at, value);
        resolve(value);
      }
    } catch (error) {
      if (batch.length > 1 && this.#batching.oneByOne?.(error) === true) {
        await Promise.all(batch.map((one) => this.#run([one])));
        return;
      }
      for (const [, { reject }] of batch) reject(error);
    }
  }

  #keep(key: K, at: number, value: V | undefined): void {
    const { keptMs = 0 } = this.#batching;
    if (keptMs === 0) return;
    for (const [old, kept] of this.#kept) {
      if (at - kept.at <= keptMs) break;
      this.#kept.delete(old);
    }
    this.#kept.delete(key);
    if (value !== undefined) this.#kept.set(key, { at, value });
  }
}

/** @returns ms; never more than the pause, also when the clock was set back meanwhile */
export function pauseLeft(startedAt: number, pauseMs: number): number {
  return Math.min(pauseMs, Math.max(0, startedAt + pauseMs - Date.now()));
}

/** What is from the future is from before the clock was set back, and nobody knows how old it is. */
export function isWithin(at: number, notBefore: number, oldestMs: number): boolean {
  const age = Date.now() - at;
  return at >= notBefore && age >= 0 && age <= oldestMs;
}

/** So many may call as often as they would alone. */
const AT_FULL_SPEED = 4;

/**
 * Batchers by name, for questions that only some can ask together: those of one cluster, one target group. The more there
 * are, the less often each calls, so that all of them take a share of a bucket and not all of it.
 */
export class Batchers<K, V> {
  readonly #make: (name: string) => Batching<K, V>;
  readonly #batchers = new Map<string, Batcher<K, V>>();

  constructor(make: (name: string) => Batching<K, V>) {
    this.#make = make;
  }

  get(name: string, key: K, notBefore?: number): Promise<V | undefined> {
    const batcher = this.#batchers.get(name) ?? new Batcher(this.#make(name));
    this.#batchers.set(name, batcher);
    batcher.slowness = Math.max(1, this.#batchers.size / AT_FULL_SPEED);
    return batcher.get(key, notBefore);
  }
}

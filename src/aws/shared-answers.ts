/**
 * Answers that executions of one process share: who asks what has just been asked gets that answer, who asks what is
 * about to be asked waits for it, and all calls together keep to a few a second. So a thousand executions that watch one
 * load balancer cost as much as one.
 *
 * A shared answer must not be older than what the asker did itself, or it would show the state before: every asker says
 * how old an answer may be.
 */
import { type AwsAccess, untilBudgetEnds, withinBudget } from './clients.ts';

export interface Answer<T> {
  /** When the call began, ms: what it says may have changed since, but not before. */
  readonly at: number;
  readonly value: T;
}

interface Work<T> {
  readonly call: () => Promise<T>;
  /** Calls to AWS that it makes. */
  readonly cost: number;
}

interface Pending extends Work<unknown> {
  readonly promise: Promise<Answer<unknown>>;
  readonly resolve: (answer: Answer<unknown>) => void;
  readonly reject: (error: unknown) => void;
  /** ms; undefined while it stands in the queue. */
  at?: number;
}

/** Elastic Load Balancing gives ten a second to the whole account; half of them are left to others. */
const CALLS_PER_SECOND = 5;
/** Every so many calls a patient question is asked before the others. */
const PATIENT_EVERY = 10;
const CALL_BUDGET_MS = 9_000;
/** An answer that nobody may accept any more is forgotten once so many are kept. */
const MOST_KEPT = 5_000;

export class SharedAnswers {
  readonly #answers = new Map<string, Answer<unknown>>();
  readonly #pending = new Map<string, Pending>();
  readonly #queue: string[] = [];
  /** What helps and does not press: it gets a call now and then while others wait, and all of them afterwards. */
  readonly #patient: string[] = [];
  #calls = 0;
  /** Of the latest calls, ms. */
  #began: number[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Seconds that a new question would stand in the queue. */
  get backlogSeconds(): number {
    return this.#queue.length / CALLS_PER_SECOND;
  }

  /** An answer that is there, if it is young enough. @param notBefore ms */
  peek<T>(key: string, notBefore: number): Answer<T> | undefined {
    const known = this.#answers.get(key);
    return known !== undefined && isWithin(known.at, notBefore) ? (known as Answer<T>) : undefined;
  }

  /**
   * @param key names the question; the same key always asks for the same thing
   * @param notBefore ms; an older answer is not accepted
   * @param cost how many calls to AWS it takes, at most as many as there are in a second
   * @throws what the call throws, to all who wait for it; Unavailable when the step's budget ends first
   */
  ask<T>(key: string, notBefore: number, call: () => Promise<T>, cost = 1): Promise<Answer<T>> {
    return this.#ask(key, notBefore, { call, cost }, this.#queue);
  }

  /** The same for what does not press. Where others are waiting it is only noted down, to be there the next time. */
  async askPatiently<T>(key: string, notBefore: number, call: () => Promise<T>): Promise<Answer<T> | undefined> {
    const busy = this.#queue.length + this.#patient.length >= CALLS_PER_SECOND;
    const answer = this.#ask(key, notBefore, { call, cost: 1 }, this.#patient);
    if (!busy) return answer;
    answer.catch(() => undefined);
    return this.peek(key, notBefore);
  }

  #ask<T>(key: string, notBefore: number, work: Work<T>, queue: string[]): Promise<Answer<T>> {
    const known = this.peek<T>(key, notBefore);
    if (known !== undefined) return Promise.resolve(known);
    const pending = this.#pending.get(key);
    if (pending !== undefined && (pending.at === undefined || isWithin(pending.at, notBefore))) {
      return untilBudgetEnds(pending.promise as Promise<Answer<T>>);
    }
    // A call under way that began too early is let be; its answer is for those who accept it.
    return untilBudgetEnds(this.#enqueue(key, work, queue) as Promise<Answer<T>>);
  }

  #enqueue(key: string, work: Work<unknown>, queue: string[]): Promise<Answer<unknown>> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<unknown>>();
    // Whoever asked may have given up; then nobody listens.
    promise.catch(() => undefined);
    this.#pending.set(key, { ...work, promise, resolve, reject });
    queue.push(key);
    this.#pump();
    return promise;
  }

  #pump(): void {
    if (this.#timer !== undefined) return;
    for (let key = this.#nextKey(); key !== undefined; key = this.#nextKey()) {
      const pending = this.#pending.get(key);
      const now = Date.now();
      this.#began = this.#began.filter((at) => Math.abs(now - at) < 1000);
      // The oldest calls that have to be a second old before this one may begin.
      const last = this.#began[this.#began.length + (pending?.cost ?? 1) - CALLS_PER_SECOND - 1];
      if (last !== undefined) {
        this.#timer = setTimeout(
          () => {
            this.#timer = undefined;
            this.#pump();
          },
          last + 1000 - now,
        );
        return;
      }
      this.#queueOf(key).shift();
      this.#calls += 1;
      if (pending === undefined) continue;
      for (let one = 0; one < pending.cost; one += 1) this.#began.push(now);
      pending.at = now;
      void this.#run(key, pending, now);
    }
  }

  #nextKey(): string | undefined {
    const patientFirst = this.#queue.length === 0 || this.#calls % PATIENT_EVERY === PATIENT_EVERY - 1;
    return patientFirst ? (this.#patient[0] ?? this.#queue[0]) : this.#queue[0];
  }

  #queueOf(key: string): string[] {
    return this.#queue[0] === key ? this.#queue : this.#patient;
  }

  async #run(key: string, pending: Pending, at: number): Promise<void> {
    try {
      const answer = { at, value: await withinBudget(CALL_BUDGET_MS, pending.call) };
      this.#keep(key, answer);
      pending.resolve(answer);
    } catch (error) {
      pending.reject(error);
    } finally {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    }
  }

  #keep(key: string, answer: Answer<unknown>): void {
    const known = this.#answers.get(key);
    if (known !== undefined && known.at > answer.at) return;
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size <= MOST_KEPT) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** What is from the future is from before the clock was set back, and nobody knows how old it is. */
function isWithin(at: number, notBefore: number): boolean {
  return at >= notBefore && at <= Date.now();
}

const made = new WeakMap<AwsAccess, Map<string, SharedAnswers>>();

/** Those of this process for one account and region. */
export function sharedAnswers(access: AwsAccess, region: string): SharedAnswers {
  const byRegion = made.get(access) ?? new Map<string, SharedAnswers>();
  made.set(access, byRegion);
  const shared = byRegion.get(region) ?? new SharedAnswers();
  byRegion.set(region, shared);
  return shared;
}

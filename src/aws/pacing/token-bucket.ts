/** The caller's own side of one of AWS's token buckets: a little smaller, and slower for a while after AWS has said no. */
import type { BucketSize } from './buckets.ts';

/** Of AWS's figures: what is left belongs to everybody else in the account. */
const SHARE = 0.85;
/** A throttled call says that others take more than that: half of what we took is tried next. */
const LEAST_FACTOR = 1 / 16;
const RECOVERY_PER_SECOND = 0.02;
/** Refusals of calls that were under way together are one piece of news. */
const ONE_NEWS_MS = 1_000;

export class TokenBucket {
  readonly #size: BucketSize;
  #tokens: number;
  #at: number;
  /** Of the rate; 1 when nobody has said no for a while. */
  #factor = 1;
  #slowedAt = Number.NEGATIVE_INFINITY;

  constructor(size: BucketSize, now: number) {
    this.#size = size;
    this.#tokens = size.burst * SHARE;
    this.#at = now;
  }

  /** Tokens gained per second now. */
  get rate(): number {
    return this.#size.perSecond * SHARE * this.#factor;
  }

  /** Tokens kept back from those who can wait, so that a change finds one at once. */
  get reserve(): number {
    return this.#size.burst * 0.1;
  }

  has(tokens: number, now: number): boolean {
    this.#refill(now);
    return this.#tokens >= tokens;
  }

  take(now: number): void {
    this.#refill(now);
    this.#tokens -= 1;
  }

  /** ms until so many tokens are there. */
  wait(tokens: number, now: number): number {
    this.#refill(now);
    return Math.max(0, Math.ceil(((tokens - this.#tokens) / this.rate) * 1000));
  }

  /** AWS has refused a call that we thought there was a token for. */
  slowDown(now: number): void {
    this.#refill(now);
    if (Math.abs(now - this.#slowedAt) < ONE_NEWS_MS) return;
    this.#slowedAt = now;
    this.#factor = Math.max(LEAST_FACTOR, this.#factor / 2);
    this.#tokens = Math.min(this.#tokens, 0);
  }

  #refill(now: number): void {
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#tokens = Math.min(this.#size.burst * SHARE, this.#tokens + seconds * this.rate);
    this.#factor = Math.min(1, this.#factor + seconds * RECOVERY_PER_SECOND);
  }
}

/**
 * The turn of every call that one process makes in one account and region. Calls wait for tokens of their buckets, changes
 * before what a drain begins with, and that before looks; those of one priority in the order in which they came. An
 * execution asks for one thing after the other, so this order is fair among executions.
 */
import { Throttled } from '../../contract/errors.ts';
import {
  BUCKETS,
  type BucketName,
  type BucketSize,
  type CallClass,
  classOf,
  PRIORITIES,
  type Priority,
} from './buckets.ts';
import { TokenBucket } from './token-bucket.ts';

export interface Call {
  /** As the SDK names its client: `ECS`. */
  readonly service: string;
  readonly operation: string;
}

/** What a call knows of the step that makes it. */
export interface Turn {
  /** ms: by then its answer is no longer waited for. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** What it has asked for before. */
  readonly begun?: Set<object>;
}

interface Waiting {
  readonly enter: () => void;
}

/** Calls that take from the same buckets. */
interface Lane {
  readonly buckets: readonly TokenBucket[];
  readonly queues: Readonly<Record<Priority, Set<Waiting>>>;
}

export class Limiter {
  readonly #buckets = new Map<BucketName, TokenBucket>();
  readonly #lanes = new Map<string, Lane>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #share: number;

  /** @param share of the account's quotas, more than 0 and at most 1 */
  constructor(share = 1) {
    this.#share = share;
  }

  /**
   * Resolves when it is the call's turn; then its tokens are taken.
   * @throws Throttled at once when its turn would come too late, and so that nobody waits for nothing. Where this is but
   *   a share, a step waits once, and then asks the rest on credit: it may be more than a share allows in any step.
   */
  async admit(call: Call, { deadline = Number.POSITIVE_INFINITY, signal, begun }: Turn = {}): Promise<void> {
    const { buckets, priority } = classOf(call.service, call.operation);
    const lane = this.#lane(buckets);
    const hasBegun = begun?.has(lane) === true;
    begun?.add(lane);
    const now = Date.now();
    if (this.#mayGo(lane, priority, now) || (this.#share < 1 && hasBegun)) {
      for (const bucket of lane.buckets) bucket.take(now);
      return;
    }
    const wait = this.#estimate(lane, priority, now);
    if (now + wait > deadline) {
      throw new Throttled(
        `${call.service} ${call.operation}: its turn would come in ${(wait / 1000).toFixed(1)} s, too late for this step`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        enter: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        lane.queues[priority].delete(waiting);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      lane.queues[priority].add(waiting);
      this.#wake();
    });
  }

  /** AWS refused it although there was a token: somebody else in the account takes them, too. */
  refused(call: Call): void {
    for (const bucket of this.#lane(classOf(call.service, call.operation).buckets).buckets) bucket.slowDown(Date.now());
  }

  #lane(names: CallClass['buckets']): Lane {
    const key = names.join();
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        buckets: names.map((name) => this.#bucket(name)),
        queues: { change: new Set(), locate: new Set(), look: new Set() },
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #bucket(name: BucketName): TokenBucket {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(shareOf(BUCKETS[name], this.#share), Date.now());
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #mayGo(lane: Lane, priority: Priority, now: number): boolean {
    return ahead(lane, priority) === 0 && lane.buckets.every((bucket) => bucket.has(least(bucket, priority), now));
  }

  #estimate(lane: Lane, priority: Priority, now: number): number {
    const before = ahead(lane, priority);
    return Math.max(...lane.buckets.map((bucket) => bucket.wait(least(bucket, priority) + before, now)));
  }

  /** Lets in whoever may go, and comes back when the next one may. */
  #wake(): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    let soonest = Number.POSITIVE_INFINITY;
    for (const priority of PRIORITIES) {
      for (const lane of this.#lanes.values()) {
        for (const waiting of lane.queues[priority]) {
          const needed = lane.buckets.map((bucket) => bucket.wait(least(bucket, priority), now));
          const wait = Math.max(...needed);
          if (wait > 0) {
            soonest = Math.min(soonest, wait);
            break;
          }
          lane.queues[priority].delete(waiting);
          for (const bucket of lane.buckets) bucket.take(now);
          waiting.enter();
        }
      }
    }
    if (soonest === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, soonest));
  }
}

/** At least one call can always be saved up for. */
function shareOf({ burst, perSecond }: BucketSize, share: number): BucketSize {
  return { burst: Math.max(2, burst * share), perSecond: perSecond * share };
}

/** Tokens that must be there for one call to go. */
function least(bucket: TokenBucket, priority: Priority): number {
  return priority === 'look' ? 1 + bucket.reserve : 1;
}

/** Calls of this lane that go before a new one. */
function ahead(lane: Lane, priority: Priority): number {
  let count = 0;
  for (const each of PRIORITIES) {
    count += lane.queues[each].size;
    if (each === priority) break;
  }
  return count;
}

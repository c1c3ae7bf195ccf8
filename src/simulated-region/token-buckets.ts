import type { BucketName } from './service.ts';
import { ServiceError } from './service.ts';
import type { Millis } from './world.ts';

interface BucketSize {
  readonly burst: number;
  readonly refillPerSecond: number;
}

/**
 * AWS's request quotas per account and region, by name. Where AWS gives a range, the smaller figure. Services that
 * publish none (Auto Scaling, EventBridge's reads) have no bucket here.
 */
const bucketSizes: Readonly<Record<string, BucketSize>> = {
  // Every call to Elastic Load Balancing takes from the first, and most from one of the others as well.
  elbv2: { burst: 40, refillPerSecond: 10 },
  'elbv2-describes': { burst: 40, refillPerSecond: 10 },
  'elbv2-targets': { burst: 20, refillPerSecond: 4 },
  // Container instances and tasks.
  'ecs-cluster-resource-reads': { burst: 100, refillPerSecond: 20 },
  'ecs-cluster-resource-writes': { burst: 100, refillPerSecond: 40 },
  'ecs-cluster-reads': { burst: 50, refillPerSecond: 20 },
  'ecs-service-reads': { burst: 100, refillPerSecond: 20 },
  'ec2-describes': { burst: 100, refillPerSecond: 20 },
  'ec2-describe-instances-filtered': { burst: 100, refillPerSecond: 20 },
  'ec2-describe-instances-unfiltered': { burst: 50, refillPerSecond: 10 },
  'ec2-terminate-instances': { burst: 100, refillPerSecond: 5 },
  'ec2-terminate-instances-resources': { burst: 1000, refillPerSecond: 20 },
  'events-put-events': { burst: 600, refillPerSecond: 600 },
  'tagging-get-resources': { burst: 15, refillPerSecond: 15 },
  'states-start-execution': { burst: 800, refillPerSecond: 150 },
  'states-describe-execution': { burst: 250, refillPerSecond: 10 },
  'states-list-executions': { burst: 100, refillPerSecond: 2 },
  'states-stop-execution': { burst: 500, refillPerSecond: 25 },
  'states-get-execution-history': { burst: 300, refillPerSecond: 5 },
};

interface Bucket {
  readonly size: BucketSize;
  tokens: number;
  filledAt: Millis;
}

/** The buckets of one region. Off until enforced; refilled by the clock, so virtual time refills them too. */
export class TokenBuckets {
  readonly #buckets = new Map<BucketName, Bucket>();
  #enforced: 'all' | ReadonlySet<BucketName> = new Set();
  #emptied = 0;

  /** `true`: all; a list: those alone. @throws if a name is not in the table. */
  enforce(which: boolean | readonly BucketName[]): void {
    if (typeof which === 'boolean') {
      this.#enforced = which ? 'all' : new Set();
      return;
    }
    for (const name of which) this.assertKnown(name);
    this.#enforced = new Set(which);
  }

  /** How often a call found a bucket empty. */
  get refusals(): number {
    return this.#emptied;
  }

  assertKnown(name: BucketName): void {
    if (!(name in bucketSizes)) throw new Error(`There is no token bucket ${name} in bucketSizes`);
  }

  /** Tokens left now, in fractions. */
  level(name: BucketName): number {
    return this.#refilled(name).tokens;
  }

  /** Takes from every bucket or from none. @returns whether the call may go on. */
  take(costs: readonly { readonly name: BucketName; readonly cost: number }[]): boolean {
    const due = costs
      .filter(({ name }) => this.#enforced === 'all' || this.#enforced.has(name))
      .map(({ name, cost }) => ({ bucket: this.#refilled(name), cost }));
    if (due.some(({ bucket, cost }) => bucket.tokens < cost)) {
      this.#emptied += 1;
      return false;
    }
    for (const { bucket, cost } of due) bucket.tokens -= cost;
    return true;
  }

  #refilled(name: BucketName): Bucket {
    this.assertKnown(name);
    const now = Date.now();
    let bucket = this.#buckets.get(name);
    if (!bucket) {
      const size = bucketSizes[name] ?? { burst: 0, refillPerSecond: 0 };
      bucket = { size, tokens: size.burst, filledAt: now };
      this.#buckets.set(name, bucket);
    }
    const gained = ((now - bucket.filledAt) / 1000) * bucket.size.refillPerSecond;
    bucket.tokens = Math.min(bucket.size.burst, bucket.tokens + gained);
    bucket.filledAt = now;
    return bucket;
  }
}

/** How each service words the same refusal. */
export function throttled(service: string): ServiceError {
  switch (service) {
    case 'ec2':
      return new ServiceError('RequestLimitExceeded', 'Request limit exceeded.', 503);
    case 'autoscaling':
    case 'elasticloadbalancing':
      return new ServiceError('Throttling', 'Rate exceeded', 400);
    default:
      return new ServiceError('ThrottlingException', 'Rate exceeded', 400);
  }
}

import type { Randomness } from './randomness.ts';
import type { ServiceModel } from './service.ts';
import { ServiceError } from './service.ts';
import { throttled } from './token-buckets.ts';
import type { Millis } from './world.ts';

export interface FaultyCall {
  readonly at: Millis;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly attempt: number;
  readonly read: boolean;
}

interface FaultMatch {
  /** SigV4 signing name. */
  readonly service?: string;
  readonly operation?: string;
  readonly when?: (call: FaultyCall) => boolean;
  /** 0 to 1; 1 when absent. */
  readonly probability?: number;
  /** Inclusive. */
  readonly from?: Millis;
  /** Exclusive. */
  readonly until?: Millis;
  /** The rule is spent after this many hits. */
  readonly times?: number;
}

/**
 * What goes wrong.
 * - `throttle`, `internal-error`, `unavailable`, `access-denied`: refused in the service's own words; nothing is carried out.
 * - `connection-reset`: the request never reached the service.
 * - `response-lost`: the request was carried out, then the connection was reset.
 * - `timeout`: accepted and never answered, nor carried out: the caller has to give up by itself.
 * - `slow`: answered after so many seconds, from the state at that later time.
 * - `stale-read`: eventual consistency. A read is answered as the oldest same call (equal operation and input) of the last
 *   so many seconds was answered, so with a view that is out of date by at most that much. Without such a call the
 *   answer is fresh. Writes are never stale.
 * - `partial-failure`: of a batch operation that reports failures, one item fails and is not carried out.
 */
export type FaultRule = FaultMatch &
  (
    | {
        readonly kind:
          | 'throttle'
          | 'internal-error'
          | 'unavailable'
          | 'access-denied'
          | 'connection-reset'
          | 'response-lost'
          | 'timeout'
          | 'partial-failure';
      }
    | { readonly kind: 'slow' | 'stale-read'; readonly seconds: number }
  );

export type FaultKind = FaultRule['kind'];

export interface InjectedFault {
  /** How many calls it has struck. */
  readonly hits: number;
  remove(): void;
}

/** What strikes one call: delays add up, and of the rest the rule that was injected first wins. */
export interface Verdict {
  readonly delaySeconds: number;
  readonly fault?: Exclude<FaultRule, { kind: 'slow' }>;
}

export class Faults {
  readonly #rules = new Set<{ readonly rule: FaultRule; hits: number }>();
  readonly #randomness: Randomness;

  constructor(randomness: Randomness) {
    this.#randomness = randomness;
  }

  inject(rule: FaultRule): InjectedFault {
    const entry = { rule, hits: 0 };
    this.#rules.add(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => {
        this.#rules.delete(entry);
      },
    };
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The longest staleness that a rule may ask for; 0 when no rule does. */
  get longestStaleness(): number {
    let longest = 0;
    for (const { rule } of this.#rules) {
      if (rule.kind === 'stale-read') longest = Math.max(longest, rule.seconds);
    }
    return longest;
  }

  judge(call: FaultyCall): Verdict {
    let delaySeconds = 0;
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!this.#strikes(rule, entry.hits, call)) continue;
      entry.hits += 1;
      if (rule.kind !== 'slow') return { delaySeconds, fault: rule as NonNullable<Verdict['fault']> };
      delaySeconds += rule.seconds;
    }
    return { delaySeconds };
  }

  #strikes(rule: FaultRule, hits: number, call: FaultyCall): boolean {
    if (rule.times !== undefined && hits >= rule.times) return false;
    if (rule.service !== undefined && rule.service !== call.service) return false;
    if (rule.operation !== undefined && rule.operation !== call.operation) return false;
    if (rule.from !== undefined && call.at < rule.from) return false;
    if (rule.until !== undefined && call.at >= rule.until) return false;
    if (rule.kind === 'stale-read' && !call.read) return false;
    if (rule.kind === 'partial-failure' && !batchOperations.has(`${call.service}:${call.operation}`)) return false;
    if (rule.when && !rule.when(call)) return false;
    return rule.probability === undefined || this.#randomness.next() < rule.probability;
  }
}

/** Batch operations that report what failed, with the list member of their input whose items can fail. */
export const batchOperations: ReadonlyMap<string, string> = new Map([
  ['ecs:DescribeTasks', 'tasks'],
  ['ecs:DescribeContainerInstances', 'containerInstances'],
  ['ecs:UpdateContainerInstancesState', 'containerInstances'],
  ['ecs:DescribeServices', 'services'],
  ['ecs:DescribeClusters', 'clusters'],
  ['events:PutEvents', 'Entries'],
]);

/** A refusal in the service's own words. */
export function refusal(
  kind: 'throttle' | 'internal-error' | 'unavailable' | 'access-denied',
  service: Pick<ServiceModel, 'id' | 'protocol'>,
  operation: string,
): ServiceError {
  const json = service.protocol.startsWith('json');
  const ec2 = service.protocol === 'ec2-query';
  switch (kind) {
    case 'throttle':
      return throttled(service.id);
    case 'internal-error': {
      if (service.id === 'ecs')
        return new ServiceError('ServerException', 'Service Unavailable. Please try again later.', 500);
      const code = ec2 ? 'InternalError' : 'InternalFailure';
      return new ServiceError(code, 'An internal error has occurred', 500);
    }
    case 'unavailable': {
      const code = ec2 ? 'Unavailable' : json ? 'ServiceUnavailableException' : 'ServiceUnavailable';
      return new ServiceError(code, 'The service is currently unavailable', 503);
    }
    case 'access-denied': {
      if (ec2)
        return new ServiceError('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
      const message = `User is not authorized to perform: ${service.id}:${operation}`;
      return json
        ? new ServiceError('AccessDeniedException', message, 400)
        : new ServiceError('AccessDenied', message, 403);
    }
  }
}

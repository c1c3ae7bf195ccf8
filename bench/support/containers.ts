/**
 * Functions as Lambda runs them: each invocation has a container to itself, a container that is free is used again, and each
 * has SDK clients of its own, so that nothing is shared between two drains. What observes has reserved concurrency and the
 * SDK's adaptive retries; an invocation beyond it is refused in Lambda's words.
 */
import type { AwsAccess } from '../../src/aws/clients.ts';

/** Functions whose calls are observations: they wait for each other; all others run at once. */
const OBSERVING = new Set([
  'locateInstance',
  'observeDrain',
  'searchTargetGroups',
  'observeTargets',
  'observeTermination',
]);

class TooManyRequests extends Error {
  override readonly name = 'Lambda.TooManyRequestsException';
}

export class Containers {
  readonly #access: AwsAccess;
  readonly #reserved: number;
  readonly #free = new Map<string, AwsAccess[]>();
  #busyObservers = 0;

  constructor(access: AwsAccess, reservedConcurrency: number) {
    this.#access = access;
    this.#reserved = reservedConcurrency;
  }

  /** @throws Lambda.TooManyRequestsException */
  async run(functionKey: string, invoke: (access: AwsAccess) => Promise<unknown>): Promise<unknown> {
    const observes = OBSERVING.has(functionKey);
    if (observes && this.#busyObservers >= this.#reserved) throw new TooManyRequests('Rate Exceeded.');
    if (observes) this.#busyObservers += 1;
    const free = this.#free.get(functionKey) ?? [];
    this.#free.set(functionKey, free);
    // A container is an access of its own, because clients are kept by it.
    const container = free.pop() ?? { ...this.#access, ...(observes ? { retryMode: 'adaptive' as const } : {}) };
    try {
      return await invoke(container);
    } finally {
      free.push(container);
      if (observes) this.#busyObservers -= 1;
    }
  }
}

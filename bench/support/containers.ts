/**
 * Functions as Lambda runs them: each invocation has a container to itself, a container that is free is used again, and each
 * has SDK clients of its own, so that nothing is shared between two drains. What observes has reserved concurrency, and each
 * of its containers a share of the account's quotas; an invocation beyond it is refused in Lambda's words.
 */
import { quotaShare } from '../../infrastructure/settings.ts';
import { OBSERVERS } from '../../infrastructure/triggers.ts';
import type { AwsAccess } from '../../src/aws/clients.ts';

class TooManyRequests extends Error {
  override readonly name = 'Lambda.TooManyRequestsException';
}

export class Containers {
  readonly #access: AwsAccess;
  readonly #reserved: number;
  readonly #share: number;
  readonly #free = new Map<string, AwsAccess[]>();
  readonly #busy = new Map<string, number>();

  /** @param reserved containers of each function that observes */
  constructor(access: AwsAccess, reserved: number) {
    this.#access = access;
    this.#reserved = reserved;
    this.#share = Number(quotaShare(reserved));
  }

  /** @throws Lambda.TooManyRequestsException */
  async run(functionKey: string, invoke: (access: AwsAccess) => Promise<unknown>): Promise<unknown> {
    const observes = OBSERVERS.includes(functionKey);
    const busy = this.#busy.get(functionKey) ?? 0;
    if (observes && busy >= this.#reserved) throw new TooManyRequests('Rate Exceeded.');
    this.#busy.set(functionKey, busy + 1);
    const free = this.#free.get(functionKey) ?? [];
    this.#free.set(functionKey, free);
    // A container is an access of its own, because clients are kept by it.
    const container = free.pop() ?? {
      ...this.#access,
      ...(observes ? { share: this.#share, retryMode: 'adaptive' as const } : {}),
    };
    try {
      return await invoke(container);
    } finally {
      free.push(container);
      this.#busy.set(functionKey, (this.#busy.get(functionKey) ?? 1) - 1);
    }
  }
}

/**
 * Where a target stands. `draining` is the beginning of a drain, not its end: the end is that the target is gone, or
 * `unused` because it is not registered.
 */
export interface TargetHealthFacts {
  readonly id: string;
  readonly port: number;
  readonly state: string;
  readonly reason?: string | undefined;
}

const GONE = ['Target.NotRegistered', 'Target.InvalidState'];

/** It is not registered any more, or its instance is gone. `unused` for another reason is a registration that stands. */
export function isDrained({ state, reason }: Pick<TargetHealthFacts, 'state' | 'reason'>): boolean {
  return state === 'unused' && GONE.some((one) => one === reason);
}

export function isDraining(state: string): boolean {
  return state === 'draining' || state === 'unhealthy.draining';
}

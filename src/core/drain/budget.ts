import type { DrainData } from '../../contract/drain-data.ts';

/**
 * How long the calls of one attempt of a step may take. Two attempts and the pause between them end within the smaller
 * of 30 s and a quarter of the heartbeat timeout, so that trouble with one call never costs the lifecycle action.
 * @returns seconds
 */
export function stepBudgetSeconds(data: Pick<DrainData, 'plan'>): number {
  const heartbeat = data.plan.hook?.heartbeatTimeoutSeconds;
  return heartbeat === undefined ? 10 : Math.min(10, Math.max(2.5, heartbeat / 12));
}

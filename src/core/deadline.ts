/** When a drain has to be over, fixed once: the earliest of all that limit it. */
import type { DrainPlan } from '../contract/drain-data.ts';
import { SECOND } from './time.ts';

/** Kept back before Auto Scaling itself decides: the completion has to arrive first. */
const HOOK_RESERVE_SECONDS = 60;
const SPOT_RESERVE_SECONDS = 10;
/** How long before the deadline standalone tasks are stopped, so that they can still end by themselves. */
const STOP_LEAD_SECONDS = 150;

export type DeadlineBy = DrainPlan['deadlineBy'];
export interface Deadline {
  /** ms */
  readonly at: number;
  readonly by: DeadlineBy;
}

export function earliest(...deadlines: readonly (Deadline | undefined)[]): Deadline | undefined {
  return deadlines.reduce<Deadline | undefined>(
    (first, other) => (other !== undefined && (first === undefined || other.at < first.at) ? other : first),
    undefined,
  );
}

/** @param globalTimeoutSeconds the whole wait that Auto Scaling allows the action: 48 h or 100 heartbeats, the smaller. */
export function hookDeadline(actionStartedAt: number, globalTimeoutSeconds: number): Deadline {
  const reserve = Math.min(HOOK_RESERVE_SECONDS, globalTimeoutSeconds / 10);
  return { at: actionStartedAt + (globalTimeoutSeconds - reserve) * SECOND, by: 'hook' };
}

export function spotDeadline(interruptionAt: number): Deadline {
  return { at: interruptionAt - SPOT_RESERVE_SECONDS * SECOND, by: 'spot' };
}

/** @returns when standalone tasks are stopped under `stop-at-deadline`, ms */
export function standaloneStopAt(startedAt: number, deadline: number): number {
  const lead = Math.min(STOP_LEAD_SECONDS * SECOND, Math.max(0, deadline - startedAt) / 4);
  return deadline - lead;
}

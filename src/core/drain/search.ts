/** How the search through all target groups goes on: page by page, with the heartbeats in between. */
import type { DrainDecision, DrainPlan, DrainProgress } from '../../contract/drain-data.ts';
import { iso, millis, SECOND } from '../time.ts';
import { isHeartbeatDue } from './progress.ts';

/** A page costs about 20 calls, of which Elastic Load Balancing gives ten a second to the whole account. */
const BETWEEN_PAGES_SECONDS = 4;

/** @param plan with what the page has brought. @param now ms */
export function decideSearch(plan: DrainPlan, progress: DrainProgress, now: number): DrainDecision {
  const more = plan.location?.searchFrom !== undefined;
  const expired = plan.kind !== 'look' && now >= millis(plan.deadline);
  return {
    next: expired ? 'expire' : 'hold',
    resume: more ? 'search' : plan.kind === 'look' ? 'observe' : 'deregister',
    heartbeat: isHeartbeatDue(plan, progress, now),
    waitUntil: iso(more ? now + BETWEEN_PAGES_SECONDS * SECOND : now),
    taskArns: [],
    reason: more ? 'there are more target groups to look through' : 'all target groups have been looked through',
  };
}

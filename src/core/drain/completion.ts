import type { DrainData } from '../../contract/drain-data.ts';
import { Refused, StaleObservation } from '../../contract/errors.ts';
import { millis } from '../time.ts';
import { isExpiring, isFresh } from './progress.ts';

/**
 * With what the lifecycle action is completed now.
 * @throws Refused for a dry run. @throws StaleObservation unless a fresh observation showed the end, or the deadline has come.
 */
export function completionOf({ plan, progress, decision }: DrainData, now: number): 'CONTINUE' | 'ABANDON' {
  if (plan.kind === 'look') throw new Refused('a dry run completes nothing');
  if (isExpiring(decision)) {
    if (now < millis(plan.deadline)) throw new StaleObservation('the deadline has not come; look again');
    return plan.input.onTimeout === 'abandon' ? 'ABANDON' : 'CONTINUE';
  }
  if (plan.kind === 'restore') return 'CONTINUE';
  if (!progress.drained || !isFresh(progress, now)) {
    throw new StaleObservation('the end was observed too long ago to act on; look again');
  }
  return 'CONTINUE';
}

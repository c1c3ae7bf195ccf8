import type { DrainData } from '../../contract/drain-data.ts';
import { StaleObservation } from '../../contract/errors.ts';
import { millis } from '../time.ts';
import { isFresh } from './progress.ts';

/**
 * With what the lifecycle action is completed now.
 * @throws StaleObservation unless a fresh observation showed the end, or the deadline has come.
 */
export function completionOf({ plan, progress, decision }: DrainData, now: number): 'CONTINUE' | 'ABANDON' {
  if (plan.kind === 'restore') return 'CONTINUE';
  if (decision?.next === 'expire' || decision?.resume === 'expire') {
    if (now < millis(plan.deadline)) throw new StaleObservation('the deadline has not come; look again');
    return plan.input.onTimeout === 'abandon' ? 'ABANDON' : 'CONTINUE';
  }
  if (!progress.drained || !isFresh(progress, now)) {
    throw new StaleObservation('the end was observed too long ago to act on; look again');
  }
  return 'CONTINUE';
}

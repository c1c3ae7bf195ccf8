/** What a complete observation means in each phase, and what comes next. */
import type { Observation, ServiceRun } from '../../contract/clean-cloud-map-data.ts';
import { StaleObservation } from '../../contract/errors.ts';
import { guardAgainst } from './guards.ts';
import { isFresh, knownStale, staleOf } from './observation.ts';

/**
 * @returns the run with the observation in it. `queue` is what is stale for sure: in the first phase all that looks so,
 * then only what the phase before had found, too.
 */
export function judgeObservation(run: ServiceRun, observation: Observation): ServiceRun {
  if (observation.cursor !== undefined) return { ...run, observation, next: 'observe' };
  const known = knownStale(run);
  const queue =
    run.phase === 'observe' ? observation.candidates : observation.candidates.filter((each) => known.has(each));
  const against = queue.length === 0 ? undefined : guardAgainst(observation, run.plan);
  const outcome = {
    ...run.outcome,
    registrations: observation.registrations,
    skipped: observation.skipped,
    alive: observation.alive,
    terminated: observation.terminated,
    mismatched: observation.mismatched,
    absent: observation.absent,
    confirmed: run.phase === 'confirm' ? queue.length : run.outcome.confirmed,
    retained: run.phase === 'confirm' ? { count: staleOf(observation) - queue.length } : run.outcome.retained,
    // What was stale before and is registered no longer was taken away by somebody else.
    gone: run.outcome.gone + (run.phase === 'observe' ? 0 : known.size - observation.stillThere),
  };
  const judged = { ...run, observation, outcome, queue: against === undefined ? queue : [] };
  if (against !== undefined) {
    return {
      ...judged,
      outcome: { ...outcome, status: 'refused', reason: against.reason },
      guard: { count: staleOf(observation), guard: against.guard },
      next: afterwards(judged),
    };
  }
  if (run.phase === 'remove' && queue.length > 0) return { ...judged, next: 'remove' };
  return { ...judged, next: afterwards(judged) };
}

/** Removals that are under way are followed to their end, whatever else was decided. */
function afterwards({ removal }: ServiceRun): 'follow' | 'settle' {
  return (removal?.operations.length ?? 0) > 0 ? 'follow' : 'settle';
}

/**
 * The removal's own check of what it rests on.
 * @throws StaleObservation when it was observed too long ago: before a crash, or while other services were looked at.
 */
export function assertFresh(run: ServiceRun, now: number): void {
  const observedAt = run.observation?.startedAt ?? run.earlier?.report.observedAt;
  if (!isFresh(observedAt, now)) {
    throw new StaleObservation(`observed at ${observedAt ?? 'no time'}, too long ago to remove anything; look again`);
  }
}

/** One observation of a service, page by page: counts, and the registrations that look stale. */
import type { Observation, ServiceRun } from '../../contract/clean-cloud-map-data.ts';
import { iso, millis, SECOND } from '../time.ts';
import { candidateOf, classify, type Registration, type Sightings, skipReason } from './registrations.ts';

/** Stale ones that travel in one payload. Cloud Map allows 1,000 registrations in a service. */
const MOST_CANDIDATES = 2_000;
/** What was observed longer ago than this is looked at again before anything is removed. */
const FRESH_FOR_SECONDS = 20;

export function newObservation(now: number): Observation {
  return {
    startedAt: iso(now),
    registrations: 0,
    skipped: { noIpv4: 0, noInstanceId: 0 },
    alive: 0,
    terminated: 0,
    mismatched: 0,
    absent: 0,
    candidates: [],
    stillThere: 0,
    beyond: 0,
  };
}

/** What had been found stale before this observation. */
export function knownStale(run: ServiceRun): ReadonlySet<string> {
  return new Set(run.queue ?? run.earlier?.report.candidates);
}

/** @returns the observation to go on with: a new one, unless one is being made. */
export function observationToContinue(run: ServiceRun, now: number): Observation {
  return run.observation?.cursor === undefined ? newObservation(now) : run.observation;
}

/**
 * @param known what the phase before had found stale
 * @param cursor where the next page begins, if there is one
 */
export function withPage(
  before: Observation,
  registrations: readonly Registration[],
  sightings: Sightings,
  known: ReadonlySet<string>,
  cursor: string | undefined,
): Observation {
  const { cursor: _, ...rest } = before;
  const after = { ...rest, skipped: { ...before.skipped }, candidates: [...before.candidates] };
  after.registrations += registrations.length;
  for (const registration of registrations) {
    const skipped = skipReason(registration);
    if (skipped !== undefined) {
      after.skipped[skipped] += 1;
      continue;
    }
    const evidence = classify(registration, sightings);
    after[evidence] += 1;
    if (known.has(candidateOf(registration))) after.stillThere += 1;
    if (evidence === 'alive') continue;
    if (after.candidates.length < MOST_CANDIDATES) after.candidates.push(candidateOf(registration));
    else after.beyond += 1;
  }
  return cursor === undefined ? after : { ...after, cursor };
}

/** Complete, and young enough to act on. */
export function isFresh(observedAt: string | undefined, now: number): boolean {
  return observedAt !== undefined && Math.abs(now - millis(observedAt)) <= FRESH_FOR_SECONDS * SECOND;
}

export function checkable({ alive, terminated, mismatched, absent }: Observation): number {
  return alive + terminated + mismatched + absent;
}

export function staleOf({ terminated, mismatched, absent }: Observation): number {
  return terminated + mismatched + absent;
}

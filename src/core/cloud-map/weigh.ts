/** What the observations of all services together allow: one region that did not answer, and nothing is removed anywhere. */
import type { ServiceOutcome } from '../../contract/clean-cloud-map.ts';
import type { CleanUpData, ServiceLine } from '../../contract/clean-cloud-map-data.ts';
import { iso, millis, SECOND } from '../time.ts';

/** Trouble with the service itself, which says nothing of the regions. */
const OF_THE_SERVICE = /^ServiceDiscovery /;

/** @param now ms: the wait for the confirmation runs from here, after the last of the first observations */
export function weighObservations(data: CleanUpData, now: number): CleanUpData {
  const finished = data.open.filter((line) => isFinished(line, data));
  const open = data.open.filter((line) => !finished.includes(line));
  const settled = [...data.settled, ...finished.map(({ outcome }) => outcome)];
  const blocking = finished.find(({ outcome }) => isBlocking(outcome));
  if (blocking !== undefined) {
    const stopped = open.map(({ outcome }) => ({
      ...outcome,
      status: 'failed' as const,
      reason: `nothing was removed from any service: ${cause(blocking.outcome)}`,
      retained: { count: stale(outcome) },
    }));
    return { ...data, open: [], settled: [...settled, ...stopped], next: 'announce' };
  }
  if (open.length === 0) return { ...data, open, settled, next: 'announce' };
  if (data.phase === 'confirm') return { ...data, open, settled, phase: 'remove', next: 'remove' };
  const waitUntil = now + data.plan.confirmAfterSeconds * SECOND;
  if (waitUntil >= millis(data.plan.deadline)) {
    const late = open.map(({ outcome }) => ({
      ...outcome,
      status: 'timed-out' as const,
      reason: 'the deadline comes before what is stale could be confirmed',
      retained: { count: stale(outcome) },
    }));
    return { ...data, open: [], settled: [...settled, ...late], next: 'announce' };
  }
  return { ...data, open, settled, phase: 'confirm', next: 'wait', waitUntil: iso(waitUntil) };
}

/** Nothing is left to be done for it. */
function isFinished({ outcome, from }: ServiceLine, { phase, plan }: CleanUpData): boolean {
  if (outcome.status !== 'succeeded' || from === '' || plan.dryRun || phase === 'remove') return true;
  if (phase === 'observe') return stale(outcome) === 0;
  return outcome.confirmed === 0;
}

function stale({ terminated, mismatched, absent }: ServiceOutcome): number {
  return terminated + mismatched + absent;
}

function isBlocking(outcome: ServiceOutcome): boolean {
  if (outcome.unanswered !== undefined) return true;
  return outcome.status === 'failed' && outcome.error !== undefined && !OF_THE_SERVICE.test(outcome.reason);
}

function cause(outcome: ServiceOutcome): string {
  return outcome.unanswered === undefined
    ? `${outcome.service} could not be observed`
    : `${outcome.unanswered} did not answer (${outcome.error ?? 'no error'})`;
}

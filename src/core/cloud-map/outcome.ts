/** How one service ended. */
import type { ServiceOutcome } from '../../contract/clean-cloud-map.ts';
import type { FailedServiceInput, ServiceReport, ServiceRun } from '../../contract/clean-cloud-map-data.ts';
import { ServiceReport as ServiceReportSchema } from '../../contract/clean-cloud-map-data.ts';
import type { CaughtError } from '../../contract/drain-data.ts';
import { parsedJson } from '../json.ts';
import { describeFaults, messageOf } from '../messages.ts';
import { millis } from '../time.ts';
import { regionNamedIn } from './fault.ts';
import { checkable, staleOf } from './observation.ts';
import { idOf } from './registrations.ts';
import { NOTHING_REMOVED } from './removal.ts';

/** Hundreds of them travel together. */
const LONGEST_REASON = 220;
const WOULD_REMOVE_NAMED = 5;
const DELETED = 'the service was deleted meanwhile';

export function newOutcome(service: string): ServiceOutcome {
  return {
    service,
    status: 'succeeded',
    reason: '',
    registrations: 0,
    skipped: { noIpv4: 0, noInstanceId: 0 },
    alive: 0,
    terminated: 0,
    mismatched: 0,
    absent: 0,
    confirmed: 0,
    removed: 0,
    gone: 0,
    failed: 0,
    retained: { count: 0 },
  };
}

/** What a child execution ends with. */
export interface ServiceSettlement {
  readonly ending: 'settled' | 'refused' | 'failed';
  readonly report: ServiceReport;
  /** The report as text: a Fail state's CausePath wants a string. */
  readonly cause: string;
}

/** @param now ms */
export function settleService(run: ServiceRun, now: number): ServiceSettlement {
  const { removal = NOTHING_REMOVED } = run;
  const outcome = outcomeOf(run, now);
  const observedAt = run.observation?.startedAt ?? run.earlier?.report.observedAt ?? run.plan.startedAt;
  const candidates = outcome.status === 'succeeded' && run.phase !== 'remove' ? (run.queue ?? []) : [];
  const report = { outcome, candidates, observedAt, removed: { count: removal.removed, first: removal.ids } };
  const ending =
    outcome.status === 'succeeded' ? 'settled' : outcome.status === 'refused' ? 'refused' : ('failed' as const);
  return { ending, report, cause: JSON.stringify(report) };
}

function outcomeOf(run: ServiceRun, now: number): ServiceOutcome {
  const { removal = NOTHING_REMOVED, failure, observation, plan, phase } = run;
  const { operations } = removal;
  const counted: ServiceOutcome = {
    ...run.outcome,
    removed: removal.removed,
    gone: run.outcome.gone + removal.gone,
    failed: removal.failed,
    retained: run.guard ?? run.outcome.retained,
  };
  if (failure !== undefined && isDeletedMeanwhile(failure, phase)) {
    const left = (run.queue ?? run.earlier?.report.candidates ?? []).length + operations.length;
    return { ...counted, gone: counted.gone + left, reason: DELETED };
  }
  if (failure !== undefined) return retaining(failedOutcome(counted, failure, run), run);
  if (run.guard !== undefined) return counted;
  if (phase === 'observe') return observed(counted, run);
  const pending = (run.queue?.length ?? 0) + operations.length;
  if (phase === 'remove' && pending > 0 && !removal.serviceGone && now >= millis(plan.deadline)) {
    const reason = `the deadline came first: ${operations.length} removals are under way and ${run.queue?.length ?? 0} were not begun${describeFaults(run)}`;
    return retaining({ ...counted, status: 'timed-out', reason }, run);
  }
  if (removal.failed > 0) {
    const reason = `${removal.failed} of ${removal.removed + removal.gone + removal.failed} removals failed: ${removal.reasons.join('; ')}`;
    return retaining({ ...counted, status: 'failed', reason: reason.slice(0, LONGEST_REASON) }, run);
  }
  if (removal.serviceGone) return { ...counted, reason: DELETED };
  const unconfirmed = phase === 'confirm' && observation !== undefined && staleOf(observation) > counted.confirmed;
  const reason =
    removal.removed + removal.gone > 0
      ? `removed ${removal.removed} of ${counted.confirmed} confirmed`
      : unconfirmed
        ? 'what is stale was not stale in both observations: left to the next run'
        : 'nothing is stale';
  return retaining({ ...counted, reason }, run);
}

function observed(outcome: ServiceOutcome, { queue = [], observation, plan }: ServiceRun): ServiceOutcome {
  const stale = queue.length;
  const reason =
    outcome.registrations === 0
      ? 'it has no registrations'
      : stale > 0
        ? `${stale} look stale`
        : observation !== undefined && checkable(observation) === 0
          ? 'none of its registrations can be checked'
          : 'nothing is stale';
  if (!plan.dryRun) return { ...outcome, reason };
  const wouldRemove = { count: stale, first: queue.slice(0, WOULD_REMOVE_NAMED).map(idOf) };
  return { ...outcome, reason, ...(stale > 0 ? { wouldRemove } : {}) };
}

/** What was stale and is still there: never confirmed, or not done when it ended. */
function retaining(outcome: ServiceOutcome, { phase, queue = [], removal = NOTHING_REMOVED, failure }: ServiceRun) {
  if (phase === 'observe') return outcome;
  const { terminated, mismatched, absent, retained } = outcome;
  const count =
    phase === 'remove'
      ? retained.count + queue.length + removal.operations.length
      : failure === undefined
        ? retained.count
        : terminated + mismatched + absent;
  return { ...outcome, retained: { ...retained, count } };
}

function failedOutcome(
  outcome: ServiceOutcome,
  failure: CaughtError,
  { plan }: Pick<ServiceRun, 'plan'>,
): ServiceOutcome {
  const message = messageOf(failure.Cause) || failure.Error;
  const unanswered = regionNamedIn(message, plan.instancesRegions);
  return {
    ...outcome,
    status: 'failed',
    reason: message.slice(0, LONGEST_REASON),
    error: failure.Error,
    ...(unanswered === undefined ? {} : { unanswered }),
  };
}

/** At the first observation, a service that is not there is a mistake in the input. */
function isDeletedMeanwhile(failure: CaughtError, phase: ServiceRun['phase']): boolean {
  return failure.Error === 'NotFound' && phase !== 'observe';
}

/** A child that failed has said why in its Cause, unless it was stopped or never began. */
export function settleFailedService({ plan, line, caught }: FailedServiceInput): {
  outcome: ServiceOutcome;
  from: string;
} {
  const told = reportIn(caught.Cause);
  return { outcome: told?.outcome ?? failedOutcome(line.outcome, caught, { plan }), from: '' };
}

function reportIn(cause: string): ServiceReport | undefined {
  const description = parsedJson(cause);
  if (typeof description !== 'object' || description === null || !('Cause' in description)) return undefined;
  const result = ServiceReportSchema.safeParse(parsedJson(String(description.Cause)));
  return result.success ? result.data : undefined;
}

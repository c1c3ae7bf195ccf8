/** The receipt of a clean-up: sums, and a line for each service, the worst first. */
import type { CleanCloudMapReceipt, ServiceOutcome } from '../../contract/clean-cloud-map.ts';
import type { AnnounceCleanUpInput } from '../../contract/clean-cloud-map-data.ts';
import { cap, type Status } from '../../contract/common.ts';
import { messageOf } from '../messages.ts';
import { iso } from '../time.ts';

/** A failed execution's Cause holds 32 KiB, and a line takes up to half a KiB. */
const LINES = 40;
const WORST_FIRST: readonly Status[] = ['failed', 'stopped', 'timed-out', 'refused', 'succeeded'];

export interface CleanUpReport {
  readonly ending: 'clean' | 'timed-out' | 'refused' | 'failed';
  readonly receipt: CleanCloudMapReceipt;
  /** The receipt as text: a Fail state's CausePath wants a string. */
  readonly cause: string;
}

/** @param now ms */
export function reportCleanUp(
  data: AnnounceCleanUpInput & { readonly unannounced?: boolean },
  now: number,
): CleanUpReport {
  const receipt = cleanUpReceipt(data, now);
  const ending =
    receipt.status === 'succeeded'
      ? 'clean'
      : receipt.status === 'timed-out' || receipt.status === 'refused'
        ? receipt.status
        : 'failed';
  return { ending, receipt, cause: JSON.stringify(receipt) };
}

function cleanUpReceipt(
  data: AnnounceCleanUpInput & { readonly unannounced?: boolean },
  now: number,
): CleanCloudMapReceipt {
  const { plan, failure } = data;
  // Whatever was still open when the whole failed was not finished.
  const unfinished = data.open.map(({ outcome }) => ({
    ...outcome,
    status: 'failed' as const,
    reason: outcome.reason || 'it was not looked at',
  }));
  const outcomes = [...data.settled, ...unfinished].sort(byWeight);
  const { status, reason } = ending(data, outcomes);
  const notes = [...data.notes, ...(data.unannounced ? ['the outcome could not be announced on the event bus'] : [])];
  const wouldDo = outcomes.flatMap(intention);
  return {
    workflow: 'clean-cloud-map',
    subject: plan?.namespace ?? subjectOf(outcomes) ?? textField(data.input, 'namespace'),
    region: plan?.region ?? textField(data.input, 'region'),
    instancesRegions: plan?.instancesRegions ?? [],
    status,
    reason,
    ...defined('execution', plan?.execution ?? data.execution?.id),
    ...defined('requestedBy', plan?.requestedBy),
    dryRun: plan?.dryRun ?? false,
    ...defined('startedAt', plan?.startedAt ?? data.execution?.startTime),
    finishedAt: iso(now),
    ...defined('deadline', plan?.deadline),
    totals: totalsOf(outcomes),
    services: { count: outcomes.length, first: outcomes.slice(0, LINES) },
    byStatus: Object.fromEntries(
      WORST_FIRST.map((each) => [each, outcomes.filter((outcome) => outcome.status === each).length]).filter(
        ([, count]) => count !== 0,
      ),
    ),
    notes: cap(notes),
    ...(plan?.dryRun === true ? { wouldDo: wouldDo.slice(0, LINES) } : {}),
    ...(failure === undefined ? {} : { error: { name: failure.Error, message: messageOf(failure.Cause) } }),
  };
}

function byWeight(a: ServiceOutcome, b: ServiceOutcome): number {
  const rank = ({ status }: ServiceOutcome) => WORST_FIRST.indexOf(status);
  const told = ({ removed, gone, retained }: ServiceOutcome) => removed + gone + retained.count;
  return rank(a) - rank(b) || told(b) - told(a);
}

function ending(
  { plan, failure }: AnnounceCleanUpInput,
  outcomes: readonly ServiceOutcome[],
): { readonly status: Status; readonly reason: string } {
  if (failure !== undefined) {
    const refused = failure.Error === 'Refused' || failure.Error === 'InvalidInput';
    return { status: refused ? 'refused' : 'failed', reason: messageOf(failure.Cause) || failure.Error };
  }
  if (plan === undefined) return { status: 'failed', reason: 'there is no plan to report on' };
  const [worst] = outcomes;
  if (worst === undefined) return { status: 'succeeded', reason: 'there are no services to clean' };
  const { removed } = totalsOf(outcomes);
  if (worst.status === 'succeeded') {
    return {
      status: 'succeeded',
      reason: plan.dryRun
        ? 'looked once and touched nothing'
        : `${outcomes.length} services are clean; removed ${removed} registrations`,
    };
  }
  const alike = outcomes.filter(({ status }) => status === worst.status).length;
  const rest = alike > 1 ? ` (and ${alike - 1} more)` : '';
  const unanswered = outcomes.find((outcome) => outcome.unanswered !== undefined);
  const first = unanswered ?? worst;
  const nothing = unanswered !== undefined && removed === 0 ? 'nothing was removed from any service: ' : '';
  return { status: worst.status, reason: `${nothing}${first.service}${rest}: ${first.reason}` };
}

function totalsOf(outcomes: readonly ServiceOutcome[]): CleanCloudMapReceipt['totals'] {
  const sum = (read: (outcome: ServiceOutcome) => number) => outcomes.reduce((total, each) => total + read(each), 0);
  return {
    registrations: sum((each) => each.registrations),
    skipped: sum(({ skipped }) => skipped.noIpv4 + skipped.noInstanceId),
    alive: sum((each) => each.alive),
    terminated: sum((each) => each.terminated),
    mismatched: sum((each) => each.mismatched),
    absent: sum((each) => each.absent),
    confirmed: sum((each) => each.confirmed),
    removed: sum((each) => each.removed),
    gone: sum((each) => each.gone),
    failed: sum((each) => each.failed),
    retained: sum(({ retained }) => retained.count),
  };
}

function intention({ service, registrations, wouldRemove }: ServiceOutcome): string[] {
  if (wouldRemove === undefined) return [];
  const { count, first } = wouldRemove;
  const more = count > first.length ? ` and ${count - first.length} more` : '';
  return [
    `deregister ${count} of ${registrations} from ${service}, if they still look stale: ${first.join(', ')}${more}`,
  ];
}

function subjectOf(outcomes: readonly ServiceOutcome[]): string | undefined {
  return outcomes.length > 1 ? `${outcomes.length} services` : outcomes[0]?.service;
}

function textField(document: unknown, name: string): string {
  const value = typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
  return typeof value === 'string' ? value.slice(0, 100) : 'unknown';
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

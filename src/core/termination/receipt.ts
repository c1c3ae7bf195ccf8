/** The receipt of a delayed termination: what became of each instance. */
import { cap, type Status } from '../../contract/common.ts';
import type { DelayedTerminationReceipt, InstanceOutcome } from '../../contract/delayed-termination.ts';
import { REFUSALS } from '../../contract/errors.ts';
import type { AnnounceTerminationInput, InstanceRecord, TerminationPlan } from '../../contract/termination-data.ts';
import { describeFaults, messageOf } from '../messages.ts';
import { iso } from '../time.ts';

/** @param now ms */
export function terminationReceipt(data: AnnounceTerminationInput, now: number): DelayedTerminationReceipt {
  const { plan, progress, failure } = data;
  const { status, reason } = outcome(data);
  const records = progress?.instances ?? [];
  const count = (...statuses: readonly InstanceRecord['status'][]) =>
    records.filter((one) => statuses.includes(one.status)).length;
  return {
    workflow: 'delayed-termination',
    subject: subjectOf(progress === undefined ? rawIds(data.input) : records.map(({ id }) => id)),
    region: plan?.region ?? textOf(field(data.input, 'region')),
    status,
    reason,
    ...defined('execution', plan?.execution ?? data.execution?.id),
    ...defined('requestedBy', plan?.requestedBy),
    dryRun: plan?.dryRun ?? false,
    ...defined('startedAt', plan?.startedAt ?? data.execution?.startTime),
    finishedAt: iso(now),
    ...defined('terminateAt', plan?.terminateAt),
    ...defined('deadline', plan?.deadline),
    instances: cap(
      records
        .map((one) => instanceOutcome(one, status))
        .sort((a, b) => SEVERITY.indexOf(b.status) - SEVERITY.indexOf(a.status)),
    ),
    counts: {
      terminated: count('succeeded'),
      open: count(undefined, 'timed-out'),
      refused: count('refused'),
      failed: count('failed'),
    },
    polls: progress?.polls ?? 0,
    faults: progress?.faults ?? 0,
    notes: cap(progress?.notes ?? []),
    ...(plan?.dryRun === true && failure === undefined ? { wouldDo: wouldDo(plan, records) } : {}),
    ...(failure === undefined ? {} : { error: { name: failure.Error, message: messageOf(failure.Cause) } }),
  };
}

/** The worst last. */
const SEVERITY: readonly Status[] = ['succeeded', 'stopped', 'timed-out', 'refused', 'failed'];

function instanceOutcome(one: InstanceRecord, whole: Status): InstanceOutcome {
  const { id, alone: _, inGroup: __, requestedAt, status, ...rest } = one;
  // What a failure left open shares its fate.
  return { instanceId: id, ...rest, status: status ?? whole, ...defined('terminationRequestedAt', requestedAt) };
}

function outcome({ plan, progress, decision, failure }: AnnounceTerminationInput): { status: Status; reason: string } {
  if (failure !== undefined) {
    const status = REFUSALS.includes(failure.Error) ? 'refused' : 'failed';
    return { status, reason: messageOf(failure.Cause) || failure.Error };
  }
  if (plan === undefined || progress === undefined || decision === undefined) {
    return { status: 'failed', reason: 'there is no plan to report on' };
  }
  const total = progress.instances.length;
  if (decision.outcome === 'looked') {
    return { status: 'succeeded', reason: `looked once and touched nothing: all ${total} instances may be terminated` };
  }
  const worst = progress.instances.reduce<Status>(
    (status, one) =>
      SEVERITY.indexOf(one.status ?? 'timed-out') > SEVERITY.indexOf(status) ? (one.status ?? 'timed-out') : status,
    'succeeded',
  );
  if (worst === 'succeeded') return { status: worst, reason: `all ${total} instances are terminated` };
  const bad = progress.instances.filter((one) => one.status !== 'succeeded');
  const told = bad.slice(0, 5).map(({ id, reason }) => `${id}: ${reason ?? 'open'}`);
  const more = bad.length > told.length ? `; and ${bad.length - told.length} more` : '';
  const faults = worst === 'timed-out' ? describeFaults(progress) : '';
  const reason = `${bad.length} of ${total} instances are not terminated: ${told.join('; ')}${more}${faults}`;
  return { status: worst, reason };
}

const WOULD_DO_AT_MOST = 100;

function wouldDo(plan: TerminationPlan, records: readonly InstanceRecord[]): string[] {
  const how = plan.decrementDesiredCapacity ? 'terminate through its Auto Scaling group' : 'terminate';
  return records
    .flatMap(({ id, state }) => [
      ...(plan.drain ? [`drain ${id} from ${plan.terminateAt}`] : []),
      `${how} ${id}, which is ${state}, at ${plan.terminateAt}`,
    ])
    .slice(0, WOULD_DO_AT_MOST);
}

/** `i-0123456789abcdef0`, or `i-0123456789abcdef0 and 2 more`. */
function subjectOf(ids: readonly string[]): string {
  const [first = 'unknown', ...more] = ids;
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

function rawIds(input: unknown): string[] {
  const ids = field(input, 'instanceIds');
  return Array.isArray(ids) ? ids.map(textOf) : [];
}

function field(document: unknown, name: string): unknown {
  return typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 100) : 'unknown';
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

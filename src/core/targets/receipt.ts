/** The receipt of a target workflow: what happened, in a form that a person and a program can both rely on. */
import { cap, type Status } from '../../contract/common.ts';
import { REFUSALS } from '../../contract/errors.ts';
import type { TargetOutcome } from '../../contract/targets.ts';
import type {
  AnnounceTargetsInput,
  Registration,
  TargetsDecision,
  TargetsPlan,
  TargetsProgress,
  TargetsWorkflow,
} from '../../contract/targets-data.ts';
import { describeFaults, messageOf } from '../messages.ts';
import { iso, millis } from '../time.ts';
import { decode } from './id-set.ts';
import { isDone, isGone, toChange } from './registrations.ts';

/** @param now ms */
export function targetsReceipt(data: AnnounceTargetsInput, now: number) {
  const { plan, progress, decision, failure } = data;
  const registrations = progress?.registrations ?? [];
  const done = plan === undefined ? 0 : registrations.filter((one) => isDone(plan, one)).length;
  const groups = plan?.groups ?? [];
  return {
    workflow: plan?.workflow ?? data.workflow ?? ('await-drained' satisfies TargetsWorkflow),
    subject: subjectOf(plan?.input.targets ?? rawTargets(data.input), plan?.input ?? data.input),
    region: plan?.input.region ?? textOf(field(data.input, 'region')),
    ...outcome(data),
    ...defined('execution', plan?.execution ?? data.execution?.id),
    ...defined('requestedBy', plan?.input.requestedBy),
    dryRun: plan?.input.dryRun ?? false,
    ...defined('startedAt', plan?.startedAt ?? data.execution?.startTime),
    finishedAt: iso(now),
    ...defined('deadline', plan?.deadline),
    loadBalancers: cap(plan?.loadBalancers ?? []),
    targetGroups: { ...cap(groups.map(({ at }) => at)), count: progress?.groupsFound ?? 0 },
    // What is still open first: of a long list it is what somebody looks for.
    targets: cap(
      [...registrations]
        .sort((a, b) => Number(plan !== undefined && isDone(plan, a)) - Number(plan !== undefined && isDone(plan, b)))
        .map((one) => outcomeOf(one, plan)),
    ),
    counts: { done, open: registrations.length - done },
    ...defined('deregistrationDelaySeconds', progress?.longestDelaySeconds),
    ...defined('knownEnd', progress?.knownEnd),
    polls: progress?.polls ?? 0,
    faults: progress?.faults ?? 0,
    notes: cap(progress?.notes ?? []),
    ...(plan?.input.dryRun === true && progress !== undefined ? { wouldDo: wouldDo(plan, progress) } : {}),
    ...(failure === undefined
      ? errorOf(decision)
      : { error: { name: failure.Error, message: messageOf(failure.Cause) } }),
  };
}

export type TargetsReceipt = ReturnType<typeof targetsReceipt>;

function outcomeOf(registration: Registration, plan: TargetsPlan | undefined): TargetOutcome {
  const { group, activeAt: _, hopelessAt: __, ...rest } = registration;
  const place = plan?.groups?.[group];
  if (place === undefined) return rest;
  return { ...(place.type === 'classic' ? { loadBalancer: place.at } : { targetGroupArn: place.at }), ...rest };
}

const ERRORS: Readonly<Partial<Record<NonNullable<TargetsDecision['outcome']>, string>>> = {
  undone: 'UndoneByOthers',
  hopeless: 'NeverHealthy',
};

function errorOf(decision: TargetsDecision | undefined): { error?: { name: string; message: string } } {
  const name = decision?.outcome === undefined ? undefined : ERRORS[decision.outcome];
  return name === undefined ? {} : { error: { name, message: decision?.reason ?? '' } };
}

function outcome({ plan, progress, decision, failure }: AnnounceTargetsInput): { status: Status; reason: string } {
  if (failure !== undefined) {
    const status = REFUSALS.includes(failure.Error) ? 'refused' : 'failed';
    return { status, reason: messageOf(failure.Cause) || failure.Error };
  }
  if (plan === undefined || progress === undefined || decision === undefined) {
    return { status: 'failed', reason: 'there is no plan to report on' };
  }
  switch (decision.outcome) {
    case 'done':
      return { status: 'succeeded', reason: doneReason(plan, progress) };
    case 'looked':
      return { status: 'succeeded', reason: `looked once and touched nothing: ${describeOpen(plan, progress)}` };
    case 'expired':
      return { status: 'timed-out', reason: expiredReason(plan, progress, decision) };
    default:
      return { status: 'failed', reason: decision.reason };
  }
}

function doneReason(plan: TargetsPlan, progress: TargetsProgress): string {
  const { registrations, groupsFound, watch } = progress;
  const count = registrations.length;
  const places = `${groupsFound} target group${groupsFound === 1 ? '' : 's'}`;
  if (watch !== undefined) return `nothing is draining any more in ${places}`;
  if (plan.workflow === 'register-targets') return `all ${count} registrations are healthy`;
  if (count === 0) return `no such target is registered in any of ${places}`;
  if (registrations.every(isGone)) return `all ${count} registrations are drained`;
  return `all ${count} registrations are draining or gone: new requests have stopped`;
}

const DEADLINE_WORDS: Readonly<Record<TargetsPlan['deadlineBy'], string>> = {
  timeoutSeconds: 'its timeoutSeconds',
  deadline: 'its deadline',
  default: 'the default timeout (SLUICE_TARGETS_TIMEOUT_SECONDS)',
};

function expiredReason(plan: TargetsPlan, progress: TargetsProgress, decision: TargetsDecision): string {
  if (plan.groups === undefined || progress.polls === 0) return decision.reason;
  const { longestDelaySeconds: delay, registrations } = progress;
  const draining = registrations.filter(({ state }) => state === 'draining');
  const beganAt = Math.max(...draining.map((one) => millis(one.deregisteredAt ?? one.drainingAt ?? plan.startedAt)));
  const enough =
    delay !== undefined && draining.length > 0
      ? `; the deregistration delay is ${delay} s, so ${Math.ceil((beganAt - millis(plan.startedAt)) / 1000) + delay} s would have been enough`
      : '';
  return `${DEADLINE_WORDS[plan.deadlineBy]} came first: ${describeOpen(plan, progress)}${enough}${describeFaults(progress)}`;
}

/** What is still open, by its states: `2 of 3 registrations: 1 draining, 1 healthy`. */
export function describeOpen(plan: TargetsPlan, { registrations, watch }: TargetsProgress): string {
  if (watch !== undefined) return describeWatch(watch);
  const open = registrations.filter((one) => !isDone(plan, one));
  if (open.length === 0) return `${registrations.length} registrations, none of them open`;
  const states = new Map<string, number>();
  for (const { state } of open) states.set(state, (states.get(state) ?? 0) + 1);
  const words = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
  return `${open.length} of ${registrations.length} registrations are open: ${words}`;
}

function describeWatch({ observed }: NonNullable<TargetsProgress['watch']>): string {
  const count = (active: boolean) =>
    (observed?.open ?? []).reduce(
      (sum, cohort) => sum + ((cohort.active === true) === active ? decode(cohort.ids).length : 0),
      0,
    );
  return `${count(false)} targets are draining, ${count(true)} in service`;
}

const WOULD_DO_AT_MOST = 100;

function wouldDo(plan: TargetsPlan, { registrations }: TargetsProgress): string[] {
  const verb = plan.workflow === 'register-targets' ? 'register' : 'deregister';
  const changes = toChange(plan, registrations);
  const name = ({ id, port, group }: Registration) =>
    `${port === 0 ? id : `${id}:${port}`} ${verb === 'register' ? 'in' : 'from'} ${plan.groups?.[group]?.at}`;
  const waits = registrations.filter((one) => !isDone(plan, one));
  return [
    ...changes.map((one) => `${verb} ${name(one)}`),
    ...(waits.length > 0 || changes.length > 0
      ? [
          `wait until ${Math.max(waits.length, changes.length)} registrations are ${plan.workflow === 'register-targets' ? 'healthy' : (plan.input.until ?? 'drained')}`,
        ]
      : []),
  ].slice(0, WOULD_DO_AT_MOST);
}

/** `i-0123456789abcdef0`, or `i-0123456789abcdef0 and 2 more`; the place where no target is named. */
function subjectOf(targets: readonly { readonly id: string }[], input: unknown): string {
  const [first, ...more] = targets;
  if (first === undefined) return placeOf(input) ?? 'unknown';
  return more.length === 0 ? first.id : `${first.id} and ${more.length} more`;
}

function placeOf(input: unknown): string | undefined {
  const groups = field(input, 'targetGroups');
  const names = ['namespace', 'ingress', 'service', 'loadBalancer'].map((name) => field(input, name));
  const said = [...names, Array.isArray(groups) ? groups[0] : undefined].filter((word) => typeof word === 'string');
  return said.length === 0 ? undefined : said.join('/');
}

function rawTargets(input: unknown): { id: string }[] {
  const targets = field(input, 'targets');
  return Array.isArray(targets) ? targets.map((target) => ({ id: textOf(field(target, 'id')) })) : [];
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

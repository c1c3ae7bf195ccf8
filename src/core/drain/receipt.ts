/** The receipt of a drain: what happened, in a form that a person and a program can both rely on. */
import { cap, type Status } from '../../contract/common.ts';
import type { AnnounceDrainInput, DrainPlan, DrainProgress } from '../../contract/drain-data.ts';
import type { DrainInstanceReceipt } from '../../contract/drain-instance.ts';
import { describeFaults, messageOf } from '../messages.ts';
import { iso } from '../time.ts';
import { describeRest, isExpiring } from './progress.ts';
import { isOpen, toDeregister } from './targets.ts';

/** @param now ms */
export function drainReceipt(data: AnnounceDrainInput, now: number): DrainInstanceReceipt {
  const { plan, progress, failure } = data;
  const { status, reason } = outcome(data);
  const input = plan?.input;
  const lifecycle = input?.lifecycle;
  const found = progress?.tasksFound ?? { service: 0, standalone: 0, daemon: 0 };
  return {
    workflow: 'drain-instance',
    subject: input?.instanceId ?? textField(data.input, 'instanceId'),
    region: input?.region ?? textField(data.input, 'region'),
    status,
    reason,
    ...defined('execution', plan?.execution ?? data.execution?.id),
    ...defined('requestedBy', input?.requestedBy),
    dryRun: plan?.kind === 'look',
    ...defined('startedAt', plan?.startedAt ?? data.execution?.startTime),
    finishedAt: iso(now),
    ...defined('deadline', plan?.deadline),
    ...defined('cluster', plan?.location?.cluster),
    ...defined('containerInstance', plan?.location?.containerInstanceArn),
    ...defined('drainingSetAt', progress?.drainingSetAt),
    tasks: {
      found,
      alive: progress?.tasksAlive ?? found,
      stoppedByUs: progress?.tasksStoppedByUs ?? 0,
      ...defined('lastStoppedAt', progress?.lastTaskStoppedAt),
    },
    targets: cap((progress?.targets ?? []).map((target) => targetOutcome(target, plan))),
    lifecycle: {
      outcome: progress === undefined ? 'none' : progress.lifecycle === 'open' ? 'left' : progress.lifecycle,
      ...defined('hook', lifecycle?.lifecycleHookName),
      ...defined('autoScalingGroup', lifecycle?.autoScalingGroupName),
      ...defined('destination', lifecycle?.destination),
      ...defined('completedAt', progress?.lifecycleCompletedAt),
      heartbeats: progress?.heartbeats ?? 0,
    },
    survives: lifecycle === undefined ? false : lifecycle.destination !== 'EC2' || plan?.kind === 'restore',
    polls: progress?.polls ?? 0,
    faults: progress?.faults ?? 0,
    notes: cap(progress?.notes ?? []),
    ...(plan?.kind === 'look' && progress !== undefined ? { wouldDo: wouldDo(plan, progress) } : {}),
    ...(failure === undefined ? {} : { error: { name: failure.Error, message: messageOf(failure.Cause) } }),
  };
}

function targetOutcome(target: DrainProgress['targets'][number], plan: DrainPlan | undefined) {
  const { group, activeAt: _, ...rest } = target;
  return { targetGroupArn: plan?.location?.targetGroups[group]?.arn ?? '', ...rest };
}

function outcome(data: AnnounceDrainInput): { status: Status; reason: string } {
  const { plan, progress, decision, failure } = data;
  if (failure !== undefined) {
    const refused = failure.Error === 'Refused' || failure.Error === 'InvalidInput';
    return { status: refused ? 'refused' : 'failed', reason: messageOf(failure.Cause) || failure.Error };
  }
  if (plan === undefined || progress === undefined)
    return { status: 'failed', reason: 'there is no plan to report on' };
  if (plan.kind === 'look')
    return { status: 'succeeded', reason: `looked once and touched nothing: ${describeRest(progress)}` };
  if (isExpiring(decision)) return { status: 'timed-out', reason: expired(plan, progress) };
  if (plan.kind === 'restore') return { status: 'succeeded', reason: restored(plan, progress) };
  return { status: 'succeeded', reason: drained(plan, progress) };
}

function restored(plan: DrainPlan, progress: DrainProgress): string {
  return progress.drainingSetAt === undefined && plan.location?.containerInstanceArn === undefined
    ? 'the instance is back in service and in no ECS cluster'
    : 'the instance is back in service and its container instance is ACTIVE';
}

const DEADLINE_WORDS: Readonly<Record<DrainPlan['deadlineBy'], string>> = {
  timeoutSeconds: 'its timeoutSeconds',
  deadline: 'its deadline',
  default: 'the default timeout (SLUICE_DRAIN_TIMEOUT_SECONDS)',
  hook: "the hook's global timeout",
  spot: 'the spot interruption',
};

function expired(plan: DrainPlan, progress: DrainProgress): string {
  const faults = describeFaults(progress);
  if (plan.kind === 'restore' || progress.observedAt === undefined) {
    return `${DEADLINE_WORDS[plan.deadlineBy]} came first: AWS did not answer, so that nothing is known of what is left${faults}`;
  }
  return `${DEADLINE_WORDS[plan.deadlineBy]} came first: ${describeRest(progress)}${faults}`;
}

function drained(plan: DrainPlan, progress: DrainProgress): string {
  const { service, standalone, daemon } = progress.tasksFound;
  const tasks = service + standalone + daemon;
  const parts = [
    plan.location?.containerInstanceArn === undefined
      ? 'the instance is in no ECS cluster'
      : `all ${tasks} tasks have stopped`,
    progress.targets.length === 0 ? 'no target was registered' : `all ${progress.targets.length} targets are drained`,
    ...(progress.lifecycle === 'gone' ? ['the lifecycle action was no longer there when it was to be completed'] : []),
  ];
  return parts.join('; ');
}

function wouldDo(plan: DrainPlan, progress: DrainProgress): string[] {
  const { location, input } = plan;
  const { standalone, daemon } = progress.tasksAlive;
  const deregister = toDeregister(progress.targets);
  const awaited = progress.targets.filter((target) => isOpen(target) && !deregister.includes(target));
  return [
    ...deregister.map(
      (target) => `deregister ${target.id}:${target.port} from ${location?.targetGroups[target.group]?.arn}`,
    ),
    ...awaited.map(
      (target) => `wait for ${target.id}:${target.port} to drain in ${location?.targetGroups[target.group]?.arn}`,
    ),
    ...(location?.containerInstanceArn === undefined || location.containerInstanceStatus === 'DRAINING'
      ? []
      : [`set ${location.containerInstanceArn} to DRAINING`]),
    ...(standalone > 0
      ? [
          `${input.standaloneTasks === 'wait' ? 'wait for' : 'stop'} ${standalone} standalone tasks (${input.standaloneTasks})`,
        ]
      : []),
    ...(daemon > 0 ? [`stop ${daemon} daemon tasks, last`] : []),
    ...(input.lifecycle === undefined ? [] : [`complete ${input.lifecycle.lifecycleHookName} with CONTINUE`]),
  ];
}

function textField(document: unknown, name: string): string {
  const value = typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined;
  return typeof value === 'string' ? value.slice(0, 100) : 'unknown';
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

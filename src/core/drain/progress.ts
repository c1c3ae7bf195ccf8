/**
 * What one observation of a drain means, and what comes next. Pure: the facts, the plan and the time go in.
 *
 * The order of the questions is the law of the drain: nothing is stopped while something more important is alive, the
 * end is the observation of an end, and the deadline comes before every further change.
 */
import type { DrainDecision, DrainPlan, DrainProgress, TaskCounts } from '../../contract/drain-data.ts';
import { UndoneByOthers } from '../../contract/errors.ts';
import { spotDeadline, standaloneStopAt } from '../deadline.ts';
import { nextLook, SPOT_INTERVAL_SECONDS } from '../pace.ts';
import { classifyTask, isAlive, type TaskFacts, type TaskKind } from '../tasks.ts';
import { iso, millis, SECOND } from '../time.ts';
import {
  type HealthByGroup,
  isOpen,
  registeredAgain,
  targetsKnownEnd,
  toDeregister,
  updateTargets,
} from './targets.ts';

export interface DrainFacts {
  /** When the reading began, ms: what is true may have changed since, but not before. */
  readonly at: number;
  /** All tasks on the container instance, stopped ones too; empty without one. */
  readonly tasks: readonly TaskFacts[];
  /** Tasks that were listed but not described: nothing is known of them, so they count as alive. */
  readonly tasksUnknown: number;
  readonly health: HealthByGroup;
  /** When EC2 takes the spot instance away, ms. */
  readonly interruptionAt?: number | undefined;
  readonly notes?: readonly string[];
}

const CLOCKS_DIFFER_SECONDS = 5;

/** Tasks that one StopTask round takes on. */
export const STOP_AT_A_TIME = 100;
/** An observation older than this is no ground for a step that cannot be undone. */
export const FRESH_FOR_SECONDS = 60;

export function isFresh(progress: DrainProgress, now: number): boolean {
  // Of what is from the future nobody knows how old it is: the clock was set back.
  return progress.observedAt !== undefined && Math.abs(now - millis(progress.observedAt)) <= FRESH_FOR_SECONDS * SECOND;
}

/**
 * @returns the progress with this observation in it, and the decision.
 * @throws UndoneByOthers when a target that was deregistered stands registered again.
 */
export function decideDrainProgress(
  facts: DrainFacts,
  plan: DrainPlan,
  before: DrainProgress,
  now: number,
  random: number,
): { plan: DrainPlan; progress: DrainProgress; decision: DrainDecision } {
  const current = facts.interruptionAt === undefined ? plan : withInterruption(plan, facts.interruptionAt);
  const progress = observe(facts, current, before);
  const again = registeredAgain(progress.targets, now);
  if (again.length > 0) {
    const names = again.map((target) => `${target.id}:${target.port}`).join(', ');
    throw new UndoneByOthers(
      `${names} was registered again after it had been deregistered; find what registers it, then drain again`,
    );
  }
  return { plan: current, progress, decision: decide(facts, current, progress, now, random) };
}

function withInterruption(plan: DrainPlan, interruptionAt: number): DrainPlan {
  const { at, by } = spotDeadline(interruptionAt);
  return at < millis(plan.deadline) ? { ...plan, deadline: iso(at), deadlineBy: by } : plan;
}

function observe(facts: DrainFacts, plan: DrainPlan, before: DrainProgress): DrainProgress {
  const { location } = plan;
  const arn = location?.containerInstanceArn;
  const kinds = new Map<string, TaskKind>(
    facts.tasks.map((task) => [task.taskArn, arn === undefined ? 'standalone' : classifyTask(task, arn)]),
  );
  const alive = facts.tasks.filter(isAlive);
  const targets = location === undefined ? [] : updateTargets(before.targets, location, facts.health, facts.at);
  const counts = count(alive, kinds);
  const stoppedAt = Math.max(...facts.tasks.flatMap((task) => task.stoppedAt ?? []), lastStopped(before));
  return {
    ...before,
    observedAt: iso(facts.at),
    polls: before.polls + 1,
    targets,
    tasksFound: {
      service: Math.max(before.tasksFound.service, counts.service),
      standalone: Math.max(before.tasksFound.standalone, counts.standalone),
      daemon: Math.max(before.tasksFound.daemon, counts.daemon),
    },
    tasksAlive: counts,
    tasksByStatus: alive.reduce<Record<string, number>>((statuses, task) => {
      statuses[task.lastStatus] = (statuses[task.lastStatus] ?? 0) + 1;
      return statuses;
    }, {}),
    tasksUnknown: facts.tasksUnknown,
    drained: alive.length === 0 && facts.tasksUnknown === 0 && !targets.some(isOpen),
    notes: [...new Set([...before.notes, ...(facts.notes ?? [])])],
    ...(stoppedAt >= millis(plan.startedAt) ? { lastTaskStoppedAt: iso(stoppedAt) } : {}),
  };
}

function lastStopped(progress: DrainProgress): number {
  return progress.lastTaskStoppedAt === undefined ? 0 : millis(progress.lastTaskStoppedAt);
}

function count(tasks: readonly TaskFacts[], kinds: ReadonlyMap<string, TaskKind>): TaskCounts {
  const counts = { service: 0, standalone: 0, daemon: 0 };
  for (const task of tasks) counts[kinds.get(task.taskArn) ?? 'standalone'] += 1;
  return counts;
}

function decide(
  facts: DrainFacts,
  plan: DrainPlan,
  progress: DrainProgress,
  now: number,
  random: number,
): DrainDecision {
  const going = (next: DrainDecision['next'], reason: string, taskArns: string[] = []): DrainDecision => ({
    next,
    reason,
    taskArns,
    heartbeat: isHeartbeatDue(plan, progress, now),
    waitUntil: iso(nextObservation(plan, progress, now, random)),
    resume: 'observe',
  });
  const arn = plan.location?.containerInstanceArn;
  const stoppable = (kind: TaskKind): string[] =>
    arn === undefined
      ? []
      : facts.tasks
          .filter((task) => isAlive(task) && task.desiredStatus !== 'STOPPED' && classifyTask(task, arn) === kind)
          .map((task) => task.taskArn)
          .slice(0, STOP_AT_A_TIME);

  if (plan.kind === 'look') return going('announce', 'a dry run looks once');
  if (progress.drained) return going('complete', 'no task is left and no target is draining');
  if (now >= millis(plan.deadline)) return going('expire', 'the deadline has come');
  if (toDeregister(progress.targets).length > 0) return going('deregister', 'a target still stands registered');
  const standalone = stoppable('standalone');
  if (standalone.length > 0 && isTimeToStopStandalone(plan, now)) {
    return going('stop-standalone-tasks', 'standalone tasks are stopped now', standalone);
  }
  const { service, standalone: left } = progress.tasksAlive;
  const daemons = stoppable('daemon');
  const onlyDaemonsLeft = service + left + progress.tasksUnknown === 0 && !progress.targets.some(isOpen);
  if (onlyDaemonsLeft && daemons.length > 0) {
    return going('stop-daemon-tasks', 'only daemon tasks are left', daemons);
  }
  return going('wait', describeRest(progress));
}

/** The deadline has come, and its policy is being carried out, also after a fault on the way. */
export function isExpiring(decision: Pick<DrainDecision, 'next' | 'resume'> | undefined): boolean {
  return decision?.next === 'expire' || decision?.resume === 'expire';
}

/** @returns what is still there: `7 tasks alive (5 DEACTIVATING, 2 RUNNING), 1 target draining` */
export function describeRest(progress: DrainProgress): string {
  const statuses = Object.entries(progress.tasksByStatus).map(([status, number]) => `${number} ${status}`);
  const tasks = progress.tasksAlive.service + progress.tasksAlive.standalone + progress.tasksAlive.daemon;
  const open = progress.targets.filter(isOpen).length;
  const parts = [
    ...(tasks > 0 ? [`${tasks} ${tasks === 1 ? 'task' : 'tasks'} alive (${statuses.join(', ')})`] : []),
    ...(progress.tasksUnknown > 0 ? [`${progress.tasksUnknown} tasks of which nothing is known`] : []),
    ...(open > 0 ? [`${open} ${open === 1 ? 'target' : 'targets'} not drained`] : []),
  ];
  return parts.length === 0 ? 'nothing is left' : parts.join(', ');
}

function isTimeToStopStandalone(plan: DrainPlan, now: number): boolean {
  if (plan.input.standaloneTasks === 'wait') return false;
  return (
    plan.input.standaloneTasks === 'stop' || now >= standaloneStopAt(millis(plan.startedAt), millis(plan.deadline))
  );
}

/** When half of the heartbeat timeout has passed since the last one; never when there is nothing to keep alive. */
export function heartbeatDueAt(plan: DrainPlan, progress: DrainProgress): number | undefined {
  const timeout = plan.hook?.heartbeatTimeoutSeconds;
  if (plan.kind === 'look' || progress.lifecycle !== 'open' || timeout === undefined) return undefined;
  return millis(progress.heartbeatAt ?? plan.startedAt) + (timeout / 2) * SECOND;
}

export function isHeartbeatDue(plan: DrainPlan, progress: DrainProgress, now: number): boolean {
  const due = heartbeatDueAt(plan, progress);
  if (due === undefined) return false;
  // One from the future was sent before the clock was set back, and nobody knows how long ago. Clocks differ a little.
  const setBack = millis(progress.heartbeatAt ?? plan.startedAt) > now + CLOCKS_DIFFER_SECONDS * SECOND;
  // A global timeout that has passed takes no heartbeat any more.
  return (now >= due || setBack) && now < millis(plan.deadline);
}

/** @returns ms */
export function nextObservation(plan: DrainPlan, progress: DrainProgress, now: number, random: number): number {
  const startedAt = millis(plan.startedAt);
  const deadline = millis(plan.deadline);
  const { location } = plan;
  const knownEnd = location === undefined ? undefined : targetsKnownEnd(progress.targets, location);
  const due = heartbeatDueAt(plan, progress);
  const timeout = plan.hook?.heartbeatTimeoutSeconds ?? 0;
  // A heartbeat that is due now is sent before the wait, so the next one counts from now.
  const nextHeartbeat = due === undefined ? [] : [due > now ? due : now + (timeout / 2) * SECOND];
  const stopAt = plan.input.standaloneTasks === 'stop-at-deadline' && progress.tasksAlive.standalone > 0;
  return nextLook({
    startedAt,
    now,
    ...(knownEnd === undefined ? {} : { knownEnd }),
    minIntervalSeconds: plan.minPollIntervalSeconds,
    maxIntervalSeconds:
      location?.spot === true
        ? Math.min(plan.maxPollIntervalSeconds, SPOT_INTERVAL_SECONDS)
        : plan.maxPollIntervalSeconds,
    landmarks: [deadline, ...nextHeartbeat, ...(stopAt ? [standaloneStopAt(startedAt, deadline)] : [])],
    random,
  });
}

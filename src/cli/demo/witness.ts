/** What the region's own records say of one instance's way out of service, whoever drained it. */
import type { LifecycleAction } from '../../simulated-region/auto-scaling.ts';
import type { LastStatus, TaskTimeline } from '../../simulated-region/ecs.ts';
import type { Scene } from '../scene.ts';

export interface Testimony {
  readonly instanceId: string;
  /** When Auto Scaling announced the termination, ms. */
  readonly announcedAt: number;
  /** The lifecycle action as it ended; undefined where it has not. */
  readonly action: LifecycleAction | undefined;
  /** Calls that completed it, and were accepted. */
  readonly completions: number;
  /** At the moment at which it ended: */
  readonly tasksAlive: readonly LastStatus[];
  readonly targetsRegistered: number;
  /** Of all time: */
  readonly daemonTasksLast: boolean;
  readonly tasks: number;
  readonly requestsSent: number;
  readonly requestsDropped: number;
  readonly calls: number;
  readonly callsByOperation: Readonly<Record<string, number>>;
}

export interface InstanceView {
  /** Of every task on the instance. */
  readonly statuses: readonly LastStatus[];
  /** Of every registration of the instance. */
  readonly targets: readonly string[];
}

export class Witness {
  readonly #scene: Scene;
  readonly #instanceId: string;
  readonly #announcedAt = Date.now();
  readonly #before: { readonly sent: number; readonly dropped: number };
  readonly #callsBefore: Readonly<Record<string, number>>;
  #atEnd: { readonly action: LifecycleAction; readonly view: InstanceView } | undefined;

  /** Made just before the instance is scaled in. */
  constructor(scene: Scene, instanceId: string) {
    this.#scene = scene;
    this.#instanceId = instanceId;
    this.#before = scene.region.traffic.stats();
    this.#callsBefore = scene.region.calls.counts();
    scene.region.autoScaling.onLifecycleActionCompleted((action) => {
      if (action.instanceId === instanceId) this.#atEnd = { action: { ...action }, view: this.look() };
    });
  }

  get hasEnded(): boolean {
    return this.#atEnd !== undefined;
  }

  look(): InstanceView {
    const { region, webTargetGroup, legacyTargetGroup } = this.#scene;
    return {
      statuses: region.ecs.tasksOn(this.#instanceId).map(({ lastStatus }) => lastStatus),
      targets: [webTargetGroup, legacyTargetGroup].flatMap((arn) =>
        region.elbv2.registrations(arn, this.#instanceId).map(({ state }) => state),
      ),
    };
  }

  testify(): Testimony {
    const { region } = this.#scene;
    const tasks = region.ecs.tasksOn(this.#instanceId);
    const containerInstance = region.ecs.containerInstanceOf(this.#instanceId);
    const traffic = region.traffic.stats();
    const callsByOperation = difference(region.calls.counts(), this.#callsBefore);
    return {
      instanceId: this.#instanceId,
      announcedAt: this.#announcedAt,
      action: this.#atEnd?.action,
      completions: region.autoScaling.completionAttempts.filter(
        ({ instanceId, accepted }) => accepted && instanceId === this.#instanceId,
      ).length,
      tasksAlive: (this.#atEnd?.view.statuses ?? []).filter((status) => status !== 'STOPPED'),
      targetsRegistered: this.#atEnd?.view.targets.length ?? 0,
      daemonTasksLast: daemonTasksLast(tasks, containerInstance),
      tasks: tasks.length,
      requestsSent: traffic.sent - this.#before.sent,
      requestsDropped: traffic.dropped - this.#before.dropped,
      calls: Object.values(callsByOperation).reduce((sum, count) => sum + count, 0),
      callsByOperation,
    };
  }
}

/** No daemon task began to stop before the last of the others had stopped. */
function daemonTasksLast(tasks: readonly TaskTimeline[], containerInstance: string | undefined): boolean {
  const id = containerInstance?.slice(containerInstance.lastIndexOf('/') + 1);
  const daemons = tasks.filter(({ startedBy }) => startedBy === id);
  const others = tasks.filter((task) => !daemons.includes(task));
  const stopped = others.map((task) => enteredAt(task, 'STOPPED') ?? Number.POSITIVE_INFINITY);
  const began = daemons.map((task) => enteredAt(task, 'DEACTIVATING', 'STOPPING', 'STOPPED') ?? 0);
  return daemons.length > 0 && Math.max(...stopped) <= Math.min(...began);
}

function enteredAt(task: TaskTimeline, ...statuses: readonly LastStatus[]): number | undefined {
  return task.history.find(([, status]) => statuses.includes(status))?.[0];
}

function difference(
  after: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  const counts = Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

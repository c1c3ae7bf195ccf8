/** The earliest at which a number of drains can be over, whoever drains. */
import { BUCKETS } from '../../src/aws/pacing/buckets.ts';
import type { Fleet } from './fleet.ts';
import type { Way } from './sluice.ts';

export interface LeastOptions {
  readonly drains: number;
  readonly tasksEach: number;
}

/**
 * Calls that no drain can do without, summed for each of AWS's buckets: one locate, one RUNNING list, one STOPPED list and a
 * description of every hundred tasks from ECS's reads; one UpdateContainerInstancesState from its writes. Auto Scaling
 * publishes no bucket for the completion.
 * @returns seconds, and the arithmetic in words
 */
export function leastByBuckets({ drains, tasksEach }: LeastOptions): {
  readonly seconds: number;
  readonly text: string;
} {
  const reads = BUCKETS['ecs-resource-reads'];
  const writes = BUCKETS['ecs-resource-writes'];
  const readsEach = 3 + Math.ceil(tasksEach / 100);
  const byReads = Math.max(0, drains * readsEach - reads.burst) / reads.perSecond;
  const byWrites = Math.max(0, drains - writes.burst) / writes.perSecond;
  return {
    seconds: Math.max(byReads, byWrites),
    text:
      `ECS reads (${drains} × ${readsEach} − ${reads.burst}) / ${reads.perSecond} = ${byReads.toFixed(0)} s, ` +
      `ECS writes (${drains} − ${writes.burst}) / ${writes.perSecond} = ${byWrites.toFixed(0)} s`,
  };
}

const TERMINATION = 'EC2 Instance-terminate Lifecycle Action';
const LOOK_MS = 1_000;

/**
 * Drains as nobody can: without a call, and knowing everything. Instances are DRAINING and out of their target groups in
 * the moment of the announcement, daemon tasks are stopped in the second in which nothing else is left, and so it shows
 * when the drains are truly over. It completes nothing.
 */
export class AllKnowing implements Way {
  readonly published = 0;
  /** Drains that are over. */
  over = 0;
  #announcedAt = Number.POSITIVE_INFINITY;
  #overAt = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor({ region, targetGroups, handTargetGroups }: Fleet) {
    const open = new Set<string>();
    const { ecs, elbv2 } = region;
    const groups = [...targetGroups, ...handTargetGroups];
    region.outbox.onEvent((event) => {
      if (event['detail-type'] !== TERMINATION) return;
      const detail = event.detail;
      if (typeof detail !== 'object' || detail === null || !('EC2InstanceId' in detail)) return;
      const instanceId = String(detail.EC2InstanceId);
      this.#announcedAt = Math.min(this.#announcedAt, Date.now());
      ecs.setStatus(instanceId, 'DRAINING');
      for (const arn of handTargetGroups) {
        const standing = elbv2.registrations(arn, instanceId);
        if (standing.length > 0)
          elbv2.deregister(
            arn,
            standing.map(({ port }) => ({ id: instanceId, port })),
          );
      }
      open.add(instanceId);
    });
    this.#timer = setInterval(() => {
      for (const instanceId of open) {
        const alive = ecs.tasksOn(instanceId).filter(({ lastStatus }) => lastStatus !== 'STOPPED');
        const id = ecs.containerInstanceOf(instanceId)?.split('/').at(-1);
        if (alive.some(({ startedBy }) => startedBy !== id)) continue;
        if (groups.some((arn) => elbv2.registrations(arn, instanceId).length > 0)) continue;
        for (const { taskArn, desiredStatus } of alive) if (desiredStatus !== 'STOPPED') ecs.stopTask(taskArn);
        if (alive.length > 0) continue;
        open.delete(instanceId);
        this.over += 1;
        this.#overAt = Date.now();
      }
    }, LOOK_MS);
  }

  /** From the first announcement to the last end, seconds. */
  get seconds(): number {
    return (this.#overAt - this.#announcedAt) / 1000;
  }

  check(): void {}

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }
}

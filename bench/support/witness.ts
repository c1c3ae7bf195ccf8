/** What the region's own records say of instances' ways out of service, whoever drained them. */
import type { LifecycleAction } from '../../src/simulated-region/auto-scaling.ts';
import type { Fleet } from './fleet.ts';

export interface Departure {
  readonly instanceId: string;
  readonly announcedAt: number;
  /** As the lifecycle action ended; absent where it has not. */
  readonly action?: LifecycleAction;
  /** At that moment: tasks in a state before STOPPED, and registrations that stood or drained. */
  readonly alive: number;
  readonly registered: number;
}

export interface Verdict {
  readonly drained: number;
  /** Completed while a task lived or a target stood. */
  readonly early: number;
  /** Not completed by whoever drains, or not to continue. */
  readonly lost: number;
  /** Of these, those whose lifecycle action expired. */
  readonly expired: number;
  /** Of those that did not end early, from the last STOPPED task and the last target gone to the completion, seconds. */
  readonly lags: readonly number[];
  /** The same as a share of the time from the announcement to that true end. */
  readonly lagShares: readonly number[];
  /** From the first announcement, seconds. */
  readonly lastTrueEnd: number;
  readonly lastEnd: number;
}

export class Witness {
  readonly #fleet: Fleet;
  readonly #departures = new Map<string, Departure>();
  #ended = 0;

  /** Made before anything is scaled in. */
  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    const mine = new Set(fleet.leavers.map(({ instanceId }) => instanceId));
    const groups = [...fleet.targetGroups, ...fleet.handTargetGroups];
    const { ecs, elbv2, autoScaling } = fleet.region;
    autoScaling.onLifecycleActionCompleted((action) => {
      const { instanceId } = action;
      if (!mine.has(instanceId)) return;
      const alive = ecs.tasksOn(instanceId).filter(({ lastStatus }) => lastStatus !== 'STOPPED').length;
      const registered = groups.flatMap((arn) => elbv2.registrations(arn, instanceId)).length;
      const announcedAt = action.startedAt;
      this.#departures.set(instanceId, { instanceId, announcedAt, action: { ...action }, alive, registered });
      this.#ended += 1;
    });
  }

  get ended(): number {
    return this.#ended;
  }

  testify(): Verdict {
    const gone = this.#lastGone();
    const all = [...this.#departures.values()];
    const lags: number[] = [];
    const lagShares: number[] = [];
    const first = Math.min(...all.map(({ announcedAt }) => announcedAt));
    let lastTrueEnd = first;
    let lastEnd = first;
    for (const { instanceId, announcedAt, action, alive, registered } of all) {
      const completedAt = action?.completedAt ?? announcedAt;
      lastEnd = Math.max(lastEnd, completedAt);
      if (alive + registered > 0) continue;
      const stopped = this.#fleet.region.ecs
        .tasksOn(instanceId)
        .flatMap(({ history }) => history.filter(([, status]) => status === 'STOPPED').map(([at]) => at));
      const trueEnd = Math.max(announcedAt, ...stopped, gone.get(instanceId) ?? 0);
      lastTrueEnd = Math.max(lastTrueEnd, trueEnd);
      lags.push((completedAt - trueEnd) / 1000);
      lagShares.push((completedAt - trueEnd) / Math.max(1000, trueEnd - announcedAt));
    }
    const expected = this.#fleet.leavers.length;
    const finished = all.filter(({ action }) => action?.by === 'caller' && action.result === 'CONTINUE');
    return {
      drained: finished.filter(({ alive, registered }) => alive + registered === 0).length,
      early: all.filter(({ alive, registered }) => alive + registered > 0).length,
      lost: expected - finished.length,
      expired: all.filter(({ action }) => action?.by === 'expiry').length,
      lags,
      lagShares,
      lastTrueEnd: (lastTrueEnd - first) / 1000,
      lastEnd: (lastEnd - first) / 1000,
    };
  }

  #lastGone(): Map<string, number> {
    const last = new Map<string, number>();
    for (const arn of [...this.#fleet.targetGroups, ...this.#fleet.handTargetGroups]) {
      for (const { id, goneAt } of this.#fleet.region.elbv2.timelines(arn)) {
        if (goneAt !== undefined) last.set(id, Math.max(last.get(id) ?? 0, goneAt));
      }
    }
    return last;
  }
}

export function largest(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

/** @param share 0.5 for the median */
export function quantile(numbers: readonly number[], share: number): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

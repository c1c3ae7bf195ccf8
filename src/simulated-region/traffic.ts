import { type Drop, Load, type RequestClass } from './traffic/load.ts';
import type { BackendDirectory, InstanceFacts, TargetAddress, World } from './world.ts';

export type { Drop, RequestClass } from './traffic/load.ts';

export interface TrafficPlan {
  readonly targetGroupArn: string;
  readonly requestsPerSecond: number;
  /** How long a request is in flight: one figure for all, or a mix whose shares add up to 1. */
  readonly requestSeconds: number | readonly RequestClass[];
}

export interface RunningTraffic {
  /** Sends nothing new from now on; what is in flight goes on, and can still be dropped. */
  stop(): void;
}

/** Whole requests: a request that was dropped in part counts as one, so `dropped` is 0 only if none was. */
export interface TrafficStats {
  readonly sent: number;
  readonly answered: number;
  readonly inFlight: number;
  readonly dropped: number;
  readonly droppedBy: readonly Drop[];
}

/** What a sum of differences of doubles may be off by, in requests. */
const ROUNDING = 1e-6;

/**
 * Requests that go through target groups to backends, and what becomes of them. A backend is whatever accepts
 * connections at an instance's or an address's port. It learns from the balancer which targets get requests, and from
 * ECS and EC2 which backends live; it drops a request whose backend dies under it, that finds no backend or no target,
 * or whose connection the balancer closes at the end of a drain.
 */
export class TrafficModel implements BackendDirectory {
  readonly #world: World;
  readonly #alive = new Set<string>();
  readonly #routed = new Map<string, Map<string, TargetAddress>>();
  readonly #loads = new Map<string, Load[]>();
  /** Target groups in which an address has ever been routed to: where its death may drop something. */
  readonly #groupsOf = new Map<string, Set<string>>();
  readonly #processes = new Map<string, Set<number>>();

  constructor(world: World) {
    this.#world = world;
    world.instances.onStateChange((instance) => this.#instanceChanged(instance));
  }

  /** Begins to send requests through a target group. */
  start(plan: TrafficPlan): RunningTraffic {
    const classes =
      typeof plan.requestSeconds === 'number' ? [{ share: 1, seconds: plan.requestSeconds }] : plan.requestSeconds;
    const shares = classes.reduce((sum, one) => sum + one.share, 0);
    if (Math.abs(shares - 1) > 1e-9)
      throw new RangeError(`the shares of requestSeconds must add up to 1, got ${shares}`);
    if (!(plan.requestsPerSecond >= 0)) throw new RangeError('requestsPerSecond must be 0 or more');
    const now = Date.now();
    const load = new Load(plan.requestsPerSecond, classes, now);
    this.#loadsOf(plan.targetGroupArn).push(load);
    for (const [key] of this.#routed.get(plan.targetGroupArn) ?? []) load.route(key, true, this.#alive.has(key), now);
    return { stop: () => load.stop(Date.now()) };
  }

  /**
   * A process that listens on a port of an instance, other than in a container of ECS: it lives as long as its instance
   * runs, and starts again with it. It can be reached as `instanceId:port` and at each of the instance's addresses.
   */
  startProcess(instanceId: string, port: number): void {
    const instance = this.#world.instances.get(instanceId);
    if (instance === undefined) throw new Error(`there is no instance ${instanceId} for a process to run on`);
    const ports = this.#processes.get(instanceId) ?? new Set<number>();
    this.#processes.set(instanceId, ports.add(port));
    if (instance.state === 'running') this.#setProcess(instance, port, true);
  }

  /** Ends a process that {@link startProcess} started, as a crash or a kill would. */
  stopProcess(instanceId: string, port: number): void {
    this.#processes.get(instanceId)?.delete(port);
    const instance = this.#world.instances.get(instanceId);
    if (instance !== undefined) this.#setProcess(instance, port, false);
  }

  started(address: TargetAddress): void {
    const key = keyOf(address);
    if (this.#alive.has(key)) return;
    this.#alive.add(key);
    this.#eachLoadAt(key, (load) => load.started(key, Date.now()));
    this.#world.targets.backendChanged(address);
  }

  died(address: TargetAddress): void {
    const key = keyOf(address);
    if (!this.#alive.delete(key)) return;
    this.#eachLoadAt(key, (load) => load.died(key, Date.now()));
    this.#world.targets.backendChanged(address);
  }

  answers(address: TargetAddress): boolean {
    return this.#alive.has(keyOf(address));
  }

  routed(targetGroupArn: string, target: TargetAddress, on: boolean): void {
    const key = keyOf(target);
    const routed = this.#routed.get(targetGroupArn) ?? new Map<string, TargetAddress>();
    this.#routed.set(targetGroupArn, routed);
    if (on) {
      routed.set(key, target);
      this.#groupsOf.set(key, (this.#groupsOf.get(key) ?? new Set()).add(targetGroupArn));
    } else routed.delete(key);
    for (const load of this.#loadsOf(targetGroupArn)) load.route(key, on, this.#alive.has(key), Date.now());
  }

  disconnected(targetGroupArn: string, target: TargetAddress): void {
    for (const load of this.#loadsOf(targetGroupArn)) load.disconnected(keyOf(target), Date.now());
  }

  /** What has become of the requests of one target group, or of all. Looking changes nothing. */
  stats(targetGroupArn?: string): TrafficStats {
    const exact = this.exactly(targetGroupArn);
    const droppedBy = exact.droppedBy
      .filter((drop) => drop.count > ROUNDING)
      .map((drop) => ({ ...drop, count: Math.ceil(drop.count - ROUNDING) }))
      .sort((a, b) => a.at - b.at);
    const sent = Math.round(exact.sent);
    const dropped = Math.max(0, Math.ceil(exact.dropped - ROUNDING));
    const inFlight = Math.min(sent - dropped, Math.round(exact.inFlight));
    return { sent, dropped, inFlight, answered: sent - dropped - inFlight, droppedBy };
  }

  /** The same as fractions: `sent = answered + inFlight + dropped` holds to rounding of doubles. */
  exactly(targetGroupArn?: string): TrafficStats {
    const now = Date.now();
    const loads = targetGroupArn === undefined ? [...this.#loads.values()].flat() : this.#loadsOf(targetGroupArn);
    const droppedBy = loads.flatMap((load) => load.drops(now));
    const sent = loads.reduce((sum, load) => sum + load.sent(now), 0);
    const inFlight = loads.reduce((sum, load) => sum + load.inFlight(now), 0);
    const dropped = droppedBy.reduce((sum, drop) => sum + drop.count, 0);
    return { sent, dropped, inFlight, answered: sent - dropped - inFlight, droppedBy };
  }

  #instanceChanged(instance: InstanceFacts): void {
    const alive = instance.state === 'running';
    for (const port of this.#processes.get(instance.instanceId) ?? []) this.#setProcess(instance, port, alive);
    if (instance.state === 'shutting-down' || instance.state === 'terminated') {
      this.#processes.delete(instance.instanceId);
    }
  }

  #setProcess(instance: InstanceFacts, port: number, alive: boolean): void {
    for (const id of [instance.instanceId, ...instance.privateIpAddresses]) {
      if (alive) this.started({ id, port });
      else this.died({ id, port });
    }
  }

  #loadsOf(targetGroupArn: string): Load[] {
    const loads = this.#loads.get(targetGroupArn) ?? [];
    this.#loads.set(targetGroupArn, loads);
    return loads;
  }

  #eachLoadAt(key: string, act: (load: Load) => void): void {
    for (const group of this.#groupsOf.get(key) ?? []) for (const load of this.#loadsOf(group)) act(load);
  }
}

function keyOf(address: TargetAddress): string {
  return `${address.id}:${address.port}`;
}

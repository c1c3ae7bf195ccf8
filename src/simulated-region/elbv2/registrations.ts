import { later } from '../later.ts';
import { ServiceError } from '../service.ts';
import type { InstanceFacts, InstanceState, Millis, TargetAddress, TargetState, World } from '../world.ts';
import {
  closesConnections,
  deregistrationDelaySeconds,
  keyOf,
  type Registration,
  type TargetGroup,
} from './records.ts';

/** A terminated instance stands as `unused` for this long before its registration vanishes. */
const TERMINATED_SHOWN_SECONDS = 60;

export interface RequestedTarget {
  readonly id: string;
  readonly port?: number | undefined;
  readonly availabilityZone?: string | undefined;
}

export type StateListener = (targetGroupArn: string, target: TargetAddress, state: TargetState | 'gone') => void;

/**
 * The life of registrations: initial, healthy, unhealthy by health checks; draining for the whole deregistration delay;
 * gone. Health checks are not run one by one: a timer is set only for the check that will change a state, and only
 * once the backend has changed.
 */
export class Registrations {
  readonly #world: World;
  readonly #byId = new Map<string, Set<Registration>>();
  readonly #listeners: StateListener[] = [];
  #sequence = 0;

  constructor(world: World) {
    this.#world = world;
    world.instances.onStateChange((instance) => this.#instanceChanged(instance));
  }

  onStateChange(listener: StateListener): void {
    this.#listeners.push(listener);
  }

  /** Current registrations of an instance or address, in every target group. */
  of(id: string): Iterable<Registration> {
    return this.#byId.get(id) ?? [];
  }

  /** @throws ServiceError InvalidTarget, before any of them is registered. */
  register(group: TargetGroup, targets: readonly RequestedTarget[]): void {
    for (const target of targets) this.#check(group, target);
    for (const target of targets) this.#registerOne(group, target);
  }

  /** Targets that are not registered, or draining already, are passed over, as AWS does. */
  deregister(group: TargetGroup, targets: readonly RequestedTarget[]): void {
    for (const target of targets) {
      const registration = group.registrations.get(keyOf(target.id, target.port ?? group.port ?? 0));
      if (registration !== undefined && registration.drainingAt === undefined) this.#drain(registration);
    }
  }

  /** Called when load balancers begin or cease to use the target group. */
  useChanged(group: TargetGroup): void {
    for (const registration of group.registrations.values()) {
      if (registration.drainingAt === undefined) this.#enter(registration);
    }
  }

  backendChanged(address: TargetAddress): void {
    for (const registration of this.#byId.get(address.id) ?? []) {
      if (checkPort(registration) === address.port) this.#planHealthCheck(registration);
    }
  }

  /** Ends every registration at once: the target group is deleted. */
  forget(group: TargetGroup): void {
    for (const registration of [...group.registrations.values()]) this.#finish(registration);
  }

  #check(group: TargetGroup, target: RequestedTarget): void {
    if (group.type === 'instance') {
      const instance = this.#world.instances.get(target.id);
      if (instance === undefined) throw invalid(`Instance ID '${target.id}' is not valid`);
      if (instance.state !== 'running') {
        throw invalid(`The following targets are not in a running state and cannot be registered: '${target.id}'`);
      }
      if (group.vpcId !== undefined && instance.vpcId !== group.vpcId) {
        throw invalid(`The following targets are not in the target group VPC '${group.vpcId}': '${target.id}'`);
      }
    } else if (group.type === 'ip' && !/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*)$/i.test(target.id)) {
      throw new ServiceError('ValidationError', `The IP address '${target.id}' is not a valid IPv4 address`);
    }
    if (target.port !== undefined && !(target.port >= 1 && target.port <= 65_535)) {
      throw new ServiceError('ValidationError', `Port '${target.port}' is not valid: it must be from 1 to 65535`);
    }
  }

  #registerOne(group: TargetGroup, target: RequestedTarget): void {
    const port = target.port ?? group.port ?? 0;
    const present = group.registrations.get(keyOf(target.id, port));
    if (present !== undefined && present.drainingAt === undefined) return;
    // Registering a draining target takes it back: its connections live on under the new registration.
    if (present !== undefined) this.#leave(present);
    const zone =
      group.type === 'instance' ? this.#world.instances.get(target.id)?.availabilityZone : target.availabilityZone;
    this.#sequence += 1;
    const registration: Registration = {
      sequence: this.#sequence,
      group,
      id: target.id,
      port,
      availabilityZone: zone,
      registeredAt: Date.now(),
      firstCheckAfter: 1000 + Math.floor(this.#world.random() * group.healthCheck.intervalSeconds * 1000),
      state: 'initial',
      reason: undefined,
      description: undefined,
      states: [],
      routed: false,
      cancel: undefined,
    };
    group.registrations.set(keyOf(target.id, port), registration);
    group.history.push(registration);
    this.#byId.set(target.id, (this.#byId.get(target.id) ?? new Set()).add(registration));
    this.#enter(registration);
  }

  #enter(registration: Registration): void {
    const { group } = registration;
    const gone = registration.reason === 'Target.InvalidState';
    if (gone && this.#world.instances.get(registration.id)?.state !== 'running') return;
    if (group.loadBalancers.size === 0) {
      const text = 'Target group is not configured to receive traffic from the load balancer';
      this.#become(registration, 'unused', 'Target.NotInUse', text);
      return;
    }
    if (!zoneEnabled(registration)) {
      const text = 'Target is in an Availability Zone that is not enabled for the load balancer';
      this.#become(registration, 'unused', 'Target.NotInUse', text);
      return;
    }
    if (registration.state !== 'initial' && registration.state !== 'unused') return;
    if (group.type === 'lambda') {
      this.#become(registration, 'healthy');
      return;
    }
    this.#become(registration, 'initial', 'Elb.InitialHealthChecking', 'Initial health checks in progress');
    this.#planHealthCheck(registration);
  }

  #planHealthCheck(registration: Registration): void {
    const { group, state } = registration;
    if (registration.drainingAt !== undefined || state === 'unused' || group.type === 'lambda') return;
    const answers = this.#world.backends.answers({ id: registration.id, port: checkPort(registration) });
    const { healthyThreshold, unhealthyThreshold } = group.healthCheck;
    if (state === 'unhealthy.draining' && !answers) return;
    registration.cancel?.();
    registration.cancel = undefined;
    // The first check that succeeds makes an initial target healthy; every other change takes its threshold.
    if (state === 'initial' && answers) this.#atCheck(registration, 1, () => this.#become(registration, 'healthy'));
    else if ((state === 'initial' || state === 'healthy') && !answers) {
      this.#atCheck(registration, unhealthyThreshold, () => this.#fail(registration));
    } else if ((state === 'unhealthy' || state === 'unhealthy.draining') && answers) {
      this.#atCheck(registration, healthyThreshold, () => this.#become(registration, 'healthy'));
    }
  }

  #fail(registration: Registration): void {
    const reason = ['Target.FailedHealthChecks', 'Health checks failed'] as const;
    const attributes = registration.group.attributes;
    const drains = Number(attributes.get('target_health_state.unhealthy.draining_interval_seconds') ?? 0);
    if (drains === 0 || registration.state === 'initial') {
      this.#become(registration, 'unhealthy', ...reason);
      return;
    }
    this.#become(registration, 'unhealthy.draining', ...reason);
    registration.cancel = later(drains, () => this.#become(registration, 'unhealthy', ...reason));
  }

  /** Acts at the n-th health check from now. */
  #atCheck(registration: Registration, n: number, act: () => void): void {
    const interval = registration.group.healthCheck.intervalSeconds * 1000;
    const first = registration.registeredAt + registration.firstCheckAfter;
    const now = Date.now();
    const next = now < first ? first : first + (Math.floor((now - first) / interval) + 1) * interval;
    registration.cancel = later((next + (n - 1) * interval - now) / 1000, act);
  }

  #drain(registration: Registration): void {
    const { group, state } = registration;
    const seconds = deregistrationDelaySeconds(group) + group.connectionLingerSeconds;
    registration.drainingAt = Date.now();
    if (state === 'unused' || seconds === 0) {
      this.#finish(registration);
      return;
    }
    registration.drainedAt = Date.now() + seconds * 1000;
    const text = 'Target deregistration is in progress';
    this.#become(registration, 'draining', 'Target.DeregistrationInProgress', text);
    registration.cancel = later(seconds, () => this.#finish(registration));
  }

  #finish(registration: Registration): void {
    const { group, id, port } = registration;
    this.#leave(registration);
    group.registrations.delete(keyOf(id, port));
    if (closesConnections(group)) this.#world.backends.disconnected(group.arn, { id, port });
  }

  #leave(registration: Registration): void {
    registration.goneAt = Date.now();
    const siblings = this.#byId.get(registration.id);
    siblings?.delete(registration);
    if (siblings?.size === 0) this.#byId.delete(registration.id);
    this.#become(registration, 'gone');
  }

  #become(registration: Registration, state: TargetState | 'gone', reason?: string, description?: string): void {
    registration.cancel?.();
    registration.cancel = undefined;
    const changed = registration.state !== state || registration.states.length === 0;
    registration.state = state;
    registration.reason = reason;
    registration.description = description;
    if (!changed) return;
    const now: Millis = Date.now();
    registration.states.push([now, state]);
    if (state === 'healthy') registration.healthyAt ??= now;
    this.#reroute(registration);
    const target = { id: registration.id, port: registration.port };
    for (const listener of this.#listeners) listener(registration.group.arn, target, state);
  }

  /** Healthy targets get the requests; while there is none, every initial and unhealthy one does. */
  #reroute(registration: Registration): void {
    const { group, state } = registration;
    const wasOpen = group.healthy.size === 0;
    group.healthy.delete(registration);
    group.fallback.delete(registration);
    if (state === 'healthy') group.healthy.add(registration);
    else if (state === 'initial' || state === 'unhealthy') group.fallback.add(registration);
    const open = group.healthy.size === 0;
    this.#route(registration, state === 'healthy' || (open && group.fallback.has(registration)));
    if (open !== wasOpen) for (const one of group.fallback) this.#route(one, open);
  }

  #route(registration: Registration, on: boolean): void {
    if (registration.routed === on) return;
    registration.routed = on;
    this.#world.backends.routed(registration.group.arn, { id: registration.id, port: registration.port }, on);
  }

  #instanceChanged(instance: InstanceFacts): void {
    for (const registration of [...(this.#byId.get(instance.instanceId) ?? [])]) {
      if (registration.drainingAt !== undefined || registration.group.type !== 'instance') continue;
      if (instance.state === 'stopped' || instance.state === 'terminated')
        this.#invalidate(registration, instance.state);
      else if (instance.state === 'running' && registration.reason === 'Target.InvalidState') this.#enter(registration);
    }
  }

  #invalidate(registration: Registration, state: InstanceState): void {
    this.#become(registration, 'unused', 'Target.InvalidState', `Target is in the ${state} state`);
    if (state !== 'terminated') return;
    registration.cancel = later(TERMINATED_SHOWN_SECONDS, () => this.#finish(registration));
  }
}

function zoneEnabled(registration: Registration): boolean {
  const zone = registration.availabilityZone;
  if (zone === undefined || zone === 'all') return true;
  for (const balancer of registration.group.loadBalancers) {
    if (balancer.availabilityZones.length === 0 || balancer.availabilityZones.includes(zone)) return true;
  }
  return false;
}

function checkPort(registration: Registration): number {
  const { port } = registration.group.healthCheck;
  return port === 'traffic-port' ? registration.port : Number(port);
}

function invalid(message: string): ServiceError {
  return new ServiceError('InvalidTarget', message);
}

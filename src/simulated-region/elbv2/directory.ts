/** What exists in Elastic Load Balancing: load balancers, listeners, target groups, and how they are found. */
import { ServiceError } from '../service.ts';
import type { World } from '../world.ts';
import {
  defaultAttributes,
  type HealthCheck,
  type Listener,
  type LoadBalancer,
  type LoadBalancerType,
  type Protocol,
  type TargetGroup,
  type TargetType,
} from './records.ts';

export interface NewLoadBalancer {
  readonly name: string;
  /** `application` unless told otherwise. */
  readonly type?: LoadBalancerType;
  readonly vpcId?: string;
  readonly scheme?: 'internal' | 'internet-facing';
  /** Enabled zones; all unless told otherwise. */
  readonly availabilityZones?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

export interface NewTargetGroup {
  readonly name: string;
  /** `instance` unless told otherwise. */
  readonly type?: TargetType;
  /** `HTTP` unless told otherwise; none for Lambda functions. */
  readonly protocol?: Protocol;
  /** 80 unless told otherwise. */
  readonly port?: number;
  readonly vpcId?: string;
  readonly healthCheck?: Partial<HealthCheck>;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly deregistrationDelaySeconds?: number;
  /** How much longer than the delay connections keep a target of a Network Load Balancer draining. */
  readonly connectionLingerSeconds?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface NewListener {
  readonly loadBalancerArn: string;
  readonly targetGroupArns: readonly string[];
  readonly port?: number;
  readonly protocol?: Protocol;
  readonly tags?: Readonly<Record<string, string>>;
}

const ARN_WORD = { application: 'app', network: 'net', gateway: 'gwy' } as const;

export class LoadBalancingDirectory {
  readonly loadBalancers = new Map<string, LoadBalancer>();
  readonly listeners = new Map<string, Listener>();
  readonly targetGroups = new Map<string, TargetGroup>();
  readonly #world: World;
  #sequence = 0;

  constructor(world: World) {
    this.#world = world;
  }

  createLoadBalancer(wanted: NewLoadBalancer): LoadBalancer {
    checkName('load balancer', wanted.name);
    if ([...this.loadBalancers.values()].some((one) => one.name === wanted.name)) {
      throw new ServiceError(
        'DuplicateLoadBalancerName',
        `A load balancer with the name '${wanted.name}' exists already`,
      );
    }
    const type = wanted.type ?? 'application';
    const balancer: LoadBalancer = {
      sequence: this.#next(),
      arn: this.#arn(`loadbalancer/${ARN_WORD[type]}/${wanted.name}/${this.#hex()}`),
      name: wanted.name,
      type,
      vpcId: wanted.vpcId ?? 'vpc-0a1b2c3d4e5f60718',
      scheme: wanted.scheme ?? 'internet-facing',
      availabilityZones: wanted.availabilityZones ?? [],
      createdAt: Date.now(),
      tags: new Map(Object.entries(wanted.tags ?? {})),
    };
    this.loadBalancers.set(balancer.arn, balancer);
    return balancer;
  }

  createTargetGroup(wanted: NewTargetGroup): TargetGroup {
    checkName('target group', wanted.name);
    if ([...this.targetGroups.values()].some((one) => one.name === wanted.name)) {
      throw new ServiceError(
        'DuplicateTargetGroupName',
        `A target group with the name '${wanted.name}' exists already`,
      );
    }
    const type = wanted.type ?? 'instance';
    const protocol = type === 'lambda' ? undefined : (wanted.protocol ?? 'HTTP');
    const attributes = defaultAttributes(type, protocol);
    setAttributes(attributes, Object.entries(wanted.attributes ?? {}));
    if (wanted.deregistrationDelaySeconds !== undefined) {
      setAttributes(attributes, [['deregistration_delay.timeout_seconds', String(wanted.deregistrationDelaySeconds)]]);
    }
    const web = protocol === 'HTTP' || protocol === 'HTTPS';
    const group: TargetGroup = {
      sequence: this.#next(),
      arn: this.#arn(`targetgroup/${wanted.name}/${this.#hex()}`),
      name: wanted.name,
      type,
      protocol,
      port: type === 'lambda' ? undefined : (wanted.port ?? 80),
      vpcId: wanted.vpcId,
      healthCheck: {
        protocol: wanted.healthCheck?.protocol ?? (web ? protocol : 'TCP'),
        port: wanted.healthCheck?.port ?? 'traffic-port',
        path: wanted.healthCheck?.path ?? (web ? '/' : undefined),
        intervalSeconds: wanted.healthCheck?.intervalSeconds ?? 30,
        timeoutSeconds: wanted.healthCheck?.timeoutSeconds ?? (web ? 5 : 10),
        healthyThreshold: wanted.healthCheck?.healthyThreshold ?? 5,
        unhealthyThreshold: wanted.healthCheck?.unhealthyThreshold ?? 2,
      },
      attributes,
      tags: new Map(Object.entries(wanted.tags ?? {})),
      loadBalancers: new Set(),
      connectionLingerSeconds: wanted.connectionLingerSeconds ?? 0,
      registrations: new Map(),
      history: [],
      healthy: new Set(),
      fallback: new Set(),
    };
    this.targetGroups.set(group.arn, group);
    return group;
  }

  /** The target groups that it names are used by the load balancer from now on. */
  createListener(wanted: NewListener): Listener {
    const balancer = this.loadBalancer(wanted.loadBalancerArn);
    const groups = wanted.targetGroupArns.map((arn) => this.targetGroup(arn));
    const taken = [...this.listeners.values()].filter((one) => one.loadBalancer === balancer).map((one) => one.port);
    let port = wanted.port ?? 80;
    if (wanted.port === undefined) while (taken.includes(port)) port += 1;
    else if (taken.includes(port)) {
      throw new ServiceError('DuplicateListener', `A listener already exists on port ${port} for this load balancer`);
    }
    const path = balancer.arn.slice(balancer.arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length);
    const listener: Listener = {
      sequence: this.#next(),
      arn: this.#arn(`listener/${path}/${this.#hex()}`),
      loadBalancer: balancer,
      port,
      protocol: wanted.protocol ?? (balancer.type === 'application' ? 'HTTP' : 'TCP'),
      targetGroups: groups,
      tags: new Map(Object.entries(wanted.tags ?? {})),
    };
    this.listeners.set(listener.arn, listener);
    for (const group of groups) group.loadBalancers.add(balancer);
    return listener;
  }

  /** @returns the target groups that the load balancer no longer uses. */
  deleteListener(arn: string): TargetGroup[] {
    const listener = this.listeners.get(arn);
    if (listener === undefined) throw new ServiceError('ListenerNotFound', 'One or more listeners not found');
    this.listeners.delete(arn);
    const others = [...this.listeners.values()].filter((one) => one.loadBalancer === listener.loadBalancer);
    const released = listener.targetGroups.filter((group) => !others.some((one) => one.targetGroups.includes(group)));
    for (const group of released) group.loadBalancers.delete(listener.loadBalancer);
    return released;
  }

  /** @throws ServiceError LoadBalancerNotFound */
  loadBalancer(arn: string | undefined): LoadBalancer {
    const found = this.loadBalancers.get(arn ?? '');
    if (found === undefined) throw new ServiceError('LoadBalancerNotFound', 'One or more load balancers not found');
    return found;
  }

  /** @throws ServiceError TargetGroupNotFound */
  targetGroup(arn: string | undefined): TargetGroup {
    const found = this.targetGroups.get(arn ?? '');
    if (found === undefined) throw new ServiceError('TargetGroupNotFound', 'One or more target groups not found');
    return found;
  }

  /** @throws ServiceError the resource's own NotFound */
  tagsOf(arn: string): Map<string, string> {
    if (arn.includes(':targetgroup/')) return this.targetGroup(arn).tags;
    if (!arn.includes(':listener/')) return this.loadBalancer(arn).tags;
    const listener = this.listeners.get(arn);
    if (listener === undefined) throw new ServiceError('ListenerNotFound', 'One or more listeners not found');
    return listener.tags;
  }

  #next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  #arn(resource: string): string {
    return `arn:aws:elasticloadbalancing:${this.#world.region}:${this.#world.accountId}:${resource}`;
  }

  #hex(): string {
    return this.#world.uuid().replaceAll('-', '').slice(0, 16);
  }
}

/** @throws ServiceError ValidationError for a key that this kind of target group has not, or a delay out of range. */
export function setAttributes(attributes: Map<string, string>, wanted: Iterable<readonly [string, string]>): void {
  const changes = [...wanted];
  for (const [key, value] of changes) {
    if (!attributes.has(key)) {
      throw new ServiceError('ValidationError', `Target group attribute key '${key}' is not recognized`);
    }
    if (key === 'deregistration_delay.timeout_seconds' && !(/^\d+$/.test(value) && Number(value) <= 3600)) {
      const text = `'${key}' must be a whole number from 0 to 3600, got '${value}'`;
      throw new ServiceError('InvalidConfigurationRequest', text);
    }
  }
  for (const [key, value] of changes) attributes.set(key, value);
}

function checkName(what: string, name: string): void {
  if (/^(?!internal-)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/.test(name)) return;
  const rule = 'at most 32 letters, digits and hyphens, with no hyphen at either end';
  throw new ServiceError('ValidationError', `The ${what} name '${name}' is not valid: ${rule}`);
}

import * as sdk from '@aws-sdk/client-elastic-load-balancing';
import {
  type ClassicInstance,
  type ClassicLoadBalancer,
  type ClassicSpec,
  type ClassicState,
  HEALTH,
  NOT_REGISTERED,
} from './classic-elb/records.ts';
import { page } from './cursor.ts';
import { later } from './later.ts';
import { operation, ServiceError, type ServiceModel } from './service.ts';
import type { InstanceFacts, World } from './world.ts';

export type { ClassicSpec } from './classic-elb/records.ts';

const LARGEST_PAGE = 400;

/**
 * Elastic Load Balancing, version 1: Classic load balancers. Of health checks there is the time that they take, and of
 * requests the time that they keep an instance draining.
 */
export class ClassicElbModel {
  readonly service: ServiceModel;
  readonly #world: World;
  readonly #balancers = new Map<string, ClassicLoadBalancer>();
  #created = 0;

  constructor(world: World) {
    this.#world = world;
    world.instances.onStateChange((instance) => this.#instanceChanged(instance));
    this.service = {
      id: 'elasticloadbalancing',
      protocol: 'query',
      target: '2012-06-01',
      xmlNamespace: 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/',
      operations: { ...this.#reads(), ...this.#writes() },
    };
  }

  create(spec: ClassicSpec): void {
    if (this.#balancers.has(spec.name)) throw new Error(`There is a Classic load balancer ${spec.name} already`);
    this.#created += 1;
    this.#balancers.set(spec.name, {
      sequence: this.#created,
      name: spec.name,
      spec,
      createdAt: Date.now(),
      instances: new Map(),
      connectionDrainingSeconds: spec.connectionDrainingSeconds,
    });
  }

  register(name: string, ...instanceIds: readonly string[]): void {
    const balancer = this.#require(name);
    for (const id of instanceIds) this.#register(balancer, id);
  }

  deregister(name: string, ...instanceIds: readonly string[]): void {
    const balancer = this.#require(name);
    for (const id of instanceIds) this.#deregister(balancer, id);
  }

  /** Undefined once it is registered no more. */
  state(name: string, instanceId: string): ClassicState | undefined {
    return this.#require(name).instances.get(instanceId)?.state;
  }

  #require(name: string | undefined): ClassicLoadBalancer {
    const found = this.#balancers.get(name ?? '');
    if (found !== undefined) return found;
    throw new ServiceError('LoadBalancerNotFound', `There is no ACTIVE Load Balancer named '${name}'`);
  }

  #reads(): ServiceModel['operations'] {
    return {
      DescribeLoadBalancers: operation<sdk.DescribeLoadBalancersCommandInput, sdk.DescribeLoadBalancersCommandOutput>(
        sdk.DescribeLoadBalancers$,
        'read',
        ({ LoadBalancerNames: names = [], Marker, PageSize = LARGEST_PAGE }) => {
          const all = names.length > 0 ? names.map((name) => this.#require(name)) : [...this.#balancers.values()];
          const { items, next } = page(all, Marker, PageSize, 'ValidationError');
          return { LoadBalancerDescriptions: items.map((one) => this.#describe(one)), NextMarker: next };
        },
      ),
      DescribeInstanceHealth: operation<
        sdk.DescribeInstanceHealthCommandInput,
        sdk.DescribeInstanceHealthCommandOutput
      >(sdk.DescribeInstanceHealth$, 'read', ({ LoadBalancerName, Instances }) => {
        const balancer = this.#require(LoadBalancerName);
        const asked = Instances?.map(({ InstanceId = '' }) => InstanceId) ?? [...balancer.instances.keys()];
        for (const id of asked) this.#requireInstance(id);
        // The state of terminated instances is not returned.
        const alive = asked.filter((id) => this.#world.instances.get(id)?.state !== 'terminated');
        return { InstanceStates: alive.map((id) => showHealth(id, balancer.instances.get(id))) };
      }),
      DescribeLoadBalancerAttributes: operation<
        sdk.DescribeLoadBalancerAttributesCommandInput,
        sdk.DescribeLoadBalancerAttributesCommandOutput
      >(sdk.DescribeLoadBalancerAttributes$, 'read', ({ LoadBalancerName }) => {
        const { connectionDrainingSeconds: seconds } = this.#require(LoadBalancerName);
        return {
          LoadBalancerAttributes: {
            ConnectionDraining:
              seconds === undefined ? { Enabled: false, Timeout: 300 } : { Enabled: true, Timeout: seconds },
          },
        };
      }),
    };
  }

  #writes(): ServiceModel['operations'] {
    const remaining = (balancer: ClassicLoadBalancer) =>
      [...balancer.instances.values()]
        .filter(({ state }) => state !== 'draining')
        .map(({ instanceId }) => ({ InstanceId: instanceId }));
    return {
      RegisterInstancesWithLoadBalancer: operation<
        sdk.RegisterInstancesWithLoadBalancerCommandInput,
        sdk.RegisterInstancesWithLoadBalancerCommandOutput
      >(sdk.RegisterInstancesWithLoadBalancer$, 'write', ({ LoadBalancerName, Instances = [] }) => {
        const balancer = this.#require(LoadBalancerName);
        for (const { InstanceId = '' } of Instances) this.#requireInstance(InstanceId);
        for (const { InstanceId = '' } of Instances) this.#register(balancer, InstanceId);
        return { Instances: remaining(balancer) };
      }),
      DeregisterInstancesFromLoadBalancer: operation<
        sdk.DeregisterInstancesFromLoadBalancerCommandInput,
        sdk.DeregisterInstancesFromLoadBalancerCommandOutput
      >(sdk.DeregisterInstancesFromLoadBalancer$, 'write', ({ LoadBalancerName, Instances = [] }) => {
        const balancer = this.#require(LoadBalancerName);
        for (const { InstanceId = '' } of Instances) this.#requireInstance(InstanceId);
        for (const { InstanceId = '' } of Instances) this.#deregister(balancer, InstanceId);
        return { Instances: remaining(balancer) };
      }),
    };
  }

  #requireInstance(id: string): void {
    if (this.#world.instances.get(id) !== undefined) return;
    throw new ServiceError('InvalidInstance', `Could not find EC2 instance ${id}.`);
  }

  #register(balancer: ClassicLoadBalancer, instanceId: string): void {
    const present = balancer.instances.get(instanceId);
    if (present !== undefined && present.state !== 'draining') return;
    present?.cancel?.();
    const instance: ClassicInstance = { instanceId, registeredAt: Date.now(), state: 'registering', cancel: undefined };
    balancer.instances.set(instanceId, instance);
    this.#check(balancer, instance);
  }

  #check(balancer: ClassicLoadBalancer, instance: ClassicInstance): void {
    const { spec } = balancer;
    const facts = this.#world.instances.get(instance.instanceId);
    instance.cancel?.();
    if (facts?.state === 'stopped' || facts?.state === 'stopping') {
      instance.state = 'stopped';
      return;
    }
    if (spec.availabilityZones !== undefined && !spec.availabilityZones.includes(facts?.availabilityZone ?? '')) {
      instance.state = 'other-zone';
      return;
    }
    const seconds = (spec.healthCheckIntervalSeconds ?? 30) * (spec.healthyThreshold ?? 10);
    instance.cancel = later(seconds, () => {
      const address = { id: instance.instanceId, port: spec.instancePort ?? 80 };
      instance.state = this.#world.backends.answers(address) ? 'in-service' : 'out-of-service';
      if (instance.state === 'out-of-service') this.#check(balancer, instance);
    });
  }

  #deregister(balancer: ClassicLoadBalancer, instanceId: string): void {
    const instance = balancer.instances.get(instanceId);
    if (instance === undefined || instance.state === 'draining') return;
    instance.cancel?.();
    const limit = balancer.connectionDrainingSeconds ?? 0;
    const seconds = Math.min(limit, balancer.spec.inFlightSeconds ?? limit);
    if (seconds === 0 || instance.state !== 'in-service') {
      balancer.instances.delete(instanceId);
      return;
    }
    instance.state = 'draining';
    instance.drainingAt = Date.now();
    instance.cancel = later(seconds, () => balancer.instances.delete(instanceId));
  }

  #instanceChanged(facts: InstanceFacts): void {
    for (const balancer of this.#balancers.values()) {
      const instance = balancer.instances.get(facts.instanceId);
      if (instance === undefined) continue;
      if (facts.state === 'terminated') {
        instance.cancel?.();
        balancer.instances.delete(facts.instanceId);
      } else if (instance.state !== 'draining' && (facts.state === 'stopped' || facts.state === 'running')) {
        this.#check(balancer, instance);
      }
    }
  }

  #describe({ name, createdAt, instances }: ClassicLoadBalancer): sdk.LoadBalancerDescription {
    return {
      LoadBalancerName: name,
      DNSName: `${name}-1234567890.${this.#world.region}.elb.amazonaws.com`,
      CreatedTime: new Date(createdAt),
      Scheme: 'internet-facing',
      VPCId: 'vpc-0a1b2c3d4e5f60718',
      // A deregistering instance is listed no more, though it still serves.
      Instances: [...instances.values()]
        .filter(({ state }) => state !== 'draining')
        .map(({ instanceId }) => ({ InstanceId: instanceId })),
    };
  }
}

function showHealth(InstanceId: string, instance: ClassicInstance | undefined): sdk.InstanceState {
  const [State, ReasonCode, Description] = instance === undefined ? NOT_REGISTERED : HEALTH[instance.state];
  return { InstanceId, State, ReasonCode, Description };
}

import {
  LoadBalancingDirectory,
  type NewListener,
  type NewLoadBalancer,
  type NewTargetGroup,
} from './elbv2/directory.ts';
import { elbV2Operations } from './elbv2/operations.ts';
import { deregistrationDelaySeconds, type TargetTimeline } from './elbv2/records.ts';
import { Registrations, type RequestedTarget, type StateListener } from './elbv2/registrations.ts';
import type { ServiceModel } from './service.ts';
import type { Millis, TargetAddress, TargetDirectory, TargetState, World } from './world.ts';

export type { NewListener, NewLoadBalancer, NewTargetGroup } from './elbv2/directory.ts';
export type { TargetTimeline } from './elbv2/records.ts';

/** Elastic Load Balancing, version 2: Application, Network and Gateway Load Balancers. */
export class ElbV2Model implements TargetDirectory {
  readonly service: ServiceModel;
  readonly #directory: LoadBalancingDirectory;
  readonly #registrations: Registrations;

  constructor(world: World) {
    this.#directory = new LoadBalancingDirectory(world);
    this.#registrations = new Registrations(world);
    this.service = {
      id: 'elasticloadbalancing',
      protocol: 'query',
      target: '2015-12-01',
      xmlNamespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
      operations: elbV2Operations(this.#directory, this.#registrations),
    };
  }

  /** @returns its ARN */
  createLoadBalancer(wanted: NewLoadBalancer): string {
    return this.#directory.createLoadBalancer(wanted).arn;
  }

  /** A target group without load balancer: its targets are `unused` until it is attached. @returns its ARN */
  createTargetGroup(wanted: NewTargetGroup): string {
    return this.#directory.createTargetGroup(wanted).arn;
  }

  /** A listener that forwards to target groups, which are then in use. @returns its ARN */
  createListener(wanted: NewListener): string {
    const listener = this.#directory.createListener(wanted);
    for (const group of listener.targetGroups) this.#registrations.useChanged(group);
    return listener.arn;
  }

  /** Puts target groups behind a load balancer: a listener of its own on the next free port from 80. */
  attach(loadBalancerArn: string, ...targetGroupArns: readonly string[]): string {
    return this.createListener({ loadBalancerArn, targetGroupArns });
  }

  registerTargets(targetGroupArn: string, targets: readonly RequestedTarget[]): void {
    this.#registrations.register(this.#directory.targetGroup(targetGroupArn), targets);
  }

  deregisterTargets(targetGroupArn: string, targets: readonly RequestedTarget[]): void {
    this.#registrations.deregister(this.#directory.targetGroup(targetGroupArn), targets);
  }

  /** Every registration there has ever been in the target group, in the order in which they were made. */
  timelines(targetGroupArn: string): TargetTimeline[] {
    return this.#directory.targetGroup(targetGroupArn).history.map((one) => ({
      id: one.id,
      port: one.port,
      registeredAt: one.registeredAt,
      ...(one.healthyAt === undefined ? {} : { healthyAt: one.healthyAt }),
      ...(one.drainingAt === undefined ? {} : { drainingAt: one.drainingAt }),
      ...(one.goneAt === undefined ? {} : { goneAt: one.goneAt }),
      states: one.states.map(([at, state]) => [at, state] as const),
    }));
  }

  /** Everything that can carry tags, as the Tagging API lists it. */
  tagged(): { readonly sequence: number; readonly arn: string; readonly tags: ReadonlyMap<string, string> }[] {
    const { loadBalancers, targetGroups, listeners } = this.#directory;
    const all = [...loadBalancers.values(), ...targetGroups.values(), ...listeners.values()];
    return all.sort((a, b) => a.sequence - b.sequence);
  }

  register(targetGroupArn: string, targets: readonly TargetAddress[]): void {
    this.registerTargets(targetGroupArn, targets);
  }

  deregister(targetGroupArn: string, targets: readonly TargetAddress[]): void {
    this.deregisterTargets(targetGroupArn, targets);
  }

  registrations(targetGroupArn: string, id: string): { port: number; state: TargetState; drainedAt?: Millis }[] {
    const found: { port: number; state: TargetState; drainedAt?: Millis }[] = [];
    for (const one of this.#registrations.of(id)) {
      if (one.group.arn !== targetGroupArn || one.state === 'gone') continue;
      found.push({
        port: one.port,
        state: one.state,
        ...(one.drainedAt === undefined ? {} : { drainedAt: one.drainedAt }),
      });
    }
    return found;
  }

  /** 80 for a kind of target group that has no port. */
  defaultPort(targetGroupArn: string): number {
    return this.#directory.targetGroup(targetGroupArn).port ?? 80;
  }

  deregistrationDelaySeconds(targetGroupArn: string): number {
    return deregistrationDelaySeconds(this.#directory.targetGroup(targetGroupArn));
  }

  onStateChange(listener: StateListener): void {
    this.#registrations.onStateChange(listener);
  }

  backendChanged(address: TargetAddress): void {
    this.#registrations.backendChanged(address);
  }
}

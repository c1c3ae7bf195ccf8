/**
 * What the services of a simulated region know of each other. Each service is a model of its own and sees the others
 * only through these interfaces; nothing here knows about Sluice or about a test.
 *
 * Time is the process's time: models read `Date.now()` and use `setTimeout`, so a fake clock makes it virtual.
 */

/** Milliseconds since the epoch. */
export type Millis = number;

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface InstanceFacts {
  readonly instanceId: string;
  readonly state: InstanceState;
  /** Every private address of every interface, the primary one first. */
  readonly privateIpAddresses: readonly string[];
  readonly availabilityZone: string;
  readonly vpcId: string;
}

/** Served by EC2: instances for the models that place something on them. */
export interface InstanceDirectory {
  get(instanceId: string): InstanceFacts | undefined;
  /** Calls back after each change of state. What runs on an instance dies when it enters `shutting-down` or `stopping`. */
  onStateChange(listener: (instance: InstanceFacts, previous: InstanceState) => void): void;
}

export interface TargetAddress {
  /** Instance id or address, as registered. */
  readonly id: string;
  readonly port: number;
}

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'unhealthy.draining' | 'draining' | 'unused';

/** Served by ELBv2: what ECS and Auto Scaling do to target groups by themselves. */
export interface TargetDirectory {
  register(targetGroupArn: string, targets: readonly TargetAddress[]): void;
  deregister(targetGroupArn: string, targets: readonly TargetAddress[]): void;
  /** Every registration (draining ones too) of an instance or address. */
  registrations(
    targetGroupArn: string,
    id: string,
  ): readonly { readonly port: number; readonly state: TargetState; readonly drainedAt?: Millis }[];
  defaultPort(targetGroupArn: string): number;
  deregistrationDelaySeconds(targetGroupArn: string): number;
  /** Calls back after each change of a registration's state; `gone` is the end of its draining. */
  onStateChange(listener: (targetGroupArn: string, target: TargetAddress, state: TargetState | 'gone') => void): void;
  /** Told by the backends when one starts or stops answering; health checks notice it later. */
  backendChanged(address: TargetAddress): void;
}

/** Served by the traffic model: a backend is what answers behind a target. When it dies, requests in flight are dropped. */
export interface BackendDirectory {
  started(address: TargetAddress): void;
  /** `graceful`: the process was told to stop and finishes nothing that takes longer than it lived; both drop what is in flight. */
  died(address: TargetAddress): void;
  /** True while something accepts connections at this address: what a health check finds out. */
  answers(address: TargetAddress): boolean;
  /** Told by the balancer: from now on this target gets new requests, or gets none. What is in flight goes on. */
  routed(targetGroupArn: string, target: TargetAddress, on: boolean): void;
  /** Told by the balancer: it closes its connections to this target, and drops what is in flight on them. */
  disconnected(targetGroupArn: string, target: TargetAddress): void;
}

/** Documents that leave the region: EventBridge events and SNS notifications, as AWS writes them. */
export interface Outbox {
  emit(event: {
    readonly source: string;
    readonly 'detail-type': string;
    readonly resources: readonly string[];
    readonly detail: unknown;
  }): void;
  publish(topicArn: string, message: { readonly subject: string; readonly body: unknown }): void;
}

export interface World {
  readonly region: string;
  readonly accountId: string;
  /** Uniform in [0, 1), seeded: a region made twice from one seed behaves the same. */
  random(): number;
  /** A fresh identifier of AWS's form: `identifier('i')` is `i-` and 17 hex digits. */
  identifier(prefix: string): string;
  /** A fresh token: 32 hex digits for ECS, UUIDs for lifecycle actions. */
  uuid(): string;
  readonly instances: InstanceDirectory;
  readonly targets: TargetDirectory;
  readonly backends: BackendDirectory;
  readonly outbox: Outbox;
}

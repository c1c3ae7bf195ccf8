import type { Numbered } from '../cursor.ts';
import type { Cancel } from '../later.ts';
import type { Millis } from '../world.ts';

export interface ClassicSpec {
  readonly name: string;
  /** Port on the instances, which a health check asks; 80 when absent. */
  readonly instancePort?: number;
  /** Undefined: connection draining is off. At most 3,600. */
  readonly connectionDrainingSeconds?: number;
  /** How long requests in flight keep an instance draining, at most the timeout; as long as that when absent. */
  readonly inFlightSeconds?: number;
  /** Enabled zones; all when absent. */
  readonly availabilityZones?: readonly string[];
  readonly healthCheckIntervalSeconds?: number;
  readonly healthyThreshold?: number;
}

export type ClassicState = 'registering' | 'in-service' | 'out-of-service' | 'stopped' | 'other-zone' | 'draining';

export interface ClassicInstance {
  readonly instanceId: string;
  readonly registeredAt: Millis;
  state: ClassicState;
  drainingAt?: Millis;
  cancel: Cancel | undefined;
}

export interface ClassicLoadBalancer extends Numbered {
  readonly name: string;
  readonly spec: ClassicSpec;
  readonly createdAt: Millis;
  readonly instances: Map<string, ClassicInstance>;
  connectionDrainingSeconds: number | undefined;
}

/** The words of DescribeInstanceHealth. */
export const HEALTH = {
  registering: ['OutOfService', 'ELB', 'Instance registration is still in progress.'],
  'in-service': ['InService', 'N/A', 'N/A'],
  'out-of-service': [
    'OutOfService',
    'Instance',
    'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.',
  ],
  stopped: ['OutOfService', 'Instance', 'Instance is in stopped state.'],
  'other-zone': [
    'OutOfService',
    'ELB',
    'Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.',
  ],
  draining: ['InService', 'N/A', 'Instance deregistration currently in progress.'],
} as const satisfies Readonly<Record<ClassicState, readonly [string, string, string]>>;

export const NOT_REGISTERED = [
  'OutOfService',
  'Instance',
  'Instance is not currently registered with the LoadBalancer.',
] as const;

import type { InstanceState, Millis } from '../world.ts';

/** What DescribeInstances calls an instance that is not a Spot one: nothing. */
type InstanceLifecycle = 'on-demand' | 'spot';

interface NetworkInterface {
  readonly networkInterfaceId: string;
  /** The primary one first. */
  readonly privateIpAddresses: readonly string[];
}

export type StateReason = { readonly code: string; readonly message: string };

export interface InstanceRecord {
  readonly instanceId: string;
  /** Rises with each launch; paging goes by it. */
  readonly sequence: number;
  readonly instanceType: string;
  readonly interfaces: readonly NetworkInterface[];
  readonly publicIpAddress: string | undefined;
  readonly availabilityZone: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly lifecycle: InstanceLifecycle;
  readonly launchTime: Millis;
  readonly tags: Map<string, string>;
  readonly spotRequest: SpotRequest | undefined;
  state: InstanceState;
  stateReason: StateReason | undefined;
  terminationProtection: boolean;
}

export interface SpotRequest {
  readonly id: string;
  state: 'active' | 'closed';
  status: 'fulfilled' | 'marked-for-termination' | 'instance-terminated-no-capacity' | 'instance-terminated-by-user';
  updatedAt: Millis;
}

export interface LaunchSpec {
  readonly instanceId?: string;
  readonly instanceType?: string;
  /** Private addresses by interface, the primary one first. One interface with a free address when absent. */
  readonly interfaces?: readonly (readonly string[])[];
  readonly publicIpAddress?: string;
  readonly availabilityZone?: string;
  readonly vpcId?: string;
  readonly lifecycle?: InstanceLifecycle;
  readonly tags?: Readonly<Record<string, string>>;
  readonly terminationProtection?: boolean;
  /** Time in `pending`. 0, the default, is an instance that runs already. */
  readonly pendingSeconds?: number;
}

export const stateCodes: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function privateAddresses(instance: Pick<InstanceRecord, 'interfaces'>): string[] {
  return instance.interfaces.flatMap((each) => each.privateIpAddresses);
}

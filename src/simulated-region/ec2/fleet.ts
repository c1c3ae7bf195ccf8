import { later } from '../later.ts';
import type { InstanceDirectory, InstanceFacts, InstanceState, World } from '../world.ts';
import type { InstanceRecord, LaunchSpec, SpotRequest, StateReason } from './instance.ts';
import { privateAddresses } from './instance.ts';

const USER_INITIATED: StateReason = {
  code: 'Client.UserInitiatedShutdown',
  message: 'Client.UserInitiatedShutdown: User initiated shutdown',
};
const SPOT_TERMINATION: StateReason = {
  code: 'Server.SpotInstanceTermination',
  message: 'Server.SpotInstanceTermination: Spot instance termination',
};

/** Seconds, as seen on AWS; where it varies, the least and the most. */
const SHUTTING_DOWN = [30, 60] as const;
const STOPPING = [20, 40] as const;
const STARTING = [8, 20] as const;
/** A terminated instance is described for about an hour more. */
const TERMINATED_VISIBLE = 3600;
const SPOT_NOTICE = 120;

/** Every instance and its way through its states. */
export class Fleet implements InstanceDirectory {
  readonly #world: World;
  readonly #instances = new Map<string, InstanceRecord>();
  readonly #listeners: ((instance: InstanceFacts, previous: InstanceState) => void)[] = [];
  readonly #shuttingDown: readonly [least: number, most: number];
  #launched = 0;

  constructor(world: World, shuttingDown: readonly [least: number, most: number] = SHUTTING_DOWN) {
    this.#world = world;
    this.#shuttingDown = shuttingDown;
  }

  get(instanceId: string): InstanceFacts | undefined {
    const record = this.#instances.get(instanceId);
    return record && facts(record);
  }

  onStateChange(listener: (instance: InstanceFacts, previous: InstanceState) => void): void {
    this.#listeners.push(listener);
  }

  find(instanceId: string): InstanceRecord | undefined {
    return this.#instances.get(instanceId);
  }

  /** In the order of launch. */
  all(): Iterable<InstanceRecord> {
    return this.#instances.values();
  }

  /** @throws if there is no such instance: a fault of the scenario. */
  require(instanceId: string): InstanceRecord {
    const record = this.#instances.get(instanceId);
    if (!record) throw new Error(`There is no instance ${instanceId} in ${this.#world.region}`);
    return record;
  }

  launch(spec: LaunchSpec): InstanceRecord {
    const sequence = this.#launched;
    this.#launched += 1;
    const instanceId = spec.instanceId ?? this.#world.identifier('i');
    if (this.#instances.has(instanceId)) throw new Error(`Instance ${instanceId} exists already`);
    const addresses = spec.interfaces ?? [[defaultAddress(sequence)]];
    const availabilityZone = spec.availabilityZone ?? `${this.#world.region}${'abc'.charAt(sequence % 3)}`;
    const record: InstanceRecord = {
      instanceId,
      sequence,
      instanceType: spec.instanceType ?? 'm5.large',
      interfaces: addresses.map((privateIpAddresses) => ({
        networkInterfaceId: this.#world.identifier('eni'),
        privateIpAddresses,
      })),
      publicIpAddress: spec.publicIpAddress,
      availabilityZone,
      vpcId: spec.vpcId ?? 'vpc-0a1b2c3d4e5f60718',
      subnetId: `subnet-0a1b2c3d4e5f6071${availabilityZone.slice(-1)}`,
      lifecycle: spec.lifecycle ?? 'on-demand',
      launchTime: Date.now(),
      tags: new Map(Object.entries(spec.tags ?? {})),
      spotRequest: spec.lifecycle === 'spot' ? this.#spotRequest() : undefined,
      state: 'pending',
      stateReason: undefined,
      terminationProtection: spec.terminationProtection ?? false,
    };
    this.#instances.set(instanceId, record);
    if ((spec.pendingSeconds ?? 0) > 0) {
      this.#announce(record);
      later(spec.pendingSeconds ?? 0, () => this.#from(record, 'pending', 'running'));
    } else {
      record.state = 'running';
      this.#announce(record);
    }
    return record;
  }

  /** To `shutting-down`, and on to `terminated`. Nothing happens to an instance that is on that way already. */
  terminate(record: InstanceRecord, reason = USER_INITIATED): void {
    if (record.state === 'shutting-down' || record.state === 'terminated') return;
    record.stateReason = reason;
    if (record.spotRequest?.state === 'active') {
      record.spotRequest.state = 'closed';
      const interrupted = reason === SPOT_TERMINATION;
      record.spotRequest.status = interrupted ? 'instance-terminated-no-capacity' : 'instance-terminated-by-user';
      record.spotRequest.updatedAt = Date.now();
    }
    this.#enter(record, 'shutting-down');
    later(this.#between(this.#shuttingDown), () => {
      this.#enter(record, 'terminated');
      later(TERMINATED_VISIBLE, () => this.#instances.delete(record.instanceId));
    });
  }

  stop(record: InstanceRecord): void {
    if (record.state !== 'running' && record.state !== 'pending') return;
    record.stateReason = USER_INITIATED;
    this.#enter(record, 'stopping');
    later(this.#between(STOPPING), () => this.#from(record, 'stopping', 'stopped'));
  }

  start(record: InstanceRecord): void {
    if (record.state !== 'stopped') return;
    record.stateReason = undefined;
    this.#enter(record, 'pending');
    later(this.#between(STARTING), () => this.#from(record, 'pending', 'running'));
  }

  /** The two minutes' warning, and then the termination that nothing holds up. */
  interrupt(record: InstanceRecord): void {
    if (!record.spotRequest) throw new Error(`${record.instanceId} is not a Spot instance`);
    if (record.spotRequest.status !== 'fulfilled') return;
    record.spotRequest.status = 'marked-for-termination';
    record.spotRequest.updatedAt = Date.now();
    this.#world.outbox.emit({
      source: 'aws.ec2',
      'detail-type': 'EC2 Spot Instance Interruption Warning',
      // This one event names the Availability Zone in place of the region, and no account.
      resources: [`arn:aws:ec2:${record.availabilityZone}:instance/${record.instanceId}`],
      detail: { 'instance-id': record.instanceId, 'instance-action': 'terminate' },
    });
    later(SPOT_NOTICE, () => this.terminate(record, SPOT_TERMINATION));
  }

  #from(record: InstanceRecord, expected: InstanceState, next: InstanceState): void {
    if (record.state === expected) this.#enter(record, next);
  }

  #enter(record: InstanceRecord, state: InstanceState): void {
    const previous = record.state;
    record.state = state;
    this.#announce(record);
    for (const listener of this.#listeners) listener(facts(record), previous);
  }

  #announce(record: InstanceRecord): void {
    const { region, accountId, outbox } = this.#world;
    outbox.emit({
      source: 'aws.ec2',
      'detail-type': 'EC2 Instance State-change Notification',
      resources: [`arn:aws:ec2:${region}:${accountId}:instance/${record.instanceId}`],
      detail: { 'instance-id': record.instanceId, state: record.state },
    });
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#world.random() * (most - least);
  }

  #spotRequest(): SpotRequest {
    const id = this.#world.identifier('sir').slice(-8);
    return { id: `sir-${id}`, state: 'active', status: 'fulfilled', updatedAt: Date.now() };
  }
}

function facts(record: InstanceRecord): InstanceFacts {
  return {
    instanceId: record.instanceId,
    state: record.state,
    privateIpAddresses: privateAddresses(record),
    availabilityZone: record.availabilityZone,
    vpcId: record.vpcId,
  };
}

/** 10.0.0.10 upwards; a /8 holds 16 million. */
function defaultAddress(sequence: number): string {
  const host = sequence + 10;
  return `10.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}`;
}

import { later } from '../later.ts';
import { ServiceError } from '../service.ts';
import type { World } from '../world.ts';
import type { EcsDirectory } from './directory.ts';
import {
  type Cluster,
  type ContainerInstance,
  type ContainerPort,
  type Eni,
  isPending,
  type LastStatus,
  type NetworkMode,
  type Service,
  type StopCode,
  type Task,
  type TaskAddress,
  type TaskBehaviour,
} from './records.ts';

/** Attaching a network interface. */
const PROVISIONING_SECONDS = 2;
/** Between the container's start and RUNNING, where ECS registers targets. */
const ACTIVATING_SECONDS = 1;
/** DEACTIVATING of a task without targets: until the agent has been told. */
const DEACTIVATING_SECONDS = 1;
/** Cleaning up after the containers; longer where a network interface is detached. */
const DEPROVISIONING_SECONDS = { bridge: 2, awsvpc: 5 } as const;

export interface NewTask {
  readonly cluster: Cluster;
  readonly instance: ContainerInstance;
  readonly service?: Service;
  readonly family: string;
  readonly group: string;
  readonly startedBy: string | undefined;
  readonly behaviour: TaskBehaviour;
  readonly networkMode: NetworkMode;
  readonly ports: readonly ContainerPort[];
}

/**
 * Walks tasks through their states, one timer a transition. A task that stops has desiredStatus STOPPED at once and keeps
 * serving: its targets drain in DEACTIVATING, its process ends in STOPPING, and only STOPPED is the end.
 */
export class TaskRunner {
  readonly #world: World;
  readonly #directory: EcsDirectory;
  readonly #changed: (task: Task) => void;
  #enis = 0;

  constructor(world: World, directory: EcsDirectory, changed: (task: Task) => void) {
    this.#world = world;
    this.#directory = directory;
    this.#changed = changed;
  }

  start(wanted: NewTask): Task {
    const { cluster, instance, service } = wanted;
    const eni = wanted.networkMode === 'awsvpc' ? this.#attachEni() : undefined;
    const id = this.#directory.hex();
    const task: Task = {
      sequence: this.#directory.next(),
      arn: this.#directory.arn(`task/${cluster.name}/${id}`),
      id,
      cluster,
      instance,
      service,
      family: wanted.family,
      group: wanted.group,
      startedBy: wanted.startedBy,
      behaviour: wanted.behaviour,
      eni,
      addresses: wanted.ports.map((port) => this.#bind(instance, eni, port)),
      createdAt: Date.now(),
      tags: new Map(),
      lastStatus: eni === undefined ? 'PENDING' : 'PROVISIONING',
      desiredStatus: 'RUNNING',
      version: 0,
      history: [],
      cancel: undefined,
    };
    cluster.tasks.set(id, task);
    instance.tasks.add(task);
    instance.history.push(task);
    service?.tasks.add(task);
    if (eni === undefined) this.#pull(task);
    else this.#become(task, 'PROVISIONING', PROVISIONING_SECONDS, () => this.#pull(task));
    return task;
  }

  /** Begins the walk to STOPPED; a task that is on it already is left alone. */
  stop(task: Task, code: StopCode, reason: string): void {
    if (task.desiredStatus === 'STOPPED') return;
    this.#condemn(task, code, reason);
    if (task.lastStatus === 'PROVISIONING' || task.lastStatus === 'PENDING') this.#deprovision(task);
    // Nobody can tell the containers of a disconnected agent; the walk begins when it is back.
    else if (task.instance.agentConnected) this.#deactivate(task);
    else this.#changed(task);
  }

  /** What was asked for while the agent was away. */
  agentConnected(instance: ContainerInstance): void {
    for (const task of [...instance.tasks]) {
      if (task.desiredStatus === 'STOPPED' && (task.lastStatus === 'RUNNING' || task.lastStatus === 'ACTIVATING')) {
        this.#deactivate(task);
      }
    }
  }

  /**
   * Every task of an instance is over at once.
   * @param containersDie false where ECS only loses sight of them
   */
  lose(instance: ContainerInstance, code: StopCode, reason: string, containersDie: boolean): void {
    for (const task of [...instance.tasks]) {
      if (task.desiredStatus === 'RUNNING') this.#condemn(task, code, reason);
      if (containersDie) this.#killBackends(task);
      this.#deregister(task);
      this.#end(task);
    }
  }

  #pull(task: Task): void {
    this.#become(task, 'PENDING', task.behaviour.startSeconds ?? 5, () => this.#activate(task));
  }

  #activate(task: Task): void {
    for (const address of task.addresses) this.#world.backends.started(address);
    this.#register(task);
    if (targetGroupsOf(task).length === 0) this.#run(task);
    else this.#become(task, 'ACTIVATING', ACTIVATING_SECONDS, () => this.#run(task));
  }

  #run(task: Task): void {
    task.startedAt = Date.now();
    const endsAfter = task.behaviour.endsAfterSeconds ?? Number.POSITIVE_INFINITY;
    this.#become(task, 'RUNNING', endsAfter, () => {
      if (task.desiredStatus === 'RUNNING') {
        this.#condemn(task, 'EssentialContainerExited', 'Essential container in task exited');
      }
      this.#deregister(task);
      this.#exit(task, 0);
    });
  }

  #deactivate(task: Task): void {
    const groups = targetGroupsOf(task);
    this.#deregister(task);
    const seconds =
      groups.length === 0
        ? DEACTIVATING_SECONDS
        : Math.max(...groups.map((arn) => this.#world.targets.deregistrationDelaySeconds(arn)));
    this.#become(task, 'DEACTIVATING', seconds, () => this.#terminate(task));
  }

  #terminate(task: Task): void {
    const { behaviour } = task;
    const timeout = behaviour.stopTimeoutSeconds ?? 30;
    const obeys = behaviour.ignoresStop === true ? Number.POSITIVE_INFINITY : (behaviour.stopSeconds ?? 1);
    const endsAt = (task.startedAt ?? Date.now()) / 1000 + (behaviour.endsAfterSeconds ?? Number.POSITIVE_INFINITY);
    const ends = Math.max(0, endsAt - Date.now() / 1000);
    const seconds = Math.min(timeout, obeys, ends);
    const killed = seconds === timeout && obeys > timeout;
    this.#become(task, 'STOPPING', seconds, () => this.#exit(task, killed ? 137 : 0));
  }

  #exit(task: Task, exitCode: number): void {
    task.executionStoppedAt = Date.now();
    task.exitCode = exitCode;
    this.#killBackends(task);
    this.#deprovision(task);
  }

  #deprovision(task: Task): void {
    const seconds = DEPROVISIONING_SECONDS[task.eni === undefined ? 'bridge' : 'awsvpc'];
    this.#become(task, 'DEPROVISIONING', seconds, () => this.#end(task));
  }

  #end(task: Task): void {
    const { instance } = task;
    task.stoppedAt = Date.now();
    instance.tasks.delete(task);
    task.service?.tasks.delete(task);
    if (task.eni === undefined) for (const address of task.addresses) instance.ports.delete(address.port);
    this.#become(task, 'STOPPED', Number.POSITIVE_INFINITY, () => undefined);
  }

  #condemn(task: Task, code: StopCode, reason: string): void {
    task.desiredStatus = 'STOPPED';
    task.stoppingAt = Date.now();
    task.stopCode = code;
    task.stoppedReason = reason;
    task.version += 1;
    task.instance.version += 1;
  }

  #become(task: Task, status: LastStatus, seconds: number, next: () => void): void {
    task.cancel?.();
    task.lastStatus = status;
    task.version += 1;
    task.instance.version += 1;
    task.history.push([Date.now(), status]);
    task.cancel = later(seconds, next);
    this.#changed(task);
  }

  #killBackends(task: Task): void {
    if (!isPending(task) || task.lastStatus === 'ACTIVATING') {
      for (const address of task.addresses) this.#world.backends.died(address);
    }
  }

  #register(task: Task): void {
    this.#eachTarget(task, (arn, target) => this.#world.targets.register(arn, [target]));
  }

  #deregister(task: Task): void {
    if (task.lastStatus === 'PROVISIONING' || task.lastStatus === 'PENDING') return;
    this.#eachTarget(task, (arn, target) => this.#world.targets.deregister(arn, [target]));
  }

  /** A target group that refuses, or is no more, becomes an event of the service, and the task goes on. */
  #eachTarget(task: Task, act: (targetGroupArn: string, target: TaskAddress) => void): void {
    const { service } = task;
    if (service === undefined) return;
    for (const balancer of service.loadBalancers) {
      const target = task.addresses.find(
        (one) => one.containerName === balancer.containerName && one.containerPort === balancer.containerPort,
      );
      if (target === undefined) continue;
      try {
        act(balancer.targetGroupArn, target);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const message = `(service ${service.name}) failed on target group ${balancer.targetGroupArn}: ${error.message}`;
        service.events.push({ at: Date.now(), message });
      }
    }
  }

  #bind(instance: ContainerInstance, eni: Eni | undefined, wanted: ContainerPort): TaskAddress {
    if (eni !== undefined) return { ...wanted, id: eni.address, port: wanted.containerPort };
    // Docker takes the host port of a bridge network from the kernel's ephemeral range.
    let port: number;
    do port = 32_768 + Math.floor(this.#world.random() * 28_232);
    while (instance.ports.has(port));
    instance.ports.add(port);
    return { ...wanted, id: instance.ec2InstanceId, port };
  }

  #attachEni(): Eni {
    this.#enis += 1;
    const address = `10.${64 + (this.#enis >> 16)}.${(this.#enis >> 8) & 255}.${this.#enis & 255}`;
    return { attachmentId: this.#world.uuid(), networkInterfaceId: this.#world.identifier('eni'), address };
  }
}

export function targetGroupsOf(task: Task): string[] {
  return [...new Set(task.service?.loadBalancers.map((one) => one.targetGroupArn))];
}

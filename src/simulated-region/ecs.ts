import { EcsDirectory, invalid } from './ecs/directory.ts';
import { ecsOperations } from './ecs/operations.ts';
import type {
  ContainerInstance,
  ContainerPort,
  LoadBalancerOfService,
  NetworkMode,
  SchedulingStrategy,
  Service,
  Task,
  TaskBehaviour,
  TaskTimeline,
} from './ecs/records.ts';
import { ServiceScheduler } from './ecs/scheduler.ts';
import { TaskRunner } from './ecs/tasks.ts';
import { later } from './later.ts';
import type { ServiceModel } from './service.ts';
import type { InstanceFacts, World } from './world.ts';

export type { LastStatus, LoadBalancerOfService, TaskBehaviour, TaskTimeline } from './ecs/records.ts';

export interface NewContainerInstance {
  /** How many tasks fit on it at once; any number unless told otherwise. */
  readonly taskSlots?: number;
  readonly attributes?: Readonly<Record<string, string>>;
  /** How long it stands as REGISTERING; 0 unless told otherwise. */
  readonly registeringSeconds?: number;
}

export interface NewService extends TaskBehaviour {
  readonly cluster: string;
  readonly name: string;
  /** Of a REPLICA service; 1 unless told otherwise. */
  readonly desiredCount?: number;
  readonly schedulingStrategy?: SchedulingStrategy;
  /** 100 for REPLICA and 0 for DAEMON unless told otherwise, and 200 and 100 at most: ECS's own defaults. */
  readonly minimumHealthyPercent?: number;
  readonly maximumPercent?: number;
  readonly loadBalancers?: readonly LoadBalancerOfService[];
  /** `bridge`: a host port of the instance. `awsvpc`: a network interface of its own. `bridge` unless told otherwise. */
  readonly networkMode?: NetworkMode;
  /** The service's name unless told otherwise. */
  readonly family?: string;
  /** EC2 instances for the first tasks, one entry a task; the others are spread. */
  readonly on?: readonly string[];
}

export interface NewStandaloneTask extends TaskBehaviour {
  readonly cluster: string;
  /** `task` unless told otherwise. */
  readonly family?: string;
  readonly startedBy?: string;
  /** `family:<family>` unless told otherwise. */
  readonly group?: string;
  readonly networkMode?: NetworkMode;
  readonly ports?: readonly ContainerPort[];
}

/** Elastic Container Service with EC2 container instances. Task definitions are not kept: a family is only a name. */
export class EcsModel {
  readonly service: ServiceModel;
  readonly #world: World;
  readonly #directory: EcsDirectory;
  readonly #runner: TaskRunner;
  readonly #scheduler: ServiceScheduler;
  readonly #instances = new Map<string, ContainerInstance>();
  readonly #historyOf = new Map<string, ContainerInstance[]>();

  constructor(world: World) {
    this.#world = world;
    this.#directory = new EcsDirectory(world);
    this.#runner = new TaskRunner(world, this.#directory, (task) => this.#scheduler.taskChanged(task));
    this.#scheduler = new ServiceScheduler(world, this.#runner);
    this.service = {
      id: 'ecs',
      protocol: 'json-1.1',
      target: 'AmazonEC2ContainerServiceV20141113',
      operations: ecsOperations(this, this.#directory),
    };
    world.instances.onStateChange((instance) => this.#ec2Changed(instance));
  }

  /** @returns its ARN */
  createCluster(name: string): string {
    return this.#directory.createCluster(name).arn;
  }

  /**
   * What the ECS agent of an instance does when it has booted. @returns the container instance's ARN
   * @throws Error if EC2 does not know the instance
   */
  registerContainerInstance(cluster: string, ec2InstanceId: string, wanted: NewContainerInstance = {}): string {
    if (this.#world.instances.get(ec2InstanceId) === undefined) {
      throw new Error(`there is no instance ${ec2InstanceId} that could join the cluster ${cluster}`);
    }
    const owner = this.#directory.cluster(cluster);
    const id = this.#directory.hex();
    const registering = wanted.registeringSeconds ?? 0;
    const instance: ContainerInstance = {
      sequence: this.#directory.next(),
      arn: this.#directory.arn(`container-instance/${owner.name}/${id}`),
      id,
      cluster: owner,
      ec2InstanceId,
      registeredAt: Date.now(),
      attributes: new Map<string, string | undefined>([
        ['com.amazonaws.ecs.capability.docker-remote-api.1.44', undefined],
        ['ecs.os-type', 'linux'],
        ...Object.entries(wanted.attributes ?? {}),
      ]),
      tags: new Map(),
      taskSlots: wanted.taskSlots ?? Number.POSITIVE_INFINITY,
      tasks: new Set(),
      history: [],
      ports: new Set(),
      status: registering > 0 ? 'REGISTERING' : 'ACTIVE',
      agentConnected: true,
      version: 1,
    };
    owner.instances.set(id, instance);
    this.#instances.set(instance.arn, instance);
    this.#directory.byEc2Instance.set(ec2InstanceId, instance);
    this.#historyOf.set(ec2InstanceId, [...(this.#historyOf.get(ec2InstanceId) ?? []), instance]);
    if (registering > 0) {
      later(registering, () => {
        if (instance.status === 'REGISTERING') this.setStatus(instance.arn, 'ACTIVE');
      });
    } else this.#scheduler.instanceChanged(owner);
    return instance.arn;
  }

  /** Its tasks are placed at once and take their time to start. @returns its ARN */
  createService(wanted: NewService): string {
    const cluster = this.#directory.cluster(wanted.cluster);
    if (cluster.services.has(wanted.name)) throw invalid('Creation of service was not idempotent.');
    const strategy = wanted.schedulingStrategy ?? 'REPLICA';
    const service: Service = {
      sequence: this.#directory.next(),
      arn: this.#directory.arn(`service/${cluster.name}/${wanted.name}`),
      name: wanted.name,
      cluster,
      family: wanted.family ?? wanted.name,
      schedulingStrategy: strategy,
      desiredCount: strategy === 'DAEMON' ? 0 : (wanted.desiredCount ?? 1),
      minimumHealthyPercent: wanted.minimumHealthyPercent ?? (strategy === 'DAEMON' ? 0 : 100),
      maximumPercent: wanted.maximumPercent ?? (strategy === 'DAEMON' ? 100 : 200),
      loadBalancers: wanted.loadBalancers ?? [],
      networkMode: wanted.networkMode ?? 'bridge',
      behaviour: behaviourOf(wanted),
      createdAt: Date.now(),
      deploymentId: `ecs-svc/${String(Math.floor(this.#world.random() * 1e16)).padStart(16, '0')}`,
      tasks: new Set(),
      tags: new Map(),
      placements: [...(wanted.on ?? [])],
      events: [],
      short: false,
      wake: undefined,
    };
    cluster.services.set(service.name, service);
    this.#scheduler.added(service);
    return service.arn;
  }

  /** Asks a service for another number of tasks. */
  setDesiredCount(cluster: string, serviceName: string, desiredCount: number): void {
    const service = this.#directory.findService(this.#directory.cluster(cluster), serviceName);
    if (service === undefined) throw new Error(`there is no service ${serviceName} in the cluster ${cluster}`);
    service.desiredCount = desiredCount;
    this.#scheduler.wake(service);
  }

  /** A standalone task, on the instance with the fewest tasks. @returns its ARN, or undefined where none has room */
  runTask(wanted: NewStandaloneTask): string | undefined {
    const cluster = this.#directory.cluster(wanted.cluster);
    const instance = this.#scheduler.place(cluster, new Map());
    return instance === undefined ? undefined : this.#start(instance, wanted).arn;
  }

  /**
   * A standalone task on a given instance, also on a DRAINING one. A daemon that the instance starts by itself, as
   * is often done at boot, has the container instance's id as `startedBy`.
   * @param wanted.instance an EC2 instance id, or a container instance's ARN
   * @returns its ARN
   */
  startTask(wanted: NewStandaloneTask & { readonly instance: string }): string {
    return this.#start(this.#instance(wanted.instance), wanted).arn;
  }

  /** As `StopTask` does, for a task of a service too: the service replaces it. */
  stopTask(taskArn: string, reason = 'Task stopped by user'): void {
    const task = this.#task(taskArn);
    this.#runner.stop(task, 'UserInitiated', reason);
  }

  /** @param instance an EC2 instance id, or a container instance's ARN */
  setStatus(instance: string, status: 'ACTIVE' | 'DRAINING'): void {
    const found = this.#instance(instance);
    if (found.status === status) return;
    found.status = status;
    found.version += 1;
    this.#scheduler.instanceChanged(found.cluster);
  }

  /** The agent loses or finds its connection; its containers do not notice. */
  setAgentConnected(instance: string, connected: boolean): void {
    const found = this.#instance(instance);
    found.agentConnected = connected;
    found.version += 1;
    if (connected) this.#runner.agentConnected(found);
    this.#scheduler.instanceChanged(found.cluster);
  }

  /** ECS loses sight of the instance and its tasks; their containers run on. */
  deregisterContainerInstance(instance: string): void {
    const found = this.#instance(instance);
    this.#leave(found);
    const reason = 'Container instance deregistered forcefully by User';
    this.#runner.lose(found, 'UserInitiated', reason, false);
  }

  /** Every task that was ever placed on an EC2 instance, with its whole walk. */
  tasksOn(ec2InstanceId: string): TaskTimeline[] {
    const tasks = (this.#historyOf.get(ec2InstanceId) ?? []).flatMap((instance) => instance.history);
    return tasks.map((task) => ({
      taskArn: task.arn,
      group: task.group,
      startedBy: task.startedBy,
      lastStatus: task.lastStatus,
      desiredStatus: task.desiredStatus,
      history: task.history.map(([at, status]) => [at, status] as const),
      stoppedReason: task.stoppedReason,
      addresses: task.addresses,
    }));
  }

  /** The container instance that an EC2 instance is or was last. @returns its ARN */
  containerInstanceOf(ec2InstanceId: string): string | undefined {
    return this.#historyOf.get(ec2InstanceId)?.at(-1)?.arn;
  }

  #start(instance: ContainerInstance, wanted: NewStandaloneTask): Task {
    const family = wanted.family ?? 'task';
    return this.#runner.start({
      cluster: instance.cluster,
      instance,
      family,
      group: wanted.group ?? `family:${family}`,
      startedBy: wanted.startedBy,
      behaviour: behaviourOf(wanted),
      networkMode: wanted.networkMode ?? 'bridge',
      ports: wanted.ports ?? [],
    });
  }

  #instance(name: string): ContainerInstance {
    const found = this.#instances.get(name) ?? this.#directory.byEc2Instance.get(name);
    if (found === undefined) throw new Error(`${name} is no container instance`);
    return found;
  }

  #task(arn: string): Task {
    const cluster = this.#directory.cluster(arn.split('/')[1]);
    const found = this.#directory.findTask(cluster, arn);
    if (found === undefined) throw new Error(`${arn} is no task`);
    return found;
  }

  #ec2Changed(facts: InstanceFacts): void {
    const instance = this.#directory.byEc2Instance.get(facts.instanceId);
    if (instance === undefined) return;
    if (facts.state === 'shutting-down') {
      this.#leave(instance);
      this.#runner.lose(instance, 'TerminationNotice', `Host EC2 (instance ${facts.instanceId}) terminated.`, true);
    } else if (facts.state === 'stopping') {
      // A stopped instance stays registered; its agent connects again when it runs again.
      instance.agentConnected = false;
      this.#runner.lose(instance, 'TerminationNotice', `Host EC2 (instance ${facts.instanceId}) stopped.`, true);
      this.#scheduler.instanceChanged(instance.cluster);
    } else if (facts.state === 'running' && !instance.agentConnected) {
      instance.agentConnected = true;
      this.#scheduler.instanceChanged(instance.cluster);
    }
  }

  #leave(instance: ContainerInstance): void {
    instance.status = 'INACTIVE';
    instance.agentConnected = false;
    instance.inactiveAt = Date.now();
    this.#directory.byEc2Instance.delete(instance.ec2InstanceId);
    this.#scheduler.instanceChanged(instance.cluster);
  }
}

function behaviourOf(wanted: TaskBehaviour): TaskBehaviour {
  return {
    ...(wanted.startSeconds === undefined ? {} : { startSeconds: wanted.startSeconds }),
    ...(wanted.stopSeconds === undefined ? {} : { stopSeconds: wanted.stopSeconds }),
    ...(wanted.ignoresStop === undefined ? {} : { ignoresStop: wanted.ignoresStop }),
    ...(wanted.stopTimeoutSeconds === undefined ? {} : { stopTimeoutSeconds: wanted.stopTimeoutSeconds }),
    ...(wanted.endsAfterSeconds === undefined ? {} : { endsAfterSeconds: wanted.endsAfterSeconds }),
  };
}

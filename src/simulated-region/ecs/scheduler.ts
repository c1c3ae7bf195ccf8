import { later } from '../later.ts';
import type { World } from '../world.ts';
import type { Cluster, ContainerInstance, Service, Task } from './records.ts';
import type { TaskRunner } from './tasks.ts';

/** The service scheduler looks at a service this long after something has changed. */
const REACTION_SECONDS = 1;

/**
 * The service scheduler: it starts what is missing and stops what must go, within the deployment's percentages. It looks
 * at a service only after something in its world has changed, however much has changed at once.
 */
export class ServiceScheduler {
  readonly #world: World;
  readonly #runner: TaskRunner;
  readonly #byTargetGroup = new Map<string, Set<Service>>();

  constructor(world: World, runner: TaskRunner) {
    this.#world = world;
    this.#runner = runner;
  }

  /** A service is new. */
  added(service: Service): void {
    if (this.#byTargetGroup.size === 0 && service.loadBalancers.length > 0) {
      this.#world.targets.onStateChange((arn) => {
        for (const one of this.#byTargetGroup.get(arn) ?? []) this.wake(one);
      });
    }
    for (const { targetGroupArn } of service.loadBalancers) {
      this.#byTargetGroup.set(targetGroupArn, (this.#byTargetGroup.get(targetGroupArn) ?? new Set()).add(service));
    }
    this.#schedule(service);
  }

  wake(service: Service): void {
    service.wake ??= later(REACTION_SECONDS, () => {
      service.wake = undefined;
      this.#schedule(service);
    });
  }

  /** A container instance came, went, or changed its status. */
  instanceChanged(cluster: Cluster): void {
    for (const service of cluster.services.values()) this.wake(service);
  }

  taskChanged(task: Task): void {
    if (task.service !== undefined) this.wake(task.service);
    if (task.lastStatus !== 'STOPPED') return;
    for (const service of task.cluster.services.values()) {
      const daemonMayGo = service.schedulingStrategy === 'DAEMON' && task.instance.status === 'DRAINING';
      if (service.short || daemonMayGo) this.wake(service);
    }
  }

  /** Where the next task goes: spread over instances, first by tasks of its service, then by tasks. */
  place(cluster: Cluster, counts: ReadonlyMap<ContainerInstance, number>): ContainerInstance | undefined {
    let best: ContainerInstance | undefined;
    for (const instance of cluster.instances.values()) {
      if (!accepts(instance)) continue;
      if (best === undefined || before(instance, best, counts)) best = instance;
    }
    return best;
  }

  #schedule(service: Service): void {
    if (service.schedulingStrategy === 'DAEMON') this.#scheduleDaemon(service);
    else this.#scheduleReplicas(service);
  }

  #scheduleReplicas(service: Service): void {
    const wanted = [...service.tasks].filter((task) => task.desiredStatus === 'RUNNING');
    const staying = wanted.filter((task) => !isLeaving(task));
    this.#startMissing(service, service.desiredCount - staying.length);

    // A task is healthy if it is RUNNING and every target group says so; those that are not, pending ones among them,
    // may always be stopped.
    const least = Math.ceil((service.desiredCount * service.minimumHealthyPercent) / 100);
    const healthy = new Set(wanted.filter((task) => this.#isHealthy(task)));
    let spare = healthy.size - least;
    const excess = staying
      .slice()
      .sort((a, b) => Number(healthy.has(a)) - Number(healthy.has(b)) || b.sequence - a.sequence)
      .slice(0, Math.max(0, staying.length - service.desiredCount));
    for (const task of [...wanted.filter(isLeaving), ...excess]) {
      if (!healthy.has(task)) this.#stop(task);
      else if (spare > 0) {
        spare -= 1;
        this.#stop(task);
      }
    }
  }

  /** Up to the maximum percent, for which a task counts until it is STOPPED. */
  #startMissing(service: Service, missing: number): void {
    const most = Math.floor((service.desiredCount * service.maximumPercent) / 100);
    const count = Math.min(missing, most - service.tasks.size);
    const counts = new Map<ContainerInstance, number>();
    for (const task of service.tasks) counts.set(task.instance, (counts.get(task.instance) ?? 0) + 1);
    let placed = 0;
    for (; placed < count; placed += 1) {
      const instance = this.#nextPlacement(service) ?? this.place(service.cluster, counts);
      if (instance === undefined) break;
      counts.set(instance, (counts.get(instance) ?? 0) + 1);
      this.#start(service, instance);
    }
    const short = placed < count;
    if (short && !service.short) {
      const message = `(service ${service.name}) was unable to place a task because no container instance met all of its requirements.`;
      service.events.push({ at: Date.now(), message });
    }
    service.short = short;
  }

  #nextPlacement(service: Service): ContainerInstance | undefined {
    const ec2InstanceId = service.placements.shift();
    if (ec2InstanceId === undefined) return undefined;
    return [...service.cluster.instances.values()].find((one) => one.ec2InstanceId === ec2InstanceId && accepts(one));
  }

  /** One task on each ACTIVE instance; on a DRAINING one it is the last to stop, after every replica task. */
  #scheduleDaemon(service: Service): void {
    const covered = new Map<ContainerInstance, Task>();
    for (const task of service.tasks) if (task.desiredStatus === 'RUNNING') covered.set(task.instance, task);
    let desired = 0;
    for (const instance of service.cluster.instances.values()) {
      const task = covered.get(instance);
      if (instance.status === 'ACTIVE') {
        desired += 1;
        if (task === undefined && instance.agentConnected) this.#start(service, instance);
      } else if (instance.status === 'DRAINING' && task !== undefined) {
        const replicas = [...instance.tasks].some((one) => one.service?.schedulingStrategy === 'REPLICA');
        if (!replicas) this.#stop(task);
      }
    }
    service.desiredCount = desired;
  }

  #isHealthy(task: Task): boolean {
    if (task.lastStatus !== 'RUNNING') return false;
    return (task.service?.loadBalancers ?? []).every((balancer) => {
      const address = task.addresses.find(
        (one) => one.containerName === balancer.containerName && one.containerPort === balancer.containerPort,
      );
      if (address === undefined) return true;
      const registrations = this.#world.targets.registrations(balancer.targetGroupArn, address.id);
      return registrations.some((one) => one.port === address.port && one.state === 'healthy');
    });
  }

  #start(service: Service, instance: ContainerInstance): void {
    const ports = new Map(service.loadBalancers.map((one) => [`${one.containerName}:${one.containerPort}`, one]));
    this.#runner.start({
      cluster: service.cluster,
      instance,
      service,
      family: service.family,
      group: `service:${service.name}`,
      startedBy: service.deploymentId,
      behaviour: service.behaviour,
      networkMode: service.networkMode,
      ports: [...ports.values()].map(({ containerName, containerPort }) => ({ containerName, containerPort })),
    });
  }

  #stop(task: Task): void {
    const reason = `Scaling activity initiated by (deployment ${task.service?.deploymentId})`;
    this.#runner.stop(task, 'ServiceSchedulerInitiated', reason);
  }
}

export function accepts(instance: ContainerInstance): boolean {
  return instance.status === 'ACTIVE' && instance.agentConnected && instance.tasks.size < instance.taskSlots;
}

function isLeaving(task: Task): boolean {
  return task.instance.status === 'DRAINING';
}

function before(a: ContainerInstance, b: ContainerInstance, counts: ReadonlyMap<ContainerInstance, number>): boolean {
  const byService = (counts.get(a) ?? 0) - (counts.get(b) ?? 0);
  return (byService || a.tasks.size - b.tasks.size || a.sequence - b.sequence) < 0;
}

/** What exists in ECS, and how callers name it: by ARN or by short id or name. */
import { ServiceError } from '../service.ts';
import type { World } from '../world.ts';
import { type Cluster, type ContainerInstance, REMEMBERED_MS, type Service, type Task } from './records.ts';

export class EcsDirectory {
  readonly clusters = new Map<string, Cluster>();
  /** The container instance that an EC2 instance is at present. */
  readonly byEc2Instance = new Map<string, ContainerInstance>();
  readonly #world: World;
  #sequence = 0;

  constructor(world: World) {
    this.#world = world;
  }

  next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** 32 hex digits. */
  hex(): string {
    return this.#world.uuid().replaceAll('-', '');
  }

  arn(resource: string): string {
    return `arn:aws:ecs:${this.#world.region}:${this.#world.accountId}:${resource}`;
  }

  /** Creating a cluster that exists gives the one that exists, as AWS does. */
  createCluster(name: string): Cluster {
    if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name)) {
      throw invalid(`Invalid cluster name '${name}': up to 255 letters, digits, underscores and hyphens`);
    }
    const existing = this.clusters.get(name);
    if (existing !== undefined) return existing;
    const cluster: Cluster = {
      sequence: this.next(),
      arn: this.arn(`cluster/${name}`),
      name,
      instances: new Map(),
      services: new Map(),
      tasks: new Map(),
      tags: new Map(),
    };
    this.clusters.set(name, cluster);
    return cluster;
  }

  /** @throws ServiceError ClusterNotFoundException */
  cluster(name: string | undefined): Cluster {
    const found = this.findCluster(name ?? 'default');
    if (found === undefined) throw new ServiceError('ClusterNotFoundException', 'Cluster not found.');
    return found;
  }

  findCluster(name: string): Cluster | undefined {
    const short = shortOf(name, 'cluster');
    const found = this.clusters.get(short);
    return found !== undefined && (name === short || name === found.arn) ? found : undefined;
  }

  /** An INACTIVE one is found for an hour longer. */
  findInstance(cluster: Cluster, name: string): ContainerInstance | undefined {
    const found = cluster.instances.get(idIn(cluster, name, 'container-instance'));
    if (found?.inactiveAt !== undefined && found.inactiveAt + REMEMBERED_MS <= Date.now()) return undefined;
    return found;
  }

  findTask(cluster: Cluster, name: string): Task | undefined {
    const found = cluster.tasks.get(idIn(cluster, name, 'task'));
    return found === undefined || isForgotten(found) ? undefined : found;
  }

  findService(cluster: Cluster, name: string): Service | undefined {
    return cluster.services.get(idIn(cluster, name, 'service'));
  }

  /** Tasks that can still be seen; the others are dropped here, so that no timer is needed for it. */
  tasksOf(cluster: Cluster): Task[] {
    const seen: Task[] = [];
    for (const task of cluster.tasks.values()) {
      if (isForgotten(task)) cluster.tasks.delete(task.id);
      else seen.push(task);
    }
    return seen;
  }

  tasksOn(instance: ContainerInstance): Task[] {
    return instance.history.filter((task) => !isForgotten(task));
  }
}

export function invalid(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message);
}

function isForgotten(task: Task): boolean {
  return task.stoppedAt !== undefined && task.stoppedAt + REMEMBERED_MS <= Date.now();
}

function shortOf(name: string, kind: string): string {
  const at = name.indexOf(`:${kind}/`);
  return at === -1 ? name : name.slice(at + kind.length + 2);
}

/** @throws ServiceError InvalidParameterException for the ARN of something in another cluster. */
function idIn(cluster: Cluster, name: string, kind: string): string {
  const [owner, id] = shortOf(name, kind).split('/');
  if (id === undefined) return owner ?? '';
  if (owner === cluster.name) return id;
  throw invalid(`Identifier is for ${owner}. Your cluster is ${cluster.name}`);
}

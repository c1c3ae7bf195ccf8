/** Amazon ECS: container instances, and the tasks on them. Every list is read to its last page. */
import {
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  type DesiredStatus,
  ECSClient,
  paginateListClusters,
  paginateListContainerInstances,
  paginateListTasks,
  StopTaskCommand,
  type Task,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { NotFound, Rejected, Unavailable } from '../contract/errors.ts';
import type { TaskFacts } from '../core/tasks.ts';
import { batches } from './batches.ts';
import { clientFactory, sharedWithin } from './clients.ts';
import { codeOf } from './errors.ts';
import { Batchers } from './pacing/batcher.ts';
import { type Accepts, ClusterTasks, type TasksOnInstance, Turn } from './pacing/cluster-tasks.ts';

export const ecsClient = clientFactory(ECSClient);

const DESCRIBE_AT_MOST = 100;
const DESCRIBE_SERVICES_AT_MOST = 10;

export interface ContainerInstanceFacts {
  readonly containerInstanceArn: string;
  readonly status: string;
  readonly agentConnected: boolean;
}

export async function listClusters(ecs: ECSClient): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListClusters({ client: ecs }, {})) arns.push(...(page.clusterArns ?? []));
  return arns;
}

/** What executions of one process ask together: of each cluster by itself. */
const shared = sharedWithin((ecs: ECSClient) => {
  const turn = new Turn();
  const tasks = new Map<string, ClusterTasks>();
  return {
    containerInstances: new Batchers<string, ContainerInstanceFacts>((cluster) => ({
      most: FIND_AT_ONCE,
      pauseMs: FIND_PAUSE_MS,
      keptMs: FOUND_KEPT_MS,
      ask: (instanceIds) => findContainerInstances(ecs, cluster, instanceIds),
    })),
    states: {
      ACTIVE: new Batchers<string, 'set' | 'absent'>((cluster) => setting(ecs, cluster, 'ACTIVE')),
      DRAINING: new Batchers<string, 'set' | 'absent'>((cluster) => setting(ecs, cluster, 'DRAINING')),
    },
    services: new Batchers<string, ServiceTargetGroup[]>((cluster) => ({
      most: DESCRIBE_SERVICES_AT_MOST,
      pauseMs: PAUSE_MS,
      ask: (services) => describeServices(ecs, cluster, services),
    })),
    tasksOf(cluster: string): ClusterTasks {
      const alone = (containerInstanceArn: string) => readTasks(ecs, cluster, containerInstanceArn);
      const known = tasks.get(cluster) ?? new ClusterTasks(ecs, cluster, turn, alone);
      tasks.set(cluster, known);
      return known;
    },
  };
});

/** Filters have no documented limit; a list of so many stays well within any. */
const FIND_AT_ONCE = 50;
const SET_AT_MOST = 10;
const PAUSE_MS = 250;
/** Two calls of the scarcest bucket for whatever has been announced meanwhile. */
const FIND_PAUSE_MS = 2_000;
/** For who gave up waiting, and comes back. */
const FOUND_KEPT_MS = 30_000;

/**
 * The container instance of an EC2 instance in one cluster, found by the server-side filter.
 * @param notBefore ms: what executions of this process have been told since then will do
 * @throws NotFound when there is no such cluster
 * @throws Unavailable when ECS lists one that it does not describe: that is no evidence that there is none
 */
export async function findContainerInstance(
  ecs: ECSClient,
  cluster: string,
  instanceId: string,
  notBefore?: number,
): Promise<ContainerInstanceFacts | undefined> {
  const together = shared(ecs)?.containerInstances;
  if (together !== undefined) return together.get(cluster, instanceId, notBefore);
  return (await findContainerInstances(ecs, cluster, [instanceId])).get(instanceId);
}

async function findContainerInstances(
  ecs: ECSClient,
  cluster: string,
  instanceIds: readonly string[],
): Promise<Map<string, ContainerInstanceFacts>> {
  const arns: string[] = [];
  const filter = `ec2InstanceId ${instanceIds.length === 1 ? `== ${instanceIds[0]}` : `in [${instanceIds.join(', ')}]`}`;
  for await (const page of paginateListContainerInstances({ client: ecs }, { cluster, filter })) {
    arns.push(...(page.containerInstanceArns ?? []));
  }
  const found = new Map<string, ContainerInstanceFacts>();
  for (const batch of batches(arns, DESCRIBE_AT_MOST)) {
    const answer = await ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances: batch }));
    const [failure] = answer.failures ?? [];
    if (failure !== undefined) {
      throw new Unavailable(
        `ECS DescribeContainerInstances: ${failure.arn} is listed in ${cluster} and yet ${failure.reason}`,
      );
    }
    for (const { ec2InstanceId, containerInstanceArn, status, agentConnected } of answer.containerInstances ?? []) {
      if (ec2InstanceId === undefined || containerInstanceArn === undefined || found.has(ec2InstanceId)) continue;
      const facts = { containerInstanceArn, status: status ?? 'UNKNOWN', agentConnected: agentConnected ?? false };
      found.set(ec2InstanceId, facts);
    }
  }
  return found;
}

/**
 * @returns `absent` when the container instance has gone meanwhile, or never made it
 * @throws Unavailable while it is still registering: ECS takes no state for it until it is ACTIVE
 */
export async function setContainerInstanceState(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArn: string,
  status: 'DRAINING' | 'ACTIVE',
): Promise<'set' | 'absent'> {
  const together = shared(ecs)?.states[status];
  if (together === undefined) return setStateAlone(ecs, cluster, containerInstanceArn, status);
  // One that is not in the answer has not been set, for whatever reason: alone it is told.
  return (
    (await together.get(cluster, containerInstanceArn)) ?? setStateAlone(ecs, cluster, containerInstanceArn, status)
  );
}

/** Several at once; one that is still registering makes ECS refuse them all. */
function setting(ecs: ECSClient, cluster: string, status: 'DRAINING' | 'ACTIVE') {
  return {
    most: SET_AT_MOST,
    pauseMs: PAUSE_MS,
    oneByOne: (error: unknown) => error instanceof Rejected || error instanceof NotFound,
    async ask(arns: readonly string[]): Promise<Map<string, 'set' | 'absent'>> {
      const [first] = arns;
      if (first !== undefined && arns.length === 1) {
        return new Map([[first, await setStateAlone(ecs, cluster, first, status)]]);
      }
      const { containerInstances } = await ecs.send(
        new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [...arns], status }),
      );
      return new Map(
        (containerInstances ?? []).flatMap((one) => one.containerInstanceArn ?? []).map((arn) => [arn, 'set']),
      );
    },
  };
}

async function setStateAlone(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArn: string,
  status: 'DRAINING' | 'ACTIVE',
): Promise<'set' | 'absent'> {
  try {
    const { failures } = await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [containerInstanceArn], status }),
    );
    const failure = failures?.[0];
    if (failure === undefined) return 'set';
    if (failure.reason === 'MISSING' || failure.reason === 'INACTIVE') {
      // One answer is too little to leave its tasks running on: another call has to agree.
      const standing = await containerInstanceStatus(ecs, cluster, containerInstanceArn);
      if (isGone(standing)) return 'absent';
      throw new Unavailable(
        `ECS UpdateContainerInstancesState: ${containerInstanceArn} is ${failure.reason} and yet ${standing}`,
      );
    }
    throw new Rejected(
      `ECS UpdateContainerInstancesState: ${failure.reason ?? 'failed'} ${failure.detail ?? ''}`.trim(),
    );
  } catch (error) {
    if (isContainerInstanceGone(error)) return 'absent';
    if (!REFUSALS.includes(codeOf(error))) throw error;
    // What the refusal means is not in its code, and its text is nobody's contract: the instance itself is asked.
    const standing = await containerInstanceStatus(ecs, cluster, containerInstanceArn);
    if (isGone(standing) || standing === 'REGISTRATION_FAILED') return 'absent';
    if (standing !== 'REGISTERING' && standing !== 'DEREGISTERING') throw error;
    throw new Unavailable(`ECS takes no state for ${containerInstanceArn} while it is ${standing}`, { cause: error });
  }
}

const REFUSALS = ['InvalidParameterException', 'ClientException'];
const isGone = (status: string | undefined): boolean => status === undefined || status === 'INACTIVE';

async function containerInstanceStatus(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArn: string,
): Promise<string | undefined> {
  const { containerInstances } = await ecs.send(
    new DescribeContainerInstancesCommand({ cluster, containerInstances: [containerInstanceArn] }),
  );
  return containerInstances?.[0]?.status;
}

/**
 * RUNNING to its last page, then STOPPED to its last page, then describe: in this order, because a task moves from the
 * first list to the second and never back, so that it is in one of the two answers wherever it stands.
 * @param accepts which answers that executions of this process have been given already will do; none when absent
 */
export function tasksOnInstance(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArn: string,
  accepts?: Accepts,
): Promise<TasksOnInstance> {
  const together = shared(ecs)?.tasksOf(cluster);
  return together === undefined
    ? readTasks(ecs, cluster, containerInstanceArn)
    : together.ask(containerInstanceArn, accepts);
}

async function readTasks(ecs: ECSClient, cluster: string, containerInstanceArn: string): Promise<TasksOnInstance> {
  const at = Date.now();
  try {
    const running = await listTasks(ecs, cluster, containerInstanceArn, 'RUNNING');
    const stopped = await listTasks(ecs, cluster, containerInstanceArn, 'STOPPED');
    const arns = [...new Set([...running, ...stopped])];
    const tasks: Task[] = [];
    for (const batch of batches(arns, DESCRIBE_AT_MOST)) {
      const answer = await ecs.send(new DescribeTasksCommand({ cluster, tasks: batch }));
      tasks.push(...(answer.tasks ?? []));
    }
    const described = new Set(tasks.map((task) => task.taskArn));
    return { tasks, unknown: arns.filter((arn) => !described.has(arn)).length, absent: false, at };
  } catch (error) {
    if (isContainerInstanceGone(error)) return { tasks: [], unknown: 0, absent: true, at };
    throw error;
  }
}

async function listTasks(
  ecs: ECSClient,
  cluster: string,
  containerInstance: string,
  desiredStatus: DesiredStatus,
): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListTasks({ client: ecs }, { cluster, containerInstance, desiredStatus })) {
    arns.push(...(page.taskArns ?? []));
  }
  return arns;
}

function isContainerInstanceGone(error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return (
    codeOf(error) === 'InvalidParameterException' &&
    /container instance/i.test(text) &&
    /not found|not exist|unable to find|MISSING/i.test(text)
  );
}

export function taskFacts(task: Task): TaskFacts {
  return {
    taskArn: task.taskArn ?? '',
    group: task.group,
    startedBy: task.startedBy,
    lastStatus: task.lastStatus ?? 'UNKNOWN',
    desiredStatus: task.desiredStatus ?? 'UNKNOWN',
    stoppedAt: task.stoppedAt?.getTime(),
  };
}

/** @returns `absent` when there is no such task any more */
export async function stopTask(
  ecs: ECSClient,
  cluster: string,
  task: string,
  reason: string,
): Promise<'stopping' | 'absent'> {
  try {
    await ecs.send(new StopTaskCommand({ cluster, task, reason }));
    return 'stopping';
  } catch (error) {
    if (
      codeOf(error) === 'InvalidParameterException' &&
      /task was not found/i.test(error instanceof Error ? error.message : '')
    ) {
      return 'absent';
    }
    throw error;
  }
}

export interface ServiceTargetGroup {
  readonly service: string;
  readonly targetGroupArn: string;
  readonly containerName: string;
  readonly containerPort: number;
}

/**
 * The target groups that services of a cluster register their tasks in.
 * @throws Unavailable for a service that ECS does not describe: one whose tasks still run has not gone
 */
export async function serviceTargetGroups(
  ecs: ECSClient,
  cluster: string,
  services: readonly string[],
): Promise<ServiceTargetGroup[]> {
  const together = shared(ecs)?.services;
  if (together !== undefined) {
    const answers = await Promise.all(services.map((service) => together.get(cluster, service)));
    return answers.flatMap((groups, index) => groups ?? undescribed(services[index]));
  }
  const found: ServiceTargetGroup[] = [];
  for (const batch of batches(services, DESCRIBE_SERVICES_AT_MOST)) {
    const described = await describeServices(ecs, cluster, batch);
    found.push(...batch.flatMap((service) => described.get(service) ?? undescribed(service)));
  }
  return found;
}

function undescribed(service: string | undefined): never {
  throw new Unavailable(`ECS DescribeServices: ${service} is not described, although tasks of it run`);
}

async function describeServices(
  ecs: ECSClient,
  cluster: string,
  services: readonly string[],
): Promise<Map<string, ServiceTargetGroup[]>> {
  const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: [...services] }));
  const found = new Map<string, ServiceTargetGroup[]>();
  for (const { serviceName: service = '', loadBalancers = [] } of answer.services ?? []) {
    const groups: ServiceTargetGroup[] = [];
    for (const { targetGroupArn, containerName, containerPort } of loadBalancers) {
      if (targetGroupArn === undefined || containerName === undefined || containerPort === undefined) continue;
      groups.push({ service, targetGroupArn, containerName, containerPort });
    }
    found.set(service, groups);
  }
  return found;
}

/** `id:port` under which ECS registers a task for one container port: a host port, or the task's own address. */
export function registeredAs(task: Task, instanceId: string, group: ServiceTargetGroup): string[] {
  const container = (task.containers ?? []).find(({ name }) => name === group.containerName);
  const address = (task.attachments ?? [])
    .flatMap(({ details }) => details ?? [])
    .find(({ name }) => name === 'privateIPv4Address')?.value;
  if (address !== undefined) return [`${address}:${group.containerPort}`];
  return (container?.networkBindings ?? [])
    .filter((binding) => binding.containerPort === group.containerPort && binding.hostPort !== undefined)
    .map((binding) => `${instanceId}:${binding.hostPort}`);
}

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
import { Rejected, Unavailable } from '../contract/errors.ts';
import type { TaskFacts } from '../core/tasks.ts';
import { batches } from './batches.ts';
import { clientFactory } from './clients.ts';
import { codeOf } from './errors.ts';

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

/**
 * The container instance of an EC2 instance in one cluster, found by the server-side filter.
 * @throws NotFound when there is no such cluster
 */
export async function findContainerInstance(
  ecs: ECSClient,
  cluster: string,
  instanceId: string,
): Promise<ContainerInstanceFacts | undefined> {
  const arns: string[] = [];
  const filter = `ec2InstanceId == ${instanceId}`;
  for await (const page of paginateListContainerInstances({ client: ecs }, { cluster, filter })) {
    arns.push(...(page.containerInstanceArns ?? []));
  }
  if (arns.length === 0) return undefined;
  const { containerInstances } = await ecs.send(
    new DescribeContainerInstancesCommand({ cluster, containerInstances: arns.slice(0, DESCRIBE_AT_MOST) }),
  );
  const found = (containerInstances ?? []).find((instance) => instance.ec2InstanceId === instanceId);
  if (found?.containerInstanceArn === undefined) return undefined;
  return {
    containerInstanceArn: found.containerInstanceArn,
    status: found.status ?? 'UNKNOWN',
    agentConnected: found.agentConnected ?? false,
  };
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
  try {
    const { failures } = await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [containerInstanceArn], status }),
    );
    const failure = failures?.[0];
    if (failure === undefined) return 'set';
    if (failure.reason === 'MISSING' || failure.reason === 'INACTIVE') return 'absent';
    throw new Rejected(
      `ECS UpdateContainerInstancesState: ${failure.reason ?? 'failed'} ${failure.detail ?? ''}`.trim(),
    );
  } catch (error) {
    if (isContainerInstanceGone(error)) return 'absent';
    if (!REFUSALS.includes(codeOf(error))) throw error;
    // What the refusal means is not in its code, and its text is nobody's contract: the instance itself is asked.
    const standing = await containerInstanceStatus(ecs, cluster, containerInstanceArn);
    if (standing === undefined || standing === 'INACTIVE' || standing === 'REGISTRATION_FAILED') return 'absent';
    if (standing !== 'REGISTERING' && standing !== 'DEREGISTERING') throw error;
    throw new Unavailable(`ECS takes no state for ${containerInstanceArn} while it is ${standing}`, { cause: error });
  }
}

const REFUSALS = ['InvalidParameterException', 'ClientException'];

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

/** The tasks on a container instance, and how many of them were listed but could not be described. */
export interface TasksOnInstance {
  readonly tasks: readonly Task[];
  readonly unknown: number;
  /** The container instance itself is not known to ECS any more. */
  readonly absent: boolean;
}

/**
 * RUNNING to its last page, then STOPPED to its last page, then describe: in this order, because a task moves from the
 * first list to the second and never back, so that it is in one of the two answers wherever it stands.
 */
export async function tasksOnInstance(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArn: string,
): Promise<TasksOnInstance> {
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
    return { tasks, unknown: arns.filter((arn) => !described.has(arn)).length, absent: false };
  } catch (error) {
    if (isContainerInstanceGone(error)) return { tasks: [], unknown: 0, absent: true };
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

/** The target groups that services of a cluster register their tasks in. Services that have gone have none. */
export async function serviceTargetGroups(
  ecs: ECSClient,
  cluster: string,
  services: readonly string[],
): Promise<ServiceTargetGroup[]> {
  const found: ServiceTargetGroup[] = [];
  for (const batch of batches(services, DESCRIBE_SERVICES_AT_MOST)) {
    const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: batch }));
    for (const service of answer.services ?? []) {
      for (const { targetGroupArn, containerName, containerPort } of service.loadBalancers ?? []) {
        if (targetGroupArn === undefined || containerName === undefined || containerPort === undefined) continue;
        found.push({ service: service.serviceName ?? '', targetGroupArn, containerName, containerPort });
      }
    }
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

import type { Numbered } from '../cursor.ts';
import type { Cancel } from '../later.ts';
import type { Millis } from '../world.ts';

export type LastStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

export type ContainerInstanceStatus = 'REGISTERING' | 'ACTIVE' | 'DRAINING' | 'INACTIVE';
export type NetworkMode = 'bridge' | 'awsvpc';
export type SchedulingStrategy = 'REPLICA' | 'DAEMON';
export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'TerminationNotice';

/** How the containers of a task behave: their image's and task definition's business. */
export interface TaskBehaviour {
  /** From placement until the container runs: image pull and start. 5 unless told otherwise. */
  readonly startSeconds?: number;
  /** The process ends this long after SIGTERM. 1 unless told otherwise. */
  readonly stopSeconds?: number;
  /** The process does not react to SIGTERM: it is killed at the stop timeout. */
  readonly ignoresStop?: boolean;
  /** The container definition's `stopTimeout`; 30 unless told otherwise. `Infinity` is a container that cannot be killed. */
  readonly stopTimeoutSeconds?: number;
  /** The process ends by itself after having run for so long; never unless told otherwise. */
  readonly endsAfterSeconds?: number;
}

export interface ContainerPort {
  readonly containerName: string;
  readonly containerPort: number;
}

export interface LoadBalancerOfService extends ContainerPort {
  readonly targetGroupArn: string;
}

export interface Cluster extends Numbered {
  readonly arn: string;
  readonly name: string;
  readonly instances: Map<string, ContainerInstance>;
  readonly services: Map<string, Service>;
  readonly tasks: Map<string, Task>;
  readonly tags: Map<string, string>;
}

export interface ContainerInstance extends Numbered {
  readonly arn: string;
  readonly id: string;
  readonly cluster: Cluster;
  readonly ec2InstanceId: string;
  readonly registeredAt: Millis;
  readonly attributes: ReadonlyMap<string, string | undefined>;
  readonly tags: Map<string, string>;
  /** How many tasks fit on it at once. */
  readonly taskSlots: number;
  /** Tasks that are not STOPPED yet. */
  readonly tasks: Set<Task>;
  /** Every task that was ever placed here. */
  readonly history: Task[];
  readonly ports: Set<number>;
  status: ContainerInstanceStatus;
  agentConnected: boolean;
  /** When it became INACTIVE: it can be described for an hour longer. */
  inactiveAt?: Millis;
  version: number;
}

export interface Service extends Numbered {
  readonly arn: string;
  readonly name: string;
  readonly cluster: Cluster;
  readonly family: string;
  readonly schedulingStrategy: SchedulingStrategy;
  desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly loadBalancers: readonly LoadBalancerOfService[];
  readonly networkMode: NetworkMode;
  readonly behaviour: TaskBehaviour;
  readonly createdAt: Millis;
  /** `ecs-svc/…`, which its tasks carry as startedBy. */
  readonly deploymentId: string;
  /** Tasks that are not STOPPED yet. */
  readonly tasks: Set<Task>;
  readonly tags: Map<string, string>;
  /** EC2 instances that its first tasks go to, in turn; used up as they are placed. */
  readonly placements: string[];
  readonly events: { readonly at: Millis; readonly message: string }[];
  /** More tasks are wanted than could be placed. */
  short: boolean;
  wake: Cancel | undefined;
}

export interface TaskAddress extends ContainerPort {
  /** What is registered in a target group, and where its backend answers: `instanceId:hostPort` or `address:containerPort`. */
  readonly id: string;
  readonly port: number;
}

export interface Eni {
  readonly attachmentId: string;
  readonly networkInterfaceId: string;
  readonly address: string;
}

export interface Task extends Numbered {
  readonly arn: string;
  readonly id: string;
  readonly cluster: Cluster;
  readonly instance: ContainerInstance;
  readonly service: Service | undefined;
  readonly family: string;
  readonly group: string;
  readonly startedBy: string | undefined;
  readonly behaviour: TaskBehaviour;
  readonly eni: Eni | undefined;
  readonly addresses: readonly TaskAddress[];
  readonly createdAt: Millis;
  readonly tags: Map<string, string>;
  lastStatus: LastStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  startedAt?: Millis;
  stoppingAt?: Millis;
  executionStoppedAt?: Millis;
  stoppedAt?: Millis;
  stopCode?: StopCode;
  stoppedReason?: string;
  exitCode?: number;
  version: number;
  readonly history: [Millis, LastStatus][];
  cancel: Cancel | undefined;
}

/** What a person would want to know of a task afterwards. */
export interface TaskTimeline {
  readonly taskArn: string;
  readonly group: string;
  readonly startedBy: string | undefined;
  readonly lastStatus: LastStatus;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  /** Every lastStatus with the time it was entered. */
  readonly history: readonly (readonly [Millis, LastStatus])[];
  readonly stoppedReason: string | undefined;
  /** Where its containers answer. */
  readonly addresses: readonly TaskAddress[];
}

/** STOPPED tasks and INACTIVE container instances can be seen for this long. */
export const REMEMBERED_MS = 3_600_000;

const PENDING: ReadonlySet<LastStatus> = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING']);

/** Not running yet. */
export function isPending(task: Task): boolean {
  return PENDING.has(task.lastStatus);
}

/** The count that ECS shows: it follows the desired status, and so leaves out what is still stopping. */
export function countTasks(tasks: Iterable<Task>): { running: number; pending: number } {
  let running = 0;
  let pending = 0;
  for (const task of tasks) {
    if (task.desiredStatus !== 'RUNNING') continue;
    if (isPending(task)) pending += 1;
    else running += 1;
  }
  return { running, pending };
}

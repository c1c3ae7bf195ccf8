/**
 * Which tasks on a container instance are whose. It decides who stops them: ECS stops those of its services, nobody
 * stops standalone ones unless told to, and daemon tasks, which the instance started itself, go last.
 */
export type TaskKind = 'service' | 'standalone' | 'daemon';

export interface TaskFacts {
  readonly taskArn: string;
  readonly group?: string | undefined;
  readonly startedBy?: string | undefined;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  /** ms */
  readonly stoppedAt?: number | undefined;
}

/** The short id at the end of a container instance's ARN, with or without the cluster's name in it. */
export function containerInstanceId(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

export function classifyTask(task: TaskFacts, containerInstanceArn: string): TaskKind {
  if (
    task.startedBy !== undefined &&
    containerInstanceId(task.startedBy) === containerInstanceId(containerInstanceArn)
  ) {
    return 'daemon';
  }
  return task.group?.startsWith('service:') === true ? 'service' : 'standalone';
}

/** STOPPED is the only status in which a task certainly serves nobody: DEPROVISIONING and all before it may. */
export function isAlive(task: TaskFacts): boolean {
  return task.lastStatus !== 'STOPPED';
}

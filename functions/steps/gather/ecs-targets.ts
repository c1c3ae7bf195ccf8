/** Which registrations in which target groups ECS itself made for the tasks on an instance, and will take away. */
import type { ECSClient, Task } from '@aws-sdk/client-ecs';
import { registeredAs, type ServiceTargetGroup, serviceTargetGroups, tasksOnInstance } from '../../../src/aws/ecs.ts';
import type { Accepts } from '../../../src/aws/pacing/cluster-tasks.ts';

export interface EcsTargets {
  /** By the group's ARN: `id:port` of each registration. */
  readonly owned: ReadonlyMap<string, readonly string[]>;
  /** Groups in which a registration may still appear, because a task of their service is starting. */
  readonly unsettled: ReadonlySet<string>;
}

const STARTING = ['PROVISIONING', 'PENDING', 'ACTIVATING'];

export async function ecsTargets(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArn: string,
  instanceId: string,
  accepts?: Accepts,
): Promise<EcsTargets> {
  const { tasks } = await tasksOnInstance(ecs, cluster, containerInstanceArn, accepts);
  const ofServices = tasks.filter((task) => task.lastStatus !== 'STOPPED' && serviceOf(task) !== undefined);
  const services = [...new Set(ofServices.flatMap((task) => serviceOf(task) ?? []))];
  const groups = await serviceTargetGroups(ecs, cluster, services);
  const owned = new Map<string, string[]>();
  const unsettled = new Set<string>();
  for (const group of groups) {
    const mine = ofServices.filter((task) => serviceOf(task) === group.service);
    owned.set(group.targetGroupArn, [
      ...(owned.get(group.targetGroupArn) ?? []),
      ...registrations(mine, instanceId, group),
    ]);
    if (mine.some((task) => STARTING.includes(task.lastStatus ?? ''))) unsettled.add(group.targetGroupArn);
  }
  return { owned, unsettled };
}

function registrations(tasks: readonly Task[], instanceId: string, group: ServiceTargetGroup): string[] {
  return tasks.flatMap((task) => registeredAs(task, instanceId, group));
}

function serviceOf(task: Task): string | undefined {
  return task.group?.startsWith('service:') === true ? task.group.slice('service:'.length) : undefined;
}

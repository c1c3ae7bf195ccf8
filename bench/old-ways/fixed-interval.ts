/**
 * The drain that most scripts and walkthroughs have: set the container instance to DRAINING, look at fixed intervals whether
 * ListTasks still shows something, complete the lifecycle action. ListTasks unasked shows what is to run, not what still
 * stops; target groups are nobody's business; a process that is told to stop takes its timers with it; and a call that
 * fails three times in a row ends the drain.
 */
import { AutoScalingClient, CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import {
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { LifecycleEvent } from '../../src/contract/events.ts';
import type { ClientConfig } from '../../src/simulated-region/region.ts';

export interface FixedIntervalOptions {
  readonly client: ClientConfig;
  readonly intervalSeconds: number;
}

export class FixedInterval {
  readonly #ecs: ECSClient;
  readonly #autoScaling: AutoScalingClient;
  readonly #intervalMs: number;

  constructor({ client, intervalSeconds }: FixedIntervalOptions) {
    this.#ecs = new ECSClient(client);
    this.#autoScaling = new AutoScalingClient(client);
    this.#intervalMs = intervalSeconds * 1000;
  }

  /** One drain, from the event to the completion. @throws what AWS answered: then nobody completes the action. */
  async drain({ detail }: LifecycleEvent): Promise<void> {
    const cluster = clusterOf(detail.NotificationMetadata);
    const filter = `ec2InstanceId == ${detail.EC2InstanceId}`;
    const { containerInstanceArns = [] } = await this.#ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
    const [containerInstance] = containerInstanceArns;
    if (containerInstance !== undefined) {
      await this.#ecs.send(
        new UpdateContainerInstancesStateCommand({
          cluster,
          containerInstances: containerInstanceArns,
          status: 'DRAINING',
        }),
      );
      for (;;) {
        const { taskArns = [] } = await this.#ecs.send(new ListTasksCommand({ cluster, containerInstance }));
        if (taskArns.length === 0) break;
        await new Promise<void>((resolve) => {
          setTimeout(resolve, this.#intervalMs);
        });
      }
    }
    await completeAction(this.#autoScaling, detail);
  }
}

/** As these programs get it: from the hook. */
export function clusterOf(metadata: string | undefined): string {
  const document: unknown = JSON.parse(metadata ?? '{}');
  const named =
    typeof document === 'object' && document !== null && 'cluster' in document ? document.cluster : undefined;
  if (typeof named !== 'string') throw new Error('the hook names no cluster');
  return named;
}

export async function completeAction(autoScaling: AutoScalingClient, detail: LifecycleEvent['detail']): Promise<void> {
  await autoScaling.send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: detail.AutoScalingGroupName,
      LifecycleHookName: detail.LifecycleHookName,
      LifecycleActionToken: detail.LifecycleActionToken,
      InstanceId: detail.EC2InstanceId,
      LifecycleActionResult: 'CONTINUE',
    }),
  );
}

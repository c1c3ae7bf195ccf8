/** Nobody looks at anything: DRAINING, a minute's sleep, and the lifecycle action is completed. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient, ListContainerInstancesCommand, UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import type { LifecycleEvent } from '../../src/contract/events.ts';
import type { ClientConfig } from '../../src/simulated-region/region.ts';
import { clusterOf, completeAction } from './fixed-interval.ts';

const SLEEP_MS = 60_000;

export class Sleep60 {
  readonly #ecs: ECSClient;
  readonly #autoScaling: AutoScalingClient;

  constructor(client: ClientConfig) {
    this.#ecs = new ECSClient(client);
    this.#autoScaling = new AutoScalingClient(client);
  }

  /** @throws what AWS answered: then nobody completes the action. */
  async drain({ detail }: LifecycleEvent): Promise<void> {
    const cluster = clusterOf(detail.NotificationMetadata);
    const filter = `ec2InstanceId == ${detail.EC2InstanceId}`;
    const { containerInstanceArns = [] } = await this.#ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
    if (containerInstanceArns.length > 0) {
      await this.#ecs.send(
        new UpdateContainerInstancesStateCommand({
          cluster,
          containerInstances: containerInstanceArns,
          status: 'DRAINING',
        }),
      );
    }
    await new Promise<void>((resolve) => {
      setTimeout(resolve, SLEEP_MS);
    });
    await completeAction(this.#autoScaling, detail);
  }
}

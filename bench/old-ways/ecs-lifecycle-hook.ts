/**
 * A model of how ecs-lifecycle-hook drains, to measure against. Each notification is one invocation, which looks once and
 * publishes the notification anew when something is left: that is its loop. What it does not see is modelled too: it
 * reads first pages only, counts only the tasks that ListTasks shows unasked, knows nothing of target groups, and sends
 * no heartbeat. It calls a region through the SDK, as the original did through its own.
 */
import { AutoScalingClient, CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  StopTaskCommand,
  type Task,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { LifecycleNotification } from '../../src/contract/events.ts';
import type { ClientConfig } from '../../src/simulated-region/region.ts';

export interface OldHookOptions {
  readonly client: ClientConfig;
  /** Publishes to its own topic, from which it is invoked again. */
  publish(message: unknown): void;
  /**
   * It took the part after the first slash for a container instance's id, which has been the cluster's name since 2018: so
   * it does not know the daemon tasks any more. `mended` reads the id where it stands today.
   */
  readonly arns: 'as published' | 'mended';
  /** Lambda stops a function that feeds itself through SNS after about 16 rounds; Infinity is Lambda before it did. */
  readonly mostRounds: number;
}

const LAMBDA_ROUNDS = 16;
export const TODAY: Pick<OldHookOptions, 'arns' | 'mostRounds'> = { arns: 'as published', mostRounds: LAMBDA_ROUNDS };
export const MENDED: Pick<OldHookOptions, 'arns' | 'mostRounds'> = {
  arns: 'mended',
  mostRounds: Number.POSITIVE_INFINITY,
};

/** How often Lambda runs an invocation that failed, once more each. */
const RETRIES = 2;

export class OldHook {
  /** Invocations since it was made, by instance. */
  readonly invocations = new Map<string, number>();
  /** What it has published, by instance; its calls to AWS are the region's to count. */
  readonly published = new Map<string, number>();
  readonly #options: OldHookOptions;
  readonly #ec2: EC2Client;
  readonly #ecs: ECSClient;
  readonly #autoScaling: AutoScalingClient;

  constructor(options: OldHookOptions) {
    this.#options = options;
    this.#ec2 = new EC2Client(options.client);
    this.#ecs = new ECSClient(options.client);
    this.#autoScaling = new AutoScalingClient(options.client);
  }

  /** One invocation, with Lambda's retries. @param message the SNS message, parsed */
  async invoke(message: unknown): Promise<void> {
    const parsed = LifecycleNotification.safeParse(message);
    // TEST_NOTIFICATION and the like.
    if (!parsed.success) return;
    const id = parsed.data.EC2InstanceId;
    for (let attempt = 0; ; attempt += 1) {
      const round = (this.invocations.get(id) ?? 0) + 1;
      if (round > this.#options.mostRounds) return;
      this.invocations.set(id, round);
      try {
        await this.#run(parsed.data, message);
        return;
      } catch (error) {
        if (attempt === RETRIES) throw error;
      }
    }
  }

  async #run(notification: LifecycleNotification, message: unknown): Promise<void> {
    const id = notification.EC2InstanceId;
    const cluster = await this.#clusterOf(id);
    const instance = cluster === undefined ? undefined : await this.#containerInstance(cluster, id);
    // An instance that it does not know stays behind its hook until that expires.
    if (cluster === undefined || instance?.containerInstanceArn === undefined) return;
    const arn = instance.containerInstanceArn;
    if (instance.status !== 'DRAINING') {
      await this.#ecs.send(
        new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [arn], status: 'DRAINING' }),
      );
    }
    const before = await this.#tasks(cluster, arn);
    const daemons = before.filter((task) => task.startedBy === this.#idOf(arn));
    if (before.length > 0 && daemons.length === before.length) {
      for (const { taskArn } of daemons) await this.#ecs.send(new StopTaskCommand({ cluster, task: taskArn }));
    }
    const left = await this.#tasks(cluster, arn);
    if (left.length > 0) {
      this.published.set(id, (this.published.get(id) ?? 0) + 1);
      this.#options.publish(message);
      return;
    }
    await this.#autoScaling.send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: notification.AutoScalingGroupName,
        LifecycleHookName: notification.LifecycleHookName,
        LifecycleActionToken: notification.LifecycleActionToken,
        InstanceId: id,
        LifecycleActionResult: 'CONTINUE',
      }),
    );
  }

  async #clusterOf(instanceId: string): Promise<string | undefined> {
    const answer = await this.#ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    const tags = answer.Reservations?.[0]?.Instances?.[0]?.Tags ?? [];
    return /^(\S+) ECS host$/.exec(tags.find(({ Key }) => Key === 'Name')?.Value ?? '')?.[1];
  }

  /** Among the first hundred of the cluster. */
  async #containerInstance(cluster: string, instanceId: string): Promise<ContainerInstance | undefined> {
    const { containerInstanceArns: containerInstances = [] } = await this.#ecs.send(
      new ListContainerInstancesCommand({ cluster }),
    );
    if (containerInstances.length === 0) return undefined;
    const answer = await this.#ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    return answer.containerInstances?.find(({ ec2InstanceId }) => ec2InstanceId === instanceId);
  }

  /** The first hundred of those whose desired status is RUNNING: what is stopping is not among them. */
  async #tasks(cluster: string, containerInstance: string): Promise<Task[]> {
    const { taskArns = [] } = await this.#ecs.send(new ListTasksCommand({ cluster, containerInstance }));
    if (taskArns.length === 0) return [];
    const { tasks = [] } = await this.#ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    return tasks;
  }

  #idOf(containerInstanceArn: string): string | undefined {
    const parts = containerInstanceArn.split('/');
    return this.#options.arns === 'mended' ? parts.at(-1) : parts[1];
  }
}

import { attachedTargetGroups, autoScalingClient, groupOfInstance } from '../../src/aws/auto-scaling.ts';
import { describeInstance, ec2Client, privateAddresses } from '../../src/aws/ec2.ts';
import { ecsClient } from '../../src/aws/ecs.ts';
import { deregistrationDelay, elbv2Client } from '../../src/aws/elbv2.ts';
import { DrainData, type PlannedTargetGroup } from '../../src/contract/drain-data.ts';
import { NotFound } from '../../src/contract/errors.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { iso, millis } from '../../src/core/time.ts';
import { step } from '../../src/lambda/step.ts';
import { clusterByTag, findMembership } from './gather/cluster.ts';
import { ecsTargets } from './gather/ecs-targets.ts';

/** Owners of registrations are asked for again before anything is deregistered. */
const OLDEST_MS = 15_000;

/** Where the instance stands: in EC2, in an ECS cluster, in target groups. */
export const handler = step(
  DrainData,
  async ({ plan, progress }, { aws, now }) => {
    const { region, instanceId, lifecycle, cluster: named } = plan.input;
    const at = now();
    const autoScaling = autoScalingClient(aws, region);
    const ecs = ecsClient(aws, region);
    const instance = await describeInstance(ec2Client(aws, region), instanceId);
    const membership = await findMembership(ecs, instanceId, named, clusterByTag(instance), millis(plan.startedAt));
    const ecsOwn =
      membership === undefined
        ? undefined
        : await ecsTargets(ecs, membership.cluster, membership.containerInstanceArn, instanceId, {
            notBefore: millis(plan.startedAt),
            oldestMs: OLDEST_MS,
          });
    const group = lifecycle?.autoScalingGroupName ?? (await groupUnlessNamed());
    const own = plan.input.targetGroups ?? (group === undefined ? [] : await attachedTargetGroups(autoScaling, group));
    const arns = [...new Set([...own, ...(ecsOwn?.owned.keys() ?? [])])];
    const targetGroups: PlannedTargetGroup[] = [];
    for (const arn of arns) {
      const delaySeconds = await delayUnlessGone(arn);
      if (delaySeconds === undefined) continue;
      const ownedByEcs = [...(ecsOwn?.owned.get(arn) ?? [])];
      targetGroups.push({ arn, delaySeconds, ownedByEcs, usedByEcs: ecsOwn?.owned.has(arn) ?? false });
    }
    const ofTasks = new Set(
      targetGroups.flatMap(({ ownedByEcs }) => ownedByEcs.map((key) => key.slice(0, key.lastIndexOf(':')))),
    );
    const addresses = instance === undefined ? [] : privateAddresses(instance);
    const location = {
      at: iso(at),
      instanceState: instance?.State?.Name ?? 'absent',
      spot: instance?.InstanceLifecycle === 'spot',
      ...(instance?.SpotInstanceRequestId === undefined ? {} : { spotRequestId: instance.SpotInstanceRequestId }),
      ids: [instanceId, ...addresses.filter((address) => !ofTasks.has(address))],
      ...(membership === undefined
        ? {}
        : {
            cluster: membership.cluster,
            containerInstanceArn: membership.containerInstanceArn,
            containerInstanceStatus: membership.status,
          }),
      targetGroups,
      ...(plan.input.allTargetGroups ? { searchFrom: {} } : {}),
    };
    const disconnected = membership?.agentConnected === false;
    return {
      plan: { ...plan, location },
      progress: disconnected
        ? {
            ...progress,
            notes: [
              ...progress.notes,
              'the agent of the container instance is not connected: ECS cannot stop its tasks',
            ],
          }
        : progress,
    };

    /** An Auto Scaling group, or a service, may still name a target group that has been deleted. The input may not. */
    async function delayUnlessGone(arn: string): Promise<number | undefined> {
      try {
        return await deregistrationDelay(elbv2Client(aws, region), arn);
      } catch (error) {
        if (error instanceof NotFound && plan.input.targetGroups?.includes(arn) !== true) return undefined;
        throw error;
      }
    }

    async function groupUnlessNamed(): Promise<string | undefined> {
      return plan.input.targetGroups === undefined ? groupOfInstance(autoScaling, instanceId) : undefined;
    }
  },
  stepBudgetSeconds,
);

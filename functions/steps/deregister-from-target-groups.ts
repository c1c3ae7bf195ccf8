import { ecsClient } from '../../src/aws/ecs.ts';
import { deregisterTargets, elbv2Client } from '../../src/aws/elbv2.ts';
import { DrainData, type DrainPlan, type TargetRecord } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { type HealthByGroup, toDeregister, updateTargets } from '../../src/core/drain/targets.ts';
import { iso, millis } from '../../src/core/time.ts';
import { assertFits, type StepEnvironment, step } from '../../src/lambda/step.ts';
import { lastChange } from './gather/drain-facts.ts';
import { ecsTargets } from './gather/ecs-targets.ts';
import { readHealth } from './gather/health.ts';

/** Takes the instance's own registrations away; those that ECS made for its tasks are ECS's to take away. */
export const handler = step(
  DrainData,
  async (data, environment) => {
    const { aws, now } = environment;
    const { progress } = data;
    if (data.plan.location === undefined || now() >= millis(data.plan.deadline)) return data;
    const elbv2 = elbv2Client(aws, data.plan.input.region);
    const at = now();
    const since = Math.max(millis(data.plan.startedAt), lastChange(progress));
    const health = await readHealth(aws, data.plan.input.region, data.plan.location, () => true, since);
    const seenAt = Math.min(at, health.at);
    const { plan, targets } = await settleOwners(data.plan, progress.targets, health.byGroup, seenAt, environment);
    const wanted = toDeregister(targets);
    // With all that will be known of them: once something has been deregistered, it is too late to find them too many.
    const full = targets.map((target) => ({
      ...target,
      activeAt: iso(at),
      deregisteredAt: iso(at),
      drainedAt: iso(at),
    }));
    assertFits({ ...data, plan, progress: { ...progress, targets: full } });
    for (const [index, group] of (plan.location?.targetGroups ?? []).entries()) {
      const mine = wanted.filter((target) => target.group === index);
      if (mine.length > 0) await deregisterTargets(elbv2, group.arn, mine);
    }
    const deregisteredAt = iso(now());
    return {
      ...data,
      plan,
      progress: {
        ...progress,
        deregisterCheckedAt: deregisteredAt,
        targets: targets.map((target) => (wanted.includes(target) ? { ...target, deregisteredAt } : target)),
      },
    };
  },
  stepBudgetSeconds,
);

/**
 * Until the container instance is DRAINING, ECS may place a task on it and register it. So before anything is taken out
 * of a group that a service uses, its owner is asked for once more; while a task is starting, everything there is ECS's.
 */
async function settleOwners(
  plan: DrainPlan,
  before: readonly TargetRecord[],
  health: HealthByGroup,
  at: number,
  { aws }: StepEnvironment,
): Promise<{ plan: DrainPlan; targets: TargetRecord[] }> {
  const { location } = plan;
  if (location === undefined) return { plan, targets: [...before] };
  const targets = updateTargets(before, location, health, at);
  const doubtful = toDeregister(targets).filter(({ group }) => location.targetGroups[group]?.usedByEcs === true);
  if (doubtful.length === 0 || location.cluster === undefined || location.containerInstanceArn === undefined) {
    return { plan, targets };
  }
  const { region, instanceId } = plan.input;
  const now = await ecsTargets(ecsClient(aws, region), location.cluster, location.containerInstanceArn, instanceId);
  const targetGroups = location.targetGroups.map((group, index) => {
    const standing = doubtful.filter((target) => target.group === index).map(({ id, port }) => `${id}:${port}`);
    const owned = now.unsettled.has(group.arn) ? standing : (now.owned.get(group.arn) ?? []);
    return { ...group, ownedByEcs: [...new Set([...group.ownedByEcs, ...owned])] };
  });
  const owner = (target: TargetRecord) =>
    targetGroups[target.group]?.ownedByEcs.includes(`${target.id}:${target.port}`) === true ? 'ecs' : 'instance';
  return {
    plan: { ...plan, location: { ...location, targetGroups } },
    targets: targets.map((target) => ({ ...target, owner: owner(target) })),
  };
}

import { autoScalingClient, describeHook, membershipOf } from '../../src/aws/auto-scaling.ts';
import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { checkMembership } from '../../src/core/drain/membership.ts';
import { withHook } from '../../src/core/drain/plan.ts';
import { step } from '../../src/lambda/step.ts';

/**
 * First of all, and by itself: with the timeouts known, heartbeats go out even while nothing else of AWS answers. Where the
 * instance stands is asked before anything is touched: an event may be late, and whoever may publish to a topic can say
 * what he likes.
 */
export const handler = step(
  DrainData,
  async ({ plan, progress }, { aws, now }) => {
    const { lifecycle, region, instanceId } = plan.input;
    if (lifecycle === undefined) return { plan, progress };
    const { autoScalingGroupName, lifecycleHookName } = lifecycle;
    const autoScaling = autoScalingClient(aws, region);
    checkMembership(plan, await membershipOf(autoScaling, instanceId), now());
    const hook = await describeHook(autoScaling, autoScalingGroupName, lifecycleHookName);
    return { plan: withHook(plan, hook), progress };
  },
  stepBudgetSeconds,
);

import { autoScalingClient, describeHook } from '../../src/aws/auto-scaling.ts';
import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { withHook } from '../../src/core/drain/plan.ts';
import { step } from '../../src/lambda/step.ts';

/** First of all, and by itself: with the timeouts known, heartbeats go out even while nothing else of AWS answers. */
export const handler = step(
  DrainData,
  async ({ plan, progress }, { aws }) => {
    const { lifecycle, region } = plan.input;
    if (lifecycle === undefined) return { plan, progress };
    const { autoScalingGroupName, lifecycleHookName } = lifecycle;
    const hook = await describeHook(autoScalingClient(aws, region), autoScalingGroupName, lifecycleHookName);
    return { plan: withHook(plan, hook), progress };
  },
  stepBudgetSeconds,
);

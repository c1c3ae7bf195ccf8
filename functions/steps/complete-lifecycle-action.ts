import { autoScalingClient, completeLifecycleAction } from '../../src/aws/auto-scaling.ts';
import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { completionOf } from '../../src/core/drain/completion.ts';
import { iso } from '../../src/core/time.ts';
import { step } from '../../src/lambda/step.ts';

/** The one step that cannot be undone: what it rests on is checked again first. */
export const handler = step(
  DrainData,
  async (data, { aws, now }) => {
    const { plan, progress, decision } = data;
    const { lifecycle, region, instanceId } = plan.input;
    const result = completionOf(data, now());
    if (lifecycle === undefined || progress.lifecycle !== 'open') return { plan, progress, decision };
    const answer = await completeLifecycleAction(autoScalingClient(aws, region), lifecycle, instanceId, result);
    const outcome = answer === 'gone' ? 'gone' : result === 'CONTINUE' ? 'continued' : 'abandoned';
    const completedAt = answer === 'gone' ? {} : { lifecycleCompletedAt: iso(now()) };
    return { plan, progress: { ...progress, lifecycle: outcome, ...completedAt }, decision };
  },
  stepBudgetSeconds,
);

import { autoScalingClient, recordHeartbeat } from '../../src/aws/auto-scaling.ts';
import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { iso, millis } from '../../src/core/time.ts';
import { step } from '../../src/lambda/step.ts';

/** Keeps the lifecycle action alive. One that is no longer there needs none: the drain goes on without it. */
export const handler = step(
  DrainData,
  async (data, { aws, now }) => {
    const { plan, progress, decision } = data;
    const { lifecycle, region, instanceId } = plan.input;
    const settled = decision === undefined ? undefined : { ...decision, heartbeat: false };
    if (lifecycle === undefined || progress.lifecycle !== 'open' || now() >= millis(plan.deadline)) {
      return { plan, progress, decision: settled };
    }
    const sentAt = iso(now());
    const answer = await recordHeartbeat(autoScalingClient(aws, region), lifecycle, instanceId);
    const after =
      answer === 'recorded'
        ? { ...progress, heartbeatAt: sentAt, heartbeats: progress.heartbeats + 1 }
        : { ...progress, lifecycle: 'gone', notes: [...progress.notes, `the lifecycle action was gone at ${sentAt}`] };
    return { plan, progress: after, decision: settled };
  },
  stepBudgetSeconds,
);

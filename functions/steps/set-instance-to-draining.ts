import { ecsClient, setContainerInstanceState } from '../../src/aws/ecs.ts';
import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { iso, millis } from '../../src/core/time.ts';
import { step } from '../../src/lambda/step.ts';

/** From here on ECS places nothing on the instance, and stops and replaces the tasks of its services. */
export const handler = step(
  DrainData,
  async ({ plan, progress }, { aws, now }) => {
    const { cluster, containerInstanceArn } = plan.location ?? {};
    if (cluster === undefined || containerInstanceArn === undefined || now() >= millis(plan.deadline)) {
      return { plan, progress };
    }
    const ecs = ecsClient(aws, plan.input.region);
    const answer = await setContainerInstanceState(ecs, cluster, containerInstanceArn, 'DRAINING');
    const notes = answer === 'absent' ? ['the container instance had gone before it could be set to DRAINING'] : [];
    return {
      plan,
      progress: { ...progress, drainingSetAt: iso(now()), notes: [...new Set([...progress.notes, ...notes])] },
    };
  },
  stepBudgetSeconds,
);

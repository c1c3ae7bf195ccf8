import { ecsClient, setContainerInstanceState } from '../../src/aws/ecs.ts';
import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { step } from '../../src/lambda/step.ts';

/** An instance that returns, as from a warm pool, comes back with the DRAINING that it left with. */
export const handler = step(
  DrainData,
  async ({ plan, progress }, { aws }) => {
    const { cluster, containerInstanceArn, containerInstanceStatus } = plan.location ?? {};
    if (cluster === undefined || containerInstanceArn === undefined || containerInstanceStatus === 'ACTIVE') {
      return { plan, progress };
    }
    const ecs = ecsClient(aws, plan.input.region);
    const answer = await setContainerInstanceState(ecs, cluster, containerInstanceArn, 'ACTIVE');
    const note = answer === 'set' ? 'set to ACTIVE again' : 'the container instance had gone';
    return { plan, progress: { ...progress, notes: [...new Set([...progress.notes, note])] } };
  },
  stepBudgetSeconds,
);

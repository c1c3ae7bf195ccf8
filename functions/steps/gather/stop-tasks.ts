/** Stops the tasks that the last observation chose, and says when to look again. */
import { ecsClient, stopTask } from '../../../src/aws/ecs.ts';
import type { DrainData } from '../../../src/contract/drain-data.ts';
import { StaleObservation } from '../../../src/contract/errors.ts';
import { isFresh, nextObservation } from '../../../src/core/drain/progress.ts';
import { iso, millis } from '../../../src/core/time.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';

/** @throws StaleObservation when the choice is too old to act on */
export async function stopChosenTasks(
  data: DrainData,
  environment: StepEnvironment,
  reason: string,
): Promise<DrainData> {
  const { plan, progress, decision } = data;
  const { cluster } = plan.location ?? {};
  if (decision === undefined || cluster === undefined) return data;
  if (!isFresh(progress, environment.now()))
    throw new StaleObservation('the tasks were chosen too long ago; look again');
  const ecs = ecsClient(environment.aws, plan.input.region);
  const expired = environment.now() >= millis(plan.deadline);
  const tasks = expired ? [] : decision.taskArns;
  for (const task of tasks) await stopTask(ecs, cluster, task, reason);
  const now = environment.now();
  return {
    plan,
    progress: { ...progress, tasksStoppedByUs: progress.tasksStoppedByUs + tasks.length },
    decision: {
      ...decision,
      next: 'wait',
      taskArns: [],
      waitUntil: iso(nextObservation(plan, progress, now, environment.random())),
    },
  };
}

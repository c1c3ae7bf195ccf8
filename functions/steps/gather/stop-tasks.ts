/** Stops the tasks that the last observation chose, and says when to look again. */
import { ecsClient, stopTask } from '../../../src/aws/ecs.ts';
import type { DrainData } from '../../../src/contract/drain-data.ts';
import { StaleObservation } from '../../../src/contract/errors.ts';
import { isFresh, nextObservation, STOP_AT_A_TIME } from '../../../src/core/drain/progress.ts';
import { iso, millis, SECOND } from '../../../src/core/time.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';

const BETWEEN_ROUNDS_SECONDS = 5;

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
  // A full round leaves others that are to be stopped, maybe with the deadline near.
  const more = tasks.length === STOP_AT_A_TIME;
  const next = nextObservation(plan, progress, now, environment.random());
  return {
    plan,
    progress: { ...progress, tasksStoppedByUs: progress.tasksStoppedByUs + tasks.length },
    decision: {
      ...decision,
      next: 'wait',
      taskArns: [],
      waitUntil: iso(more ? Math.min(next, now + BETWEEN_ROUNDS_SECONDS * SECOND) : next),
    },
  };
}

/** Everything that one observation of a drain reads. */
import { ec2Client, spotInterruptionAt } from '../../../src/aws/ec2.ts';
import { ecsClient, taskFacts, tasksOnInstance } from '../../../src/aws/ecs.ts';
import type { DrainData, DrainProgress } from '../../../src/contract/drain-data.ts';
import type { DrainFacts } from '../../../src/core/drain/progress.ts';
import { isOpen } from '../../../src/core/drain/targets.ts';
import { isAlive } from '../../../src/core/tasks.ts';
import { millis } from '../../../src/core/time.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';
import { readHealth } from './health.ts';

const NO_TASKS = { tasks: [], unknown: 0, absent: false, at: Number.POSITIVE_INFINITY };

/** Tasks first and targets last: a task's target is still there for as long as the task may serve. */
export async function readDrainFacts(
  { plan, progress }: DrainData,
  { aws, now }: StepEnvironment,
): Promise<DrainFacts> {
  const { region } = plan.input;
  const at = now();
  const { location } = plan;
  if (location === undefined) return { at, tasks: [], tasksUnknown: 0, health: new Map() };
  const interruptionAt =
    location.spotRequestId === undefined
      ? undefined
      : await spotInterruptionAt(ec2Client(aws, region), location.spotRequestId);
  const onInstance =
    location.cluster === undefined || location.containerInstanceArn === undefined
      ? NO_TASKS
      : await tasksOnInstance(ecsClient(aws, region), location.cluster, location.containerInstanceArn, {
          notBefore: lastChange(progress),
        });
  const tasks = onInstance.tasks.map(taskFacts);
  const open = new Set(progress.targets.filter(isOpen).map(({ group }) => group));
  const since = Math.max(lastChange(progress), location.containerInstanceArn === undefined ? 0 : onInstance.at);
  const ask = (wanted: (group: number) => boolean) => readHealth(aws, region, location, wanted, since);
  const health = await ask((group) => open.has(group) || progress.polls === 0);
  const nothingSeen = onInstance.unknown === 0 && !tasks.some(isAlive);
  // Before an end is believed, the groups that were done with are looked at once more.
  const rest = nothingSeen ? await ask((group) => !health.byGroup.has(group)) : undefined;
  return {
    // Others may have waited for the same reading: then it is as old as theirs.
    at: Math.min(at, onInstance.at, health.at, rest?.at ?? at),
    tasks,
    tasksUnknown: onInstance.unknown,
    health: new Map([...health.byGroup, ...(rest?.byGroup ?? [])]),
    interruptionAt,
    notes: onInstance.absent ? ['ECS does not know the container instance any more'] : [],
  };
}

/** Before this nothing that is read counts, ms: what this drain has done, or has seen already. */
export function lastChange({ drainingSetAt, deregisterCheckedAt, observedAt }: DrainProgress): number {
  return Math.max(...[drainingSetAt, deregisterCheckedAt, observedAt].map((at) => (at === undefined ? 0 : millis(at))));
}

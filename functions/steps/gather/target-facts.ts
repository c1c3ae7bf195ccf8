/** Everything that one look at target groups reads, shared with whoever looks at the same ones at once. */
import { classicElbClient, classicHealth, connectionDrainingSeconds } from '../../../src/aws/classic-elb.ts';
import { deregistrationDelay, elbv2Client, targetHealth } from '../../../src/aws/elbv2.ts';
import { type SharedAnswers, sharedAnswers } from '../../../src/aws/shared-answers.ts';
import { Throttled, Unavailable } from '../../../src/contract/errors.ts';
import type { PlannedGroup, TargetsData, TargetsPlan, TargetsProgress } from '../../../src/contract/targets-data.ts';
import { groupsToAsk, notBefore, type TargetsFacts } from '../../../src/core/targets/progress.ts';
import { carryForward, type GroupHealth, type HealthByGroup, isGone } from '../../../src/core/targets/registrations.ts';
import { isWatch } from '../../../src/core/targets/watch.ts';
import { SECOND } from '../../../src/core/time.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';

/** A younger answer than this is as good as a new one, unless something is known that it cannot show. */
const YOUNG_SECONDS = 2;
/** A delay changes rarely, and is only used to choose the next look. */
const DELAY_KEPT_SECONDS = 600;
const DELAYS_AT_A_TIME = 5;
/** A watch tells by them when its callers need to ask again. */
const DELAYS_OF_A_WATCH = 10;

export async function readTargets(
  { plan, progress }: TargetsData,
  { aws, now }: StepEnvironment,
): Promise<TargetsFacts> {
  const { region } = plan.input;
  const watch = isWatch(plan);
  const groups = plan.groups ?? [];
  const shared = sharedAnswers(aws, region);
  const asked = groupsToAsk(progress).flatMap((index) => {
    const group = groups[index];
    return group === undefined ? [] : [[index, group] as const];
  });
  const instanceIds = plan.input.targets.map(({ id }) => id).filter((id) => id.startsWith('i-'));
  const at = now();
  const young = at - Math.max(YOUNG_SECONDS, shared.backlogSeconds) * SECOND;
  const ask = async (index: number, group: PlannedGroup): Promise<GroupHealth> => {
    const limit = Math.max(notBefore(plan, progress, index, at), young);
    const ids = group.type === 'classic' ? instanceIds : [];
    const answer = await shared.ask(`health of ${group.at} ${ids.join(' ')}`, limit, () =>
      group.type === 'classic'
        ? classicHealth(classicElbClient(aws, region), group.at, ids)
        : targetHealth(elbv2Client(aws, region), group.at),
    );
    return { at: answer.at, targets: answer.value };
  };
  const answers = await Promise.all(asked.map(async ([index, group]) => [index, await ask(index, group)] as const));
  const health = new Map(answers);
  // How soon any drain can be over hangs on the delays of all groups.
  const open = watch ? new Set(health.keys()) : openGroups(progress, plan, health);
  const wanted = plan.workflow === 'register-targets' ? [] : asked.filter(([index]) => open.has(index));
  return {
    health,
    delays: await readDelays(shared, wanted, {
      region,
      aws,
      now,
      atATime: watch ? DELAYS_OF_A_WATCH : DELAYS_AT_A_TIME,
    }),
  };
}

function openGroups(progress: TargetsProgress, plan: TargetsPlan, health: HealthByGroup): Set<number> {
  const registrations = carryForward(progress.registrations, plan, health);
  return new Set(registrations.filter((registration) => !isGone(registration)).map(({ group }) => group));
}

/** Those of groups in which something stands, so many at once; they only help to choose when to look again. */
async function readDelays(
  shared: SharedAnswers,
  groups: readonly (readonly [number, PlannedGroup])[],
  {
    region,
    aws,
    now,
    atATime,
  }: Pick<StepEnvironment, 'aws' | 'now'> & { readonly region: string; readonly atATime: number },
): Promise<Map<number, number>> {
  const delays = new Map<number, number>();
  let calls = 0;
  for (const [index, group] of groups) {
    if (group.delaySeconds !== undefined) continue;
    const key = `delay of ${group.at}`;
    const limit = now() - DELAY_KEPT_SECONDS * SECOND;
    const known = shared.peek<number>(key, limit);
    if (known !== undefined) delays.set(index, known.value);
    if (known !== undefined || calls >= atATime) continue;
    calls += 1;
    try {
      const answer = await shared.askPatiently(key, limit, () =>
        group.type === 'classic'
          ? connectionDrainingSeconds(classicElbClient(aws, region), group.at)
          : deregistrationDelay(elbv2Client(aws, region), group.at),
      );
      if (answer !== undefined) delays.set(index, answer.value);
    } catch (error) {
      // What was seen of the targets is worth more than a delay that can be read the next time.
      if (error instanceof Throttled || error instanceof Unavailable) break;
      throw error;
    }
  }
  return delays;
}

import { type FoundPlace, findPlace } from '../../src/aws/load-balancers.ts';
import { sharedAnswers } from '../../src/aws/shared-answers.ts';
import { NotFound } from '../../src/contract/errors.ts';
import { TargetsData, type TargetsPlan, type TargetsProgress } from '../../src/contract/targets-data.ts';
import { withGroups } from '../../src/core/targets/groups.ts';
import { isWatch } from '../../src/core/targets/watch.ts';
import { iso, SECOND } from '../../src/core/time.ts';
import { step } from '../../src/lambda/step.ts';

const BUDGET_SECONDS = 20;
/** Load balancers and their target groups are made and deleted rarely; who has just made one waits so long at most. */
const KEPT_SECONDS = 30;
/** The load balancer in both of its APIs, and its target groups. */
const CALLS = 3;

/** Which target groups and Classic load balancers are meant, by name, ARN or tag. */
export const handler = step(
  TargetsData,
  async ({ plan, progress }, { aws, now }) => {
    const { region, loadBalancer, targetGroups, namespace, ingress, service, cluster } = plan.input;
    const place = { loadBalancer, targetGroups, namespace, ingress, service, cluster };
    const find = () => findPlace(aws, region, place);
    // What changes something must not rest on what was so a while ago.
    const { value: found } =
      plan.workflow === 'await-drained'
        ? await orNothing(plan, () =>
            sharedAnswers(aws, region).ask(JSON.stringify(place), now() - KEPT_SECONDS * SECOND, find, CALLS),
          )
        : { value: await find() };
    const classic = found.loadBalancers.filter(({ kind }) => kind === 'classic').map(({ name }) => name);
    const loadBalancers = new Set([
      ...found.loadBalancers.map(({ arn, name }) => arn ?? name),
      ...found.targetGroups.flatMap(({ loadBalancerArns }) => loadBalancerArns),
    ]);
    return withGroups(plan, located(progress, now()), {
      classic,
      loadBalancers: [...loadBalancers].slice(0, 20),
      groups: found.targetGroups,
    });
  },
  () => BUDGET_SECONDS,
);

/** A place that a watch finds no more has gone with what was in it: its groups are asked on, and say so. */
async function orNothing(
  plan: TargetsPlan,
  find: () => Promise<{ readonly value: FoundPlace }>,
): Promise<{ readonly value: FoundPlace }> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof NotFound && isWatch(plan) && plan.groups !== undefined)
      return { value: { loadBalancers: [], targetGroups: [] } };
    throw error;
  }
}

function located(progress: TargetsProgress, now: number): TargetsProgress {
  const { watch } = progress;
  return watch === undefined ? progress : { ...progress, watch: { ...watch, locatedAt: iso(now) } };
}

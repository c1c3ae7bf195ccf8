import { findPlace } from '../../src/aws/load-balancers.ts';
import { sharedAnswers } from '../../src/aws/shared-answers.ts';
import { TargetsData } from '../../src/contract/targets-data.ts';
import { withGroups } from '../../src/core/targets/groups.ts';
import { SECOND } from '../../src/core/time.ts';
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
        ? await sharedAnswers(aws, region).ask(JSON.stringify(place), now() - KEPT_SECONDS * SECOND, find, CALLS)
        : { value: await find() };
    const classic = found.loadBalancers.filter(({ kind }) => kind === 'classic').map(({ name }) => name);
    const loadBalancers = new Set([
      ...found.loadBalancers.map(({ arn, name }) => arn ?? name),
      ...found.targetGroups.flatMap(({ loadBalancerArns }) => loadBalancerArns),
    ]);
    return withGroups(plan, progress, {
      classic,
      loadBalancers: [...loadBalancers].slice(0, 20),
      groups: found.targetGroups,
    });
  },
  () => BUDGET_SECONDS,
);

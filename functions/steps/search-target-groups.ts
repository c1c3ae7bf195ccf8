import { deregistrationDelay, elbv2Client, pageOfTargetGroups, targetHealth } from '../../src/aws/elbv2.ts';
import { DrainData, type PlannedTargetGroup } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { decideSearch } from '../../src/core/drain/search.ts';
import { concerns } from '../../src/core/drain/targets.ts';
import { step } from '../../src/lambda/step.ts';

/** Elastic Load Balancing gives 40 calls at once and 10 a second: a page that is larger would exhaust it alone. */
const PAGE = 20;

/** One page of the search through all target groups of the region, which costs a call for each of them. */
export const handler = step(
  DrainData,
  async ({ plan, progress }, { aws, now }) => {
    const { location } = plan;
    if (location?.searchFrom === undefined) return { plan, progress, decision: decideSearch(plan, progress, now()) };
    const elbv2 = elbv2Client(aws, plan.input.region);
    const page = await pageOfTargetGroups(elbv2, PAGE, location.searchFrom.marker);
    const found: PlannedTargetGroup[] = [];
    for (const arn of page.arns) {
      if (location.targetGroups.some((group) => group.arn === arn)) continue;
      const group = { arn, delaySeconds: 0, ownedByEcs: [], usedByEcs: false };
      const targets = await targetHealth(elbv2, arn);
      if (!targets.some((target) => concerns(location, group, target))) continue;
      found.push({ ...group, delaySeconds: await deregistrationDelay(elbv2, arn) });
    }
    const { searchFrom: _, ...rest } = location;
    const targetGroups = [...location.targetGroups, ...found];
    const next = page.marker === undefined ? {} : { searchFrom: { marker: page.marker } };
    const searched = { ...plan, location: { ...rest, targetGroups, ...next } };
    return { plan: searched, progress, decision: decideSearch(searched, progress, now()) };
  },
  stepBudgetSeconds,
);

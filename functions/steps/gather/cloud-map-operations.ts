/** How the removals that are under way stand. */
import { cloudMapClient, operationEnd, removalsPage } from '../../../src/aws/cloud-map.ts';
import type { ServiceRun } from '../../../src/contract/clean-cloud-map-data.ts';
import { NOTHING_REMOVED, type OperationEnd } from '../../../src/core/cloud-map/removal.ts';
import { millis, SECOND } from '../../../src/core/time.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';

/** A page of ListOperations holds a hundred; more pages than this are no cheaper than asking for each operation. */
const OPERATIONS_PER_PAGE_READ = 25;
const ASK_ONE_BY_ONE = 100;
/** Two clocks are compared, AWS's and ours. */
const WINDOW_MARGIN_SECONDS = 300;

/**
 * Listed by the page, because that is the fewest calls. Cloud Map takes a page first and filters it then, so what other
 * services do may fill the pages: the pages have a bound, and what was not in them is asked for by its id. An end counts
 * only if it was seen, so what is in no answer is under way.
 */
export async function readOperations(
  { plan, outcome, removal = NOTHING_REMOVED }: ServiceRun,
  { aws, now }: StepEnvironment,
): Promise<Map<string, OperationEnd>> {
  const cloudMap = cloudMapClient(aws, plan.region);
  const ends = new Map<string, OperationEnd>();
  const unseen = new Set(removal.operations.map(([operationId]) => operationId));
  const failed: string[] = [];
  // One operation costs one call either way, and the answer to this one says why it failed.
  const pages = unseen.size > 1 ? Math.ceil(unseen.size / OPERATIONS_PER_PAGE_READ) : 0;
  const at = now();
  const margin = WINDOW_MARGIN_SECONDS * SECOND;
  const window = { from: millis(plan.startedAt) - margin, to: at + margin };
  let cursor: string | undefined;
  for (let page = 0; page < pages && unseen.size > 0; page += 1) {
    const answer = await removalsPage(cloudMap, outcome.service, window, cursor);
    for (const [operationId, status] of answer.statuses) {
      if (!unseen.delete(operationId)) continue;
      if (status === 'SUCCESS') ends.set(operationId, { kind: 'succeeded' });
      if (status === 'FAIL') failed.push(operationId);
    }
    cursor = answer.cursor;
    if (cursor === undefined) break;
  }
  for (const operationId of [...failed, ...unseen].slice(0, ASK_ONE_BY_ONE)) {
    ends.set(operationId, await operationEnd(cloudMap, operationId));
  }
  return ends;
}

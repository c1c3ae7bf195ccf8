/** What the target groups of a drain say of their targets. */
import type { AwsAccess } from '../../../src/aws/clients.ts';
import { elbv2Client, targetHealth } from '../../../src/aws/elbv2.ts';
import { sharedAnswers } from '../../../src/aws/shared-answers.ts';
import type { Location } from '../../../src/contract/drain-data.ts';
import type { TargetHealthFacts } from '../../../src/core/targets.ts';

/** However long ago the asker's own last change was. */
const OLDEST_MS = 15_000;

export interface DrainHealth {
  /** When the earliest reading began, ms; Infinity when nothing was asked. */
  readonly at: number;
  readonly byGroup: Map<number, TargetHealthFacts[]>;
}

/**
 * One process asks once for all its drains, and for all groups at the same time: a step that gives up finds the answers
 * the next time. In a function of its own, one after the other.
 * @param notBefore ms: what was read before it does not count
 */
export async function readHealth(
  aws: AwsAccess,
  region: string,
  location: Location,
  wanted: (group: number) => boolean,
  notBefore: number,
): Promise<DrainHealth> {
  const elbv2 = elbv2Client(aws, region);
  const groups = location.targetGroups.flatMap(({ arn }, index) => (wanted(index) ? [{ arn, index }] : []));
  const byGroup = new Map<number, TargetHealthFacts[]>();
  let at = Number.POSITIVE_INFINITY;
  if (aws.paced !== true) {
    for (const { arn, index } of groups) {
      at = Math.min(at, Date.now());
      byGroup.set(index, await targetHealth(elbv2, arn));
    }
    return { at, byGroup };
  }
  const shared = sharedAnswers(aws, region);
  const limit = Math.max(notBefore, Date.now() - OLDEST_MS);
  const ask = ({ arn }: { readonly arn: string }) =>
    shared.ask(`health of ${arn} `, limit, () => targetHealth(elbv2, arn));
  const answers = await Promise.all(groups.map(ask));
  for (const [position, answer] of answers.entries()) {
    const index = groups[position]?.index;
    if (index === undefined) continue;
    at = Math.min(at, answer.at);
    byGroup.set(index, answer.value);
  }
  return { at, byGroup };
}

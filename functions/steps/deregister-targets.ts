import { classicElbClient, deregisterFromClassic } from '../../src/aws/classic-elb.ts';
import { deregisterTargets, elbv2Client } from '../../src/aws/elbv2.ts';
import { TargetsData } from '../../src/contract/targets-data.ts';
import { afterChanges, nextChanges } from '../../src/core/targets/change.ts';
import { step } from '../../src/lambda/step.ts';

/** Takes away what the look found standing. What has gone meanwhile is done. */
export const handler = step(TargetsData, async (data, { aws, now, random }) => {
  const { groups = [], input } = data.plan;
  const changes = nextChanges(data, now());
  for (const { group, registrations } of changes) {
    const place = groups[group];
    if (place === undefined) continue;
    if (place.type === 'classic') {
      const ids = registrations.map(({ id }) => id);
      await deregisterFromClassic(classicElbClient(aws, input.region), place.at, ids);
    } else {
      await deregisterTargets(elbv2Client(aws, input.region), place.at, registrations);
    }
  }
  return afterChanges(data, changes, now(), random());
});

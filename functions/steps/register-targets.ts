import { classicElbClient, registerInClassic } from '../../src/aws/classic-elb.ts';
import { elbv2Client, registerTargets } from '../../src/aws/elbv2.ts';
import { TargetsData } from '../../src/contract/targets-data.ts';
import { afterChanges, nextChanges } from '../../src/core/targets/change.ts';
import { step } from '../../src/lambda/step.ts';

/** Registers what the look found missing; a draining target is taken back. */
export const handler = step(TargetsData, async (data, { aws, now, random }) => {
  const { groups = [], input } = data.plan;
  const changes = nextChanges(data, now());
  for (const { group, registrations } of changes) {
    const place = groups[group];
    if (place === undefined) continue;
    const targets = registrations.map(({ id, port }) => ({ id, port, availabilityZone: zoneOf(id, input.targets) }));
    if (place.type === 'classic') {
      await registerInClassic(
        classicElbClient(aws, input.region),
        place.at,
        targets.map(({ id }) => id),
      );
    } else {
      await registerTargets(elbv2Client(aws, input.region), place.at, targets);
    }
  }
  return afterChanges(data, changes, now(), random());
});

function zoneOf(id: string, targets: TargetsData['plan']['input']['targets']): string | undefined {
  return targets.find((target) => target.id === id)?.availabilityZone;
}

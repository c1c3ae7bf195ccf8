/** What a service's registrations are, and what EC2 says of their instances in every region. */
import { cloudMapClient, registrationsFrom } from '../../../src/aws/cloud-map.ts';
import { allAddresses, describeInstances, ec2Client } from '../../../src/aws/ec2.ts';
import type { ServiceRun } from '../../../src/contract/clean-cloud-map-data.ts';
import { AccessDenied, Rejected, SluiceError, Throttled, Unavailable } from '../../../src/contract/errors.ts';
import { inRegion } from '../../../src/core/cloud-map/fault.ts';
import { type Registration, type Sighting, skipReason } from '../../../src/core/cloud-map/registrations.ts';
import type { StepEnvironment } from '../../../src/lambda/step.ts';

/** A thousand registrations: whole batches of 200 ids for EC2, and all that Cloud Map allows in a service. */
const PAGES = 10;

const KINDS = [Throttled, Unavailable, AccessDenied];

export interface RegistrationsPage {
  readonly registrations: readonly Registration[];
  readonly sightings: ReadonlyMap<string, readonly Sighting[]>;
  readonly cursor: string | undefined;
}

/** @throws a SluiceError that names the region, where one did not answer: without it nothing can be said. */
export async function readRegistrations(
  { plan, outcome }: Pick<ServiceRun, 'plan' | 'outcome'>,
  from: string | undefined,
  { aws }: StepEnvironment,
): Promise<RegistrationsPage> {
  const cloudMap = cloudMapClient(aws, plan.region);
  const { registrations, cursor } = await registrationsFrom(cloudMap, outcome.service, from, PAGES);
  const ids = registrations.filter((each) => skipReason(each) === undefined).map(({ id }) => id);
  const regions = ids.length === 0 ? [] : plan.instancesRegions;
  const found = await Promise.all(regions.map((region) => sightingsIn(region, ids, aws)));
  const sightings = new Map<string, Sighting[]>();
  for (const sighting of found.flat()) {
    sightings.set(sighting.instanceId, [...(sightings.get(sighting.instanceId) ?? []), sighting]);
  }
  return { registrations, sightings, cursor };
}

async function sightingsIn(region: string, ids: readonly string[], aws: StepEnvironment['aws']): Promise<Sighting[]> {
  try {
    const instances = await describeInstances(ec2Client(aws, region), ids);
    return instances.map((instance) => ({
      instanceId: instance.InstanceId ?? '',
      state: instance.State?.Name ?? 'unknown',
      addresses: allAddresses(instance),
    }));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    // Anew, because regions that are out of time together share one error.
    const Kind = KINDS.find((each) => error instanceof each) ?? Rejected;
    throw new Kind(inRegion(region, error.message), { cause: error });
  }
}

/** What speaks against removing anything from a service, however much of it looks stale. */
import type { Guard } from '../../contract/clean-cloud-map.ts';
import type { CleanUpPlan, Observation } from '../../contract/clean-cloud-map-data.ts';
import { checkable, staleOf } from './observation.ts';

export interface Retention {
  readonly guard: Guard;
  readonly reason: string;
}

const NAMED_REGIONS = 5;

/** @returns nothing where nothing is stale, or may be removed. */
export function guardAgainst(
  observation: Observation,
  plan: Pick<CleanUpPlan, 'minRemaining' | 'maxAbsentPercent' | 'instancesRegions'>,
): Retention | undefined {
  if (staleOf(observation) === 0) return undefined;
  const { alive, absent, mismatched } = observation;
  const all = checkable(observation);
  // Only what was seen alive counts as staying: what cannot be checked is no reason to remove the rest.
  if (alive < plan.minRemaining) {
    const found = alive === 0 ? `all ${all} look stale` : `only ${alive} of ${all} would stay`;
    return { guard: 'minRemaining', reason: `${found}, and minRemaining is ${plan.minRemaining}` };
  }
  if ((absent + mismatched) * 100 > plan.maxAbsentPercent * all) {
    return {
      guard: 'maxAbsentPercent',
      reason:
        `${absent} of ${all} are not in ${named(plan.instancesRegions)} and ${mismatched} have other addresses, more than ` +
        `${plan.maxAbsentPercent} %: check that instancesRegions names every region they run in`,
    };
  }
  return undefined;
}

function named(regions: readonly string[]): string {
  const rest = regions.length - NAMED_REGIONS;
  const first = regions.slice(0, NAMED_REGIONS).join(', ');
  return rest > 0 ? `${first} and ${rest} more regions` : first;
}

/** The plan of a clean-up: everything that is fixed once, at its start. */
import type { CleanCloudMapInput } from '../../contract/clean-cloud-map.ts';
import { MOST_SERVICES } from '../../contract/clean-cloud-map.ts';
import type { CleanUpData } from '../../contract/clean-cloud-map-data.ts';
import { Refused } from '../../contract/errors.ts';
import type { Settings } from '../../contract/settings.ts';
import { iso, millis, SECOND } from '../time.ts';
import { newOutcome } from './outcome.ts';

/** Beyond the wait for the confirmation. */
const STANDARD_SECONDS = 900;

/**
 * @param execution every time that the input leaves open runs from its start, ISO 8601
 * @throws Refused for a region that may not be touched
 */
export function planCleanUp(
  input: CleanCloudMapInput,
  execution: { readonly id: string; readonly startTime: string },
  settings: Pick<Settings, 'allowedRegions'>,
): CleanUpData {
  const { allowedRegions } = settings;
  if (allowedRegions.length > 0 && !allowedRegions.includes(input.region)) {
    throw new Refused(`${input.region} is not one of the allowed regions (${allowedRegions.join(', ')})`);
  }
  const { services = [], timeoutSeconds, ...rest } = input;
  const seconds = timeoutSeconds ?? input.confirmAfterSeconds + STANDARD_SECONDS;
  const data: CleanUpData = {
    plan: {
      ...rest,
      instancesRegions: [...new Set(input.instancesRegions)],
      execution: execution.id,
      startedAt: execution.startTime,
      deadline: iso(millis(execution.startTime) + seconds * SECOND),
    },
    phase: 'observe',
    open: [],
    settled: [],
    next: input.namespace === undefined ? 'observe' : 'list',
    notes: [],
  };
  return withServices(data, services);
}

/** @throws Refused when there are more than one execution holds */
export function withServices(data: CleanUpData, services: readonly string[]): CleanUpData {
  const all = [...new Set([...data.open.map(({ outcome }) => outcome.service), ...services])];
  if (all.length > MOST_SERVICES) {
    throw new Refused(
      `there are ${all.length} services, and one run takes at most ${MOST_SERVICES}: name them in parts`,
    );
  }
  const open = all.map((service) => ({ outcome: newOutcome(service), from: '' }));
  return { ...data, open, next: data.next === 'list' && services.length === 0 ? 'list' : 'observe' };
}

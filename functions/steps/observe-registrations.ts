import { ServiceRun } from '../../src/contract/clean-cloud-map-data.ts';
import { judgeObservation } from '../../src/core/cloud-map/judgement.ts';
import { knownStale, observationToContinue, withPage } from '../../src/core/cloud-map/observation.ts';
import { step } from '../../src/lambda/step.ts';
import { readRegistrations } from './gather/cloud-map.ts';

/** Up to a thousand registrations at a time, each asked for in every region. */
export const handler = step(
  ServiceRun,
  async (run, environment) => {
    const before = observationToContinue(run, environment.now());
    const { registrations, sightings, cursor } = await readRegistrations(run, before.cursor, environment);
    return judgeObservation(run, withPage(before, registrations, sightings, knownStale(run), cursor));
  },
  () => 40,
);

import { ServiceRun } from '../../src/contract/clean-cloud-map-data.ts';
import { settleService } from '../../src/core/cloud-map/outcome.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes what became of the service in this phase, and what the next one needs. */
export const handler = step(ServiceRun, (run, { now }) => settleService(run, now()));

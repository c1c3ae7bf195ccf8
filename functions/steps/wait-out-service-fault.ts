import { ServiceRun } from '../../src/contract/clean-cloud-map-data.ts';
import { decideAfterServiceFault } from '../../src/core/cloud-map/fault.ts';
import { step } from '../../src/lambda/step.ts';

/** Calls nothing: until the deadline a fault is only waited out. */
export const handler = step(ServiceRun, (run, { now, random }) => decideAfterServiceFault(run, now(), random()));

import { FailedServiceInput } from '../../src/contract/clean-cloud-map-data.ts';
import { settleFailedService } from '../../src/core/cloud-map/outcome.ts';
import { step } from '../../src/lambda/step.ts';

/** Reads the line of a service out of what its failed child left: the whole Cause of each would not fit. */
export const handler = step(FailedServiceInput, settleFailedService);

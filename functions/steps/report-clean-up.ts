import { AnnounceCleanUpInput } from '../../src/contract/clean-cloud-map-data.ts';
import { reportCleanUp } from '../../src/core/cloud-map/receipt.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt alone: where the event bus cannot be reached, the execution still says how it ended. */
export const handler = step(AnnounceCleanUpInput, (data, { now }) =>
  reportCleanUp({ ...data, unannounced: true }, now()),
);

import { AnnounceTerminationInput } from '../../src/contract/termination-data.ts';
import { reportTermination } from '../../src/core/termination/report.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt alone: where the event bus cannot be reached, the execution still says how it ended. */
export const handler = step(AnnounceTerminationInput, (data, { now }) =>
  reportTermination({ ...data, unannounced: true }, now()),
);

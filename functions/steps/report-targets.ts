import { AnnounceTargetsInput } from '../../src/contract/targets-data.ts';
import { reportTargets } from '../../src/core/targets/report.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt alone: where the event bus cannot be reached, the execution still says how it ended. */
export const handler = step(AnnounceTargetsInput, (data, { now }) =>
  reportTargets({ ...data, unannounced: true }, now()),
);

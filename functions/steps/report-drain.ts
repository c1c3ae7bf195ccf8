import { AnnounceDrainInput } from '../../src/contract/drain-data.ts';
import { reportDrain } from '../../src/core/drain/report.ts';
import { step } from '../../src/lambda/step.ts';

/** Writes the receipt alone: where the event bus cannot be reached, the execution still says how it ended. */
export const handler = step(AnnounceDrainInput, (data, { now }) => reportDrain({ ...data, unannounced: true }, now()));

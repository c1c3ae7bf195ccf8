import { DrainData } from '../../src/contract/drain-data.ts';
import { decideAfterFault } from '../../src/core/drain/fault.ts';
import { step } from '../../src/lambda/step.ts';

/** Calls nothing: an outage holds the drain, and whatever is left of AWS still gets its heartbeats. */
export const handler = step(DrainData, (data, { now, random }) => decideAfterFault(data, now(), random()));

import { TerminationData } from '../../src/contract/termination-data.ts';
import { decideAfterTerminationFault } from '../../src/core/termination/fault.ts';
import { step } from '../../src/lambda/step.ts';

/** Calls nothing: an outage holds the termination until its deadline. */
export const handler = step(TerminationData, (data, { now, random }) =>
  decideAfterTerminationFault(data, now(), random()),
);

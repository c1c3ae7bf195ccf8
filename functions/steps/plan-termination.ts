import { DelayedTerminationInput } from '../../src/contract/delayed-termination.ts';
import { parse } from '../../src/contract/parse.ts';
import { PlanTerminationInput } from '../../src/contract/termination-data.ts';
import { planTermination } from '../../src/core/termination/plan.ts';
import { step } from '../../src/lambda/step.ts';

/** The first state: the input is held against the contract, and the times that it leaves open are fixed. */
export const handler = step(PlanTerminationInput, ({ input, execution }, { settings }) =>
  planTermination(parse(DelayedTerminationInput, input, 'the input of delayed-termination'), execution, settings),
);

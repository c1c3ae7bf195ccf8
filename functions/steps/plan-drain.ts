import { PlanDrainInput } from '../../src/contract/drain-data.ts';
import { DrainInstanceInput } from '../../src/contract/drain-instance.ts';
import { parse } from '../../src/contract/parse.ts';
import { planDrain } from '../../src/core/drain/plan.ts';
import { step } from '../../src/lambda/step.ts';

/** The first state: the input is held against the contract, and the times that it leaves open are fixed. */
export const handler = step(PlanDrainInput, ({ input, execution }, { settings }) =>
  planDrain(parse(DrainInstanceInput, input, 'the input of drain-instance'), execution, settings),
);

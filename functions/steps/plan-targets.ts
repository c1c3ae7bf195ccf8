import { AwaitDrainedInput } from '../../src/contract/await-drained.ts';
import { DeregisterTargetsInput } from '../../src/contract/deregister-targets.ts';
import { parse } from '../../src/contract/parse.ts';
import { RegisterTargetsInput } from '../../src/contract/register-targets.ts';
import { PlanTargetsInput } from '../../src/contract/targets-data.ts';
import { planTargets } from '../../src/core/targets/plan.ts';
import { step } from '../../src/lambda/step.ts';

const INPUTS = {
  'register-targets': RegisterTargetsInput,
  'deregister-targets': DeregisterTargetsInput,
  'await-drained': AwaitDrainedInput,
} as const;

/** The first state: the input is held against the contract, and the times that it leaves open are fixed. */
export const handler = step(PlanTargetsInput, ({ workflow, input, execution }, { settings }) =>
  planTargets(workflow, parse(INPUTS[workflow], input, `the input of ${workflow}`), execution, settings),
);

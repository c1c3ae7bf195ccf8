import { CleanCloudMapInput } from '../../src/contract/clean-cloud-map.ts';
import { PlanCleanUpInput } from '../../src/contract/clean-cloud-map-data.ts';
import { parse } from '../../src/contract/parse.ts';
import { planCleanUp } from '../../src/core/cloud-map/plan.ts';
import { step } from '../../src/lambda/step.ts';

/** The first state: the input is held against the contract, and the times that it leaves open are fixed. */
export const handler = step(PlanCleanUpInput, ({ input, execution }, { settings }) =>
  planCleanUp(parse(CleanCloudMapInput, input, 'the input of clean-cloud-map'), execution, settings),
);

import { TargetsData } from '../../src/contract/targets-data.ts';
import { decideAfterTargetsFault } from '../../src/core/targets/fault.ts';
import { step } from '../../src/lambda/step.ts';

/** Calls nothing: an outage holds the workflow until its deadline. */
export const handler = step(TargetsData, (data, { now, random }) => decideAfterTargetsFault(data, now(), random()));

import { JudgeDrainInput } from '../../src/contract/termination-data.ts';
import { judgeDrain } from '../../src/core/termination/drains.ts';
import { step } from '../../src/lambda/step.ts';

/** What became of a drain that did not succeed. */
export const handler = step(JudgeDrainInput, (input) => ({ drains: judgeDrain(input) }));

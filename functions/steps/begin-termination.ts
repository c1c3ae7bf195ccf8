import { TerminationData } from '../../src/contract/termination-data.ts';
import { beginTermination } from '../../src/core/termination/drains.ts';
import { step } from '../../src/lambda/step.ts';

/** The time has come: drains first, where they are wanted. */
export const handler = step(TerminationData, (data, { now }) => beginTermination(data, now()));

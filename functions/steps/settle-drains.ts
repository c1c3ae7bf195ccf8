import { SettleDrainsInput } from '../../src/contract/termination-data.ts';
import { settleDrains } from '../../src/core/termination/drains.ts';
import { step } from '../../src/lambda/step.ts';

export const handler = step(SettleDrainsInput, (data, { now }) => settleDrains(data, now()));

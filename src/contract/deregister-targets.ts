/** `deregister-targets`: what goes in, and the receipt that comes out. */
import * as z from 'zod/mini';
import { listOf, place, region, Target, targetsReceipt, timing, Until, withPlaceRules } from './targets.ts';

export const DeregisterTargetsInput = withPlaceRules(
  z.strictObject(
    {
      ...region,
      targets: listOf(Target).check(
        z.describe('What to deregister: in every target group and on every port, unless told.'),
      ),
      ...place,
      until: Until,
      ...timing,
    },
    { error: 'must be an object' },
  ),
);
export type DeregisterTargetsInput = z.output<typeof DeregisterTargetsInput>;

export const DeregisterTargetsReceipt = z.object({ workflow: z.literal('deregister-targets'), ...targetsReceipt });
export type DeregisterTargetsReceipt = z.output<typeof DeregisterTargetsReceipt>;

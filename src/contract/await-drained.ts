/** `await-drained`: what goes in, and the receipt that comes out. It changes nothing. */
import * as z from 'zod/mini';
import { listOf, place, region, Target, targetsReceipt, timing, Until, withPlaceRules } from './targets.ts';

/** The history of a watch holds so long. */
export const LONGEST_WATCH_SECONDS = 3_660;

export const AwaitDrainedInput = withPlaceRules(
  z.strictObject(
    {
      ...region,
      targets: z
        .optional(listOf(Target))
        .check(
          z.describe(
            `What to wait for: in every target group and on every port, unless told. Absent: until nothing drains in any target group there, for ${LONGEST_WATCH_SECONDS} s at most.`,
          ),
        ),
      ...place,
      until: Until,
      ...timing,
    },
    { error: 'must be an object' },
  ),
);
export type AwaitDrainedInput = z.output<typeof AwaitDrainedInput>;

export const AwaitDrainedReceipt = z.object({ workflow: z.literal('await-drained'), ...targetsReceipt });
export type AwaitDrainedReceipt = z.output<typeof AwaitDrainedReceipt>;

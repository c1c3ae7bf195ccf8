/** `register-targets`: what goes in, and the receipt that comes out. */
import * as z from 'zod/mini';
import { listOf, place, RegisteredTarget, region, targetsReceipt, timing, withPlaceRules } from './targets.ts';

export const RegisterTargetsInput = withPlaceRules(
  z.strictObject(
    {
      ...region,
      targets: listOf(RegisteredTarget).check(z.describe('What to register.')),
      ...place,
      ...timing,
    },
    { error: 'must be an object' },
  ),
);
export type RegisterTargetsInput = z.output<typeof RegisterTargetsInput>;

export const RegisterTargetsReceipt = z.object({ workflow: z.literal('register-targets'), ...targetsReceipt });
export type RegisterTargetsReceipt = z.output<typeof RegisterTargetsReceipt>;

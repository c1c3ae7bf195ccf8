/** `delayed-termination`: what goes in, and the receipt that comes out. */
import { isIP } from 'node:net';
import * as z from 'zod';
import {
  capped,
  Flag,
  InstanceId,
  LONGEST_SECONDS,
  oneOf,
  Region,
  RequestedBy,
  Status,
  Timestamp,
  wholeSeconds,
} from './common.ts';
import { DrainInstanceInput } from './drain-instance.ts';
import { isDocument } from './targets.ts';

/** The state of so many instances stays under 256 KiB, and so many may be named in a request of 64 KiB. */
export const MOST_INSTANCES = 500;
const LIST = `must be a list of 1 to ${MOST_INSTANCES} EC2 instance ids`;
const ADDRESS = 'must be an IP address';

export const DelayedTerminationInput = z
  .strictObject(
    {
      region: Region.describe('Region of the instances.'),
      instanceIds: z
        .array(InstanceId, { error: LIST })
        .min(1, { error: LIST })
        .max(MOST_INSTANCES, { error: LIST })
        .describe('The EC2 instances to terminate: all are accepted, or none.'),
      ipAddress: z
        .string({ error: ADDRESS })
        .refine((address) => isIP(address) !== 0, { error: ADDRESS })
        .optional()
        .describe('An address, private or public, that one of the instances must have.'),
      delaySeconds: wholeSeconds(0, LONGEST_SECONDS)
        .optional()
        .describe('How long to wait first; SLUICE_TERMINATION_DELAY_SECONDS when absent.'),
      terminateAt: Timestamp.optional().describe('The same as a point in time; the later of the two holds.'),
      drain: Flag.default(false).describe(
        'Take each instance out of service, by drain-instance, before it is terminated.',
      ),
      drainTimeoutSeconds: wholeSeconds(1, LONGEST_SECONDS)
        .optional()
        .describe('How long the drain of one instance may take; SLUICE_DRAIN_TIMEOUT_SECONDS when absent.'),
      onDrainTimeout: oneOf('terminate', 'keep')
        .default('terminate')
        .describe('What becomes of an instance whose drain did not end in time.'),
      cluster: DrainInstanceInput.shape.cluster,
      targetGroups: DrainInstanceInput.shape.targetGroups,
      allTargetGroups: DrainInstanceInput.shape.allTargetGroups,
      standaloneTasks: DrainInstanceInput.shape.standaloneTasks,
      decrementDesiredCapacity: Flag.default(false).describe(
        'Terminate through the Auto Scaling group and lower its desired capacity, so that nothing is replaced.',
      ),
      timeoutSeconds: wholeSeconds(1, LONGEST_SECONDS)
        .optional()
        .describe('How long it may take from the call to the end of the termination; a day when absent.'),
      dryRun: Flag.default(false).describe('Check once, change nothing, and say what would be done.'),
      requestedBy: RequestedBy.optional().describe('Free text that is carried along into the receipt.'),
    },
    { error: 'must be an object' },
  )
  .refine((input) => new Set(input.instanceIds).size === input.instanceIds.length, {
    path: ['instanceIds'],
    error: 'must name each instance once',
    when: ({ value }) => isDocument({ value }) && Array.isArray(Reflect.get(Object(value), 'instanceIds')),
  });
export type DelayedTerminationInput = z.output<typeof DelayedTerminationInput>;

export const InstanceOutcome = z.object({
  instanceId: z.string(),
  status: Status,
  /** EC2's word for it when it was last seen, or `absent`. */
  state: z.string(),
  reason: z.string().optional(),
  /** Its own execution, where there is one: of `drain-instance`, or of this workflow for one instance. */
  execution: z.string().optional(),
  drained: z.enum(['drained', 'timed-out', 'failed']).optional(),
  terminationRequestedAt: z.string().optional(),
  terminatedAt: z.string().optional(),
});
export type InstanceOutcome = z.output<typeof InstanceOutcome>;

export const DelayedTerminationReceipt = z.object({
  workflow: z.literal('delayed-termination'),
  /** The first instance; several: the first and how many more. */
  subject: z.string(),
  region: z.string(),
  status: Status,
  reason: z.string(),
  execution: z.string().optional(),
  requestedBy: z.string().optional(),
  dryRun: z.boolean(),
  startedAt: z.string().optional(),
  finishedAt: z.string(),
  terminateAt: z.string().optional(),
  deadline: z.string().optional(),
  /** Those that did not end well first. */
  instances: capped(InstanceOutcome),
  counts: z.object({ terminated: z.number(), open: z.number(), refused: z.number(), failed: z.number() }),
  polls: z.number(),
  faults: z.number(),
  notes: capped(z.string()),
  wouldDo: z.array(z.string()).optional(),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
});
export type DelayedTerminationReceipt = z.output<typeof DelayedTerminationReceipt>;

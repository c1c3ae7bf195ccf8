/** `delayed-termination`: what goes in, and the receipt that comes out. */
import { isIP } from 'node:net';
import * as z from 'zod/mini';
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
      region: Region.check(z.describe('Region of the instances.')),
      instanceIds: z
        .array(InstanceId, { error: LIST })
        .check(
          z.minLength(1, { error: LIST }),
          z.maxLength(MOST_INSTANCES, { error: LIST }),
          z.describe('The EC2 instances to terminate: all are accepted, or none.'),
        ),
      ipAddress: z
        .optional(z.string({ error: ADDRESS }).check(z.refine((address) => isIP(address) !== 0, { error: ADDRESS })))
        .check(z.describe('An address, private or public, that one of the instances must have.')),
      delaySeconds: z
        .optional(wholeSeconds(0, LONGEST_SECONDS))
        .check(z.describe('How long to wait first; SLUICE_TERMINATION_DELAY_SECONDS when absent.')),
      terminateAt: z.optional(Timestamp).check(z.describe('The same as a point in time; the later of the two holds.')),
      drain: z
        ._default(Flag, false)
        .check(z.describe('Take each instance out of service, by drain-instance, before it is terminated.')),
      drainTimeoutSeconds: z
        .optional(wholeSeconds(1, LONGEST_SECONDS))
        .check(z.describe('How long the drain of one instance may take; SLUICE_DRAIN_TIMEOUT_SECONDS when absent.')),
      onDrainTimeout: z
        ._default(oneOf('terminate', 'keep'), 'terminate')
        .check(z.describe('What becomes of an instance whose drain did not end in time.')),
      cluster: DrainInstanceInput.shape.cluster,
      targetGroups: DrainInstanceInput.shape.targetGroups,
      allTargetGroups: DrainInstanceInput.shape.allTargetGroups,
      standaloneTasks: DrainInstanceInput.shape.standaloneTasks,
      decrementDesiredCapacity: z
        ._default(Flag, false)
        .check(
          z.describe(
            'Terminate through the Auto Scaling group and lower its desired capacity, so that nothing is replaced.',
          ),
        ),
      timeoutSeconds: z
        .optional(wholeSeconds(1, LONGEST_SECONDS))
        .check(z.describe('How long it may take from the call to the end of the termination; a day when absent.')),
      dryRun: z._default(Flag, false).check(z.describe('Check once, change nothing, and say what would be done.')),
      requestedBy: z.optional(RequestedBy).check(z.describe('Free text that is carried along into the receipt.')),
    },
    { error: 'must be an object' },
  )
  .check(
    z.refine((input) => new Set(input.instanceIds).size === input.instanceIds.length, {
      path: ['instanceIds'],
      error: 'must name each instance once',
      when: ({ value }) => isDocument({ value }) && Array.isArray(Reflect.get(Object(value), 'instanceIds')),
    }),
  );
export type DelayedTerminationInput = z.output<typeof DelayedTerminationInput>;

export const InstanceOutcome = z.object({
  instanceId: z.string(),
  status: Status,
  /** EC2's word for it when it was last seen, or `absent`. */
  state: z.string(),
  reason: z.optional(z.string()),
  /** Its own execution, where there is one: of `drain-instance`, or of this workflow for one instance. */
  execution: z.optional(z.string()),
  drained: z.optional(z.enum(['drained', 'timed-out', 'failed'])),
  terminationRequestedAt: z.optional(z.string()),
  terminatedAt: z.optional(z.string()),
});
export type InstanceOutcome = z.output<typeof InstanceOutcome>;

export const DelayedTerminationReceipt = z.object({
  workflow: z.literal('delayed-termination'),
  /** The first instance; several: the first and how many more. */
  subject: z.string(),
  region: z.string(),
  status: Status,
  reason: z.string(),
  execution: z.optional(z.string()),
  requestedBy: z.optional(z.string()),
  dryRun: z.boolean(),
  startedAt: z.optional(z.string()),
  finishedAt: z.string(),
  terminateAt: z.optional(z.string()),
  deadline: z.optional(z.string()),
  /** Those that did not end well first. */
  instances: capped(InstanceOutcome),
  counts: z.object({ terminated: z.number(), open: z.number(), refused: z.number(), failed: z.number() }),
  polls: z.number(),
  faults: z.number(),
  notes: capped(z.string()),
  wouldDo: z.optional(z.array(z.string())),
  error: z.optional(z.object({ name: z.string(), message: z.string() })),
});
export type DelayedTerminationReceipt = z.output<typeof DelayedTerminationReceipt>;

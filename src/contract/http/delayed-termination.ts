/** The document of asg-delegated-destroy, as Skopos' ec2-asg plugin sends it. */
import { isIP } from 'node:net';
import * as z from 'zod/mini';
import { InstanceId, LONGEST_SECONDS, Region, wholeSeconds } from '../common.ts';
import { MOST_INSTANCES } from '../delayed-termination.ts';

const LIST = `must be a list of 1 to ${MOST_INSTANCES} EC2 instance ids`;
const Text = z.nullish(z.string({ error: 'must be text' }));

/** Of `user_data` only this is read, and only where it is an object that has it. */
export const UserData = z.object({ delaySeconds: wholeSeconds(0, LONGEST_SECONDS) });

export const DelegatedTermination = z
  .object(
    {
      ec2_region: z.optional(Region).check(z.describe("Region of the instances; the service's own when absent.")),
      ec2_instance_id: z.optional(InstanceId).check(z.describe('The instance to terminate.')),
      ec2_instance_ids: z
        .optional(z.array(InstanceId, { error: LIST }).check(z.maxLength(MOST_INSTANCES, { error: LIST })))
        .check(z.describe('The instances to terminate: all are accepted, or none. It goes before ec2_instance_id.')),
      ip_address: z
        .nullish(
          z
            .string({ error: 'must be an IP address' })
            .check(z.refine((address) => address === '' || isIP(address) !== 0, { error: 'must be an IP address' })),
        )
        .check(z.describe('An address, private or public, that one of the instances must have.')),
      project: Text.check(z.describe('Carried along.')),
      component: Text.check(z.describe('Carried along.')),
      user_data: z
        .optional(
          z.unknown().check(
            z.superRefine((data, context) => {
              if (typeof data !== 'object' || data === null || !('delaySeconds' in data)) return;
              for (const issue of UserData.safeParse(data).error?.issues ?? []) {
                context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
              }
            }),
          ),
        )
        .check(z.describe('Anything. An object with delaySeconds (0 to 2000000) says how long to wait first.')),
    },
    { error: 'must be a JSON object' },
  )
  .check(
    z.superRefine(({ ec2_instance_id, ec2_instance_ids }, context) => {
      const ids = ec2_instance_ids ?? [];
      if (ids.length === 0 && ec2_instance_id === undefined) {
        const message = 'or ec2_instance_ids must name an instance';
        context.addIssue({ code: 'custom', path: ['ec2_instance_id'], message });
      }
    }),
  );
export type DelegatedTermination = z.output<typeof DelegatedTermination>;

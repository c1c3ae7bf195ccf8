/** `GET`, `POST` and `DELETE /elb/{name}`, as elb-instance-manager had them. */
import * as z from 'zod/mini';
import { InstanceId, oneOf, Region, TargetGroupArn } from '../common.ts';
import { place } from '../targets.ts';
import { wordFlag } from './drain-delay.ts';

export const LoadBalancerName = place.loadBalancer.def.innerType;

export const MachineId = z.strictObject(
  { instanceId: InstanceId.check(z.describe('The EC2 instance.')) },
  { error: 'must be a JSON object such as {"instanceId": "i-0123456789abcdef0"}' },
);

export const MachineInfo = z.object({
  instanceId: z.string(),
  instanceType: z.string(),
  launchDate: z.string().check(z.describe('ISO 8601, in UTC.')),
});
export type MachineInfo = z.output<typeof MachineInfo>;

/** What `?targets=all` answers with: one for each registration, whatever its type. */
export const TargetInfo = z.object({
  targetId: z.string(),
  port: z.optional(z.number()),
  targetGroupArn: z.optional(z.string()),
  state: z.string(),
  reason: z.optional(z.string()),
});
export type TargetInfo = z.output<typeof TargetInfo>;

const common = {
  region: z.optional(Region).check(z.describe("Region of the load balancer; the service's own when absent.")),
};

export const ListTargetsQuery = z.strictObject({
  ...common,
  targets: z
    ._default(oneOf('instances', 'all'), 'instances')
    .check(z.describe('"all" lists addresses and functions, too.')),
});

export const ChangeTargetsQuery = z.strictObject({
  ...common,
  'target-group': z.optional(TargetGroupArn).check(z.describe('Which of its target groups.')),
  wait: wordFlag.check(
    z.describe('Answer when the instance is healthy, or drained, rather than when the change was accepted.'),
  ),
});

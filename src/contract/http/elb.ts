/** `GET`, `POST` and `DELETE /elb/{name}`, as elb-instance-manager had them. */
import * as z from 'zod';
import { InstanceId, oneOf, Region, TargetGroupArn } from '../common.ts';
import { place } from '../targets.ts';
import { wordFlag } from './drain-delay.ts';

export const LoadBalancerName = place.loadBalancer.unwrap();

export const MachineId = z.strictObject(
  { instanceId: InstanceId.describe('The EC2 instance.') },
  { error: 'must be a JSON object such as {"instanceId": "i-0123456789abcdef0"}' },
);

export const MachineInfo = z.object({
  instanceId: z.string(),
  instanceType: z.string(),
  launchDate: z.string().describe('ISO 8601, in UTC.'),
});
export type MachineInfo = z.output<typeof MachineInfo>;

/** What `?targets=all` answers with: one for each registration, whatever its type. */
export const TargetInfo = z.object({
  targetId: z.string(),
  port: z.number().optional(),
  targetGroupArn: z.string().optional(),
  state: z.string(),
  reason: z.string().optional(),
});
export type TargetInfo = z.output<typeof TargetInfo>;

const common = { region: Region.optional().describe("Region of the load balancer; the service's own when absent.") };

export const ListTargetsQuery = z.strictObject({
  ...common,
  targets: oneOf('instances', 'all').default('instances').describe('"all" lists addresses and functions, too.'),
});

export const ChangeTargetsQuery = z.strictObject({
  ...common,
  'target-group': TargetGroupArn.optional().describe('Which of its target groups.'),
  wait: wordFlag.describe('Answer when the instance is healthy, or drained, rather than when the change was accepted.'),
});

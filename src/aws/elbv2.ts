/** Elastic Load Balancing v2: target groups and the targets in them. */
import {
  DeregisterTargetsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { NotFound } from '../contract/errors.ts';
import type { TargetHealthFacts } from '../core/targets.ts';
import { clientFactory } from './clients.ts';

export const elbv2Client = clientFactory(ElasticLoadBalancingV2Client);

const STANDARD_DELAY_SECONDS = 300;

/** One page of the region's target groups. @returns their ARNs, and the marker of the next page */
export async function pageOfTargetGroups(
  elbv2: ElasticLoadBalancingV2Client,
  pageSize: number,
  marker: string | undefined,
): Promise<{ arns: string[]; marker: string | undefined }> {
  const page = await elbv2.send(
    new DescribeTargetGroupsCommand({ PageSize: pageSize, ...(marker === undefined ? {} : { Marker: marker }) }),
  );
  return {
    arns: (page.TargetGroups ?? []).flatMap(({ TargetGroupArn }) => TargetGroupArn ?? []),
    marker: page.NextMarker,
  };
}

/** @returns every registration in the group; none when the group has been deleted */
export async function targetHealth(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
): Promise<TargetHealthFacts[]> {
  try {
    const answer = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    return (answer.TargetHealthDescriptions ?? []).map(({ Target, TargetHealth }) => ({
      id: Target?.Id ?? '',
      port: Target?.Port ?? 0,
      state: TargetHealth?.State ?? 'unknown',
      reason: TargetHealth?.Reason,
    }));
  } catch (error) {
    if (error instanceof NotFound) return [];
    throw error;
  }
}

/** @returns seconds */
export async function deregistrationDelay(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
): Promise<number> {
  const answer = await elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn }));
  const value = answer.Attributes?.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
  return value === undefined ? STANDARD_DELAY_SECONDS : Number(value);
}

/** @throws Rejected for a target that the group cannot take: a stopped instance, another VPC */
export async function registerTargets(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
  targets: readonly { readonly id: string; readonly port: number; readonly availabilityZone?: string | undefined }[],
): Promise<void> {
  await elbv2.send(
    new RegisterTargetsCommand({
      TargetGroupArn: targetGroupArn,
      Targets: targets.map(({ id, port, availabilityZone }) => ({
        Id: id,
        Port: port,
        ...(availabilityZone === undefined ? {} : { AvailabilityZone: availabilityZone }),
      })),
    }),
  );
}

/** @returns `absent` when the group, or the target in it, has gone meanwhile */
export async function deregisterTargets(
  elbv2: ElasticLoadBalancingV2Client,
  targetGroupArn: string,
  targets: readonly { readonly id: string; readonly port: number }[],
): Promise<'accepted' | 'absent'> {
  try {
    await elbv2.send(
      new DeregisterTargetsCommand({
        TargetGroupArn: targetGroupArn,
        Targets: targets.map(({ id, port }) => ({ Id: id, Port: port })),
      }),
    );
    return 'accepted';
  } catch (error) {
    if (error instanceof NotFound) return 'absent';
    throw error;
  }
}

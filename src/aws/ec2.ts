/** Amazon EC2: what an instance is, and whether its spot capacity is about to be taken. */
import {
  DescribeInstancesCommand,
  DescribeSpotInstanceRequestsCommand,
  EC2Client,
  type Instance,
} from '@aws-sdk/client-ec2';
import { clientFactory } from './clients.ts';
import { codeOf } from './errors.ts';

export const ec2Client = clientFactory(EC2Client);

/** @returns undefined when EC2 does not know the instance (any more) */
export async function describeInstance(ec2: EC2Client, instanceId: string): Promise<Instance | undefined> {
  try {
    const answer = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    return answer.Reservations?.flatMap((reservation) => reservation.Instances ?? [])[0];
  } catch (error) {
    if (codeOf(error) === 'InvalidInstanceID.NotFound') return undefined;
    throw error;
  }
}

/** Every private address of every interface. */
export function privateAddresses(instance: Instance): string[] {
  const addresses = (instance.NetworkInterfaces ?? []).flatMap((networkInterface) =>
    (networkInterface.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
  );
  return [...new Set([...(instance.PrivateIpAddress === undefined ? [] : [instance.PrivateIpAddress]), ...addresses])];
}

const NOTICE_MILLIS = 120_000;

/** @returns when a spot instance is taken, ms, if EC2 has said so: two minutes after it did. */
export async function spotInterruptionAt(ec2: EC2Client, spotInstanceRequestId: string): Promise<number | undefined> {
  const answer = await ec2.send(
    new DescribeSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [spotInstanceRequestId] }),
  );
  const status = answer.SpotInstanceRequests?.[0]?.Status;
  if (status?.Code === undefined || !/^marked-for-(termination|stop)/.test(status.Code)) return undefined;
  return (status.UpdateTime?.getTime() ?? 0) + NOTICE_MILLIS;
}

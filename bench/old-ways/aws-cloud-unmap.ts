/**
 * aws-cloud-unmap: one look, one filter with every id, and a registration whose instance it does not find in the regions that
 * it was given is removed. It refuses only where everything looks stale; the first failure ends it, and it exits with 0.
 */
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DeregisterInstanceCommand,
  type InstanceSummary,
  ListInstancesCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import type { ClientConfig } from '../../src/simulated-region/region.ts';

/** @param instancesRegions clients of the regions in which it is told to look @returns what it says of itself */
export async function unmap(
  home: ClientConfig,
  instancesRegions: readonly ClientConfig[],
  service: string,
): Promise<'done' | 'refused' | 'failed'> {
  const cloudMap = new ServiceDiscoveryClient(home);
  try {
    const registered = await everything(cloudMap, service);
    const live = new Set<string>();
    for (const config of instancesRegions) {
      for (const key of await alive(new EC2Client(config), registered)) live.add(key);
    }
    const stale = registered.filter((each) => !live.has(keyOf(each)));
    if (stale.length === registered.length) return 'refused';
    for (const { Id } of stale) {
      await cloudMap.send(new DeregisterInstanceCommand({ ServiceId: service, InstanceId: Id }));
    }
    return 'done';
  } catch {
    return 'failed';
  }
}

async function everything(cloudMap: ServiceDiscoveryClient, service: string): Promise<InstanceSummary[]> {
  const found: InstanceSummary[] = [];
  let token: string | undefined;
  do {
    const page = await cloudMap.send(new ListInstancesCommand({ ServiceId: service, NextToken: token }));
    found.push(...(page.Instances ?? []));
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

async function alive(ec2: EC2Client, registered: readonly InstanceSummary[]): Promise<string[]> {
  const values = registered.flatMap(({ Id }) => (Id === undefined ? [] : [Id]));
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: values }] }),
  );
  return Reservations.flatMap(({ Instances = [] }) => Instances)
    .filter(({ State }) => State?.Name !== 'shutting-down' && State?.Name !== 'terminated')
    .flatMap(({ InstanceId, PrivateIpAddress, PublicIpAddress }) =>
      [PrivateIpAddress, PublicIpAddress].map((address) => `${InstanceId} ${address}`),
    );
}

function keyOf({ Id, Attributes }: InstanceSummary): string {
  return `${Id} ${Attributes?.AWS_INSTANCE_IPV4}`;
}

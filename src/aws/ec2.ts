/** Amazon EC2: what an instance is, and whether its spot capacity is about to be taken. */
import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSpotInstanceRequestsCommand,
  EC2Client,
  type Instance,
  paginateDescribeInstances,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { Rejected } from '../contract/errors.ts';
import { batches } from './batches.ts';
import { clientFactory, sharedWithin } from './clients.ts';
import { codeOf } from './errors.ts';
import { Batcher } from './pacing/batcher.ts';

export const ec2Client = clientFactory(EC2Client);

/** What executions of one process ask together. */
const shared = sharedWithin((ec2: EC2Client) => ({
  instances: new Batcher<string, Instance>({
    most: FILTER_VALUES,
    pauseMs: PAUSE_MS,
    ask: async (ids) => {
      const [first] = ids;
      const found =
        first !== undefined && ids.length === 1 ? [await describeAlone(ec2, first)] : await describeByFilter(ec2, ids);
      return new Map(found.flatMap((one) => (one?.InstanceId === undefined ? [] : [[one.InstanceId, one]])));
    },
  }),
  interruptions: new Batcher<string, number>({
    most: FILTER_VALUES,
    pauseMs: PAUSE_MS,
    ask: (requestIds) => interruptions(ec2, requestIds),
  }),
  terminations: new Batcher<string, true>({
    most: TERMINATE_AT_ONCE,
    pauseMs: PAUSE_MS,
    // One that is unknown or protected fails a call for many. Who is asked to terminate twice is terminating.
    oneByOne: (error) => error instanceof Rejected,
    async ask(ids) {
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [...ids] }));
      return new Map(ids.map((id) => [id, true]));
    },
  }),
}));

const PAUSE_MS = 250;
const TERMINATE_AT_ONCE = 100;

/** @returns undefined when EC2 does not know the instance (any more) */
export function describeInstance(ec2: EC2Client, instanceId: string): Promise<Instance | undefined> {
  return shared(ec2)?.instances.get(instanceId) ?? describeAlone(ec2, instanceId);
}

async function describeAlone(ec2: EC2Client, instanceId: string): Promise<Instance | undefined> {
  try {
    const answer = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    return answer.Reservations?.flatMap((reservation) => reservation.Instances ?? [])[0];
  } catch (error) {
    if (codeOf(error) === 'InvalidInstanceID.NotFound') return undefined;
    throw error;
  }
}

/** AWS takes 200 values in one filter. */
const FILTER_VALUES = 200;

/**
 * Those of the instances that EC2 knows: by a filter, because a list of ids fails for all when one of them is unknown.
 * @returns in no particular order
 */
export async function describeInstances(ec2: EC2Client, instanceIds: readonly string[]): Promise<Instance[]> {
  const together = shared(ec2)?.instances;
  if (together === undefined) return describeByFilter(ec2, instanceIds);
  const found = await Promise.all([...new Set(instanceIds)].map((id) => together.get(id)));
  return found.filter((one) => one !== undefined);
}

async function describeByFilter(ec2: EC2Client, instanceIds: readonly string[]): Promise<Instance[]> {
  const found: Instance[] = [];
  for (const Values of batches(instanceIds, FILTER_VALUES)) {
    const pages = paginateDescribeInstances({ client: ec2 }, { Filters: [{ Name: 'instance-id', Values }] });
    for await (const page of pages)
      found.push(...(page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []));
  }
  return found;
}

/** @returns undefined when EC2 does not know the instance (any more) */
export async function isProtected(ec2: EC2Client, instanceId: string): Promise<boolean | undefined> {
  try {
    const answer = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute: 'disableApiTermination' }),
    );
    return answer.DisableApiTermination?.Value === true;
  } catch (error) {
    if (codeOf(error) === 'InvalidInstanceID.NotFound') return undefined;
    throw error;
  }
}

/** @throws Rejected when one of them is unknown or protected; those of other Availability Zones may still be terminated */
export async function terminateInstances(ec2: EC2Client, instanceIds: readonly string[]): Promise<void> {
  const together = shared(ec2)?.terminations;
  if (together === undefined) await ec2.send(new TerminateInstancesCommand({ InstanceIds: [...instanceIds] }));
  else await Promise.all(instanceIds.map((id) => together.get(id)));
}

/** One instance. @returns why EC2 will not, where it will never do */
export async function terminateInstance(
  ec2: EC2Client,
  instanceId: string,
): Promise<'terminating' | 'absent' | { readonly refused: string }> {
  try {
    await terminateInstances(ec2, [instanceId]);
    return 'terminating';
  } catch (error) {
    if (codeOf(error) === 'InvalidInstanceID.NotFound') return 'absent';
    if (error instanceof Rejected) return { refused: error.message };
    throw error;
  }
}

/** What the API shows of an instance in a load balancer. */
export interface InstanceInfo {
  readonly instanceId: string;
  readonly instanceType: string;
  /** ISO 8601. */
  readonly launchDate: string;
}

/** @returns those that EC2 knows, in the order of the ids */
export async function instanceInfos(ec2: EC2Client, instanceIds: readonly string[]): Promise<InstanceInfo[]> {
  const byId = new Map((await describeInstances(ec2, instanceIds)).map((instance) => [instance.InstanceId, instance]));
  return [...new Set(instanceIds)].flatMap((instanceId) => {
    const { InstanceType, LaunchTime } = byId.get(instanceId) ?? {};
    if (InstanceType === undefined || LaunchTime === undefined) return [];
    return [{ instanceId, instanceType: InstanceType, launchDate: LaunchTime.toISOString() }];
  });
}

/** Every private address of every interface. */
export function privateAddresses(instance: Instance): string[] {
  const addresses = (instance.NetworkInterfaces ?? []).flatMap((networkInterface) =>
    (networkInterface.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
  );
  return [...new Set([...(instance.PrivateIpAddress === undefined ? [] : [instance.PrivateIpAddress]), ...addresses])];
}

/** Every address, private or public, IPv4 or IPv6. */
export function allAddresses(instance: Instance): string[] {
  const interfaces = instance.NetworkInterfaces ?? [];
  return [
    ...privateAddresses(instance),
    ...(instance.PublicIpAddress === undefined ? [] : [instance.PublicIpAddress]),
    ...interfaces.flatMap(({ Association, PrivateIpAddresses }) => [
      ...(Association?.PublicIp === undefined ? [] : [Association.PublicIp]),
      // A secondary address may have a public one of its own.
      ...(PrivateIpAddresses ?? []).flatMap((address) => address.Association?.PublicIp ?? []),
    ]),
    ...interfaces.flatMap(({ Ipv6Addresses }) => (Ipv6Addresses ?? []).flatMap(({ Ipv6Address }) => Ipv6Address ?? [])),
  ];
}

const NOTICE_MILLIS = 120_000;

/** @returns when a spot instance is taken, ms, if EC2 has said so: two minutes after it did. */
export async function spotInterruptionAt(ec2: EC2Client, spotInstanceRequestId: string): Promise<number | undefined> {
  const together = shared(ec2)?.interruptions;
  if (together !== undefined) return together.get(spotInstanceRequestId);
  return (await interruptions(ec2, [spotInstanceRequestId])).get(spotInstanceRequestId);
}

async function interruptions(ec2: EC2Client, requestIds: readonly string[]): Promise<Map<string, number>> {
  const input =
    requestIds.length === 1
      ? { SpotInstanceRequestIds: [...requestIds] }
      : // By a filter, because a list of ids fails for all when one of them is unknown.
        { Filters: [{ Name: 'spot-instance-request-id', Values: [...requestIds] }] };
  const answer = await ec2.send(new DescribeSpotInstanceRequestsCommand(input));
  const found = new Map<string, number>();
  for (const { SpotInstanceRequestId: id, Status } of answer.SpotInstanceRequests ?? []) {
    if (id === undefined || Status?.Code === undefined || !/^marked-for-(termination|stop)/.test(Status.Code)) continue;
    found.set(id, (Status.UpdateTime?.getTime() ?? 0) + NOTICE_MILLIS);
  }
  return found;
}

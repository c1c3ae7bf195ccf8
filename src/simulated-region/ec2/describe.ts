import type { Instance, SpotInstanceRequest, TagDescription } from '@aws-sdk/client-ec2';
import type { KnownFilters } from './filters.ts';
import type { InstanceRecord } from './instance.ts';
import { privateAddresses, stateCodes } from './instance.ts';

/** As DescribeInstances shows it. A terminated instance keeps its id and tags, and none of its addresses. */
export function describeInstance(record: InstanceRecord): Instance {
  const gone = record.state === 'terminated';
  const [primary] = privateAddresses(record);
  return {
    InstanceId: record.instanceId,
    InstanceType: record.instanceType as NonNullable<Instance['InstanceType']>,
    ImageId: 'ami-0a1b2c3d4e5f60718',
    State: { Code: stateCodes[record.state], Name: record.state },
    ...(record.stateReason && { StateReason: { Code: record.stateReason.code, Message: record.stateReason.message } }),
    LaunchTime: new Date(record.launchTime),
    Placement: { AvailabilityZone: record.availabilityZone, Tenancy: 'default' },
    Monitoring: { State: 'disabled' },
    Tags: [...record.tags].map(([Key, Value]) => ({ Key, Value })),
    ...(record.lifecycle === 'spot' && { InstanceLifecycle: 'spot' }),
    ...(record.spotRequest && { SpotInstanceRequestId: record.spotRequest.id }),
    ...(!gone && {
      VpcId: record.vpcId,
      SubnetId: record.subnetId,
      ...(primary !== undefined && { PrivateIpAddress: primary }),
      ...(record.publicIpAddress !== undefined && { PublicIpAddress: record.publicIpAddress }),
    }),
    NetworkInterfaces: gone ? [] : networkInterfaces(record),
  };
}

function networkInterfaces(record: InstanceRecord): NonNullable<Instance['NetworkInterfaces']> {
  return record.interfaces.map(({ networkInterfaceId, privateIpAddresses }) => ({
    NetworkInterfaceId: networkInterfaceId,
    Status: 'in-use',
    VpcId: record.vpcId,
    SubnetId: record.subnetId,
    ...(privateIpAddresses[0] !== undefined && { PrivateIpAddress: privateIpAddresses[0] }),
    PrivateIpAddresses: privateIpAddresses.map((PrivateIpAddress, index) => ({
      PrivateIpAddress,
      Primary: index === 0,
    })),
  }));
}

/** A terminated instance is not found by its former addresses. */
const unlessGone =
  (values: (record: InstanceRecord) => readonly (string | undefined)[]) =>
  (record: InstanceRecord): readonly (string | undefined)[] =>
    record.state === 'terminated' ? [] : values(record);

export const instanceFilters: KnownFilters<InstanceRecord> = {
  tag: (record, key) => record.tags.get(key),
  named: {
    'instance-id': (record) => [record.instanceId],
    'instance-state-name': (record) => [record.state],
    'instance-state-code': (record) => [String(stateCodes[record.state])],
    'instance-type': (record) => [record.instanceType],
    'instance-lifecycle': (record) => (record.lifecycle === 'spot' ? ['spot'] : []),
    'availability-zone': (record) => [record.availabilityZone],
    'spot-instance-request-id': (record) => [record.spotRequest?.id],
    'tag-key': (record) => [...record.tags.keys()],
    'tag-value': (record) => [...record.tags.values()],
    'private-ip-address': unlessGone((record) => privateAddresses(record).slice(0, 1)),
    'network-interface.addresses.private-ip-address': unlessGone(privateAddresses),
    'ip-address': unlessGone((record) => [record.publicIpAddress]),
    'vpc-id': unlessGone((record) => [record.vpcId]),
    'subnet-id': unlessGone((record) => [record.subnetId]),
  },
};

const spotMessages = {
  fulfilled: 'Your Spot request is fulfilled.',
  'marked-for-termination': 'Your instance is marked for termination.',
  'instance-terminated-no-capacity': 'Your Spot instance was terminated because there is no Spot capacity available.',
  'instance-terminated-by-user': 'Your Spot instance was terminated because you terminated it.',
} as const;

export function describeSpotRequest(record: InstanceRecord): SpotInstanceRequest | undefined {
  const request = record.spotRequest;
  return (
    request && {
      SpotInstanceRequestId: request.id,
      InstanceId: record.instanceId,
      State: request.state,
      Status: { Code: request.status, Message: spotMessages[request.status], UpdateTime: new Date(request.updatedAt) },
      Type: 'one-time',
      LaunchedAvailabilityZone: record.availabilityZone,
      InstanceInterruptionBehavior: 'terminate',
      CreateTime: new Date(record.launchTime),
      Tags: [],
    }
  );
}

export const spotFilters: KnownFilters<SpotInstanceRequest> = {
  named: {
    'spot-instance-request-id': (request) => [request.SpotInstanceRequestId],
    'instance-id': (request) => [request.InstanceId],
    state: (request) => [request.State],
    'status-code': (request) => [request.Status?.Code],
    'launched-availability-zone': (request) => [request.LaunchedAvailabilityZone],
  },
};

export const tagFilters: KnownFilters<TagDescription> = {
  tag: (tag, key) => (tag.Key === key ? tag.Value : undefined),
  named: {
    'resource-id': (tag) => [tag.ResourceId],
    'resource-type': (tag) => [tag.ResourceType],
    key: (tag) => [tag.Key],
    value: (tag) => [tag.Value],
  },
};

import * as sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Numbered, page } from '../cursor.ts';
import { type OperationModel, operation, ServiceError } from '../service.ts';
import { type LoadBalancingDirectory, setAttributes } from './directory.ts';
import { keyOf, type LoadBalancerType, type Protocol, type TargetGroup, type TargetType } from './records.ts';
import type { Registrations } from './registrations.ts';
import { showHealth, showListener, showLoadBalancer, showTargetGroup, showUnregistered } from './shapes.ts';

const ALL = [{ name: 'elbv2' }];
const DESCRIBES = [...ALL, { name: 'elbv2-describes' }];
const TARGETS = [...ALL, { name: 'elbv2-targets' }];

export function elbV2Operations(
  directory: LoadBalancingDirectory,
  registrations: Registrations,
): Record<string, OperationModel> {
  return {
    ...reads(directory),
    ...tags(directory),
    ...writes(directory, registrations),
  };
}

function reads(directory: LoadBalancingDirectory): Record<string, OperationModel> {
  return {
    DescribeLoadBalancers: operation<sdk.DescribeLoadBalancersCommandInput, sdk.DescribeLoadBalancersCommandOutput>(
      sdk.DescribeLoadBalancers$,
      'read',
      ({ LoadBalancerArns: arns = [], Names: names = [], Marker, PageSize }) => {
        const all = [...directory.loadBalancers.values()];
        for (const arn of arns) directory.loadBalancer(arn);
        for (const name of names) {
          if (all.some((one) => one.name === name)) continue;
          throw new ServiceError('LoadBalancerNotFound', `Load balancers '[${name}]' not found`);
        }
        const asked = arns.length + names.length > 0;
        const found = all.filter((one) => !asked || arns.includes(one.arn) || names.includes(one.name));
        const { items, next } = pageOf(found, Marker, PageSize);
        return { LoadBalancers: items.map(showLoadBalancer), NextMarker: next };
      },
      DESCRIBES,
    ),
    DescribeTargetGroups: operation<sdk.DescribeTargetGroupsCommandInput, sdk.DescribeTargetGroupsCommandOutput>(
      sdk.DescribeTargetGroups$,
      'read',
      ({ LoadBalancerArn, TargetGroupArns: arns = [], Names: names = [], Marker, PageSize }) => {
        const balancer = LoadBalancerArn === undefined ? undefined : directory.loadBalancer(LoadBalancerArn);
        const all = [...directory.targetGroups.values()];
        for (const arn of arns) directory.targetGroup(arn);
        for (const name of names) {
          if (all.some((one) => one.name === name)) continue;
          throw new ServiceError('TargetGroupNotFound', 'One or more target groups not found');
        }
        const asked = arns.length + names.length > 0;
        const found = all.filter(
          (one) =>
            (!asked || arns.includes(one.arn) || names.includes(one.name)) &&
            (balancer === undefined || one.loadBalancers.has(balancer)),
        );
        const { items, next } = pageOf(found, Marker, PageSize);
        return { TargetGroups: items.map(showTargetGroup), NextMarker: next };
      },
      DESCRIBES,
    ),
    DescribeListeners: operation<sdk.DescribeListenersCommandInput, sdk.DescribeListenersCommandOutput>(
      sdk.DescribeListeners$,
      'read',
      ({ LoadBalancerArn, ListenerArns: arns, Marker, PageSize }) => {
        const balancer = LoadBalancerArn === undefined ? undefined : directory.loadBalancer(LoadBalancerArn);
        if (arns?.some((arn) => !directory.listeners.has(arn))) {
          throw new ServiceError('ListenerNotFound', 'One or more listeners not found');
        }
        const found = [...directory.listeners.values()].filter(
          (one) => (balancer === undefined || one.loadBalancer === balancer) && (arns?.includes(one.arn) ?? true),
        );
        const { items, next } = pageOf(found, Marker, PageSize);
        return { Listeners: items.map(showListener), NextMarker: next };
      },
      DESCRIBES,
    ),
    DescribeTargetGroupAttributes: operation<
      sdk.DescribeTargetGroupAttributesCommandInput,
      sdk.DescribeTargetGroupAttributesCommandOutput
    >(
      sdk.DescribeTargetGroupAttributes$,
      'read',
      ({ TargetGroupArn }) => ({ Attributes: showAttributes(directory.targetGroup(TargetGroupArn)) }),
      DESCRIBES,
    ),
    DescribeTargetHealth: operation<sdk.DescribeTargetHealthCommandInput, sdk.DescribeTargetHealthCommandOutput>(
      sdk.DescribeTargetHealth$,
      'read',
      ({ TargetGroupArn, Targets }) => {
        const group = directory.targetGroup(TargetGroupArn);
        if (Targets === undefined || Targets.length === 0) {
          return { TargetHealthDescriptions: [...group.registrations.values()].map(showHealth) };
        }
        return {
          TargetHealthDescriptions: Targets.map((target) => {
            const id = target.Id ?? '';
            const port = target.Port ?? group.port ?? 0;
            const registration = group.registrations.get(keyOf(id, port));
            return registration === undefined ? showUnregistered(group, id, port) : showHealth(registration);
          }),
        };
      },
      DESCRIBES,
    ),
  };
}

function tags(directory: LoadBalancingDirectory): Record<string, OperationModel> {
  return {
    DescribeTags: operation<sdk.DescribeTagsCommandInput, sdk.DescribeTagsCommandOutput>(
      sdk.DescribeTags$,
      'read',
      ({ ResourceArns: arns = [] }) => {
        if (arns.length > 20) {
          throw new ServiceError('ValidationError', 'The number of resources described cannot be greater than 20');
        }
        const found = arns.map((arn) => ({ arn, tags: directory.tagsOf(arn) }));
        return {
          TagDescriptions: found.map((one) => ({
            ResourceArn: one.arn,
            Tags: [...one.tags].map(([Key, Value]) => ({ Key, Value })),
          })),
        };
      },
      DESCRIBES,
    ),
    AddTags: operation<sdk.AddTagsCommandInput, sdk.AddTagsCommandOutput>(
      sdk.AddTags$,
      'write',
      ({ ResourceArns: arns = [], Tags = [] }) => {
        for (const held of arns.map((arn) => directory.tagsOf(arn))) {
          for (const tag of Tags) held.set(tag.Key ?? '', tag.Value ?? '');
        }
        return {};
      },
      ALL,
    ),
    RemoveTags: operation<sdk.RemoveTagsCommandInput, sdk.RemoveTagsCommandOutput>(
      sdk.RemoveTags$,
      'write',
      ({ ResourceArns: arns = [], TagKeys = [] }) => {
        for (const held of arns.map((arn) => directory.tagsOf(arn))) for (const key of TagKeys) held.delete(key);
        return {};
      },
      ALL,
    ),
  };
}

function writes(directory: LoadBalancingDirectory, registrations: Registrations): Record<string, OperationModel> {
  return {
    RegisterTargets: operation<sdk.RegisterTargetsCommandInput, sdk.RegisterTargetsCommandOutput>(
      sdk.RegisterTargets$,
      'write',
      ({ TargetGroupArn, Targets }) => {
        registrations.register(directory.targetGroup(TargetGroupArn), requested(Targets));
        return {};
      },
      TARGETS,
    ),
    DeregisterTargets: operation<sdk.DeregisterTargetsCommandInput, sdk.DeregisterTargetsCommandOutput>(
      sdk.DeregisterTargets$,
      'write',
      ({ TargetGroupArn, Targets }) => {
        registrations.deregister(directory.targetGroup(TargetGroupArn), requested(Targets));
        return {};
      },
      TARGETS,
    ),
    ModifyTargetGroupAttributes: operation<
      sdk.ModifyTargetGroupAttributesCommandInput,
      sdk.ModifyTargetGroupAttributesCommandOutput
    >(
      sdk.ModifyTargetGroupAttributes$,
      'write',
      ({ TargetGroupArn, Attributes = [] }) => {
        const group = directory.targetGroup(TargetGroupArn);
        const changes = Attributes.map(({ Key = '', Value = '' }) => [Key, Value] as const);
        setAttributes(group.attributes, changes);
        return { Attributes: showAttributes(group) };
      },
      ALL,
    ),
    CreateLoadBalancer: operation<sdk.CreateLoadBalancerCommandInput, sdk.CreateLoadBalancerCommandOutput>(
      sdk.CreateLoadBalancer$,
      'write',
      ({ Name = '', Type = 'application', Scheme = 'internet-facing', Tags = [] }) => {
        const type: LoadBalancerType = Type;
        const balancer = directory.createLoadBalancer({ name: Name, type, scheme: Scheme, tags: tagRecord(Tags) });
        return { LoadBalancers: [showLoadBalancer(balancer)] };
      },
      ALL,
    ),
    CreateTargetGroup: operation<sdk.CreateTargetGroupCommandInput, sdk.CreateTargetGroupCommandOutput>(
      sdk.CreateTargetGroup$,
      'write',
      (input) => ({ TargetGroups: [showTargetGroup(createTargetGroup(directory, input))] }),
      ALL,
    ),
    CreateListener: operation<sdk.CreateListenerCommandInput, sdk.CreateListenerCommandOutput>(
      sdk.CreateListener$,
      'write',
      ({ LoadBalancerArn = '', DefaultActions = [], Port, Protocol: protocol, Tags = [] }) => {
        const listener = directory.createListener({
          loadBalancerArn: LoadBalancerArn,
          targetGroupArns: DefaultActions.flatMap((action) => targetGroupsOf(action)),
          ...(Port === undefined ? {} : { port: Port }),
          ...(protocol === undefined ? {} : { protocol: protocol as Protocol }),
          tags: tagRecord(Tags),
        });
        for (const group of listener.targetGroups) registrations.useChanged(group);
        return { Listeners: [showListener(listener)] };
      },
      ALL,
    ),
    DeleteListener: operation<sdk.DeleteListenerCommandInput, sdk.DeleteListenerCommandOutput>(
      sdk.DeleteListener$,
      'write',
      ({ ListenerArn = '' }) => {
        for (const group of directory.deleteListener(ListenerArn)) registrations.useChanged(group);
        return {};
      },
      ALL,
    ),
    DeleteLoadBalancer: operation<sdk.DeleteLoadBalancerCommandInput, sdk.DeleteLoadBalancerCommandOutput>(
      sdk.DeleteLoadBalancer$,
      'write',
      ({ LoadBalancerArn = '' }) => {
        // AWS answers the deletion of what does not exist with success.
        for (const listener of [...directory.listeners.values()]) {
          if (listener.loadBalancer.arn !== LoadBalancerArn) continue;
          for (const group of directory.deleteListener(listener.arn)) registrations.useChanged(group);
        }
        directory.loadBalancers.delete(LoadBalancerArn);
        return {};
      },
      ALL,
    ),
    DeleteTargetGroup: operation<sdk.DeleteTargetGroupCommandInput, sdk.DeleteTargetGroupCommandOutput>(
      sdk.DeleteTargetGroup$,
      'write',
      ({ TargetGroupArn = '' }) => {
        const group = directory.targetGroups.get(TargetGroupArn);
        if (group === undefined) return {};
        if (group.loadBalancers.size > 0) {
          const text = `Target group '${group.arn}' is currently in use by a listener or a rule`;
          throw new ServiceError('ResourceInUse', text);
        }
        registrations.forget(group);
        directory.targetGroups.delete(group.arn);
        return {};
      },
      ALL,
    ),
  };
}

function createTargetGroup(directory: LoadBalancingDirectory, input: sdk.CreateTargetGroupCommandInput): TargetGroup {
  const type: TargetType = input.TargetType ?? 'instance';
  if (type !== 'lambda' && (input.Protocol === undefined || input.Port === undefined)) {
    throw new ServiceError('ValidationError', 'A protocol and a port must be specified');
  }
  const healthCheck = {
    ...(input.HealthCheckPort === undefined ? {} : { port: input.HealthCheckPort }),
    ...(input.HealthCheckPath === undefined ? {} : { path: input.HealthCheckPath }),
    ...(input.HealthCheckIntervalSeconds === undefined ? {} : { intervalSeconds: input.HealthCheckIntervalSeconds }),
    ...(input.HealthyThresholdCount === undefined ? {} : { healthyThreshold: input.HealthyThresholdCount }),
    ...(input.UnhealthyThresholdCount === undefined ? {} : { unhealthyThreshold: input.UnhealthyThresholdCount }),
  };
  return directory.createTargetGroup({
    name: input.Name ?? '',
    type,
    healthCheck,
    tags: tagRecord(input.Tags ?? []),
    ...(input.Protocol === undefined ? {} : { protocol: input.Protocol as Protocol }),
    ...(input.Port === undefined ? {} : { port: input.Port }),
    ...(input.VpcId === undefined ? {} : { vpcId: input.VpcId }),
  });
}

function targetGroupsOf(action: sdk.Action): string[] {
  const forwarded = action.ForwardConfig?.TargetGroups?.flatMap((one) => one.TargetGroupArn ?? []) ?? [];
  return action.TargetGroupArn === undefined ? forwarded : [action.TargetGroupArn];
}

function requested(targets: readonly sdk.TargetDescription[] = []) {
  if (targets.length === 0) throw new ServiceError('ValidationError', 'At least one target must be specified');
  return targets.map((one) => ({ id: one.Id ?? '', port: one.Port, availabilityZone: one.AvailabilityZone }));
}

function showAttributes(group: TargetGroup): sdk.TargetGroupAttribute[] {
  return [...group.attributes].map(([Key, Value]) => ({ Key, Value }));
}

function tagRecord(given: readonly sdk.Tag[]): Record<string, string> {
  return Object.fromEntries(given.map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}

function pageOf<T extends Numbered>(items: readonly T[], marker: string | undefined, size = 400) {
  if (size < 1 || size > 400) {
    throw new ServiceError('ValidationError', `Page size must be from 1 to 400, got '${size}'`);
  }
  return page(items, marker, size, 'ValidationError');
}

/** Records as the API shows them. */
import type {
  Listener as ListenerShape,
  LoadBalancer as LoadBalancerShape,
  TargetGroup as TargetGroupShape,
  TargetHealthDescription,
  TargetHealthReasonEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Listener, LoadBalancer, Registration, TargetGroup } from './records.ts';

export function showLoadBalancer(balancer: LoadBalancer): LoadBalancerShape {
  const [, region = '', , path = ''] = balancer.arn.split(':').slice(2);
  const unique = path.split('/').at(-1) ?? '';
  const zones = balancer.availabilityZones.length === 0 ? ['a', 'b', 'c'].map((zone) => region + zone) : null;
  return {
    LoadBalancerArn: balancer.arn,
    LoadBalancerName: balancer.name,
    DNSName: `${balancer.name}-${unique}.${region}.elb.amazonaws.com`,
    CreatedTime: new Date(balancer.createdAt),
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: 'active' },
    Type: balancer.type,
    IpAddressType: 'ipv4',
    AvailabilityZones: (zones ?? balancer.availabilityZones).map((ZoneName) => ({ ZoneName })),
  };
}

export function showListener(listener: Listener): ListenerShape {
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.loadBalancer.arn,
    Port: listener.port,
    Protocol: listener.protocol,
    DefaultActions: listener.targetGroups.map((group, at) => ({
      Type: 'forward',
      TargetGroupArn: group.arn,
      Order: at + 1,
    })),
  };
}

export function showTargetGroup(group: TargetGroup): TargetGroupShape {
  const { healthCheck } = group;
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    TargetType: group.type,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckEnabled: group.type !== 'lambda',
    HealthCheckProtocol: healthCheck.protocol,
    HealthCheckPort: healthCheck.port,
    HealthCheckPath: healthCheck.path,
    HealthCheckIntervalSeconds: healthCheck.intervalSeconds,
    HealthCheckTimeoutSeconds: healthCheck.timeoutSeconds,
    HealthyThresholdCount: healthCheck.healthyThreshold,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
    LoadBalancerArns: [...group.loadBalancers].map((balancer) => balancer.arn),
    IpAddressType: 'ipv4',
  };
}

export function showHealth(registration: Registration): TargetHealthDescription {
  const { group, id, port, state } = registration;
  return {
    Target: {
      Id: id,
      ...(group.type === 'lambda' ? {} : { Port: port }),
      ...(group.type === 'ip' ? { AvailabilityZone: registration.availabilityZone ?? 'all' } : {}),
    },
    HealthCheckPort: group.healthCheck.port === 'traffic-port' ? String(port) : group.healthCheck.port,
    TargetHealth: {
      State: state === 'gone' ? 'unused' : state,
      Reason: registration.reason as TargetHealthReasonEnum | undefined,
      Description: registration.description,
    },
  };
}

/** The answer for a target that was asked for and is not there. */
export function showUnregistered(group: TargetGroup, id: string, port: number): TargetHealthDescription {
  return {
    Target: { Id: id, ...(group.type === 'lambda' ? {} : { Port: port }) },
    TargetHealth: {
      State: 'unused',
      Reason: 'Target.NotRegistered',
      Description: 'Target is not registered to the target group',
    },
  };
}

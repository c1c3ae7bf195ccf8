import type { Numbered } from '../cursor.ts';
import type { Cancel } from '../later.ts';
import type { Millis, TargetState } from '../world.ts';

export type LoadBalancerType = 'application' | 'network' | 'gateway';
export type TargetType = 'instance' | 'ip' | 'lambda' | 'alb';
export type Protocol = 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP' | 'GENEVE' | 'QUIC' | 'TCP_QUIC';

export interface LoadBalancer extends Numbered {
  readonly arn: string;
  readonly name: string;
  readonly type: LoadBalancerType;
  readonly vpcId: string;
  readonly scheme: 'internal' | 'internet-facing';
  /** Empty: every zone is enabled. */
  readonly availabilityZones: readonly string[];
  readonly createdAt: Millis;
  readonly tags: Map<string, string>;
}

export interface Listener extends Numbered {
  readonly arn: string;
  readonly loadBalancer: LoadBalancer;
  readonly port: number;
  readonly protocol: Protocol;
  readonly targetGroups: readonly TargetGroup[];
  readonly tags: Map<string, string>;
}

export interface HealthCheck {
  readonly protocol: Protocol;
  /** `traffic-port`, or a port of its own. */
  readonly port: string;
  readonly path: string | undefined;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface TargetGroup extends Numbered {
  readonly arn: string;
  readonly name: string;
  readonly type: TargetType;
  /** Absent for Lambda functions, which have no port either. */
  readonly protocol: Protocol | undefined;
  readonly port: number | undefined;
  readonly vpcId: string | undefined;
  readonly healthCheck: HealthCheck;
  readonly attributes: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly loadBalancers: Set<LoadBalancer>;
  /** How much longer than the deregistration delay connections of a Network Load Balancer keep a target draining. */
  readonly connectionLingerSeconds: number;
  /** Current registrations by `id:port`, draining ones too. */
  readonly registrations: Map<string, Registration>;
  /** Every registration there has ever been. */
  readonly history: Registration[];
  readonly healthy: Set<Registration>;
  /** Initial and unhealthy ones, which get traffic only while none is healthy. */
  readonly fallback: Set<Registration>;
}

export interface Registration extends Numbered {
  readonly group: TargetGroup;
  readonly id: string;
  readonly port: number;
  readonly availabilityZone: string | undefined;
  readonly registeredAt: Millis;
  /** When, after the registration, the first health check comes; the others follow at the interval. */
  readonly firstCheckAfter: Millis;
  state: TargetState | 'gone';
  reason: string | undefined;
  description: string | undefined;
  healthyAt?: Millis;
  drainingAt?: Millis;
  /** When the draining will be over, as far as is known. */
  drainedAt?: Millis;
  goneAt?: Millis;
  readonly states: [Millis, TargetState | 'gone'][];
  routed: boolean;
  cancel: Cancel | undefined;
}

/** What has happened to one registration of a target; a target that is registered again has several. */
export interface TargetTimeline {
  readonly id: string;
  readonly port: number;
  readonly registeredAt: Millis;
  readonly healthyAt?: Millis;
  readonly drainingAt?: Millis;
  readonly goneAt?: Millis;
  /** Every state with the time it was entered. */
  readonly states: readonly (readonly [Millis, TargetState | 'gone'])[];
}

/** The attributes that AWS gives a new target group of this kind. */
export function defaultAttributes(type: TargetType, protocol: Protocol | undefined): Map<string, string> {
  if (type === 'lambda') return new Map([['lambda.multi_value_headers.enabled', 'false']]);
  const common: [string, string][] = [
    ['deregistration_delay.timeout_seconds', '300'],
    ['stickiness.enabled', 'false'],
  ];
  if (protocol === 'HTTP' || protocol === 'HTTPS') {
    return new Map([
      ...common,
      ['stickiness.type', 'lb_cookie'],
      ['load_balancing.algorithm.type', 'round_robin'],
      ['slow_start.duration_seconds', '0'],
    ]);
  }
  if (protocol === 'GENEVE') {
    return new Map([
      ...common,
      ['stickiness.type', 'source_ip_dest_ip_proto'],
      ['target_failover.on_deregistration', 'no_rebalance'],
      ['target_failover.on_unhealthy', 'no_rebalance'],
    ]);
  }
  return new Map([
    ...common,
    ['stickiness.type', 'source_ip'],
    ['deregistration_delay.connection_termination.enabled', 'false'],
    ['preserve_client_ip.enabled', String(type === 'instance')],
    ['proxy_protocol_v2.enabled', 'false'],
    ['target_health_state.unhealthy.connection_termination.enabled', 'true'],
    ['target_health_state.unhealthy.draining_interval_seconds', '0'],
  ]);
}

/** @returns seconds; 0 where the kind of target group has no delay. */
export function deregistrationDelaySeconds(group: TargetGroup): number {
  return Number(group.attributes.get('deregistration_delay.timeout_seconds') ?? 0);
}

/** Whether the balancer closes what is still open when the deregistration delay is over. */
export function closesConnections(group: TargetGroup): boolean {
  if (group.protocol === 'HTTP' || group.protocol === 'HTTPS') return true;
  return group.attributes.get('deregistration_delay.connection_termination.enabled') === 'true';
}

export function keyOf(id: string, port: number): string {
  return `${id}:${port}`;
}

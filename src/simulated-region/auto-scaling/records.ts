import type { LifecycleState } from '@aws-sdk/client-auto-scaling';
import type { Millis } from '../world.ts';

export type LifecycleTransition = 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
/** Where an instance comes from and goes to, as lifecycle events name it. */
export type Place = 'EC2' | 'AutoScalingGroup' | 'WarmPool';
export type LifecycleResult = 'CONTINUE' | 'ABANDON';
type WarmPoolState = 'Stopped' | 'Running' | 'Hibernated';

export interface GroupSpec {
  readonly name: string;
  /** 0 when absent; attaching an instance raises it, as AttachInstances does. */
  readonly desiredCapacity?: number;
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly targetGroupArns?: readonly string[];
  /** Classic load balancers. */
  readonly loadBalancerNames?: readonly string[];
  /** Carried over to instances that the group launches. */
  readonly tags?: Readonly<Record<string, string>>;
  /** What becomes of an instance whose terminating hook is abandoned. */
  readonly terminateHookAbandon?: 'terminate' | 'retain';
  readonly warmPoolState?: WarmPoolState;
}

export interface GroupRecord {
  readonly sequence: number;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: Millis;
  readonly targetGroupArns: readonly string[];
  readonly loadBalancerNames: readonly string[];
  readonly tags: Map<string, string>;
  readonly terminateHookAbandon: 'terminate' | 'retain' | undefined;
  readonly warmPoolState: WarmPoolState | undefined;
  readonly hooks: Map<string, HookRecord>;
  desiredCapacity: number;
  minSize: number;
  maxSize: number;
}

export interface HookSpec {
  readonly name: string;
  readonly transition?: LifecycleTransition;
  /** Seconds, 30 to 7,200; 3,600 when absent. */
  readonly heartbeatTimeout?: number;
  /** ABANDON when absent. */
  readonly defaultResult?: LifecycleResult;
  readonly notificationMetadata?: string;
  /** An SNS topic or SQS queue. Only topics are published to here; the EventBridge event always goes out. */
  readonly notificationTargetArn?: string;
  readonly roleArn?: string;
}

export interface HookRecord {
  readonly name: string;
  readonly transition: LifecycleTransition;
  readonly heartbeatTimeout: number;
  readonly defaultResult: LifecycleResult;
  readonly notificationMetadata: string | undefined;
  readonly notificationTargetArn: string | undefined;
  readonly roleArn: string | undefined;
}

export interface Member {
  readonly sequence: number;
  readonly instanceId: string;
  readonly group: GroupRecord;
  state: LifecycleState;
  healthStatus: 'Healthy' | 'Unhealthy';
  /** Of the transition that it is in, if any. */
  transition: Transition | undefined;
}

export interface Transition {
  readonly kind: LifecycleTransition;
  readonly origin: Place;
  readonly destination: Place;
  abandoned: boolean;
}

/** One lifecycle action, kept after its end. */
export interface LifecycleAction {
  readonly token: string;
  readonly autoScalingGroupName: string;
  readonly hook: string;
  readonly instanceId: string;
  readonly transition: LifecycleTransition;
  readonly origin: Place;
  readonly destination: Place;
  readonly startedAt: Millis;
  readonly heartbeatTimeoutSeconds: number;
  readonly globalTimeoutSeconds: number;
  readonly heartbeats: readonly Millis[];
  /** When its default result applies unless a heartbeat comes; undefined once it is completed. */
  readonly expiresAt: Millis | undefined;
  readonly completedAt: Millis | undefined;
  readonly result: LifecycleResult | undefined;
  /** `abandonment`: another hook of the same transition was abandoned, which skips this one. */
  readonly by: 'caller' | 'expiry' | 'abandonment' | undefined;
}

/** A call to complete a lifecycle action, whether or not there was one to complete. */
export interface CompletionAttempt {
  readonly at: Millis;
  readonly autoScalingGroupName: string;
  readonly hook: string;
  readonly token: string | undefined;
  readonly instanceId: string | undefined;
  readonly result: string;
  readonly accepted: boolean;
}

export function globalTimeoutSeconds(heartbeatTimeout: number): number {
  return Math.min(48 * 3600, 100 * heartbeatTimeout);
}

/**
 * AWS's request quotas of one account and region, and which call takes from which of them. A bucket holds `burst` requests
 * and gains `perSecond`. Where AWS gives a range, its lower end; where it publishes nothing, a guess that throttling corrects.
 */

export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

export const BUCKETS = {
  elb: { burst: 40, perSecond: 10 },
  'elb-targets': { burst: 20, perSecond: 4 },
  // Not published for the first version.
  'classic-elb': { burst: 40, perSecond: 10 },
  'ecs-resource-reads': { burst: 100, perSecond: 20 },
  'ecs-resource-writes': { burst: 100, perSecond: 40 },
  'ecs-cluster-reads': { burst: 50, perSecond: 20 },
  'ecs-service-reads': { burst: 100, perSecond: 20 },
  'ec2-describes': { burst: 100, perSecond: 20 },
  'ec2-terminations': { burst: 100, perSecond: 5 },
  // Neither does Auto Scaling publish any.
  'auto-scaling': { burst: 100, perSecond: 50 },
  other: { burst: 100, perSecond: 50 },
} as const satisfies Readonly<Record<string, BucketSize>>;

export type BucketName = keyof typeof BUCKETS;

/** What keeps a lifecycle action alive or ends it, and every other change; then what a drain begins with; then looks. */
export const PRIORITIES = ['change', 'locate', 'look'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface CallClass {
  readonly buckets: readonly BucketName[];
  readonly priority: Priority;
}

const change = (...buckets: BucketName[]): CallClass => ({ buckets, priority: 'change' });
const locate = (...buckets: BucketName[]): CallClass => ({ buckets, priority: 'locate' });
const look = (...buckets: BucketName[]): CallClass => ({ buckets, priority: 'look' });

const CLASSES: Readonly<Record<string, CallClass>> = {
  'AutoScaling CompleteLifecycleAction': change('auto-scaling'),
  'AutoScaling RecordLifecycleActionHeartbeat': change('auto-scaling'),
  'AutoScaling TerminateInstanceInAutoScalingGroup': change('auto-scaling'),
  'AutoScaling DescribeLifecycleHooks': locate('auto-scaling'),
  'AutoScaling DescribeAutoScalingGroups': locate('auto-scaling'),
  'AutoScaling DescribeAutoScalingInstances': locate('auto-scaling'),
  'EC2 TerminateInstances': change('ec2-terminations'),
  'EC2 DescribeInstances': locate('ec2-describes'),
  'EC2 DescribeSpotInstanceRequests': look('ec2-describes'),
  'ECS UpdateContainerInstancesState': change('ecs-resource-writes'),
  'ECS StopTask': change('ecs-resource-writes'),
  'ECS ListContainerInstances': locate('ecs-resource-reads'),
  'ECS DescribeContainerInstances': locate('ecs-resource-reads'),
  'ECS ListTasks': look('ecs-resource-reads'),
  'ECS DescribeTasks': look('ecs-resource-reads'),
  'ECS ListClusters': locate('ecs-cluster-reads'),
  'ECS DescribeClusters': locate('ecs-cluster-reads'),
  'ECS DescribeServices': locate('ecs-service-reads'),
  'ElasticLoadBalancingV2 RegisterTargets': change('elb', 'elb-targets'),
  'ElasticLoadBalancingV2 DeregisterTargets': change('elb', 'elb-targets'),
  'ElasticLoadBalancingV2 DescribeTargetHealth': look('elb'),
};

/** @param service as the SDK names its client: `ECS`, `ElasticLoadBalancingV2` */
export function classOf(service: string, operation: string): CallClass {
  const known = CLASSES[`${service} ${operation}`];
  if (known !== undefined) return known;
  const reads = /^(Describe|List|Get)/.test(operation);
  const bucket = STANDARD[service] ?? 'other';
  return reads ? locate(bucket) : change(bucket);
}

const STANDARD: Readonly<Record<string, BucketName>> = {
  ElasticLoadBalancingV2: 'elb',
  ElasticLoadBalancing: 'classic-elb',
  EC2: 'ec2-describes',
  ECS: 'ecs-resource-reads',
  AutoScaling: 'auto-scaling',
};

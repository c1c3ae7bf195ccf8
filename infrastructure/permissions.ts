/**
 * What each function may ask of AWS: the table to review. Its roles are written from here, each statement held to the
 * allowed regions, and a test holds it against the calls that the code makes: an action too many fails it, and one too few.
 * Where a service offers a resource or a condition for an action, it is named here; the others stand under `anywhere`.
 */

export interface Grant {
  readonly actions: readonly string[];
  /** ARNs as for `Fn::Sub`; or the name of a setting that holds a list of ARNs. */
  readonly on: readonly string[] | { readonly setting: string };
  /** Besides the allowed regions. `setting`: a condition made from what is set, which may be none. */
  readonly where?: Readonly<Record<string, unknown>> | { readonly setting: string };
  /** Not held to the allowed regions: it is the stack's own, or of a service without regions. */
  readonly own?: boolean;
}

const ARN = 'arn:${AWS::Partition}';
const OWN = '${AWS::Region}:${AWS::AccountId}';

/** Actions for which the service knows no resource. */
const anywhere = (...actions: string[]): Grant => ({ actions, on: ['*'] });

const onGroups = (...actions: string[]): Grant => ({
  actions: actions.map((action) => `autoscaling:${action}`),
  on: [`${ARN}:autoscaling:*:\${AWS::AccountId}:autoScalingGroup:*:autoScalingGroupName/*`],
});

const onInstances = (...actions: string[]): Grant => ({
  actions: actions.map((action) => `ec2:${action}`),
  on: [`${ARN}:ec2:*:\${AWS::AccountId}:instance/*`],
});

/** Container instances, tasks and services, of the clusters that may be drained. */
const inClusters = (kind: 'container-instance' | 'task' | 'service', ...actions: string[]): Grant => ({
  actions: actions.map((action) => `ecs:${action}`),
  on: [`${ARN}:ecs:*:\${AWS::AccountId}:${kind}/*`],
  where: { setting: 'inClusters' },
});

const listsContainerInstances: Grant = { actions: ['ecs:ListContainerInstances'], on: { setting: 'clusters' } };

const onTargetGroups = (...actions: string[]): Grant => ({
  actions: actions.map((action) => `elasticloadbalancing:${action}`),
  on: [`${ARN}:elasticloadbalancing:*:\${AWS::AccountId}:targetgroup/*`],
});

/** Classic ones; those of the other kinds are reached by their target groups. */
const onClassicLoadBalancers = (...actions: string[]): Grant => ({
  actions: actions.map((action) => `elasticloadbalancing:${action}`),
  on: [`${ARN}:elasticloadbalancing:*:\${AWS::AccountId}:loadbalancer/*`],
});

/** Cloud Map knows no cluster and no load balancer: a service is all that can be named. */
const onServices = (...actions: string[]): Grant => ({
  actions: actions.map((action) => `servicediscovery:${action}`),
  on: [`${ARN}:servicediscovery:*:\${AWS::AccountId}:service/*`],
});

const readsCredentials: Grant = { actions: ['ssm:GetParameter'], on: { setting: 'credentialsArns' }, own: true };

const announces: Grant = {
  actions: ['events:PutEvents'],
  on: { setting: 'eventBus' },
  where: { StringEquals: { 'events:source': 'sluice' } },
};

/** Executions of one workflow of this stack. */
const onExecutions = (workflow: string, ...actions: string[]): Grant => ({
  actions: actions.map((action) => `states:${action}`),
  on: [`${ARN}:states:${OWN}:execution:\${Stack}-${workflow}:*`],
  own: true,
});

const onMachine = (workflow: string, ...actions: string[]): Grant => ({
  actions: actions.map((action) => `states:${action}`),
  on: [`${ARN}:states:${OWN}:stateMachine:\${Stack}-${workflow}`],
  own: true,
});

const startsDrains = [
  onMachine('drain-instance', 'StartExecution'),
  onExecutions('drain-instance', 'DescribeExecution'),
];

const READS_TASKS = [inClusters('container-instance', 'ListTasks'), inClusters('task', 'DescribeTasks')] as const;

/** By function key. A function that is not listed asks nothing of AWS. */
export const PERMISSIONS: Readonly<Record<string, readonly Grant[]>> = {
  // drain-instance
  announceDrain: [announces],
  completeLifecycleAction: [onGroups('CompleteLifecycleAction')],
  deregisterFromTargetGroups: [
    anywhere('elasticloadbalancing:DescribeTargetHealth'),
    onTargetGroups('DeregisterTargets'),
    ...READS_TASKS,
    inClusters('service', 'DescribeServices'),
  ],
  locateInstance: [
    anywhere(
      'autoscaling:DescribeAutoScalingGroups',
      'autoscaling:DescribeAutoScalingInstances',
      'ec2:DescribeInstances',
      'ecs:ListClusters',
      'elasticloadbalancing:DescribeTargetGroupAttributes',
    ),
    listsContainerInstances,
    inClusters('container-instance', 'DescribeContainerInstances', 'ListTasks'),
    inClusters('task', 'DescribeTasks'),
    inClusters('service', 'DescribeServices'),
  ],
  observeDrain: [
    anywhere('ec2:DescribeSpotInstanceRequests', 'elasticloadbalancing:DescribeTargetHealth'),
    ...READS_TASKS,
  ],
  readLifecycleHook: [anywhere('autoscaling:DescribeAutoScalingInstances', 'autoscaling:DescribeLifecycleHooks')],
  recordHeartbeat: [onGroups('RecordLifecycleActionHeartbeat')],
  searchTargetGroups: [
    anywhere(
      'elasticloadbalancing:DescribeTargetGroupAttributes',
      'elasticloadbalancing:DescribeTargetGroups',
      'elasticloadbalancing:DescribeTargetHealth',
    ),
  ],
  setInstanceToActive: [
    inClusters('container-instance', 'DescribeContainerInstances', 'UpdateContainerInstancesState'),
  ],
  setInstanceToDraining: [
    inClusters('container-instance', 'DescribeContainerInstances', 'UpdateContainerInstancesState'),
  ],
  stopDaemonTasks: [inClusters('task', 'StopTask')],
  stopStandaloneTasks: [inClusters('task', 'StopTask')],

  // register-targets, deregister-targets, await-drained
  announceTargets: [announces],
  deregisterTargets: [
    onTargetGroups('DeregisterTargets'),
    onClassicLoadBalancers('DeregisterInstancesFromLoadBalancer'),
  ],
  locateTargets: [
    anywhere(
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeTargetGroups',
      'tag:GetResources',
    ),
  ],
  lookAtTargets: [
    anywhere(
      'elasticloadbalancing:DescribeInstanceHealth',
      'elasticloadbalancing:DescribeLoadBalancerAttributes',
      'elasticloadbalancing:DescribeTargetGroupAttributes',
      'elasticloadbalancing:DescribeTargetHealth',
    ),
  ],
  registerTargets: [onTargetGroups('RegisterTargets'), onClassicLoadBalancers('RegisterInstancesWithLoadBalancer')],

  // delayed-termination
  announceTermination: [announces],
  checkInstances: [anywhere('ec2:DescribeInstances'), onInstances('DescribeInstanceAttribute')],
  observeTermination: [anywhere('ec2:DescribeInstances')],
  terminateInstances: [
    anywhere('autoscaling:DescribeAutoScalingInstances', 'ec2:DescribeInstances'),
    onGroups('TerminateInstanceInAutoScalingGroup'),
    { ...onInstances('TerminateInstances'), where: { setting: 'terminable' } },
  ],

  // clean-cloud-map
  announceCleanUp: [announces],
  followOperations: [anywhere('servicediscovery:GetOperation', 'servicediscovery:ListOperations')],
  listServices: [anywhere('servicediscovery:ListNamespaces', 'servicediscovery:ListServices')],
  observeRegistrations: [
    { ...anywhere('ec2:DescribeInstances'), where: { setting: 'inInstancesRegions' } },
    onServices('ListInstances'),
  ],
  removeRegistrations: [onServices('DeregisterInstance')],

  // Entry points
  api: [
    onInstances('DescribeInstanceAttribute'),
    anywhere(
      'ec2:DescribeInstances',
      'elasticloadbalancing:DescribeInstanceHealth',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeTargetGroups',
      'elasticloadbalancing:DescribeTargetHealth',
    ),
    onGroups('CompleteLifecycleAction'),
    onMachine('*', 'ListExecutions', 'StartExecution'),
    onExecutions('*', 'DescribeExecution', 'GetExecutionHistory', 'StopExecution'),
    readsCredentials,
  ],
  drainDelay: [
    onMachine('await-drained', 'StartExecution'),
    onExecutions('await-drained', 'DescribeExecution', 'GetExecutionHistory'),
    readsCredentials,
  ],
  onLifecycleAction: startsDrains,
  onSnsNotification: startsDrains,
  onSpotInterruption: [
    anywhere('autoscaling:DescribeAutoScalingInstances', 'autoscaling:DescribeLifecycleHooks', 'ec2:DescribeInstances'),
    ...startsDrains,
  ],
  sweep: [
    anywhere('autoscaling:DescribeAutoScalingInstances', 'autoscaling:DescribeLifecycleHooks'),
    onGroups('RecordLifecycleActionHeartbeat'),
    onMachine('drain-instance', 'ListExecutions', 'StartExecution'),
    onExecutions('drain-instance', 'DescribeExecution'),
  ],
  announceEnded: [announces],
};

/**
 * What AWS itself does in a role's name, reviewed by hand, because no call of the code shows it. Logs, X-Ray and network
 * interfaces stand in scripts/stack/roles.ts, for every function and machine alike.
 */
export const SERVICE_SIDE: Readonly<Record<string, readonly Grant[]>> = {
  // Cloud Map takes the records and the health check of a registration away in the name of whoever asks for it.
  removeRegistrations: [
    {
      actions: ['route53:DeleteHealthCheck', 'route53:GetHealthCheck', 'route53:UpdateHealthCheck'],
      on: [`${ARN}:route53:::healthcheck/*`],
      own: true,
    },
    { actions: ['route53:ChangeResourceRecordSets'], on: [`${ARN}:route53:::hostedzone/*`], own: true },
  ],
};

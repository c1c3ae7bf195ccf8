/**
 * A small region as one finds it: an ECS cluster on an Auto Scaling group, a service behind a load balancer, a process
 * that somebody registered by hand, and what else runs on such instances. The demo plays in it, and `simulate` serves it.
 */
import type { SimulatedRegion } from '../simulated-region/region.ts';

export interface SceneOptions {
  /** Of the service's target group; 300 is what AWS gives a new one. */
  readonly deregistrationDelaySeconds?: number;
  /** From SIGTERM to the end of one of the service's processes. */
  readonly stopSeconds?: number;
  readonly heartbeatTimeoutSeconds?: number;
  readonly healthCheckIntervalSeconds?: number;
}

export interface Scene {
  readonly region: SimulatedRegion;
  readonly cluster: string;
  readonly group: string;
  readonly hook: string;
  readonly topicArn: string;
  /** The service's, `web`: ECS registers its tasks here by itself. */
  readonly webTargetGroup: string;
  /** `legacy`: what is in it, somebody registered by hand. */
  readonly legacyTargetGroup: string;
  /** The first has all tasks of the service. */
  readonly instances: readonly string[];
}

const INSTANCES = 4;
const TASKS = 10;
const LEGACY_PORT = 9000;
const CLUSTER = 'web';
const GROUP = 'web-instances';
const HOOK = 'sluice-drain';

/** Everything is there at once; its tasks and targets take about a minute to serve. */
export function buildScene(region: SimulatedRegion, options: SceneOptions = {}): Scene {
  const { deregistrationDelaySeconds = 300, stopSeconds = 75, heartbeatTimeoutSeconds = 480 } = options;
  const healthCheck = { intervalSeconds: options.healthCheckIntervalSeconds ?? 10, healthyThreshold: 2 };
  const balancer = region.elbv2.createLoadBalancer({ name: 'web' });
  const webTargetGroup = region.elbv2.createTargetGroup({ name: 'web', deregistrationDelaySeconds, healthCheck });
  const legacyTargetGroup = region.elbv2.createTargetGroup({
    name: 'legacy',
    port: LEGACY_PORT,
    deregistrationDelaySeconds: Math.min(120, deregistrationDelaySeconds),
    healthCheck,
  });
  region.elbv2.attach(balancer, webTargetGroup);
  region.elbv2.attach(balancer, legacyTargetGroup);

  const topicArn = `arn:aws:sns:${region.region}:${region.accountId}:instance-lifecycle`;
  region.autoScaling.createGroup({ name: GROUP, maxSize: 10 });
  region.autoScaling.putLifecycleHook(GROUP, {
    name: HOOK,
    heartbeatTimeout: heartbeatTimeoutSeconds,
    notificationTargetArn: topicArn,
    // Nothing but this says that the instances also stand in a target group that neither ECS nor Auto Scaling knows of.
    notificationMetadata: JSON.stringify({ cluster: CLUSTER, targetGroups: [legacyTargetGroup] }),
  });
  region.ecs.createCluster(CLUSTER);
  const instances = Array.from({ length: INSTANCES }, () => addInstance(region, legacyTargetGroup));
  region.ecs.createService({
    cluster: CLUSTER,
    name: 'web',
    desiredCount: TASKS,
    loadBalancers: [{ targetGroupArn: webTargetGroup, containerName: 'web', containerPort: 8080 }],
    startSeconds: 10,
    stopSeconds,
    stopTimeoutSeconds: stopSeconds + 15,
    on: Array.from({ length: TASKS }, () => instances[0] ?? ''),
  });
  return { region, cluster: CLUSTER, group: GROUP, hook: HOOK, topicArn, webTargetGroup, legacyTargetGroup, instances };
}

/** The Name tag is of the form by which ecs-lifecycle-hook finds the cluster. */
function addInstance(region: SimulatedRegion, legacyTargetGroup: string): string {
  const instanceId = region.ec2.launch({ tags: { Name: `${CLUSTER} ECS host` } });
  region.autoScaling.attachInstance(GROUP, instanceId);
  const containerInstance = region.ecs.registerContainerInstance(CLUSTER, instanceId);
  // The instance starts it by itself when it boots.
  region.ecs.startTask({
    cluster: CLUSTER,
    instance: instanceId,
    family: 'log-router',
    startedBy: containerInstance.slice(containerInstance.lastIndexOf('/') + 1),
    stopSeconds: 5,
  });
  region.traffic.startProcess(instanceId, LEGACY_PORT);
  region.elbv2.registerTargets(legacyTargetGroup, [{ id: instanceId, port: LEGACY_PORT }]);
  return instanceId;
}

/** Requests of every length: most are short, some go on for most of a minute. */
export function startTraffic({ region, webTargetGroup, legacyTargetGroup }: Scene): void {
  region.traffic.start({
    targetGroupArn: webTargetGroup,
    requestsPerSecond: 100,
    requestSeconds: [
      { share: 0.9, seconds: 0.2 },
      { share: 0.08, seconds: 5 },
      { share: 0.02, seconds: 45 },
    ],
  });
  region.traffic.start({
    targetGroupArn: legacyTargetGroup,
    requestsPerSecond: 20,
    requestSeconds: [
      { share: 0.95, seconds: 0.2 },
      { share: 0.05, seconds: 30 },
    ],
  });
}

/** A task that no service owns: ECS never stops it, and it ends when its work is done. */
export function runReport({ region, cluster }: Scene, instanceId: string, seconds: number): void {
  region.ecs.startTask({ cluster, instance: instanceId, family: 'nightly-report', endsAfterSeconds: seconds });
}

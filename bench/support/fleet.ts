/** A region full of ECS instances, of which some are going to leave: what every measurement of drains begins with. */
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';

export interface FleetOptions {
  readonly clusters: number;
  /** Of all clusters together. */
  readonly leaving: number;
  /** Of all clusters together; they have room for everything that is replaced. */
  readonly staying: number;
  /** Of all clusters together, each with a target group of its own. */
  readonly services: number;
  /** Tasks of services on each instance that leaves. */
  readonly tasksEach: number;
  readonly deregistrationDelaySeconds: number;
  /** From a task's placement until its container runs. */
  readonly startSeconds?: number;
  /** From SIGTERM to the end of a service's process. */
  readonly stopSeconds: number;
  readonly heartbeatTimeoutSeconds: number;
  /** Target groups, one for each cluster, in which somebody registered a process on every instance by hand. */
  readonly handRegistered?: boolean;
  /** One task on each instance that it started itself. */
  readonly daemons?: boolean;
  /** `sluice-drain` unless told otherwise. */
  readonly hook?: string;
}

export interface Leaver {
  readonly instanceId: string;
  readonly group: string;
  readonly cluster: string;
}

export interface Fleet {
  readonly region: SimulatedRegion;
  readonly leavers: readonly Leaver[];
  readonly hook: string;
  readonly topicArn: string;
  /** Of the services. */
  readonly targetGroups: readonly string[];
  readonly handTargetGroups: readonly string[];
}

const HAND_PORT = 9000;
const HEALTH_CHECK = { intervalSeconds: 10, healthyThreshold: 2 };
/** Until all tasks run and all targets are healthy. */
export const WARM_UP_SECONDS = 90;

export function buildFleet(region: SimulatedRegion, options: FleetOptions): Fleet {
  const { ecs, elbv2, autoScaling } = region;
  const hook = options.hook ?? 'sluice-drain';
  const topicArn = `arn:aws:sns:${region.region}:${region.accountId}:instance-lifecycle`;
  const balancer = elbv2.createLoadBalancer({ name: 'front' });
  const targetGroup = (name: string, delay: number, port = 80) => {
    const arn = elbv2.createTargetGroup({
      name,
      port,
      deregistrationDelaySeconds: delay,
      healthCheck: HEALTH_CHECK,
    });
    elbv2.attach(balancer, arn);
    return arn;
  };
  const leavers: Leaver[] = [];
  const targetGroups: string[] = [];
  const handTargetGroups: string[] = [];
  for (let number = 0; number < options.clusters; number += 1) {
    const cluster = `cluster-${number}`;
    const group = `group-${number}`;
    ecs.createCluster(cluster);
    const hand =
      options.handRegistered === true
        ? [targetGroup(`hand-${number}`, options.deregistrationDelaySeconds, HAND_PORT)]
        : [];
    handTargetGroups.push(...hand);
    autoScaling.createGroup({ name: group });
    autoScaling.putLifecycleHook(group, {
      name: hook,
      heartbeatTimeout: options.heartbeatTimeoutSeconds,
      notificationTargetArn: topicArn,
      notificationMetadata: JSON.stringify({ cluster, ...(hand.length === 0 ? {} : { targetGroups: hand }) }),
    });
    const mine = shareOf(options.leaving, options.clusters, number);
    const instances = Array.from({ length: mine }, () => addInstance(region, cluster, group, hand, options));
    const others = shareOf(options.staying, options.clusters, number);
    for (let index = 0; index < others; index += 1) addInstance(region, cluster, group, hand, options);
    leavers.push(...instances.map((instanceId) => ({ instanceId, group, cluster })));
    const services = shareOf(options.services, options.clusters, number);
    for (let index = 0; index < services; index += 1) {
      const name = `service-${number}-${index}`;
      const arn = targetGroup(name, options.deregistrationDelaySeconds);
      targetGroups.push(arn);
      // Task after task goes from service to service, so that instances share services.
      const on = instances.flatMap((instanceId, at) =>
        Array.from({ length: options.tasksEach }, (_, task) => at * options.tasksEach + task)
          .filter((task) => task % services === index)
          .map(() => instanceId),
      );
      ecs.createService({
        cluster,
        name,
        desiredCount: on.length,
        loadBalancers: [{ targetGroupArn: arn, containerName: 'app', containerPort: 8080 }],
        startSeconds: options.startSeconds ?? 10,
        stopSeconds: options.stopSeconds,
        stopTimeoutSeconds: options.stopSeconds + 15,
        on,
      });
    }
  }
  return { region, leavers, hook, topicArn, targetGroups, handTargetGroups };
}

/** The Name tag is of the form by which ecs-lifecycle-hook finds the cluster. */
function addInstance(
  region: SimulatedRegion,
  cluster: string,
  group: string,
  handTargetGroups: readonly string[],
  { daemons = false }: FleetOptions,
): string {
  const instanceId = region.ec2.launch({ tags: { Name: `${cluster} ECS host` } });
  region.autoScaling.attachInstance(group, instanceId);
  const arn = region.ecs.registerContainerInstance(cluster, instanceId);
  if (daemons) {
    const startedBy = arn.slice(arn.lastIndexOf('/') + 1);
    region.ecs.startTask({ cluster, instance: instanceId, family: 'log-router', startedBy, stopSeconds: 5 });
  }
  for (const targetGroup of handTargetGroups) {
    region.traffic.startProcess(instanceId, HAND_PORT);
    region.elbv2.registerTargets(targetGroup, [{ id: instanceId, port: HAND_PORT }]);
  }
  return instanceId;
}

/** Requests of every length through every target group: most are short, some go on for most of a minute. */
export function startTraffic({ region, targetGroups, handTargetGroups }: Fleet, requestsPerSecond: number): void {
  for (const targetGroupArn of [...targetGroups, ...handTargetGroups]) {
    region.traffic.start({
      targetGroupArn,
      requestsPerSecond,
      requestSeconds: [
        { share: 0.9, seconds: 0.2 },
        { share: 0.08, seconds: 5 },
        { share: 0.02, seconds: 45 },
      ],
    });
  }
}

function shareOf(total: number, parts: number, index: number): number {
  return Math.floor(total / parts) + (index < total % parts ? 1 : 0);
}

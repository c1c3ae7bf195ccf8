/** For each workflow, something small for it to do in real time, and how to see that it was done. */
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';

export interface Scene {
  /** As under `with:`, without the workflow. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly subject: string;
  /** Whether the region is as the workflow leaves it. */
  isDone(): boolean;
}

const SOON = { 'min-poll-interval-seconds': '1', 'timeout-seconds': '60' };
const HEALTH = { intervalSeconds: 5, healthyThreshold: 2 };

let made = 0;

/** A load balancer with a target group of its own. */
function balanced(region: SimulatedRegion, deregistrationDelaySeconds: number) {
  made += 1;
  const name = `web-${made}`;
  const group = region.elbv2.createTargetGroup({ name, deregistrationDelaySeconds, healthCheck: HEALTH });
  region.elbv2.attach(region.elbv2.createLoadBalancer({ name }), group);
  const id = region.ec2.launch({});
  region.traffic.startProcess(id, 80);
  return { name, group, id };
}

export function registered(region: SimulatedRegion, deregistrationDelaySeconds: number) {
  const placed = balanced(region, deregistrationDelaySeconds);
  region.elbv2.registerTargets(placed.group, [{ id: placed.id }]);
  const isGone = () => region.elbv2.registrations(placed.group, placed.id).length === 0;
  return { ...placed, isGone };
}

export const SCENES: Readonly<Record<string, (region: SimulatedRegion) => Scene>> = {
  'drain-instance': (region) => {
    const { id, group, isGone } = registered(region, 2);
    return { subject: id, isDone: isGone, inputs: { ...SOON, 'instance-id': id, 'target-groups': group } };
  },
  'register-targets': (region) => {
    const { id, name, group } = balanced(region, 2);
    return {
      subject: id,
      isDone: () => region.elbv2.registrations(group, id).some(({ state }) => state === 'healthy'),
      inputs: { ...SOON, targets: `${id},port=80`, 'load-balancer': name },
    };
  },
  'deregister-targets': (region) => {
    const first = registered(region, 2);
    const second = region.ec2.launch({});
    region.elbv2.registerTargets(first.group, [{ id: second }]);
    return {
      subject: first.id,
      isDone: () => first.isGone() && region.elbv2.registrations(first.group, second).length === 0,
      inputs: { ...SOON, targets: `${first.id}\n${second}`, 'load-balancer': first.name },
    };
  },
  'await-drained': (region) => {
    const { id, group, isGone } = registered(region, 2);
    region.elbv2.deregisterTargets(group, [{ id }]);
    return { subject: id, isDone: isGone, inputs: { ...SOON, targets: id, 'target-groups': group } };
  },
  'delayed-termination': (region) => {
    const id = region.ec2.launch({});
    return {
      subject: id,
      isDone: () => ['shutting-down', 'terminated'].includes(region.ec2.instances.get(id)?.state ?? ''),
      inputs: { 'instance-ids': id, 'delay-seconds': '1' },
    };
  },
  'clean-cloud-map': (region) => {
    const service = region.cloudMap.createService(region.cloudMap.createNamespace('shop'), 'web');
    const alive = region.ec2.launch({});
    const address = region.ec2.instances.get(alive)?.privateIpAddresses[0] ?? '';
    region.cloudMap.register(service, alive, { AWS_INSTANCE_IPV4: address });
    const gone = 'i-0123456789abcdef0';
    region.cloudMap.register(service, gone, { AWS_INSTANCE_IPV4: '10.0.9.9' });
    return {
      subject: service,
      isDone: () => !region.cloudMap.registrations(service).has(gone),
      inputs: { services: service, 'instances-regions': region.region, 'confirm-after-seconds': '1' },
    };
  },
};

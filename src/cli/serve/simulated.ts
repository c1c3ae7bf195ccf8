/** The region that `sluice serve --simulate` serves against: small, in this process, in real time. */
import type { AwsAccess } from '../../aws/clients.ts';
import { SimulatedRegion } from '../../simulated-region/region.ts';
import { buildScene } from '../scene.ts';

/** Short, because this time is real. */
const DELAY_SECONDS = 5;

export function simulatedRegion(name: string): { readonly region: string; readonly access: AwsAccess } {
  const region = new SimulatedRegion({ region: name });
  buildScene(region, { deregistrationDelaySeconds: DELAY_SECONDS, stopSeconds: 3, healthCheckIntervalSeconds: 5 });
  addDefaultBalancer(region);
  addIngress(region);
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  return { region: region.region, access: { requestHandler, credentials, endpoint } };
}

/** `default-alb`, with one instance in its target group and one that is to be registered. */
function addDefaultBalancer(region: SimulatedRegion): void {
  const balancer = region.elbv2.createLoadBalancer({ name: 'default-alb' });
  const healthCheck = { intervalSeconds: 5, healthyThreshold: 2 };
  const group = region.elbv2.createTargetGroup({
    name: 'default',
    deregistrationDelaySeconds: DELAY_SECONDS,
    healthCheck,
  });
  region.elbv2.attach(balancer, group);
  const first = region.ec2.launch({ instanceId: 'i-06060a1e235609999' });
  region.ec2.launch({ instanceId: 'i-06060a1e235608888' });
  region.traffic.startProcess(first, 80);
  region.elbv2.registerTargets(group, [{ id: first, port: 80 }]);
}

/** Ingress `web` in namespace `default`: one pod of it is leaving, one stays. */
function addIngress(region: SimulatedRegion): void {
  const tags = {
    'elbv2.k8s.aws/cluster': 'production',
    'ingress.k8s.aws/stack': 'default/web',
    'ingress.k8s.aws/resource': 'default/web-app:80',
  };
  const balancer = region.elbv2.createLoadBalancer({ name: 'k8s-default-web', tags });
  const group = region.elbv2.createTargetGroup({
    name: 'k8s-default-app',
    type: 'ip',
    tags,
    deregistrationDelaySeconds: DELAY_SECONDS,
    healthCheck: { intervalSeconds: 5, healthyThreshold: 2 },
  });
  region.elbv2.attach(balancer, group);
  const pods = [
    { id: '10.0.7.1', port: 8080 },
    { id: '10.0.7.2', port: 8080 },
  ];
  region.elbv2.registerTargets(group, pods);
  region.elbv2.deregisterTargets(group, pods.slice(0, 1));
}

/** Scenes of the three target workflows: behind an Application or a Classic load balancer, and a Kubernetes ingress. */
import { isWrite } from '../../support/drain-world.ts';
import { Lab } from '../../support/lab.ts';
import { place, serve, start } from '../../support/places.ts';
import { type AnyReceipt, onJournal, type Scene, type SceneOptions, type Subject } from './matrix.ts';

type Workflow = 'register-targets' | 'deregister-targets' | 'await-drained';

const LEAVING = '10.0.7.7';
const STAYING = '10.0.7.8';
const DELAY_SECONDS = 40;
/** A fifth more than the slowest run that a fault does not outlast. */
const TIMEOUT_SECONDS = 190;
/** What stays is asked for, whatever becomes of the other: nobody may have touched it. */
const untouched = (lab: Lab, group: string): string[] =>
  lab.region.elbv2.registrations(group, STAYING).some(({ state }) => state === 'healthy')
    ? []
    : ['a target that nobody named is not healthy any more'];

/** Begins an execution and keeps what became of it. */
function scene(
  lab: Lab,
  workflow: Workflow,
  input: object,
  wrongs: (receipt: AnyReceipt, endedAt: number) => string[],
  alive: () => string[],
  { timeoutSeconds = TIMEOUT_SECONDS }: SceneOptions,
): Scene {
  let endedAt = 0;
  return {
    region: lab.region,
    lab,
    alive,
    begin: () => start(lab, workflow, { timeoutSeconds, ...input }),
    end: async (executionArn) => {
      const ended = await lab.end(executionArn, 20_000);
      endedAt = ended.stopDate?.getTime() ?? 0;
      return ended;
    },
    wrongs: (receipt) => wrongs(receipt, endedAt),
    close: () => lab.close(),
  };
}

/** Registrations that stood, or were draining, when the workflow said that there were none. */
function standing(lab: Lab, groups: readonly string[], at: number): string[] {
  return groups.flatMap((group) =>
    lab.region.elbv2
      .timelines(group)
      .filter(({ id, goneAt }) => id === LEAVING && (goneAt ?? Number.POSITIVE_INFINITY) > at)
      .map(({ port }) => `said to be drained, and ${LEAVING}:${port} stands`),
  );
}

function standingNow(lab: Lab, groups: readonly string[]): string[] {
  return groups.flatMap((group) =>
    lab.region.elbv2.registrations(group, LEAVING).map(({ port, state }) => `${LEAVING}:${port} is ${state}`),
  );
}

/** Backends whose workflow has ended well may go: whatever is dropped then was lost by an end too early. */
function droppedAfter(lab: Lab): string[] {
  lab.region.traffic.died({ id: LEAVING, port: 80 });
  const { dropped } = lab.region.traffic.stats();
  return dropped === 0 ? [] : [`${dropped} requests dropped`];
}

async function behindApplicationLoadBalancer(options: SceneOptions): Promise<{ lab: Lab; groups: string[] }> {
  const lab = new Lab(onJournal(options));
  const { groups } = place(lab, { groups: 2, delaySeconds: DELAY_SECONDS });
  for (const group of groups) for (const id of [LEAVING, STAYING]) serve(lab, group, id);
  await lab.pass(60);
  for (const targetGroupArn of groups)
    lab.region.traffic.start({ targetGroupArn, requestsPerSecond: 5, requestSeconds: 20 });
  return { lab, groups };
}

async function deregistering(options: SceneOptions = {}): Promise<Scene> {
  const { lab, groups } = await behindApplicationLoadBalancer(options);
  const input = { targets: [{ id: LEAVING }], loadBalancer: 'web' };
  const wrongs = ({ status }: AnyReceipt, endedAt: number) => [
    ...groups.flatMap((group) => untouched(lab, group)),
    ...(status === 'succeeded' ? [...standing(lab, groups, endedAt), ...droppedAfter(lab)] : []),
  ];
  return scene(lab, 'deregister-targets', input, wrongs, () => standingNow(lab, groups), options);
}

async function awaiting(input: object, lab: Lab, groups: readonly string[], options: SceneOptions): Promise<Scene> {
  // Whoever waits has been told to stop; the load balancer hears of it a little later.
  setTimeout(() => {
    for (const group of groups) lab.region.elbv2.deregisterTargets(group, [{ id: LEAVING, port: 80 }]);
  }, 5_000);
  const wrongs = ({ status }: AnyReceipt, endedAt: number) => [
    ...groups.flatMap((group) => untouched(lab, group)),
    ...lab.region.calls.all
      .filter((call) => isWrite(call) && call.operation !== 'PutEvents')
      .map(({ operation }) => `${operation} was called`),
    ...(status === 'succeeded' ? [...standing(lab, groups, endedAt), ...droppedAfter(lab)] : []),
  ];
  const given = { targets: [{ id: LEAVING }], ...input };
  return scene(lab, 'await-drained', given, wrongs, () => standingNow(lab, groups), options);
}

async function awaitingByName(options: SceneOptions = {}): Promise<Scene> {
  const { lab, groups } = await behindApplicationLoadBalancer(options);
  return awaiting({ loadBalancer: 'web' }, lab, groups, options);
}

async function awaitingByIngress(options: SceneOptions = {}): Promise<Scene> {
  const lab = new Lab(onJournal(options));
  const balancer = lab.region.elbv2.createLoadBalancer({ name: 'k8s' });
  const group = lab.region.elbv2.createTargetGroup({
    name: 'k8s-cart',
    type: 'ip',
    deregistrationDelaySeconds: DELAY_SECONDS,
    tags: {
      'elbv2.k8s.aws/cluster': 'one',
      'ingress.k8s.aws/stack': 'shop/web',
      'ingress.k8s.aws/resource': 'shop/web-cart:80',
    },
  });
  lab.region.elbv2.attach(balancer, group);
  for (const id of [LEAVING, STAYING]) serve(lab, group, id);
  await lab.pass(60);
  lab.region.traffic.start({ targetGroupArn: group, requestsPerSecond: 5, requestSeconds: 20 });
  return awaiting({ namespace: 'shop', ingress: 'web' }, lab, [group], options);
}

async function registering(options: SceneOptions = {}): Promise<Scene> {
  const lab = new Lab(onJournal(options));
  const [group = ''] = place(lab).groups;
  serve(lab, group, STAYING);
  lab.region.traffic.started({ id: LEAVING, port: 80 });
  await lab.pass(60);
  const input = { targets: [{ id: LEAVING }], loadBalancer: 'web' };
  const unhealthy = () =>
    lab.region.elbv2.registrations(group, LEAVING)[0]?.state === 'healthy' ? [] : ['the target is not healthy'];
  const wrongs = ({ status }: AnyReceipt) => [
    ...untouched(lab, group),
    ...(status === 'succeeded' ? unhealthy() : []),
    ...(lab.region.elbv2.timelines(group).filter(({ id }) => id === LEAVING).length > 1 ? ['registered twice'] : []),
  ];
  return scene(lab, 'register-targets', input, wrongs, unhealthy, options);
}

/** An instance with or without its registration in a Classic load balancer. */
async function classic(
  registered: boolean,
  options: SceneOptions,
): Promise<{ lab: Lab; id: string; state: () => string | undefined }> {
  const lab = new Lab(onJournal(options));
  const id = lab.region.ec2.launch();
  lab.region.classicElb.create({
    name: 'old',
    connectionDrainingSeconds: DELAY_SECONDS,
    inFlightSeconds: 20,
    healthCheckIntervalSeconds: 5,
    healthyThreshold: 2,
  });
  lab.region.traffic.startProcess(id, 80);
  if (registered) lab.region.classicElb.register('old', id);
  await lab.pass(120);
  return { lab, id, state: () => lab.region.classicElb.state('old', id) };
}

async function deregisteringFromClassic(options: SceneOptions = {}): Promise<Scene> {
  const { lab, id, state } = await classic(true, options);
  const standing = () => (state() === undefined ? [] : [`${id} is ${state()}`]);
  const input = { targets: [{ id }], loadBalancer: 'old' };
  const wrongs = ({ status }: AnyReceipt) => (status === 'succeeded' ? standing() : []);
  return scene(lab, 'deregister-targets', input, wrongs, standing, options);
}

async function registeringInClassic(options: SceneOptions = {}): Promise<Scene> {
  const { lab, id, state } = await classic(false, options);
  const absent = () => (state() === 'in-service' ? [] : [`${id} is ${state()}`]);
  const input = { targets: [{ id }], loadBalancer: 'old' };
  return scene(
    lab,
    'register-targets',
    input,
    ({ status }) => (status === 'succeeded' ? absent() : []),
    absent,
    options,
  );
}

/** A delay only helps to choose the next look. */
const spared = [
  'events:PutEvents',
  'elasticloadbalancing:DescribeTargetGroupAttributes',
  'elasticloadbalancing:DescribeLoadBalancerAttributes',
];

export const REGISTER: readonly Subject[] = [
  { name: 'register-targets', build: registering, spared },
  { name: 'register-targets in a Classic load balancer', build: registeringInClassic, spared },
];
export const DEREGISTER: readonly Subject[] = [
  { name: 'deregister-targets', build: deregistering, spared },
  { name: 'deregister-targets from a Classic load balancer', build: deregisteringFromClassic, spared },
];
export const AWAIT: readonly Subject[] = [
  { name: 'await-drained', build: awaitingByName, spared },
  { name: 'await-drained of an ingress', build: awaitingByIngress, spared },
];

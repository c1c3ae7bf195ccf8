import type { Lab } from './lab.ts';

/** A load balancer with target groups of addresses, and backends that answer. */
export interface PlaceOptions {
  readonly name?: string;
  readonly groups?: number;
  readonly type?: 'ip' | 'instance';
  readonly delaySeconds?: number;
  readonly balancer?: 'application' | 'network' | 'gateway';
  readonly connectionLingerSeconds?: number;
}

export function place({ region }: Lab, options: PlaceOptions = {}): { balancer: string; groups: string[] } {
  const { name = 'web', groups: count = 1, type = 'ip', delaySeconds = 300, balancer: kind = 'application' } = options;
  const balancer = region.elbv2.createLoadBalancer({ name, type: kind });
  const protocol = { application: 'HTTP', network: 'TCP', gateway: 'GENEVE' } as const;
  const groups = Array.from({ length: count }, (_, index) => {
    const group = region.elbv2.createTargetGroup({
      name: `${name}-${index}`,
      type,
      protocol: protocol[kind],
      deregistrationDelaySeconds: delaySeconds,
      ...(kind === 'gateway' ? { port: 6081 } : {}),
      ...(options.connectionLingerSeconds === undefined
        ? {}
        : { connectionLingerSeconds: options.connectionLingerSeconds }),
    });
    region.elbv2.attach(balancer, group);
    return group;
  });
  return { balancer, groups };
}

/** Registers an address whose backend answers. */
export function serve({ region }: Lab, group: string, id: string, port = region.elbv2.defaultPort(group)): void {
  if (id.startsWith('i-')) region.traffic.startProcess(id, port);
  else region.traffic.started({ id, port });
  region.elbv2.registerTargets(group, [{ id, port }]);
}

let runs = 0;

export async function start(
  lab: Lab,
  workflow: 'register-targets' | 'deregister-targets' | 'await-drained',
  input: object,
) {
  runs += 1;
  const name = `${workflow}-${runs}`;
  const { executionArn } = await lab.engine.start({ workflow, name, input: { region: 'eu-west-1', ...input } });
  return executionArn;
}

/** The receipt, whichever way the execution ended. */
export async function finish(lab: Lab, executionArn: string, withinSeconds?: number) {
  const ended = await lab.end(executionArn, withinSeconds);
  const text = ended.status === 'SUCCEEDED' ? JSON.stringify(ended.output) : (ended.cause ?? '{}');
  return { ...ended, receipt: JSON.parse(text) };
}

export async function run(
  lab: Lab,
  workflow: 'register-targets' | 'deregister-targets' | 'await-drained',
  input: object,
) {
  return finish(lab, await start(lab, workflow, input));
}

/** What Step Functions would have refused: the history and the largest payload of an execution. */
export async function sizes(lab: Lab, executionArn: string): Promise<{ events: number; largest: number }> {
  const history = await lab.engine.history(executionArn);
  const bytes = history.flatMap(({ input, output }) =>
    [input, output].map((payload) => Buffer.byteLength(JSON.stringify(payload) ?? '')),
  );
  return { events: lab.engine.counts(executionArn).events, largest: Math.max(...bytes) };
}

/** When the last registration of an id vanished, ms. */
export function goneAt({ region }: Lab, group: string, id: string): number {
  return Math.max(...region.elbv2.timelines(group).flatMap((one) => (one.id === id ? (one.goneAt ?? Number.NaN) : [])));
}

/** Lets time pass until target groups have been looked at once more. */
export async function untilLooked(lab: Lab): Promise<void> {
  const looks = () =>
    lab.region.calls.count({ operation: 'DescribeTargetHealth', outcome: 'ok' }) +
    lab.region.calls.count({ operation: 'DescribeInstanceHealth', outcome: 'ok' });
  const before = looks();
  await lab.until(() => looks() > before, 600);
}

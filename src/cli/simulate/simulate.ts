/** A small region on a port of this machine, in real time: for the AWS CLI, for SDKs, and for Sluice itself. */
import { readSettings } from '../../contract/settings.ts';
import { stateMachineArn } from '../../engine/arns.ts';
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import type { WorkflowName } from '../../engine/workflow-engine.ts';
import { SimulatedRegion } from '../../simulated-region/region.ts';
import { stepFunctionsService } from '../../simulated-region/step-functions.ts';
import type { Listening } from '../../simulated-region/transport.ts';
import { takeLifecycleEvent } from '../../triggers/lifecycle.ts';
import { localEngine } from '../local-engine.ts';
import { buildScene, type Scene, startTraffic } from '../scene.ts';
import { type Print, printTo } from '../terminal.ts';

export interface SimulateOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly region: string;
}

/** Short, because this time is real. */
const TIMING = {
  deregistrationDelaySeconds: 30,
  stopSeconds: 10,
  heartbeatTimeoutSeconds: 60,
  healthCheckIntervalSeconds: 5,
};
/** Until the targets are healthy: requests that find none would count as dropped. */
const TRAFFIC_AFTER_MS = 30_000;
const TERMINATION = 'EC2 Instance-terminate Lifecycle Action';

/** Serves until it is interrupted. @throws the server's error, such as a port that is taken */
export async function simulate(options: SimulateOptions): Promise<void> {
  const print = printTo(process.stdout);
  const settings = readSettings(process.env);
  const region = new SimulatedRegion({ region: options.region });
  const scene = buildScene(region, TIMING);
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const engine = localEngine({
    journal: ':memory:',
    region: region.region,
    accountId: region.accountId,
    access: { requestHandler, credentials, endpoint },
    settings,
  });
  const stateMachines = serveStateMachines(region, engine, settings.stack);
  const started = takeTerminations(region, engine, settings, print);
  const listening = await region.listen({ host: options.host, port: options.port });
  const traffic = setTimeout(() => startTraffic(scene), TRAFFIC_AFTER_MS);
  introduce(print, listening, scene, stateMachines['drain-instance'] ?? '');
  await interruption();
  clearTimeout(traffic);
  await listening.close();
  await started();
  await engine.close();
}

/** @returns the ARN of each machine */
function serveStateMachines(region: SimulatedRegion, engine: EmbeddedEngine, stack: string): Record<string, string> {
  const at = { region: region.region, accountId: region.accountId, stack };
  const machines = Object.entries(engine.definitions()).flatMap(([name, definition]) => {
    const workflow = name as WorkflowName;
    return definition === undefined ? [] : [{ workflow, definition, arn: stateMachineArn(at, workflow) }];
  });
  region.use(stepFunctionsService(engine, { stateMachines: machines }));
  return Object.fromEntries(machines.map(({ workflow, arn }) => [workflow, arn]));
}

/** As the stack's rule would: every termination that our hook holds starts a drain. @returns waits for what is starting */
function takeTerminations(
  region: SimulatedRegion,
  engine: EmbeddedEngine,
  settings: ReturnType<typeof readSettings>,
  print: Print,
): () => Promise<void> {
  const starting = new Set<Promise<void>>();
  region.outbox.onEvent((event) => {
    if (event['detail-type'] !== TERMINATION) return;
    const taken = takeLifecycleEvent(event, engine, settings).then(
      (result) =>
        print(
          'ignored' in result ? `left alone: ${result.ignored}` : `drain ${result.outcome}: ${result.executionArn}`,
        ),
      (error: unknown) => print(`the event could not be taken: ${String(error)}`),
    );
    starting.add(taken);
    void taken.finally(() => starting.delete(taken));
  });
  return async () => {
    await Promise.all(starting);
  };
}

function introduce(print: Print, { url }: Listening, scene: Scene, machineArn: string): void {
  const { region, cluster, instances, webTargetGroup } = scene;
  const aws = `aws --endpoint-url ${url}`;
  const lines = [
    `Serving a simulated region at ${url} until Ctrl-C. Try, in another terminal:`,
    '',
    '  export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated',
    `  export AWS_DEFAULT_REGION=${region.region} AWS_PAGER=`,
    '',
    `  ${aws} ecs list-tasks --cluster ${cluster}`,
    `  ${aws} elbv2 describe-target-health --target-group-arn ${webTargetGroup}`,
    '',
    'Take an instance out of service, and watch its drain:',
    '',
    `  ${aws} autoscaling terminate-instance-in-auto-scaling-group --should-decrement-desired-capacity --instance-id ${instances[0]}`,
    `  ${aws} stepfunctions list-executions --state-machine-arn ${machineArn}`,
    '',
    'Or drain one from here, without a lifecycle action:',
    '',
    `  sluice run drain-instance --endpoint-url ${url} --region ${region.region} --instance-id ${instances[1]} --all-target-groups`,
    '',
  ];
  for (const line of lines) print(line);
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

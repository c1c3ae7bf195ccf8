/** A region served over HTTP, with the shipped machines deployed in it: an engine in this process runs them. */
import { DEFINITIONS, stepHandlers } from '../../functions/registry.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { stateMachineArn } from '../../src/engine/arns.ts';
import { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.ts';
import type { WorkflowName } from '../../src/engine/workflow-engine.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { stepFunctionsService } from '../../src/simulated-region/step-functions.ts';
import { listen } from '../../src/simulated-region/transport.ts';
import { bodyText, header, type WireRequest, type WireResponse } from '../../src/simulated-region/wire/messages.ts';

type Intercept = (operation: string, body: string) => WireResponse | undefined;

export interface Stage {
  readonly region: SimulatedRegion;
  /** What runs the deployed machines. */
  readonly engine: EmbeddedEngine;
  readonly url: string;
  machineArn(workflow: WorkflowName): string;
  /** Answers the requests for which it returns an answer, in the services' stead. */
  intercept(answer: Intercept): void;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  // In real time nothing should take longer than it must.
  const region = new SimulatedRegion({ ec2: { shuttingDownSeconds: [1, 2] }, cloudMap: { operationSeconds: [1, 2] } });
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const engine = new EmbeddedEngine({
    definitions: DEFINITIONS,
    definitionsChecked: true,
    handlers: stepHandlers({
      aws: { requestHandler, credentials, endpoint },
      settings: readSettings({ SLUICE_MIN_POLL_INTERVAL_SECONDS: '1' }),
      now: Date.now,
      random: () => region.world.random(),
    }),
    journal: ':memory:',
    region: region.region,
    accountId: region.accountId,
  });
  const location = { region: region.region, accountId: region.accountId, stack: 'sluice' };
  const machineArn = (workflow: WorkflowName): string => stateMachineArn(location, workflow);
  const stateMachines = (Object.entries(DEFINITIONS) as [WorkflowName, (typeof DEFINITIONS)['drain-instance']][]).map(
    ([workflow, definition]) => ({ arn: machineArn(workflow), workflow, definition }),
  );
  region.use(stepFunctionsService(engine, { stateMachines }));
  const intercepts: Intercept[] = [];
  const answer = async (request: WireRequest): Promise<WireResponse> => {
    const operation = (header(request, 'x-amz-target') ?? '').replace(/^.*\./, '');
    const body = bodyText(request);
    for (const intercept of intercepts) {
      const answered = intercept(operation, body);
      if (answered !== undefined) return answered;
    }
    return region.handle(request);
  };
  const server = await listen(answer);
  return {
    region,
    engine,
    url: server.url,
    machineArn,
    intercept: (answering) => {
      intercepts.push(answering);
    },
    close: async () => {
      await server.close();
      await engine.close();
    },
  };
}

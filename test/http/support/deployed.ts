/** The functions behind API Gateway, on virtual time: the real Step Functions client in front of the engine of a lab. */
import { SFNClient } from '@aws-sdk/client-sfn';
import type { LambdaEvent } from 'hono/aws-lambda';
import { DEFINITIONS } from '../../../functions/registry.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { stateMachineArn } from '../../../src/engine/arns.ts';
import { StepFunctionsEngine } from '../../../src/engine/step-functions.ts';
import type { WorkflowName } from '../../../src/engine/workflow-engine.ts';
import { type LambdaHandler, lambdaHandler } from '../../../src/http/lambda.ts';
import { ALL_ROUTES } from '../../../src/http/routes/all.ts';
import { stepFunctionsService } from '../../../src/simulated-region/step-functions.ts';
import { asFunction } from '../../support/calls.ts';
import type { Lab } from '../../support/lab.ts';
import { ALL, BEARER } from './api-lab.ts';
import { gatewayEvent } from './gateway.ts';

const settings = readSettings({ SLUICE_CREDENTIALS: JSON.stringify([ALL]) });

export interface Deployment {
  readonly lines: string[];
  /** A function instance of its own, with nothing in its memory. */
  instance(): LambdaHandler;
}

export function deployIn({ region, engine }: Lab): Deployment {
  const at = { region: region.region, accountId: region.accountId, stack: settings.stack };
  const stateMachines = Object.entries(DEFINITIONS).map(([workflow, definition]) => ({
    workflow: workflow as WorkflowName,
    definition,
    arn: stateMachineArn(at, workflow as WorkflowName),
  }));
  region.use(stepFunctionsService(engine, { stateMachines }));
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const lines: string[] = [];
  const sfn = new StepFunctionsEngine(new SFNClient(region.clientConfig()), at);
  const instance = () =>
    lambdaHandler({
      settings,
      region: region.region,
      aws: { requestHandler, credentials, endpoint },
      engine: sfn,
      write: (line) => lines.push(line),
      routes: ALL_ROUTES,
      now: Date.now,
    });
  return { lines, instance };
}

export function event(
  method: string,
  address: string,
  body?: unknown,
  authorization: string | null = BEARER,
): LambdaEvent {
  const headers = {
    ...(authorization === null ? {} : { authorization }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  return gatewayEvent({ method, address, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

export interface FinalAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** When it came, ms. */
  readonly at: number;
  readonly requests: number;
}

/** Follows redirects as curl -L does; each request may meet another instance. */
export async function followed(instanceOf: () => LambdaHandler, first: string): Promise<FinalAnswer> {
  for (let address = first, requests = 1; ; requests += 1) {
    const answer = await asFunction('drainDelay', () => instanceOf()(event('GET', address)));
    if (answer.statusCode !== 307) {
      return { status: answer.statusCode, body: JSON.parse(answer.body), at: Date.now(), requests };
    }
    address = String((answer.headers as { location?: string }).location);
  }
}

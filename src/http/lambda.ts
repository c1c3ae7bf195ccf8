/** The API as a Lambda behind API Gateway's HTTP API: surroundings from the process, made once. */
import { SFNClient } from '@aws-sdk/client-sfn';
import { type APIGatewayProxyResult, handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import type { AwsAccess } from '../aws/clients.ts';
import { InvalidInput } from '../contract/errors.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { StepFunctionsEngine } from '../engine/step-functions.ts';
import type { WorkflowEngine } from '../engine/workflow-engine.ts';
import { createApp, type Routes } from './app.ts';
import { credentialSource } from './credential-source.ts';
import { Authenticator } from './credentials.ts';
import { readDocsFile } from './docs-file.ts';
import { endsByAsking } from './ends.ts';
import type { HttpServices } from './services.ts';
import { Watches } from './watches.ts';

/** API Gateway gives up after 30 s: so long may one request be held. */
export const HOLD_SECONDS = 25;

export interface LambdaSurroundings {
  readonly settings: Settings;
  readonly region: string;
  readonly aws: AwsAccess;
  readonly engine: WorkflowEngine;
  readonly write: (line: string) => void;
  readonly routes: readonly Routes[];
  /** ms */
  readonly now: () => number;
}

export type LambdaHandler = (event: LambdaEvent, context?: LambdaContext) => Promise<APIGatewayProxyResult>;

/** @throws InvalidInput where no credential is configured: the address of an API is no secret. */
export function lambdaHandler(around: LambdaSurroundings): LambdaHandler {
  const { settings, region, aws, engine, write, routes, now } = around;
  const logError: HttpServices['logError'] = (message, data) =>
    write(JSON.stringify({ level: 'ERROR', time: new Date(now()).toISOString(), message, ...data }));
  const source = credentialSource(settings, aws, region);
  if (source === undefined) {
    const expected = 'or SLUICE_CREDENTIALS must say who may call';
    throw new InvalidInput('the environment', [{ field: 'SLUICE_CREDENTIALS_PARAMETER', found: 'nothing', expected }]);
  }
  const app = createApp(
    {
      engine,
      settings,
      region,
      aws,
      authenticator: new Authenticator({ source, logError, now }),
      ends: endsByAsking(engine, now),
      watches: new Watches(engine, now),
      holdSeconds: HOLD_SECONDS,
      log: (record) => write(JSON.stringify(record)),
      logError,
      docsFile: (name) => readDocsFile(name),
      now,
    },
    routes,
  );
  const answer = handle(app);
  return (event, context) => answer(event, context);
}

/** As deployed: the machines are those of the stack in the function's own account and region. */
export function deployedHandler(routes: readonly Routes[]): LambdaHandler {
  let handler: LambdaHandler | undefined;
  return (event, context) => {
    handler ??= lambdaHandler(fromProcess(routes, context));
    return handler(event, context);
  };
}

function fromProcess(routes: readonly Routes[], context: LambdaContext | undefined): LambdaSurroundings {
  const settings = readSettings(process.env);
  const [, , , region = '', accountId = ''] = (context?.invokedFunctionArn ?? '').split(':');
  const engine = new StepFunctionsEngine(new SFNClient({ maxAttempts: 3 }), {
    region,
    accountId,
    stack: settings.stack,
  });
  const write = (line: string) => process.stdout.write(`${line}\n`);
  return { settings, region, aws: {}, engine, write, routes, now: Date.now };
}

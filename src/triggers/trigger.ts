/** What every function has around it that an event calls: its surroundings are given, and what became of the event is logged. */
import { Logger } from '@aws-lambda-powertools/logger';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { AwsAccess } from '../aws/clients.ts';
import { InvalidInput } from '../contract/errors.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { StepFunctionsEngine } from '../engine/step-functions.ts';
import type { WorkflowEngine } from '../engine/workflow-engine.ts';

export interface TriggerEnvironment {
  readonly aws: AwsAccess;
  readonly settings: Settings;
  readonly engine: WorkflowEngine;
  /** Of the stack. */
  readonly region: string;
  /** ms */
  now(): number;
}

/** The part of Lambda's context that says whose account this is. */
export interface LambdaContext {
  readonly invokedFunctionArn: string;
}

export interface Trigger {
  (event: unknown, context: LambdaContext): Promise<unknown>;
  /** As tests and other hosts call it. */
  run(event: unknown, environment: TriggerEnvironment): Promise<unknown>;
}

let standard: { readonly environment: TriggerEnvironment; readonly logger: Logger } | undefined;

/** @throws InvalidInput naming every variable that is wrong */
function fromProcess({ invokedFunctionArn }: LambdaContext) {
  if (standard !== undefined) return standard;
  const settings = readSettings(process.env);
  const [, , , region = '', accountId = ''] = invokedFunctionArn.split(':');
  const engine = new StepFunctionsEngine(new SFNClient({ region, maxAttempts: 5 }), {
    region,
    accountId,
    stack: settings.stack,
  });
  const logger = new Logger({ serviceName: settings.stack, logLevel: settings.logLevel });
  standard = { environment: { aws: {}, settings, engine, region, now: Date.now }, logger };
  return standard;
}

/** What it throws goes to the queue of failed events with its message, after Lambda's two more attempts. */
export function trigger(work: (event: unknown, environment: TriggerEnvironment) => Promise<unknown>): Trigger {
  const handler = async (event: unknown, context: LambdaContext) => {
    const { environment, logger } = fromProcess(context);
    try {
      const result = await work(event, environment);
      logger.info('taken', { result });
      return result;
    } catch (error) {
      const message = error instanceof InvalidInput ? 'the event cannot be used' : 'the event could not be taken';
      logger.error(message, { error, event });
      throw error;
    }
  };
  return Object.assign(handler, { run: work });
}

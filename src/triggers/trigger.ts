/** What every function has around it that an event calls: its surroundings are given, and what became of the event is logged. */
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

let standard: TriggerEnvironment | undefined;

/** @throws InvalidInput naming every variable that is wrong */
function fromProcess({ invokedFunctionArn }: LambdaContext): TriggerEnvironment {
  if (standard !== undefined) return standard;
  const settings = readSettings(process.env);
  const [, , , region = '', accountId = ''] = invokedFunctionArn.split(':');
  const engine = new StepFunctionsEngine(new SFNClient({ region, maxAttempts: 5 }), {
    region,
    accountId,
    stack: settings.stack,
  });
  standard = { aws: {}, settings, engine, region, now: Date.now };
  return standard;
}

const RANKS = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 } as const;

/** One line of JSON, which CloudWatch finds its way in. */
function log(level: 'INFO' | 'ERROR', settings: Settings, message: string, data: object): void {
  if (RANKS[level] < RANKS[settings.logLevel]) return;
  process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), message, ...data })}\n`);
}

/** What it throws goes to the queue of failed events with its message, after Lambda's two more attempts. */
export function trigger(work: (event: unknown, environment: TriggerEnvironment) => Promise<unknown>): Trigger {
  const handler = async (event: unknown, context: LambdaContext) => {
    const environment = fromProcess(context);
    const { settings } = environment;
    try {
      const result = await work(event, environment);
      log('INFO', settings, 'taken', { result });
      return result;
    } catch (error) {
      const message = error instanceof InvalidInput ? 'the event cannot be used' : 'the event could not be taken';
      const { name, stack } = error instanceof Error ? error : new Error(String(error));
      log('ERROR', settings, message, { error: name, stack, event });
      throw error;
    }
  };
  return Object.assign(handler, { run: work });
}

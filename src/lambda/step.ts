/**
 * What every step has around it: its payload is parsed, its calls have a time budget, and its surroundings (AWS, the
 * clock, chance, the settings) are given, so that the same handler runs in Lambda and in the embedded engine.
 */
import type * as z from 'zod/mini';
import { type AwsAccess, withinBudget } from '../aws/clients.ts';
import { Rejected } from '../contract/errors.ts';
import { parse } from '../contract/parse.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { SECOND } from '../core/time.ts';

export interface StepEnvironment {
  readonly aws: AwsAccess;
  readonly settings: Settings;
  /** ms */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
}

export interface Step {
  /** As Lambda calls it: surroundings from the process. */
  (payload: unknown): Promise<unknown>;
  /** As the embedded engine calls it. */
  run(payload: unknown, environment: StepEnvironment): Promise<unknown>;
}

let standard: StepEnvironment | undefined;

function standardEnvironment(): StepEnvironment {
  if (standard === undefined) {
    const settings = readSettings(process.env);
    const { quotaShare: share } = settings;
    standard = { aws: share === undefined ? {} : { share }, settings, now: Date.now, random: Math.random };
  }
  return standard;
}

const STANDARD_BUDGET_SECONDS = 10;

/** @param budgetSeconds how long its calls to AWS may take together */
export function step<S extends z.ZodMiniType>(
  schema: S,
  work: (input: z.output<S>, environment: StepEnvironment) => Promise<unknown> | unknown,
  budgetSeconds: (input: z.output<S>) => number = () => STANDARD_BUDGET_SECONDS,
): Step {
  const run = (payload: unknown, environment: StepEnvironment) => {
    const input = parse(schema, payload, 'the payload of this step');
    return withinBudget(budgetSeconds(input) * SECOND, async () => assertFits(await work(input, environment)));
  };
  return Object.assign(async (payload: unknown) => run(payload, standardEnvironment()), { run });
}

/** A state's data may be 256 KiB; what comes around it in the machine needs some of that. */
const LARGEST_BYTES = 240 * 1024;

/** More could not be caught by any state: the execution would end without a receipt. @throws Rejected */
export function assertFits<T>(result: T): T {
  const bytes = Buffer.byteLength(JSON.stringify(result) ?? '');
  if (bytes <= LARGEST_BYTES) return result;
  throw new Rejected(
    `the work is too large for one execution: ${bytes} bytes are more than a state may hold; divide it`,
  );
}

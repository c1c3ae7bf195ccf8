/** Starts an execution for a request, and answers the same to the same request asked twice. */
import { isDeepStrictEqual } from 'node:util';
import type { Context } from 'hono';
import { type Admission, admit } from '../engine/admission.ts';
import { executionName } from '../engine/names.ts';
import type { ExecutionDescription, WorkflowName } from '../engine/workflow-engine.ts';
import { passing } from './ends.ts';
import { problemOfOutcome } from './executions.ts';
import { Problem } from './problem.ts';
import type { AppEnv, HttpServices } from './services.ts';

export interface Work {
  readonly workflow: WorkflowName;
  readonly subject: string;
  readonly key: string;
  /** The caller chose the key: then another input under it is a mistake. */
  readonly chosen: boolean;
  readonly input: unknown;
}

export interface Accepted extends Admission {
  readonly name: string;
}

/** @throws Problem `conflict` for a key that stands for other work */
export async function accept(services: HttpServices, context: Context<AppEnv>, work: Work): Promise<Accepted> {
  const { workflow, chosen } = work;
  const input: unknown = JSON.parse(JSON.stringify(work.input));
  const name = executionName(workflow, work.subject, work.key);
  const admission = await admit(services.engine, { workflow, name, input });
  const accepted = { ...admission, name: admission.executionArn.slice(admission.executionArn.lastIndexOf(':') + 1) };
  context.set('execution', accepted.name);
  if (chosen && admission.outcome !== 'started') {
    const before = await services.engine.describe(admission.executionArn);
    if (!isDeepStrictEqual(before.input, input)) {
      const message = `the Idempotency-Key has been used for another request: ${accepted.name}; give this one its own`;
      throw new Problem('conflict', message, { execution: accepted.name });
    }
  }
  return accepted;
}

export function locationOf(name: string): string {
  return `/executions/${name}`;
}

/** Sets the headers that name the execution. */
export function nameExecution(context: Context<AppEnv>, name: string): void {
  context.header('Location', locationOf(name));
  context.header('X-Sluice-Execution', name);
}

/** Longer than this nobody is held. */
const LONGEST_HOLD_SECONDS = 3_600;

/**
 * Holds the request until the execution has ended, or for as long as the host can.
 * @returns undefined when it runs on
 * @throws Problem for every end that is no success
 */
export async function untilEnded(
  services: HttpServices,
  context: Context<AppEnv>,
  executionArn: string,
): Promise<ExecutionDescription | undefined> {
  const hold = Math.min(services.holdSeconds ?? LONGEST_HOLD_SECONDS, LONGEST_HOLD_SECONDS);
  const ended = await services.ends(executionArn, services.now() + hold * 1000, context.req.raw.signal);
  const problem = ended === undefined ? undefined : problemOfOutcome(ended);
  if (problem !== undefined) throw problem;
  return ended;
}

const STEP_MS = 250;

/**
 * Looks at an execution now and then until something is so, or the time is up.
 * @param until ms
 */
export async function untilSeen<T>(
  services: HttpServices,
  signal: AbortSignal,
  until: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let pause = STEP_MS; ; pause = Math.min(pause * 2, 4_000)) {
    const seen = await look();
    if (seen !== undefined || services.now() + pause > until || signal.aborted) return seen;
    await passing(pause, signal);
  }
}

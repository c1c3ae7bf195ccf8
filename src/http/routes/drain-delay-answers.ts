import { type DrainDelayQuery, LONGEST_DELAY_SECONDS } from '../../contract/http/drain-delay.ts';
import { TargetsPlan, TargetsProgress } from '../../contract/targets-data.ts';
import type { WorkflowEngine } from '../../engine/workflow-engine.ts';
import { latestData } from '../executions.ts';
import { Problem } from '../problem.ts';

/**
 * The answer when max-delay has passed: what was still there, the deregistration delay, and what would have been enough.
 * @param data of the execution, as far as it could be read
 * @param problem what kept the service from looking, if anything did
 */
export function timedOut(
  query: DrainDelayQuery,
  executionArn?: string,
  data?: Readonly<Record<string, unknown>>,
  problem?: Problem,
): Problem {
  const execution = executionArn?.slice(executionArn.lastIndexOf(':') + 1);
  const more = execution === undefined ? {} : { execution };
  const began = `${query.ip} was not ${query.until} within max-delay (${query['max-delay']} s)`;
  const delay = data === undefined ? undefined : longestDelay(data);
  if (delay === undefined) {
    const why = problem === undefined ? 'it could not be looked up in time' : problem.message;
    return new Problem('timed-out', `${began}: ${why}`, more);
  }
  const hint = `the deregistration delay is ${delay} s; max-delay=${enoughFor(delay)} would have been enough`;
  return new Problem('timed-out', `${began}: ${hint}, counted from the beginning of the deregistration`, more);
}

/** The end is seen within the larger of 10 s and a tenth of the time waited. */
function enoughFor(delaySeconds: number): number {
  return Math.min(delaySeconds + Math.max(10, Math.ceil(delaySeconds / 10)), LONGEST_DELAY_SECONDS);
}

/** @returns the data of the execution; undefined where the engine does not answer, or it has none yet */
export async function readQuietly(engine: WorkflowEngine, executionArn: string) {
  try {
    return await latestData(engine, executionArn);
  } catch (error) {
    // The answer is due now, and it is the same without this: it only says less.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Of the target groups in which it stands, in seconds. */
function longestDelay(data: Readonly<Record<string, unknown>>): number | undefined {
  const progress = TargetsProgress.safeParse(data.progress).data;
  if (progress?.longestDelaySeconds !== undefined) return progress.longestDelaySeconds;
  const delays = (TargetsPlan.safeParse(data.plan).data?.groups ?? []).flatMap(
    ({ delaySeconds }) => delaySeconds ?? [],
  );
  return delays.length === 0 ? undefined : Math.max(...delays);
}

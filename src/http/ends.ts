/** Waiting for the end of an execution: by a word from the engine in one process, by asking now and then elsewhere. */
import type { EmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import type { ExecutionDescription, WorkflowEngine } from '../engine/workflow-engine.ts';
import type { EndWatch } from './services.ts';

/** One listener for all who wait: there may be thousands. */
export function endsOf(engine: EmbeddedEngine): EndWatch {
  const waiting = new Map<string, Set<(description: ExecutionDescription) => void>>();
  engine.onClosed((description) => {
    const waiters = waiting.get(description.executionArn);
    waiting.delete(description.executionArn);
    for (const tell of waiters ?? []) tell(description);
  });
  return async (arn, until, signal) => {
    const over = new AbortController();
    let tell: ((description: ExecutionDescription) => void) | undefined;
    const ended = new Promise<ExecutionDescription>((resolve) => {
      tell = resolve;
      const waiters = waiting.get(arn) ?? new Set();
      waiting.set(arn, waiters.add(resolve));
    });
    try {
      // Asked for after listening, so that an end between the two is not missed.
      const now = await engine.describe(arn);
      if (now.status !== 'RUNNING') return now;
      return await Promise.race([ended, passing(until - Date.now(), AbortSignal.any([signal, over.signal]))]);
    } finally {
      over.abort();
      const waiters = waiting.get(arn);
      if (tell !== undefined) waiters?.delete(tell);
      if (waiters?.size === 0) waiting.delete(arn);
    }
  };
}

/** The account has ten or fifteen DescribeExecution a second for everybody: twice within the 25 s of a request must do. */
const ASK_EVERY_MS = 12_000;
/** The last look must be answered in time. */
const LAST_LOOK_MS = 1_000;

export function endsByAsking(engine: WorkflowEngine, now: () => number = Date.now): EndWatch {
  return async (arn, until, signal) => {
    for (;;) {
      const description = await describeQuietly(engine, arn);
      if (description !== undefined && description.status !== 'RUNNING') return description;
      const left = until - LAST_LOOK_MS - now();
      if (left <= 0 || signal.aborted) return undefined;
      // The last look comes at the very end, and an even share of the time lies between the others.
      const looks = Math.max(1, Math.round(left / ASK_EVERY_MS));
      await passing(left / looks, signal);
      if (signal.aborted) return undefined;
    }
  };
}

/** What Step Functions did not answer this time it may answer the next: a throttled look is not an end. */
async function describeQuietly(engine: WorkflowEngine, arn: string): Promise<ExecutionDescription | undefined> {
  try {
    return await engine.describe(arn);
  } catch (error) {
    if (error instanceof Error && /Throttl|TooManyRequests|Timeout|Unavailable|Internal/.test(error.name))
      return undefined;
    throw error;
  }
}

/** Resolves after so many ms, or when the signal comes; leaves neither a timer nor a listener. */
export function passing(milliseconds: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve(undefined);
    };
    const timer = setTimeout(done, Math.max(0, milliseconds));
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

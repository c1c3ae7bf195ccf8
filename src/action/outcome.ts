/** What became of the work, in the words of the receipt. */
import { Status } from '../contract/common.ts';
import type { ExecutionDescription, ExecutionStatus } from '../engine/workflow-engine.ts';

export interface Outcome {
  /** `running`: its end was not awaited. */
  readonly status: Status | 'running';
  readonly reason: string;
  readonly executionArn?: string;
  /** Of an execution that wrote one. */
  readonly receipt?: Readonly<Record<string, unknown>>;
  /** The execution's own error. */
  readonly error?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

const STATUS: Readonly<Record<ExecutionStatus, Outcome['status']>> = {
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'timed-out',
  ABORTED: 'stopped',
};

const REASON: Readonly<Record<ExecutionStatus, string>> = {
  RUNNING: 'it is still running',
  SUCCEEDED: 'it has succeeded',
  FAILED: 'it has failed without saying why',
  TIMED_OUT: 'the state machine reached its own time limit',
  ABORTED: 'it was stopped',
};

export function outcomeOf(description: ExecutionDescription): Outcome {
  const { status, output, error, cause, startDate, stopDate, executionArn } = description;
  const receipt = receiptIn(status === 'SUCCEEDED' ? output : jsonIn(cause));
  // What was aborted or ran out of time wrote no receipt of its end, whatever its cause looks like.
  const own = status === 'SUCCEEDED' || status === 'FAILED' ? Status.safeParse(receipt?.status) : undefined;
  const reason = typeof receipt?.reason === 'string' ? receipt.reason : (cause ?? error ?? REASON[status]);
  return {
    status: own?.success === true ? own.data : STATUS[status],
    reason,
    executionArn,
    ...(receipt === undefined ? {} : { receipt }),
    ...(error === undefined ? {} : { error }),
    startedAt: startDate.toISOString(),
    ...(stopDate === undefined ? {} : { finishedAt: stopDate.toISOString() }),
  };
}

export function receiptIn(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || !('workflow' in value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What to do next, one sentence each; nothing when all went well. */
export function advice(outcome: Outcome, failsOnTimeout = true): string[] {
  const { status, error, receipt } = outcome;
  if (status === 'succeeded') return [];
  if (status === 'running') {
    return ['The execution goes on without this job. Run the job again to wait for it: it is found by its name.'];
  }
  const left = isOutcome(receipt, 'left')
    ? ['The lifecycle action was left alone: the default result of its hook applies when its heartbeat times out.']
    : [];
  const name = nameOfError(receipt) ?? error ?? '';
  return [...left, ...nextStep(status, name, failsOnTimeout)];
}

function nextStep(status: Exclude<Outcome['status'], 'running' | 'succeeded'>, name: string, fails: boolean): string[] {
  const again = 'Then run the job again: what has failed is started anew.';
  switch (status) {
    case 'timed-out':
      return [
        'See in the table what was still open, and why: tasks with a long stop timeout, a long deregistration delay, targets whose health checks fail.',
        `Give it more time with \`timeout-seconds\`${fails ? ', or pass nevertheless with `fail-on-timeout: false`' : ''}. ${again}`,
      ];
    case 'refused':
      return [`Nothing was touched. Remove what the reason names, or ask for something else. ${again}`];
    case 'stopped':
      return ['What had been done until then stays done: every step can be repeated. Run the job again to finish it.'];
    case 'failed':
      if (name === 'AccessDenied')
        return [`Add the action that the reason names to the role's policy, or renew its credentials. ${again}`];
      if (name === 'NotFound') return [`Check the names, and that the region is the right one. ${again}`];
      if (name === 'UndoneByOthers')
        return [`Find out who else changes the same targets or instances: Sluice does not fight them. ${again}`];
      return [`Look at the reason and at the execution's history. ${again}`];
  }
}

function nameOfError(receipt: Outcome['receipt']): string | undefined {
  const error = receipt?.error;
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : undefined;
}

function isOutcome(receipt: Outcome['receipt'], word: string): boolean {
  const lifecycle = receipt?.lifecycle;
  return typeof lifecycle === 'object' && lifecycle !== null && 'outcome' in lifecycle && lifecycle.outcome === word;
}

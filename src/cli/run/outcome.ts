/** The receipt of an execution that has ended, also of one that could not write its own. */
import { Status } from '../../contract/common.ts';
import { AnnounceDrainInput } from '../../contract/drain-data.ts';
import { drainReceipt } from '../../core/drain/receipt.ts';
import type { ExecutionDescription, HistoryEvent } from '../../engine/workflow-engine.ts';

export interface Outcome {
  readonly status: Status;
  readonly receipt: Readonly<Record<string, unknown>>;
}

/** What somebody who stopped it by hand did with the lifecycle action. */
export type LifecycleLeft = 'none' | 'left' | 'continued' | 'abandoned' | 'gone';

/**
 * @param events the last of its history: what it had observed
 * @param lifecycle of one that was stopped
 */
export function outcomeOf(
  description: ExecutionDescription,
  events: readonly HistoryEvent[] = [],
  lifecycle?: LifecycleLeft,
): Outcome {
  const own = description.output ?? parsedCause(description.cause);
  const status = Status.safeParse(isRecord(own) ? own.status : undefined);
  if (isRecord(own) && status.success) return { status: status.data, receipt: own };
  switch (description.status) {
    case 'ABORTED': {
      const reason = description.cause ?? 'it was stopped by hand';
      return { status: 'stopped', receipt: written(description, events, 'stopped', reason, lifecycle) };
    }
    case 'TIMED_OUT':
      return {
        status: 'timed-out',
        receipt: written(description, events, 'timed-out', 'the state machine ran out of time', undefined),
      };
    default: {
      const reason = description.cause ?? description.error ?? `it ended as ${description.status} without a receipt`;
      return { status: 'failed', receipt: written(description, events, 'failed', reason, undefined) };
    }
  }
}

function written(
  description: ExecutionDescription,
  events: readonly HistoryEvent[],
  status: Status,
  reason: string,
  lifecycle: LifecycleLeft | undefined,
): Record<string, unknown> {
  const { executionArn, workflow, startDate, stopDate = startDate, error } = description;
  const input = isRecord(description.input) ? description.input : {};
  const common = {
    workflow,
    subject: String(input.instanceId ?? executionArn.slice(executionArn.lastIndexOf(':') + 1)),
    region: String(input.region ?? 'unknown'),
    status,
    reason,
    execution: executionArn,
    startedAt: startDate.toISOString(),
    finishedAt: stopDate.toISOString(),
    ...(error === undefined ? {} : { error: { name: error, message: reason } }),
  };
  if (workflow !== 'drain-instance') return common;
  const drain = drainReceipt(lastData(events) ?? { input }, stopDate.getTime());
  const left = lifecycle === undefined ? {} : { outcome: lifecycle };
  return { ...drain, ...common, lifecycle: { ...drain.lifecycle, ...left } };
}

/** What the last state handed on. */
function lastData(events: readonly HistoryEvent[]): AnnounceDrainInput | undefined {
  for (const { output, input } of events.toReversed()) {
    const data = AnnounceDrainInput.safeParse(output ?? input);
    if (data.success && data.data.plan !== undefined) return data.data;
  }
  return undefined;
}

function parsedCause(cause: string | undefined): unknown {
  if (cause === undefined) return undefined;
  try {
    return JSON.parse(cause);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

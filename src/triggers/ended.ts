/** An execution that timed out or was stopped cannot announce itself; one that failed inside Step Functions cannot either. */
import { eventBridgeClient, putEvent } from '../aws/events.ts';
import type { Status } from '../contract/common.ts';
import { ExecutionEndedEvent } from '../contract/events.ts';
import { parse } from '../contract/parse.ts';
import { iso } from '../core/time.ts';
import type { TriggerEnvironment } from './trigger.ts';

/** The members that every workflow's receipt has. */
export interface EndedReceipt {
  readonly workflow: string;
  readonly subject: string;
  readonly region: string;
  readonly status: Status;
  readonly reason: string;
  readonly execution: string;
  readonly requestedBy?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly error?: { readonly name: string; readonly message: string };
}

/** @throws InvalidInput @throws Throttled @throws Unavailable */
export async function announceEnded(
  document: unknown,
  { aws, settings }: TriggerEnvironment,
): Promise<EndedReceipt | { readonly ignored: string }> {
  const event = parse(ExecutionEndedEvent, document, 'the event');
  const machine = event.detail.stateMachineArn.split(':').at(-1) ?? '';
  if (!machine.startsWith(`${settings.stack}-`)) return { ignored: `${machine} is no machine of this stack` };
  const workflow = machine.slice(settings.stack.length + 1);
  if (settings.eventBus === 'none') return { ignored: 'nothing is announced' };
  const receipt = receiptOf(event, workflow);
  if (receipt === undefined) return { ignored: 'it has announced itself' };
  await putEvent(eventBridgeClient(aws, event.region), settings.eventBus, {
    detailType: `Sluice ${receipt.workflow} ${receipt.status}`,
    resources: [receipt.subject],
    detail: receipt,
  });
  return receipt;
}

const STATUS = { FAILED: 'failed', TIMED_OUT: 'timed-out', ABORTED: 'stopped' } as const;

/** @returns undefined for an end that the machine has announced itself. */
function receiptOf({ region, detail }: ExecutionEndedEvent, workflow: string): EndedReceipt | undefined {
  const { status } = detail;
  if (status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  // A Fail state of ours has the receipt as its cause, and comes after the announcement.
  if (status === 'FAILED' && objectIn(detail.cause).workflow === workflow) return undefined;
  const input = objectIn(detail.input);
  const { error, cause } = detail;
  const requestedBy = typeof input.requestedBy === 'string' ? { requestedBy: input.requestedBy } : {};
  return {
    workflow,
    subject: typeof input.instanceId === 'string' ? input.instanceId : subjectOf(detail.name, workflow),
    region,
    status: STATUS[status],
    reason: reasonOf(status, cause ?? undefined),
    execution: detail.executionArn,
    ...requestedBy,
    startedAt: iso(detail.startDate),
    finishedAt: iso(detail.stopDate ?? detail.startDate),
    ...(error === null || error === undefined ? {} : { error: { name: error, message: cause ?? '' } }),
  };
}

function reasonOf(status: keyof typeof STATUS, cause: string | undefined): string {
  if (status === 'TIMED_OUT') return 'the execution reached the limit of its state machine before its own deadline';
  if (status === 'ABORTED') return cause === undefined || cause === '' ? 'it was stopped' : `it was stopped: ${cause}`;
  return `Step Functions ended it: ${cause ?? 'no cause was given'}`;
}

/** Names are `<workflow>-<subject>-<hash>`; anybody may start an execution under another one. */
function subjectOf(name: string, workflow: string): string {
  const inner = new RegExp(`^${workflow}-(.+)-[0-9a-f]{16}(?:-\\d+)?$`).exec(name)?.[1];
  return inner ?? name;
}

function objectIn(text: string | null | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Executions as the API speaks of them: by their name, with a status in the design's words. */
import { CAPPED_AT, Status } from '../contract/common.ts';
import { WORKFLOWS } from '../contract/http/credentials.ts';
import type { Execution, ExecutionState } from '../contract/http/executions.ts';
import type {
  ExecutionDescription,
  ExecutionPage,
  HistoryEvent,
  WorkflowEngine,
  WorkflowName,
} from '../engine/workflow-engine.ts';
import { Problem } from './problem.ts';

export interface ExecutionId {
  readonly workflow: WorkflowName;
  readonly name: string;
  readonly executionArn: string;
}

const NAME = /^[A-Za-z0-9._-]{1,80}$/;
const ARN = /:execution:[A-Za-z0-9-]+:([A-Za-z0-9._-]{1,80})$/;

/**
 * @param id a name that begins with its workflow, or the ARN of any execution of this engine's workflows
 * @throws Problem `not-found`
 */
export function locate(engine: WorkflowEngine, id: string): ExecutionId {
  const unknown = new Problem('not-found', `there is no execution ${JSON.stringify(id.slice(0, 100))} here`);
  const name = id.startsWith('arn:') ? ARN.exec(id)?.[1] : id;
  if (name === undefined || !NAME.test(name)) throw unknown;
  const candidates = id === name ? WORKFLOWS.filter((workflow) => name.startsWith(`${workflow}-`)) : WORKFLOWS;
  for (const workflow of candidates) {
    const executionArn = arnOrNothing(engine, workflow, name);
    if (executionArn !== undefined && (id === name || id === executionArn)) return { workflow, name, executionArn };
  }
  throw unknown;
}

function arnOrNothing(engine: WorkflowEngine, workflow: WorkflowName, name: string): string | undefined {
  try {
    return engine.executionArn(workflow, name);
  } catch (error) {
    if (error instanceof Error && error.name === 'StateMachineDoesNotExist') return undefined;
    throw error;
  }
}

export function isReceipt(value: unknown): value is { status: Status; reason: string } & Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    Status.safeParse(value.status).success &&
    'reason' in value &&
    typeof value.reason === 'string'
  );
}

/** The receipt: the output of what succeeded, the cause of what failed. */
export function receiptOf({ output, cause }: ExecutionDescription): ReturnType<typeof checked> {
  if (output !== undefined) return checked(output);
  if (cause === undefined) return undefined;
  try {
    return checked(JSON.parse(cause));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function checked(value: unknown) {
  return isReceipt(value) ? value : undefined;
}

const BY_ENGINE = {
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'timed-out',
  ABORTED: 'stopped',
} as const;

export function stateOf(description: ExecutionDescription): ExecutionState {
  const { status } = description;
  if (status === 'SUCCEEDED' || status === 'FAILED') return receiptOf(description)?.status ?? BY_ENGINE[status];
  return BY_ENGINE[status];
}

export function summary(execution: ExecutionPage['executions'][number]): Execution {
  return {
    execution: execution.name,
    workflow: execution.workflow,
    status: BY_ENGINE[execution.status],
    startedAt: execution.startDate.toISOString(),
    ...(execution.stopDate === undefined ? {} : { endedAt: execution.stopDate.toISOString() }),
  };
}

/** Everything there is to say, with its latest state while it runs. */
export async function detailed(engine: WorkflowEngine, description: ExecutionDescription): Promise<Execution> {
  const receipt = receiptOf(description);
  return {
    ...summary(description),
    status: stateOf(description),
    input: description.input,
    ...(description.status === 'RUNNING' ? await latest(engine, description.executionArn) : {}),
    ...(receipt === undefined ? {} : { receipt }),
  };
}

/** So many events back there is always the entry of a state that carries the whole data. */
const LOOK_BACK = 12;

async function latest(engine: WorkflowEngine, executionArn: string): Promise<Pick<Execution, 'state' | 'progress'>> {
  const events = [...(await engine.history(executionArn, { last: LOOK_BACK }))].reverse();
  const state = events.find(({ type }) => type.endsWith('StateEntered'))?.stateName;
  const progress = firstDefined(events, progressIn);
  return {
    ...(state === undefined ? {} : { state }),
    ...(progress === undefined ? {} : { progress: shortened(progress) }),
  };
}

/** The data of an execution, as its latest event carries it. @returns undefined before its first state has ended */
export async function latestData(
  engine: WorkflowEngine,
  executionArn: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const events = [...(await engine.history(executionArn, { last: LOOK_BACK }))].reverse();
  return firstDefined(events, ({ output, input }) => [output, input].filter(isRecord).find((data) => 'plan' in data));
}

function progressIn({ output, input }: HistoryEvent): unknown {
  return [output, input].filter(isRecord).find((data) => data.progress !== undefined)?.progress;
}

function firstDefined<T, R>(items: readonly T[], of: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = of(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.length > CAPPED_AT
      ? { count: value.length, first: value.slice(0, CAPPED_AT).map(shortened) }
      : value.map(shortened);
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shortened(member)]));
}

/**
 * The answer to whoever waited for an end that was no success.
 * @returns undefined when it succeeded
 */
export function problemOfOutcome(description: ExecutionDescription): Problem | undefined {
  const receipt = receiptOf(description);
  const state = stateOf(description);
  const reason = receipt?.reason ?? description.cause ?? description.error ?? 'it left no receipt';
  const more = { execution: description.name, ...(receipt === undefined ? {} : { receipt }) };
  switch (state) {
    case 'running':
    case 'succeeded':
      return undefined;
    case 'timed-out':
      return new Problem('timed-out', `timed out: ${reason}`, more);
    case 'refused':
      return new Problem('refused', `refused: ${reason}`, more);
    case 'stopped':
      return new Problem('stopped', stoppedMessage(description), more);
    case 'failed':
      return new Problem(failureCode(receipt), `failed: ${reason}`, more);
  }
}

export function stoppedMessage({ cause }: ExecutionDescription): string {
  return `somebody stopped it${cause === undefined || cause === '' ? '' : `: ${cause}`}`;
}

/** The receipt names the error; what is the caller's to mend is told apart from what is ours or AWS's. */
function failureCode(receipt: Readonly<Record<string, unknown>> | undefined): Problem['code'] {
  const error = isRecord(receipt?.error) ? receipt.error.name : undefined;
  if (error === 'NotFound') return 'not-found';
  if (error === 'InvalidInput') return 'invalid-request';
  if (error === 'UndoneByOthers' || error === 'AmbiguousTargetGroup') return 'conflict';
  return error === 'AccessDenied' || error === 'Rejected' ? 'aws-refused' : 'failed';
}

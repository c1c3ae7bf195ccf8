/** The deployed engine: AWS Step Functions behind the same interface. */
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type HistoryEvent as SdkEvent,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { executionArnOf, type StackLocation, stateMachineArn } from './arns.ts';
import {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidExecutionInput,
  InvalidName,
  InvalidToken,
  StateMachineDoesNotExist,
} from './errors.ts';
import type {
  ExecutionDescription,
  ExecutionPage,
  ExecutionStatus,
  HistoryEvent,
  ListRequest,
  StartedExecution,
  StartRequest,
  WorkflowEngine,
  WorkflowName,
} from './workflow-engine.ts';

/** Where the machines are: of one stack, or each by its ARN. */
export type MachineLocation = StackLocation | Readonly<Partial<Record<WorkflowName, string>>>;

const ERRORS = {
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  // What is no ARN names no execution.
  InvalidArn: ExecutionDoesNotExist,
  InvalidExecutionInput,
  InvalidName,
  InvalidToken,
  StateMachineDoesNotExist,
  StateMachineDeleting: StateMachineDoesNotExist,
} as const;

export class StepFunctionsEngine implements WorkflowEngine {
  readonly #sfn: SFNClient;
  readonly #machines: MachineLocation;

  constructor(sfn: SFNClient, machines: MachineLocation) {
    this.#sfn = sfn;
    this.#machines = machines;
  }

  executionArn(workflow: WorkflowName, name: string): string {
    return executionArnOf(this.#machineArn(workflow), name);
  }

  async start({ workflow, name, input }: StartRequest): Promise<StartedExecution> {
    const command = new StartExecutionCommand({
      stateMachineArn: this.#machineArn(workflow),
      name,
      input: JSON.stringify(input),
    });
    const answer = await translated(() => this.#sfn.send(command));
    return { executionArn: present(answer.executionArn), startDate: present(answer.startDate) };
  }

  async describe(executionArn: string): Promise<ExecutionDescription> {
    const answer = await translated(() => this.#sfn.send(new DescribeExecutionCommand({ executionArn })));
    return this.#described(answer);
  }

  async history(executionArn: string, options: { readonly last?: number } = {}): Promise<readonly HistoryEvent[]> {
    const { last } = options;
    const events: HistoryEvent[] = [];
    if (last !== undefined) {
      const command = new GetExecutionHistoryCommand({ executionArn, maxResults: last, reverseOrder: true });
      const page = await translated(() => this.#sfn.send(command));
      return (page.events ?? []).map(historyEvent).reverse();
    }
    let nextToken: string | undefined;
    do {
      const command = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000, nextToken });
      const page = await translated(() => this.#sfn.send(command));
      for (const event of page.events ?? []) events.push(historyEvent(event));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return events;
  }

  async stop(executionArn: string, reason: { readonly error?: string; readonly cause?: string } = {}): Promise<void> {
    await translated(() => this.#sfn.send(new StopExecutionCommand({ executionArn, ...reason })));
  }

  async list({ workflow, status, maxResults, nextToken }: ListRequest): Promise<ExecutionPage> {
    const command = new ListExecutionsCommand({
      stateMachineArn: this.#machineArn(workflow),
      statusFilter: status,
      maxResults: maxResults ?? 100,
      nextToken,
    });
    const answer = await translated(() => this.#sfn.send(command));
    const executions = (answer.executions ?? []).map((item) => ({
      executionArn: present(item.executionArn),
      workflow,
      name: present(item.name),
      status: known(item.status),
      startDate: present(item.startDate),
      ...(item.stopDate === undefined ? {} : { stopDate: item.stopDate }),
    }));
    return answer.nextToken === undefined ? { executions } : { executions, nextToken: answer.nextToken };
  }

  #machineArn(workflow: WorkflowName): string {
    if (isStack(this.#machines)) return stateMachineArn(this.#machines, workflow);
    const arn = this.#machines[workflow];
    if (arn === undefined) throw new StateMachineDoesNotExist(`No state machine is configured for ${workflow}`);
    return arn;
  }

  #described(answer: DescribeExecutionOutput): ExecutionDescription {
    return {
      executionArn: present(answer.executionArn),
      workflow: this.#workflowOf(present(answer.stateMachineArn)),
      name: present(answer.name),
      status: known(answer.status),
      startDate: present(answer.startDate),
      input: parsed(answer.input),
      ...(answer.stopDate === undefined ? {} : { stopDate: answer.stopDate }),
      ...(answer.output === undefined ? {} : { output: parsed(answer.output) }),
      ...(answer.error === undefined ? {} : { error: answer.error }),
      ...(answer.cause === undefined ? {} : { cause: answer.cause }),
    };
  }

  #workflowOf(machineArn: string): WorkflowName {
    if (!isStack(this.#machines)) {
      const entry = Object.entries(this.#machines).find(([, arn]) => arn === machineArn);
      if (entry !== undefined) return entry[0] as WorkflowName;
      throw new StateMachineDoesNotExist(`${machineArn} belongs to none of the configured workflows`);
    }
    const name = machineArn.slice(machineArn.lastIndexOf(':') + 1);
    const prefix = `${this.#machines.stack}-`;
    if (name.startsWith(prefix)) return name.slice(prefix.length) as WorkflowName;
    throw new StateMachineDoesNotExist(`${machineArn} does not belong to the stack ${this.#machines.stack}`);
  }
}

function isStack(machines: MachineLocation): machines is StackLocation {
  return 'stack' in machines;
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && error.name in ERRORS) {
      throw new ERRORS[error.name as keyof typeof ERRORS](error.message, { cause: error });
    }
    throw error;
  }
}

/** A redrive puts an execution back to work under the same name. */
function known(status: string | undefined): ExecutionStatus {
  return status === 'PENDING_REDRIVE' ? 'RUNNING' : (present(status) as ExecutionStatus);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('Step Functions left out a member that its model requires');
  return value;
}

function parsed(json: string | undefined): unknown {
  return json === undefined || json === '' ? undefined : JSON.parse(json);
}

/** An event's details stand under a member named for its type: `taskFailedEventDetails`. One of them is there at most. */
function historyEvent(event: SdkEvent): HistoryEvent {
  const member = Object.entries(event).find(([key, value]) => key.endsWith('EventDetails') && value !== undefined);
  const details = (member?.[1] ?? {}) as Readonly<
    Record<'name' | 'input' | 'parameters' | 'output' | 'error' | 'cause', string>
  >;
  const input = parsed(details.input ?? details.parameters);
  const output = parsed(details.output);
  return {
    id: present(event.id),
    previousEventId: event.previousEventId ?? 0,
    timestamp: present(event.timestamp),
    type: present(event.type),
    ...(details.name === undefined ? {} : { stateName: details.name }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(details.error === undefined ? {} : { error: details.error }),
    ...(details.cause === undefined ? {} : { cause: details.cause }),
  };
}

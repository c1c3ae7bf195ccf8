/** Step Functions' API, in front of whatever runs the state machines. */
import { randomUUID } from 'node:crypto';
import type {
  DescribeExecutionCommandInput,
  DescribeExecutionCommandOutput,
  DescribeStateMachineCommandInput,
  DescribeStateMachineCommandOutput,
  GetExecutionHistoryCommandInput,
  GetExecutionHistoryCommandOutput,
  ListExecutionsCommandInput,
  ListExecutionsCommandOutput,
  ListStateMachinesCommandInput,
  ListStateMachinesCommandOutput,
  StartExecutionCommandInput,
  StartExecutionCommandOutput,
  StopExecutionCommandInput,
  StopExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import {
  DescribeExecution$,
  DescribeStateMachine$,
  GetExecutionHistory$,
  ListExecutions$,
  ListStateMachines$,
  StartExecution$,
  StopExecution$,
} from '@aws-sdk/client-sfn';
import type { ExecutionStatus, WorkflowEngine, WorkflowName } from '../engine/workflow-engine.ts';
import { pageOf } from './paging.ts';
import { operation, ServiceError, type ServiceModel } from './service.ts';
import { sdkEvents } from './states/events.ts';

/** A machine that the engine runs under the name of a workflow. */
export interface ServedStateMachine {
  readonly arn: string;
  readonly workflow: WorkflowName;
  readonly definition: { readonly States: Readonly<Record<string, unknown>> };
}

export interface StepFunctionsOptions {
  readonly stateMachines: readonly ServedStateMachine[];
}

const LARGEST_PAGE = 1000;
const DEFAULT_PAGE = 100;
const CREATED = new Date(0);

const bucket = (name: string) => [{ name }];

export function stepFunctionsService(engine: WorkflowEngine, options: StepFunctionsOptions): ServiceModel {
  const model = new StepFunctionsModel(engine, options);
  return {
    id: 'states',
    protocol: 'json-1.0',
    target: 'AWSStepFunctions',
    operations: {
      StartExecution: operation<StartExecutionCommandInput, StartExecutionCommandOutput>(
        StartExecution$,
        'write',
        (input) => asService(() => model.startExecution(input)),
        bucket('states-start-execution'),
      ),
      DescribeExecution: operation<DescribeExecutionCommandInput, DescribeExecutionCommandOutput>(
        DescribeExecution$,
        'read',
        (input) => asService(() => model.describeExecution(input)),
        bucket('states-describe-execution'),
      ),
      GetExecutionHistory: operation<GetExecutionHistoryCommandInput, GetExecutionHistoryCommandOutput>(
        GetExecutionHistory$,
        'read',
        (input) => asService(() => model.getExecutionHistory(input)),
        bucket('states-get-execution-history'),
      ),
      StopExecution: operation<StopExecutionCommandInput, StopExecutionCommandOutput>(
        StopExecution$,
        'write',
        (input) => asService(() => model.stopExecution(input)),
        bucket('states-stop-execution'),
      ),
      ListExecutions: operation<ListExecutionsCommandInput, ListExecutionsCommandOutput>(
        ListExecutions$,
        'read',
        (input) => asService(() => model.listExecutions(input)),
        bucket('states-list-executions'),
      ),
      ListStateMachines: operation<ListStateMachinesCommandInput, ListStateMachinesCommandOutput>(
        ListStateMachines$,
        'read',
        (input) => model.listStateMachines(input),
      ),
      DescribeStateMachine: operation<DescribeStateMachineCommandInput, DescribeStateMachineCommandOutput>(
        DescribeStateMachine$,
        'read',
        (input) => model.describeStateMachine(input),
      ),
    },
  };
}

class StepFunctionsModel {
  readonly #engine: WorkflowEngine;
  readonly #machines: readonly ServedStateMachine[];

  constructor(engine: WorkflowEngine, options: StepFunctionsOptions) {
    this.#engine = engine;
    this.#machines = [...options.stateMachines].sort((a, b) => (a.arn < b.arn ? -1 : 1));
  }

  async startExecution(input: StartExecutionCommandInput) {
    const { workflow } = this.#machine(input.stateMachineArn);
    const name = input.name ?? randomUUID();
    return this.#engine.start({ workflow, name, input: parsedInput(input.input ?? '{}') });
  }

  async describeExecution(input: DescribeExecutionCommandInput) {
    const execution = await this.#engine.describe(checkedArn(input.executionArn, 'execution'));
    const included = { included: true };
    return {
      executionArn: execution.executionArn,
      stateMachineArn: machineArnOf(execution.executionArn),
      name: execution.name,
      status: execution.status,
      startDate: execution.startDate,
      stopDate: execution.stopDate,
      input: JSON.stringify(execution.input),
      inputDetails: included,
      ...(execution.output === undefined ? {} : { output: JSON.stringify(execution.output), outputDetails: included }),
      error: execution.error,
      cause: execution.cause,
      redriveCount: 0,
    };
  }

  async getExecutionHistory(input: GetExecutionHistoryCommandInput) {
    const executionArn = checkedArn(input.executionArn, 'execution');
    const { States: states } = this.#machine(machineArnOf(executionArn)).definition;
    const history = sdkEvents(await this.#engine.history(executionArn), {
      includeExecutionData: input.includeExecutionData ?? true,
      resourceOf: (name) => resourceOf(states[name]),
    });
    if (input.reverseOrder === true) history.reverse();
    const page = pageOf(history, pageSize(input.maxResults), input.nextToken, 'InvalidToken');
    return { events: [...page.items], ...(page.nextToken === undefined ? {} : { nextToken: page.nextToken }) };
  }

  async stopExecution({ executionArn, error, cause }: StopExecutionCommandInput) {
    const arn = checkedArn(executionArn, 'execution');
    await this.#engine.stop(arn, {
      ...(error === undefined ? {} : { error }),
      ...(cause === undefined ? {} : { cause }),
    });
    const { stopDate } = await this.#engine.describe(arn);
    return { stopDate };
  }

  async listExecutions(input: ListExecutionsCommandInput) {
    const { workflow, arn } = this.#machine(input.stateMachineArn);
    const page = await this.#engine.list({
      workflow,
      maxResults: pageSize(input.maxResults),
      // No execution of this engine awaits a redrive.
      ...(input.statusFilter === undefined ? {} : { status: input.statusFilter as ExecutionStatus }),
      ...(input.nextToken === undefined ? {} : { nextToken: input.nextToken }),
    });
    return {
      executions: page.executions.map(({ executionArn, name, status, startDate, stopDate }) => ({
        executionArn,
        stateMachineArn: arn,
        name,
        status,
        startDate,
        stopDate,
        redriveCount: 0,
      })),
      nextToken: page.nextToken,
    };
  }

  listStateMachines(input: ListStateMachinesCommandInput) {
    const page = pageOf(this.#machines, pageSize(input.maxResults), input.nextToken, 'InvalidToken');
    return {
      stateMachines: page.items.map(({ arn }) => ({
        stateMachineArn: arn,
        name: nameOf(arn),
        type: 'STANDARD' as const,
        creationDate: CREATED,
      })),
      nextToken: page.nextToken,
    };
  }

  describeStateMachine(input: DescribeStateMachineCommandInput) {
    const { arn, definition } = this.#machine(input.stateMachineArn);
    return {
      stateMachineArn: arn,
      name: nameOf(arn),
      status: 'ACTIVE' as const,
      type: 'STANDARD' as const,
      definition: JSON.stringify(definition),
      roleArn: roleArnOf(arn),
      creationDate: CREATED,
    };
  }

  #machine(given: string | undefined): ServedStateMachine {
    const arn = checkedArn(given, 'stateMachine');
    const machine = this.#machines.find((each) => each.arn === arn);
    if (machine === undefined) {
      throw new ServiceError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    }
    return machine;
  }
}

/** Refusals that the engine names as Step Functions does are the caller's; anything else is the service's own trouble. */
const REFUSALS = [
  'ExecutionAlreadyExists',
  'ExecutionDoesNotExist',
  'InvalidExecutionInput',
  'InvalidName',
  'InvalidToken',
  'StateMachineDoesNotExist',
];

async function asService<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError || !(error instanceof Error)) throw error;
    if (REFUSALS.includes(error.name)) throw new ServiceError(error.name, error.message);
    throw new ServiceError('InternalFailure', error.message, 500);
  }
}

function checkedArn(arn: string | undefined, kind: 'execution' | 'stateMachine'): string {
  const form = kind === 'execution' ? 'execution:[^:]+:[^:]+' : 'stateMachine:[^:]+';
  if (new RegExp(`^arn:aws[a-z-]*:states:[a-z0-9-]+:\\d{12}:${form}$`).test(arn ?? '')) return arn ?? '';
  throw new ServiceError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${arn}'`);
}

function parsedInput(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ServiceError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${message}'`);
  }
}

/** 0 asks for the default. */
function pageSize(asked: number | undefined): number {
  return Math.min(asked || DEFAULT_PAGE, LARGEST_PAGE);
}

function nameOf(machineArn: string): string {
  return machineArn.slice(machineArn.lastIndexOf(':') + 1);
}

function machineArnOf(executionArn: string): string {
  return executionArn.slice(0, executionArn.lastIndexOf(':')).replace(':execution:', ':stateMachine:');
}

function roleArnOf(machineArn: string): string {
  const [, partition, , , account] = machineArn.split(':');
  return `arn:${partition}:iam::${account}:role/${nameOf(machineArn)}`;
}

/** A Resource is an ARN, or the template's name for one where the definition stands as in its template. */
function resourceOf(state: unknown): string | undefined {
  const { Resource: resource } = (state ?? {}) as { readonly Resource?: unknown };
  return typeof resource === 'string' || resource === undefined ? resource : JSON.stringify(resource);
}

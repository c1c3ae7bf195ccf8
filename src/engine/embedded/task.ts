/** One attempt of a Task state: a call of a step's handler as Lambda would make it, or a child execution. */
import { randomUUID } from 'node:crypto';
import type { ExecutionDescription } from '../workflow-engine.ts';
import type { JsonObject, TaskTarget } from './definition.ts';
import { describeRow } from './descriptions.ts';
import { dataLimitExceeded, Halted, lambdaFailure, TaskFailure } from './failures.ts';
import type { EventDetails } from './history.ts';
import type { Host } from './host.ts';
import { tooLarge } from './limits.ts';
import { at } from './timers.ts';

export interface Attempt {
  readonly host: Host;
  readonly state: string;
  readonly target: TaskTarget;
  /** What Parameters made of the state's input. */
  readonly payload: unknown;
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  /** Names this attempt among all of all executions, and stays the same when the state is re-entered. */
  readonly key: string;
  /** Rejects when the execution is stopped or let go of. */
  readonly halted: Promise<never>;
  /** @throws Terminal when the history is full. */
  record(type: string, details: EventDetails): void;
  childStarted(executionArn: string): void;
}

/** @throws TaskFailure @throws Halted */
export async function runAttempt(attempt: Attempt): Promise<unknown> {
  const input = JSON.stringify(attempt.payload) ?? 'null';
  if (tooLarge(input)) throw dataLimitExceeded(attempt.state, 'input of the task');
  switch (attempt.target.kind) {
    case 'function':
      return callFunction(attempt, attempt.target.functionKey, input);
    case 'execution':
      return runExecution(attempt, attempt.target.machineKey, input);
    case 'description':
      return describeExecution(attempt, input);
  }
}

/** Input and output stand in it as text, as in the API's answer. */
function describeExecution({ host, payload, state, record }: Attempt, input: string): unknown {
  record('TaskScheduled', { input });
  record('TaskStarted', {});
  const { ExecutionArn: arn } = (payload ?? {}) as JsonObject;
  const row = typeof arn === 'string' ? host.store.byArn(arn) : undefined;
  if (row === undefined) {
    const failure = new TaskFailure('Sfn.ExecutionDoesNotExistException', `Execution Does Not Exist: '${String(arn)}'`);
    record('TaskFailed', { error: failure.name, cause: failure.message });
    throw failure;
  }
  const described = childResult(host, describeRow(row), (value) => JSON.stringify(value));
  const dates = {
    StartDate: new Date(row.started),
    ...(row.stopped === null ? {} : { StopDate: new Date(row.stopped) }),
  };
  const output = JSON.stringify({ ...described, ...dates });
  record('TaskSucceeded', { output });
  if (tooLarge(output)) throw dataLimitExceeded(state, 'result of the task');
  return JSON.parse(output);
}

async function callFunction(attempt: Attempt, functionKey: string, input: string): Promise<unknown> {
  const { host, state } = attempt;
  attempt.record('LambdaFunctionScheduled', { input });
  attempt.record('LambdaFunctionStarted', {});
  const handler = host.handlers[functionKey];
  if (handler === undefined) {
    const failure = new TaskFailure('Lambda.ResourceNotFoundException', `Function not found: ${functionKey}`);
    attempt.record('LambdaFunctionFailed', { error: failure.name, cause: failure.message });
    throw failure;
  }
  const controller = new AbortController();
  const { deadline = Number.POSITIVE_INFINITY } = attempt;
  const context = {
    functionName: functionKey,
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    signal: controller.signal,
  };
  const answer = (async () => {
    try {
      // Through JSON both ways: a Date or an undefined that leaks here would not exist on Lambda.
      const output = JSON.stringify(await handler(JSON.parse(input), context)) ?? 'null';
      return { output };
    } catch (thrown) {
      return { failure: lambdaFailure(thrown) };
    }
  })();
  try {
    const { output, failure } = await timed(attempt, 'LambdaFunctionTimedOut', answer, () => controller.abort());
    if (failure !== undefined) {
      attempt.record('LambdaFunctionFailed', { error: failure.name, cause: failure.message });
      throw failure;
    }
    attempt.record('LambdaFunctionSucceeded', { output });
    if (tooLarge(output)) throw dataLimitExceeded(state, 'result of the task');
    return JSON.parse(output);
  } catch (error) {
    if (error instanceof Halted) controller.abort();
    throw error;
  }
}

async function runExecution(attempt: Attempt, machineKey: string, input: string): Promise<unknown> {
  const { host, state } = attempt;
  attempt.record('TaskScheduled', { input });
  attempt.record('TaskStarted', {});
  const parameters = (attempt.payload ?? {}) as JsonObject;
  const name = typeof parameters.Name === 'string' ? { name: parameters.Name } : {};
  let executionArn: string;
  try {
    const request = { machineKey, key: attempt.key, input: parameters.Input ?? {}, ...name };
    executionArn = await host.startChild(request);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    if (name === 'EngineClosed') throw new Halted();
    const failure = new TaskFailure(`StepFunctions.${name}Exception`, message);
    attempt.record('TaskFailed', { error: failure.name, cause: failure.message });
    throw failure;
  }
  attempt.childStarted(executionArn);
  attempt.record('TaskSubmitted', { output: JSON.stringify({ ExecutionArn: executionArn }) });
  const child = await timed(attempt, 'TaskTimedOut', host.waitFor(executionArn), () =>
    host.stopChild(executionArn, `The task '${state}' of the parent execution timed out`),
  );
  if (child.status !== 'SUCCEEDED') {
    const failure = new TaskFailure('States.TaskFailed', JSON.stringify(childResult(host, child, JSON.stringify)));
    attempt.record('TaskFailed', { error: failure.name, cause: failure.message });
    throw failure;
  }
  const output = JSON.stringify(childResult(host, child, (value) => value));
  attempt.record('TaskSucceeded', { output });
  if (tooLarge(output)) throw dataLimitExceeded(state, 'result of the task');
  return JSON.parse(output);
}

/** DescribeExecution's answer as `.sync:2` hands it to the parent: input and output parsed, as text in a Cause. */
function childResult(host: Host, child: ExecutionDescription, payload: (value: unknown) => unknown): object {
  return {
    ExecutionArn: child.executionArn,
    Input: payload(child.input),
    InputDetails: { Included: true },
    Name: child.name,
    ...(child.status === 'SUCCEEDED' ? { Output: payload(child.output), OutputDetails: { Included: true } } : {}),
    ...(child.error === undefined ? {} : { Error: child.error }),
    ...(child.cause === undefined ? {} : { Cause: child.cause }),
    StartDate: child.startDate.getTime(),
    StateMachineArn: host.machineArn(child.workflow),
    Status: child.status,
    StopDate: child.stopDate?.getTime(),
  };
}

/**
 * Waits for the work, the deadline or the halt, whichever comes first. At the deadline it never settles: the library's
 * own timer, set a moment later for the same time, then raises its States.Timeout, which States.TaskFailed does not match.
 */
function timed<T>(attempt: Attempt, event: string, work: Promise<T>, giveUp: () => void): Promise<T> {
  if (attempt.deadline === undefined) return Promise.race([work, attempt.halted]);
  return new Promise<T>((resolve, reject) => {
    let late = false;
    const timer = at(attempt.deadline ?? 0, () => {
      late = true;
      try {
        attempt.record(event, { error: 'States.Timeout' });
      } catch (error) {
        reject(error);
      }
      giveUp();
    });
    const settle = (done: () => void): void => {
      timer.cancel();
      if (!late) done();
    };
    attempt.halted.catch((error: unknown) => {
      timer.cancel();
      reject(error);
    });
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

/** How a state ends other than well, in the form that aws-local-stepfunctions retries, catches and reports by. */

/** A task failed. `name` is what Retry and Catch match, the message becomes `Cause`. */
export class TaskFailure extends Error {
  constructor(name: string, cause: string) {
    super(cause);
    this.name = name;
  }
}

/** No Retry and no Catch helps: States.Runtime, States.DataLimitExceeded, a full history. */
export class Terminal extends TaskFailure {
  readonly isRetryable = false;
  readonly isCatchable = false;
}

/** Not a failure: the execution was stopped, or the engine is closing. */
export class Halted extends Terminal {
  constructor() {
    super('Halted', 'the engine has let go of the state');
  }
}

const TRACE_LINES = 12;

/** An error as Lambda reports it: `errorType` is its name, and the Cause is a JSON document. */
export function lambdaFailure(thrown: unknown): TaskFailure {
  if (thrown instanceof Error) {
    const trace = (thrown.stack ?? '').split('\n').slice(0, TRACE_LINES);
    return new TaskFailure(
      thrown.name,
      JSON.stringify({ errorType: thrown.name, errorMessage: thrown.message, trace }),
    );
  }
  const errorType = typeof thrown;
  return new TaskFailure(errorType, JSON.stringify({ errorType, errorMessage: String(thrown), trace: [] }));
}

export function dataLimitExceeded(state: string, what: string): Terminal {
  return new Terminal(
    'States.DataLimitExceeded',
    `The state/task '${state}' returned a result or was given an input with a size exceeding the maximum number of bytes service limit (${what}).`,
  );
}

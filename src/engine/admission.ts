/** Starts work once, however often it is asked for. */
import { ExecutionAlreadyExists, TooManyAttempts } from './errors.ts';
import { attemptName } from './names.ts';
import type { StartRequest, WorkflowEngine } from './workflow-engine.ts';

export interface Admission {
  /** `attached`: it is running already. `succeeded`: it has ended well before, and is not done again. */
  readonly outcome: 'started' | 'attached' | 'succeeded';
  readonly executionArn: string;
  /** The output of a succeeded execution. */
  readonly receipt?: unknown;
}

/** So many executions of one name may fail before asking again no longer helps. */
const MOST_ATTEMPTS = 99;

/**
 * Starts the work, unless it runs or has succeeded. What failed, timed out, was refused or stopped is started again
 * under the next name.
 * @throws TooManyAttempts @throws InvalidName @throws InvalidExecutionInput
 */
export async function admit(engine: WorkflowEngine, request: StartRequest): Promise<Admission> {
  const { workflow } = request;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const name = attemptName(request.name, attempt);
    const executionArn = engine.executionArn(workflow, name);
    const asked = Date.now();
    try {
      const { startDate } = await engine.start({ ...request, name });
      // The same name and input while it runs is answered with the running execution, started before we asked.
      return { outcome: startDate.getTime() < asked - CLOCK_TOLERANCE_MS ? 'attached' : 'started', executionArn };
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    }
    const { status, output } = await engine.describe(executionArn);
    if (status === 'RUNNING') return { outcome: 'attached', executionArn };
    if (status === 'SUCCEEDED') return { outcome: 'succeeded', executionArn, receipt: output };
  }
  throw new TooManyAttempts(`${request.name}: ${MOST_ATTEMPTS} executions have failed; give the work a new key`);
}

/** Two clocks are compared, AWS's and ours. */
const CLOCK_TOLERANCE_MS = 1_000;

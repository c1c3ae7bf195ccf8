/** The deployed engine, and waiting for what it runs: over hours, through throttling, outages and new credentials. */
import { GetExecutionHistoryCommand, paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { codeOf, translate } from '../aws/errors.ts';
import { AccessDenied, InvalidInput, NotFound, Rejected } from '../contract/errors.ts';
import { ExecutionDoesNotExist } from '../engine/errors.ts';
import { StepFunctionsEngine } from '../engine/step-functions.ts';
import type { ExecutionDescription, WorkflowName } from '../engine/workflow-engine.ts';
import { type ActionEngine, ProgressLog, pause, type Watch, type Watched } from './engine.ts';
import { nextLook } from './pace.ts';

/** SFN's settings, without what only tests and the environment say. */
export type SfnSettings = NonNullable<ConstructorParameters<typeof SFNClient>[0]>;

/** Histories have a quota of their own, half of that of descriptions. */
const HISTORY_EVERY_MS = 30_000;
const LATEST_EVENTS = 10;
/** An execution may not be found in the first moments. */
const FOUND_WITHIN_MS = 60_000;
/** New credentials may come from a file or an agent; so many looks in a row that find none are enough. */
const MOST_EXPIRED = 3;

export class DeployedEngine implements ActionEngine {
  readonly durable = true;
  readonly engine: StepFunctionsEngine;
  readonly #settings: SfnSettings;
  readonly #machines: Readonly<Partial<Record<WorkflowName, string>>>;
  #watching: SFNClient;

  /** @param machineArn the deployed machine of this workflow */
  constructor(settings: SfnSettings, workflow: WorkflowName, machineArn: string) {
    this.#settings = settings;
    this.#machines = { [workflow]: machineArn };
    this.engine = new StepFunctionsEngine(new SFNClient({ maxAttempts: 5, ...settings }), this.#machines);
    this.#watching = this.#watcher();
  }

  async watch(watch: Watch): Promise<Watched> {
    const { executionArn, name, dryRun, signal, say } = watch;
    const startedAt = Date.now();
    const progress = new ProgressLog(say);
    const trouble = new TroubleLog(startedAt, say);
    let historyAt = startedAt;
    while (!signal.aborted) {
      const now = Date.now();
      if (watch.until !== undefined && now >= watch.until) return { kind: 'unfinished' };
      const look = nextLook({ name, dryRun, startedAt, now });
      await pause(Math.min(look, watch.until ?? look) - now, signal);
      if (signal.aborted) break;
      try {
        const description = await this.#describe(executionArn);
        trouble.over();
        if (description.status !== 'RUNNING') return { kind: 'ended', description };
      } catch (error) {
        const lost = trouble.begin(error);
        if (lost !== undefined) return { kind: 'lost', reason: lost };
        if (isExpired(error)) this.#watching = this.#watcher();
        continue;
      }
      if (Date.now() - historyAt >= HISTORY_EVERY_MS) {
        historyAt = (await this.#tell(executionArn, progress, say)) ? Date.now() : Number.POSITIVE_INFINITY;
      }
    }
    return { kind: 'cancelled' };
  }

  async close(): Promise<void> {
    this.#watching.destroy();
  }

  /** One attempt: a throttled look is an observation, and the next one comes a round later. */
  #watcher(): SFNClient {
    return new SFNClient({ ...this.#settings, maxAttempts: 1 });
  }

  #describe(executionArn: string): Promise<ExecutionDescription> {
    return new StepFunctionsEngine(this.#watching, this.#machines).describe(executionArn);
  }

  /** @returns whether to ask again: not being allowed to is no fault */
  async #tell(executionArn: string, progress: ProgressLog, say: Watch['say']): Promise<boolean> {
    try {
      const { events = [] } = await this.#watching.send(
        new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: LATEST_EVENTS }),
      );
      for (const { type = '', timestamp = new Date(), stateEnteredEventDetails: state } of events.reverse()) {
        const { name: stateName, input = 'null' } = state ?? {};
        if (stateName !== undefined) progress.add({ type, timestamp, stateName, input: JSON.parse(input) });
      }
      return true;
    } catch (error) {
      const known = translate(error, 'Step Functions GetExecutionHistory');
      if (known instanceof AccessDenied && !isExpired(error)) {
        say('The role lacks states:GetExecutionHistory, so that only the end will be told.');
        return false;
      }
      return true;
    }
  }
}

/** What goes wrong while waiting: told when it begins and when it is over. */
class TroubleLog {
  readonly #since: number;
  readonly #say: Watch['say'];
  #kind = '';
  #expired = 0;

  constructor(since: number, say: Watch['say']) {
    this.#since = since;
    this.#say = say;
  }

  over(): void {
    if (this.#kind !== '') this.#say('Step Functions answers again.');
    this.#kind = '';
    this.#expired = 0;
  }

  /** @returns why waiting is of no use any more */
  begin(error: unknown): string | undefined {
    const known = translate(error, 'Step Functions DescribeExecution');
    if (isExpired(error)) {
      this.#expired += 1;
      if (isFixed(process.env) || this.#expired >= MOST_EXPIRED) return expiredText(Date.now() - this.#since);
    } else if (error instanceof ExecutionDoesNotExist) {
      if (Date.now() - this.#since > FOUND_WITHIN_MS) return error.message;
    } else if (known instanceof AccessDenied || known instanceof Rejected || known instanceof NotFound) {
      return `${known.message}. The role needs states:DescribeExecution to wait for it`;
    }
    const kind = isExpired(error)
      ? 'The credentials have expired; looking for new ones.'
      : `Waiting on: ${known.message}`;
    if (kind !== this.#kind) this.#say(kind);
    this.#kind = kind;
    return undefined;
  }
}

function isExpired(error: unknown): boolean {
  return /^(ExpiredToken.*|RequestExpired|ExpiredTokenException)$/.test(codeOf(error));
}

/** Credentials in the environment stay as they are for as long as the process. */
function isFixed({ AWS_ACCESS_KEY_ID: key }: Readonly<Record<string, string | undefined>>): boolean {
  return key !== undefined && key !== '';
}

function expiredText(waitedMs: number): string {
  const minutes = Math.round(waitedMs / 60_000);
  return (
    `the AWS credentials expired after ${minutes} min of waiting. Ask for longer ones (role-duration-seconds of ` +
    'aws-actions/configure-aws-credentials), or start with wait: false'
  );
}

/** @returns the ARN of `<stack>-<workflow>`. @throws InvalidInput when the region has no such machine. */
export async function findStateMachine(settings: SfnSettings, stack: string, workflow: WorkflowName): Promise<string> {
  const client = new SFNClient({ maxAttempts: 5, ...settings });
  const name = `${stack}-${workflow}`;
  try {
    for await (const { stateMachines = [] } of paginateListStateMachines({ client, pageSize: 1000 }, {})) {
      const arn = stateMachines.find((machine) => machine.name === name)?.stateMachineArn;
      if (arn !== undefined) return arn;
    }
  } finally {
    client.destroy();
  }
  const expected = `must be a stack that is deployed in ${String(await client.config.region())}, where no state machine is called ${name}`;
  throw new InvalidInput('The inputs', [{ field: 'stack', found: JSON.stringify(stack), expected }]);
}

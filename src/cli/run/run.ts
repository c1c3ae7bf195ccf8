/** Runs one execution on an embedded engine in this process, to its end. */
import { isDeepStrictEqual } from 'node:util';
import type { AwsAccess } from '../../aws/clients.ts';
import { DrainInstanceInput } from '../../contract/drain-instance.ts';
import type { Settings } from '../../contract/settings.ts';
import { admit } from '../../engine/admission.ts';
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import { executionName } from '../../engine/names.ts';
import type { WorkflowName } from '../../engine/workflow-engine.ts';
import { EXIT } from '../exit-codes.ts';
import { localEngine } from '../local-engine.ts';
import { receiptLines } from '../receipt-text.ts';
import { type Print, paintFor, printTo } from '../terminal.ts';
import { isRecord, type LifecycleLeft, outcomeOf } from './outcome.ts';
import { showProgress } from './progress.ts';
import type { ReadInput } from './read-input.ts';
import { type LifecyclePolicy, stopByHand } from './stopping.ts';

export interface RunOptions {
  readonly workflow: WorkflowName;
  readonly input: ReadInput;
  readonly settings: Settings;
  readonly access: AwsAccess;
  /** A file; nothing survives the process when absent. */
  readonly journal: string | undefined;
  /** Two runs with one key are one execution, in one journal. */
  readonly key: string;
  readonly json: boolean;
  readonly lifecycle: LifecyclePolicy;
}

/** An execution that belongs to one machine's journal has no account. */
const NO_ACCOUNT = '000000000000';
/** Enough of the history to find what was observed last. */
const LAST_EVENTS = 50;

/** @returns the exit code of its outcome */
export async function run(options: RunOptions): Promise<number> {
  const print = printTo(process.stderr);
  const paint = paintFor(process.stderr);
  const engine = localEngine({
    journal: options.journal ?? ':memory:',
    region: options.input.region,
    accountId: NO_ACCOUNT,
    access: options.access,
    settings: options.settings,
    logger: {
      info: () => undefined,
      warn: (message, data) => print(`${message} ${JSON.stringify(data ?? {})}`),
      error: (message, data) => print(`${message} ${JSON.stringify(data ?? {})}`),
    },
  });
  try {
    const executionArn = await begin(engine, options, print, (arn) => showProgress(engine, arn, print, paint));
    const interrupted = onInterrupt(engine, executionArn, options, print);
    const description = await engine.waitFor(executionArn);
    const lifecycle = await interrupted();
    const events = await engine.history(executionArn, { last: LAST_EVENTS });
    const { status, receipt } = outcomeOf(description, events, lifecycle);
    process.stdout.write(options.json ? `${JSON.stringify(receipt)}\n` : `${receiptLines(receipt).join('\n')}\n`);
    return EXIT[status];
  } finally {
    await engine.close();
  }
}

/** @returns the execution's ARN: of the one in the journal that does the same already, else of a new one. */
async function begin(
  engine: EmbeddedEngine,
  { workflow, input, key, journal }: RunOptions,
  print: Print,
  watch: (executionArn: string) => void,
): Promise<string> {
  if (journal !== undefined) {
    const unfinished = await sameWork(engine, workflow, input.document);
    if (unfinished !== undefined) watch(unfinished);
    const count = await engine.resume();
    if (count > 0) print(`${count} unfinished in ${journal}: taken up where they were`);
    if (unfinished !== undefined) return unfinished;
  }
  const request = { workflow, name: executionName(workflow, subjectOf(input.document), key), input: input.document };
  watch(engine.executionArn(workflow, request.name));
  const admission = await admit(engine, request);
  if (admission.outcome === 'succeeded') print('the journal has it already: it has succeeded before');
  return admission.executionArn;
}

async function sameWork(
  engine: EmbeddedEngine,
  workflow: WorkflowName,
  document: unknown,
): Promise<string | undefined> {
  const { executions } = await engine.list({ workflow, status: 'RUNNING', maxResults: 1000 });
  for (const { executionArn } of executions) {
    const { input } = await engine.describe(executionArn);
    if (isDeepStrictEqual(input, JSON.parse(JSON.stringify(document)))) return executionArn;
  }
  return undefined;
}

function subjectOf(document: unknown): string {
  if (!isRecord(document)) return '';
  const [first] = [document.instanceId, document.instanceIds, document.loadBalancer, document.services].flat();
  return typeof first === 'string' ? first : '';
}

/** The key of a drain is its lifecycle action's token. @returns undefined where the input has none */
export function keyOf(document: unknown): string | undefined {
  const parsed = DrainInstanceInput.safeParse(document);
  return parsed.success ? parsed.data.lifecycle?.lifecycleActionToken : undefined;
}

/**
 * The first Ctrl-C stops the execution, the second one this process.
 * @returns what waits for a stop that is under way, and says what became of the lifecycle action
 */
function onInterrupt(
  engine: EmbeddedEngine,
  executionArn: string,
  { lifecycle, access, journal }: RunOptions,
  print: Print,
): () => Promise<LifecycleLeft | undefined> {
  let stopping: Promise<LifecycleLeft> | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    if (stopping !== undefined) {
      print(journal === undefined ? 'left as it is' : `left as it is, in ${journal}`);
      process.exit(EXIT.stopped);
    }
    print(`${signal}: stopping; once more leaves everything as it is`);
    stopping = stopByHand(engine, executionArn, lifecycle, access, `stopped by ${signal}`);
    // Awaited below, when the execution has ended.
    stopping.catch((error: unknown) => print(`the lifecycle action could not be completed: ${String(error)}`));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return async () => {
    const lifecycle = await stopping?.catch((): LifecycleLeft => 'left');
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    return lifecycle;
  };
}

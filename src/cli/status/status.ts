/** What runs and what has run: a list, or one execution with its receipt. */
import type { ExecutionDescription, ExecutionPage, WorkflowName } from '../../engine/workflow-engine.ts';
import { receiptLines } from '../receipt-text.ts';
import { isRecord, outcomeOf } from '../run/outcome.ts';
import { printTo } from '../terminal.ts';
import { NothingThere, type Source, type SourceOptions, sourceOf } from './sources.ts';

export interface StatusOptions extends SourceOptions {
  /** By name or ARN; a list when absent. */
  readonly execution: string | undefined;
  /** Of the list. */
  readonly most: number;
  readonly json: boolean;
}

type Summary = ExecutionPage['executions'][number];

/** Enough of the history to say where it stands. */
const LAST_EVENTS = 50;

/** @throws NothingThere @throws ExecutionDoesNotExist */
export async function status(options: StatusOptions): Promise<void> {
  const source = await sourceOf(options);
  try {
    const { execution } = options;
    if (execution === undefined) await list(source, options);
    else await describe(source, execution, options.json);
  } finally {
    await source.close();
  }
}

async function list({ engine, workflows }: Source, { most, json }: StatusOptions): Promise<void> {
  const pages = await Promise.all(workflows.map((workflow) => engine.list({ workflow, maxResults: most })));
  const newest = pages
    .flatMap(({ executions }) => executions)
    .sort((a, b) => b.startDate.getTime() - a.startDate.getTime())
    .slice(0, most);
  const print = printTo(process.stdout);
  if (json) for (const one of newest) print(JSON.stringify(one));
  else for (const line of table(newest)) print(line);
}

function table(executions: readonly Summary[]): string[] {
  if (executions.length === 0) return ['no execution'];
  const rows = executions.map(({ startDate, stopDate, status: state, name }) => [
    startDate.toISOString().replace(/\.\d+Z$/, 'Z'),
    state,
    stopDate === undefined ? '' : `${Math.round((stopDate.getTime() - startDate.getTime()) / 1000)} s`,
    name,
  ]);
  const all = [['started', 'status', 'took', 'execution'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

async function describe(source: Source, given: string, json: boolean): Promise<void> {
  const { engine, workflows } = source;
  const arn = given.startsWith('arn:') ? given : await source.find(workflowOf(given, workflows), given);
  const description = await engine.describe(arn);
  const events = await engine.history(arn, { last: LAST_EVENTS });
  const document =
    description.status === 'RUNNING' ? running(description, events.at(-1)) : outcomeOf(description, events).receipt;
  const print = printTo(process.stdout);
  if (json) print(JSON.stringify(document));
  else for (const line of receiptLines(document)) print(line);
}

function running(
  { executionArn, workflow, startDate, input }: ExecutionDescription,
  last: { readonly stateName?: string; readonly input?: unknown; readonly output?: unknown } | undefined,
): Record<string, unknown> {
  const data = last?.output ?? last?.input;
  const decision = isRecord(data) && isRecord(data.decision) ? data.decision : {};
  return {
    workflow,
    status: 'running',
    execution: executionArn,
    startedAt: startDate.toISOString(),
    state: last?.stateName,
    reason: decision.reason,
    waitUntil: decision.waitUntil,
    input,
  };
}

/** An execution's name begins with its workflow's, the longest that fits. */
function workflowOf(name: string, workflows: readonly WorkflowName[]): WorkflowName {
  const fitting = workflows.filter((workflow) => name.startsWith(`${workflow}-`));
  const [longest] = fitting.sort((a, b) => b.length - a.length);
  if (longest === undefined) {
    throw new NothingThere(`${name} begins with the name of no workflow that is here: ${workflows.join(', ')}`);
  }
  return longest;
}

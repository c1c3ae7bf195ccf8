/** Rows of the journal as the engine's callers see them. */
import { InvalidToken } from '../errors.ts';
import type { ExecutionDescription, ExecutionPage } from '../workflow-engine.ts';
import type { ExecutionRow } from './journal.ts';

function summary(row: ExecutionRow): ExecutionPage['executions'][number] {
  return {
    executionArn: row.arn,
    startDate: new Date(row.started),
    workflow: row.workflow,
    name: row.name,
    status: row.status,
    ...(row.stopped === null ? {} : { stopDate: new Date(row.stopped) }),
  };
}

export function describeRow(row: ExecutionRow): ExecutionDescription {
  return {
    ...summary(row),
    input: JSON.parse(row.input),
    ...(row.output === null ? {} : { output: JSON.parse(row.output) as unknown }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.cause === null ? {} : { cause: row.cause }),
  };
}

export interface PageStart {
  readonly started: number;
  readonly id: number;
}

/** @param rows one more than the limit where there is a next page. */
export function pageOf(rows: readonly ExecutionRow[], limit: number): ExecutionPage {
  const executions = rows.slice(0, limit).map(summary);
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { executions };
  const nextToken = Buffer.from(`${last.started}:${last.id}`).toString('base64url');
  return { executions, nextToken };
}

/** @throws InvalidToken */
export function pageStart(token: string | undefined): PageStart | undefined {
  if (token === undefined) return undefined;
  const match = /^(\d+):(\d+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (match === null) throw new InvalidToken(`Invalid Token: '${token}'`);
  return { started: Number(match[1]), id: Number(match[2]) };
}

/** Reads and writes executions and their history in the journal. Writing happens only within `journal.write`. */
import { createHash } from 'node:crypto';
import type { ExecutionStatus, WorkflowName } from '../workflow-engine.ts';
import type { EventRow, ExecutionRow, Journal } from './journal.ts';

/** Where an execution stands: what re-entry needs. */
export interface Position {
  readonly state: string;
  /** JSON. */
  readonly input: string;
  readonly entered: number;
  /** Number of the event that entered it. */
  readonly event: number;
}

export interface Ending {
  readonly status: Exclude<ExecutionStatus, 'RUNNING'>;
  readonly stopped: number;
  /** JSON. */
  readonly output?: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** An event that refers to its payloads by number. */
export interface NewEvent {
  readonly id: number;
  readonly type: string;
  readonly at: number;
  readonly state: string | null;
  readonly input: number | null;
  readonly output: number | null;
  readonly error: string | null;
  readonly cause: string | null;
}

export interface NewExecution {
  readonly arn: string;
  readonly workflow: WorkflowName;
  readonly name: string;
  readonly definition: string;
  readonly input: string;
  readonly started: number;
  readonly parent: string | null;
}

export class Store {
  readonly #journal: Journal;
  readonly #definitions = new Set<string>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  byArn(arn: string): ExecutionRow | undefined {
    return this.#journal.get<ExecutionRow>('SELECT * FROM executions WHERE arn = ?', arn);
  }

  byParent(parent: string): ExecutionRow | undefined {
    return this.#journal.get<ExecutionRow>('SELECT * FROM executions WHERE parent = ?', parent);
  }

  /** Oldest first, without their rows: there may be many thousands. */
  running(): readonly string[] {
    return this.#journal
      .all<{ arn: string }>("SELECT arn FROM executions WHERE status = 'RUNNING' ORDER BY id")
      .map((row) => row.arn);
  }

  definition(hash: string): string | undefined {
    return this.#journal.get<{ body: string }>('SELECT body FROM definitions WHERE hash = ?', hash)?.body;
  }

  /** Newest first, those that come after a given one. */
  page(
    workflow: WorkflowName,
    status: ExecutionStatus | undefined,
    after: { readonly started: number; readonly id: number } | undefined,
    limit: number,
  ): ExecutionRow[] {
    const { started, id } = after ?? { started: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER };
    const [condition, values] = status === undefined ? ['', []] : ['AND status = ?', [status]];
    return this.#journal.all<ExecutionRow>(
      `SELECT * FROM executions WHERE workflow = ? ${condition} AND (started, id) < (?, ?)
       ORDER BY started DESC, id DESC LIMIT ?`,
      workflow,
      ...values,
      started,
      id,
      limit,
    );
  }

  /** Oldest first: all, or the last so many. */
  events(execution: number, last = Number.MAX_SAFE_INTEGER): EventRow[] {
    const rows = this.#journal.all<EventRow>(
      `SELECT e.id, e.type, e.at, e.state, i.body AS input, o.body AS output, e.error, e.cause FROM events e
       LEFT JOIN payloads i ON i.execution = e.execution AND i.id = e.input
       LEFT JOIN payloads o ON o.execution = e.execution AND o.id = e.output
       WHERE e.execution = ? ORDER BY e.id DESC LIMIT ?`,
      execution,
      last,
    );
    return rows.reverse();
  }

  lastEvent(execution: number): number {
    const row = this.#journal.get<{ last: number | null }>(
      'SELECT max(id) AS last FROM events WHERE execution = ?',
      execution,
    );
    return row?.last ?? 0;
  }

  lastPayload(execution: number): number {
    const row = this.#journal.get<{ last: number | null }>(
      'SELECT max(id) AS last FROM payloads WHERE execution = ?',
      execution,
    );
    return row?.last ?? 0;
  }

  insertDefinition(hash: string, body: string): void {
    if (this.#definitions.has(hash)) return;
    this.#journal.run('INSERT OR IGNORE INTO definitions (hash, body) VALUES (?, ?)', hash, body);
  }

  /** Called once the transaction that inserted it is on the disk. */
  definitionKept(hash: string): void {
    this.#definitions.add(hash);
  }

  insertExecution(row: NewExecution): number {
    return this.#journal.run(
      `INSERT INTO executions (arn, workflow, name, definition, input, status, started, events, transitions, parent)
       VALUES (?, ?, ?, ?, ?, 'RUNNING', ?, 0, 0, ?)`,
      row.arn,
      row.workflow,
      row.name,
      row.definition,
      row.input,
      row.started,
      row.parent,
    ).id;
  }

  moveTo(execution: number, position: Position, events: number, transitions: number): void {
    this.#journal.run(
      `UPDATE executions SET state = ?, state_input = ?, state_entered = ?, state_event = ?, events = ?, transitions = ?
       WHERE id = ?`,
      position.state,
      position.input,
      position.entered,
      position.event,
      events,
      transitions,
      execution,
    );
  }

  end(execution: number, ending: Ending, events: number, transitions: number): void {
    this.#journal.run(
      `UPDATE executions SET status = ?, stopped = ?, output = ?, error = ?, cause = ?, state_input = NULL, events = ?,
       transitions = ? WHERE id = ?`,
      ending.status,
      ending.stopped,
      ending.output ?? null,
      ending.error ?? null,
      ending.cause ?? null,
      events,
      transitions,
      execution,
    );
  }

  insertEvent(execution: number, event: NewEvent): void {
    this.#journal.run(
      'INSERT INTO events (execution, id, type, at, state, input, output, error, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      execution,
      event.id,
      event.type,
      event.at,
      event.state,
      event.input,
      event.output,
      event.error,
      event.cause,
    );
  }

  insertPayload(execution: number, id: number, body: string): void {
    this.#journal.run('INSERT INTO payloads (execution, id, body) VALUES (?, ?, ?)', execution, id, body);
  }

  /** Lets go of what events carried; the first payload is the execution's own input and stays. */
  dropPayloads(execution: number, before: number): void {
    this.#journal.run('DELETE FROM payloads WHERE execution = ? AND id > 1 AND id < ?', execution, before);
  }

  /** Forgets executions that closed before a time, at most a hundred at once. @returns how many. */
  purge(closedBefore: number): number {
    const rows = this.#journal.all<{ id: number }>(
      'SELECT id FROM executions WHERE stopped IS NOT NULL AND stopped < ? LIMIT 100',
      closedBefore,
    );
    for (const { id } of rows) {
      this.#journal.run('DELETE FROM events WHERE execution = ?', id);
      this.#journal.run('DELETE FROM payloads WHERE execution = ?', id);
      this.#journal.run('DELETE FROM executions WHERE id = ?', id);
    }
    return rows.length;
  }
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

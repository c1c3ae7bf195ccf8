/**
 * What the embedded engine must not forget, in SQLite: every execution with the state it is in, and its history.
 *
 * Writes are grouped: whatever asks in one turn of the event loop shares one transaction, and so one wait for the disk.
 * A write has happened, on the disk, when its promise resolves. One process at a time: SQLite's exclusive lock is held
 * from the opening on, and the operating system takes it back from a process that was killed.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { SluiceError } from '../../contract/errors.ts';
import { JournalUnavailable } from '../errors.ts';
import type { ExecutionStatus, WorkflowName } from '../workflow-engine.ts';
import { migrate } from './journal-schema.ts';

export interface ExecutionRow {
  readonly id: number;
  readonly arn: string;
  readonly workflow: WorkflowName;
  readonly name: string;
  /** Hash of the definition that it runs until its end. */
  readonly definition: string;
  readonly input: string;
  readonly status: ExecutionStatus;
  readonly started: number;
  readonly stopped: number | null;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
  readonly state: string | null;
  readonly state_input: string | null;
  readonly state_entered: number | null;
  /** Number of the event that entered the state. */
  readonly state_event: number | null;
  readonly events: number;
  readonly transitions: number;
}

export interface EventRow {
  readonly id: number;
  readonly type: string;
  readonly at: number;
  readonly state: string | null;
  /** JSON, or null where there is none or it is no longer kept. */
  readonly input: string | null;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

export interface JournalOptions {
  /**
   * Whatever else a turn of the event loop brings is written in one transaction: a disk takes milliseconds for each, and so
   * a hundred simultaneous starts cost as much as one.
   */
  readonly grouped?: boolean;
  /** A file, or `:memory:`. */
  readonly path: string;
}

type Work = { readonly run: () => unknown; resolve(value: unknown): void; reject(error: unknown): void };

export class Journal {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #queue: Work[] = [];
  #closed = false;
  readonly #grouped: boolean;

  /** @throws JournalUnavailable when the file is no journal, is damaged, cannot be written, or another process has it. */
  constructor(options: JournalOptions) {
    this.path = options.path;
    this.#grouped = options.grouped ?? false;
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(options.path);
      db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      // Takes the lock now rather than at the first execution, and shows that the file can be written.
      db.exec('BEGIN IMMEDIATE; COMMIT');
      migrate(db);
      const check = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      if (check !== 'ok') {
        const found = String(check).replace(/\s+/g, ' ');
        throw new Error(`it is damaged (${found}); put a copy in its place, or move it away to begin anew`);
      }
    } catch (error) {
      db?.close();
      throw unavailable(options.path, error);
    }
    this.#db = db;
  }

  /**
   * Runs a piece of writing within the next transaction.
   * @returns what the piece returned, once it is on the disk.
   * @throws what the piece threw, when that is one of ours; then it has written nothing.
   * @throws JournalUnavailable when nothing of the transaction was written.
   */
  write<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as Work['resolve'], reject });
      if (this.#queue.length === 1) this.#soon(() => this.flush());
    });
  }

  /** A promise rather than a timer where nothing is grouped: a fake clock holds timers, and a write must not move the time. */
  #soon(flush: () => void): void {
    if (this.#grouped) setImmediate(flush);
    else void Promise.resolve().then(flush);
  }

  /** Writes at once whatever has been asked for. */
  flush(): void {
    const works = this.#queue;
    this.#queue = [];
    if (works.length === 0) return;
    const settle: (() => void)[] = [];
    try {
      if (this.#closed) throw new Error('it has been closed');
      this.#db.exec('BEGIN IMMEDIATE');
      for (const work of works) {
        try {
          const value = work.run();
          settle.push(() => work.resolve(value));
        } catch (error) {
          if (!(error instanceof SluiceError)) throw error;
          settle.push(() => work.reject(error));
        }
      }
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      const refusal = unavailable(this.path, error);
      for (const work of works) work.reject(refusal);
      return;
    }
    for (const done of settle) done();
  }

  /** @throws JournalUnavailable */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#reading(() => this.#statement(sql).all(...values)) as Row[];
  }

  /** @throws JournalUnavailable */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#reading(() => this.#statement(sql).get(...values)) as Row | undefined;
  }

  /** Only within `write`. @returns the id of an inserted row, and how many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): { readonly id: number; readonly changes: number } {
    const { lastInsertRowid, changes } = this.#statement(sql).run(...values);
    return { id: Number(lastInsertRowid), changes: Number(changes) };
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#statements.clear();
    this.#db.close();
  }

  #rollBack(): void {
    try {
      if (!this.#closed && this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // What failed the transaction is what is told; SQLite rolls back by itself where this cannot.
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw unavailable(this.path, error);
    }
  }
}

function unavailable(path: string, error: unknown): JournalUnavailable {
  const message = error instanceof Error ? error.message : String(error);
  const found = /database is locked/.test(message)
    ? 'another process is using it; one journal serves one process'
    : message;
  return new JournalUnavailable(`The journal ${path} cannot be used: ${found}`, { cause: error });
}

/** The journal's tables, and how an older journal becomes one of today. */
import type { DatabaseSync } from 'node:sqlite';

/** Step n brings a journal of version n to version n + 1. Steps are only ever added. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE definitions (hash TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL REFERENCES definitions (hash),
    input TEXT NOT NULL,
    status TEXT NOT NULL,
    started INTEGER NOT NULL,
    stopped INTEGER,
    output TEXT,
    error TEXT,
    cause TEXT,
    state TEXT,
    state_input TEXT,
    state_entered INTEGER,
    state_event INTEGER,
    events INTEGER NOT NULL,
    transitions INTEGER NOT NULL,
    parent TEXT UNIQUE
  );
  CREATE UNIQUE INDEX executions_by_name ON executions (workflow, name);
  CREATE INDEX executions_by_start ON executions (workflow, started, id);
  CREATE INDEX executions_by_status ON executions (workflow, status, started, id);
  CREATE INDEX executions_running ON executions (id) WHERE status = 'RUNNING';
  CREATE INDEX executions_closed ON executions (stopped) WHERE stopped IS NOT NULL;

  CREATE TABLE events (
    execution INTEGER NOT NULL,
    id INTEGER NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT,
    input INTEGER,
    output INTEGER,
    error TEXT,
    cause TEXT,
    PRIMARY KEY (execution, id)
  ) WITHOUT ROWID;

  -- What goes in and out, once however many events in a row speak of it.
  CREATE TABLE payloads (
    execution INTEGER NOT NULL,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (execution, id)
  ) WITHOUT ROWID;
  `,
];

/** @throws where the journal was written by a newer version. */
export function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version > MIGRATIONS.length) {
    throw new Error(`it has version ${version}, and this program knows versions up to ${MIGRATIONS.length}`);
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    db.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

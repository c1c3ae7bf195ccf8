/** What the HTTP API needs of its host: Lambda behind API Gateway, or `sluice serve`. */
import type { AwsAccess } from '../aws/clients.ts';
import type { Credential } from '../contract/http/credentials.ts';
import type { Settings } from '../contract/settings.ts';
import type { ExecutionDescription, WorkflowEngine } from '../engine/workflow-engine.ts';
import type { Authenticator } from './credentials.ts';
import type { RequestRecord } from './request-log.ts';
import type { Watches } from './watches.ts';

export interface HttpServices {
  readonly engine: WorkflowEngine;
  readonly settings: Settings;
  /** For requests that name none. */
  readonly region: string;
  readonly aws: AwsAccess;
  /** Absent: everybody may do everything, which only a loopback address permits. */
  readonly authenticator: Authenticator | undefined;
  readonly ends: EndWatch;
  /** Where callers of one place share nothing but the engine; absent in one process, whose calls to AWS are shared. */
  readonly watches?: Watches;
  /** How long one request may be held open, in seconds; a longer wait goes on by redirect. Absent: as long as it takes. */
  readonly holdSeconds?: number;
  /** Aborted when the host is about to end: whoever is held then is sent on. */
  readonly closing?: AbortSignal;
  readonly log: (record: RequestRecord) => void;
  /** Faults of our own, for whoever runs the service. */
  readonly logError: (message: string, data: Readonly<Record<string, unknown>>) => void;
  /** Answers `GET /metrics`, where there is something to measure. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Files of the page that renders the description, by name. @throws when there is no such file. */
  readonly docsFile: (name: string) => Promise<Uint8Array>;
  /** ms */
  now(): number;
}

/**
 * Waits for the end of an execution.
 * @param until ms
 * @returns undefined when it has not ended by then, or the signal came first
 */
export type EndWatch = (
  executionArn: string,
  until: number,
  signal: AbortSignal,
) => Promise<ExecutionDescription | undefined>;

export type AppEnv = {
  Variables: {
    requestId: string;
    /** Who calls; absent on open routes, and where everybody may. */
    credential: Credential | undefined;
    /** For the log: the execution that the request started, saw or stopped. */
    execution: string | undefined;
    error: string | undefined;
  };
};

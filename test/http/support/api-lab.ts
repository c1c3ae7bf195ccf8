/** The API in front of a lab: real application and engine, virtual time, and no network. */
import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import type { Hono } from 'hono';
import type { Credential } from '../../../src/contract/http/credentials.ts';
import { createApp } from '../../../src/http/app.ts';
import { Authenticator } from '../../../src/http/credentials.ts';
import { readDocsFile } from '../../../src/http/docs-file.ts';
import { endsOf } from '../../../src/http/ends.ts';
import type { RequestRecord } from '../../../src/http/request-log.ts';
import { ALL_ROUTES } from '../../../src/http/routes/all.ts';
import type { AppEnv, HttpServices } from '../../../src/http/services.ts';
import { asFunction, recordingEngine } from '../../support/calls.ts';
import { Lab, type LabOptions } from '../../support/lab.ts';

// Virtual time takes no time, but loading the SDK does on a machine that is busy.
jest.setTimeout(30_000);

export const SECRET = 'correct-horse-battery-staple-0123456789';
export const BEARER = `Bearer ${SECRET}`;

export function sha256(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export const ALL: Credential = { id: 'tests', sha256: sha256(SECRET) };

export interface ApiLabOptions extends LabOptions {
  /** What the source of the credentials answers now. */
  readonly credentials?: () => string;
  readonly services?: Partial<HttpServices>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed; undefined where it is no JSON. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Virtual seconds from the request to its answer, to the hundredth: every timer takes a millisecond at least. */
  readonly seconds: number;
}

export interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: the credential of the tests; null: none. */
  readonly authorization?: string | null;
  readonly signal?: AbortSignal;
}

export class ApiLab {
  readonly lab: Lab;
  readonly app: Hono<AppEnv>;
  readonly log: RequestRecord[] = [];
  readonly errors: string[] = [];

  constructor(options: ApiLabOptions = {}) {
    this.lab = new Lab(options);
    const { requestHandler, credentials, endpoint } = this.lab.region.clientConfig();
    const logError: HttpServices['logError'] = (message, data) =>
      this.errors.push(`${message} ${JSON.stringify(data)}`);
    this.app = createApp(
      {
        engine: recordingEngine(this.lab.engine),
        settings: this.lab.settings,
        region: this.lab.region.region,
        aws: { requestHandler, credentials, endpoint },
        authenticator: new Authenticator({
          source: async () => (options.credentials ?? (() => JSON.stringify([ALL])))(),
          logError,
          now: Date.now,
        }),
        ends: endsOf(this.lab.engine),
        log: (record) => this.log.push(record),
        logError,
        docsFile: (name) => readDocsFile(name),
        now: Date.now,
        ...options.services,
      },
      ALL_ROUTES,
    );
  }

  /** Asks, and lets virtual time pass until there is an answer. */
  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const began = Date.now();
    let answered = false;
    const answer = this.begin(method, path, asked).finally(() => {
      answered = true;
    });
    await this.lab.until(() => answered);
    const response = await answer;
    return { ...response, seconds: Math.round((response.seconds - began / 1000) * 100) / 100 };
  }

  /** Asks, and leaves the time to others; `seconds` is then the time of the answer itself. */
  async begin(method: string, path: string, { body, headers, authorization, signal }: Asked = {}): Promise<Answer> {
    const given = authorization === undefined ? BEARER : authorization;
    const key = path.startsWith('/drain-delay') ? 'drainDelay' : 'api';
    const request = {
      method,
      headers: {
        ...(given === null ? {} : { authorization: given }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    };
    const response = await asFunction(key, () => this.app.request(path, request));
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : undefined,
      seconds: Date.now() / 1000,
    };
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

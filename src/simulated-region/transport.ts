/** The two ways in: an HTTP handler for SDK clients in the same process, and a server for everything else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpHandler } from '@smithy/core/protocols';
import { type HttpRequest, HttpResponse } from '@smithy/core/transport';
import type { HttpHandlerOptions } from '@smithy/types';
import type { WireRequest, WireResponse } from './wire/messages.ts';

/** The connection broke, before or after the request was carried out. */
export class ConnectionReset extends Error {
  /** The name that the SDK's own handler gives this: it makes the SDK try again. */
  override readonly name = 'TimeoutError';
  readonly code = 'ECONNRESET';
  constructor() {
    super('socket hang up');
  }
}

/** Anything that answers requests. Never answering is allowed; a broken connection rejects with ConnectionReset. */
export type Answer = (request: WireRequest) => Promise<WireResponse>;

export interface HandlerOptions {
  /** Time from the client's call to its answer, half of it on the way in. 0 takes no timer at all. */
  readonly latencyMs?: number;
  /** After this long without an answer the handler gives up with a TimeoutError. Never, when absent. */
  readonly requestTimeoutMs?: number;
}

/** What SDK clients take as `requestHandler`. */
export function requestHandlerFor(answer: Answer, options: HandlerOptions = {}): HttpHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    async handle(request: HttpRequest, call: HttpHandlerOptions = {}) {
      const timeoutMs = call.requestTimeout ?? options.requestTimeoutMs;
      const half = (options.latencyMs ?? 0) / 2;
      const answered = async () => {
        if (half > 0) await pause(half);
        const response = await answer(wireRequest(request));
        if (half > 0) await pause(half);
        return response;
      };
      const { status, headers, body } = await givingUp(answered, call.abortSignal, timeoutMs);
      return { response: new HttpResponse({ statusCode: status, headers: { ...headers }, body: bytes(body) }) };
    },
  };
}

function wireRequest(request: HttpRequest): WireRequest {
  const query = Object.entries(request.query ?? {}).map(
    ([key, value]) => `${key}=${encodeURIComponent(String(value ?? ''))}`,
  );
  return {
    method: request.method,
    path: query.length === 0 ? request.path : `${request.path}?${query.join('&')}`,
    headers: request.headers,
    body: (request.body ?? '') as string | Uint8Array,
  };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function givingUp(
  work: () => Promise<WireResponse>,
  signal: HttpHandlerOptions['abortSignal'],
  timeoutMs: number | undefined,
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' }));
    if (signal?.aborted) {
      aborted();
      return;
    }
    if (signal && 'addEventListener' in signal) signal.addEventListener('abort', aborted, { once: true });
    const timer =
      timeoutMs === undefined || timeoutMs <= 0
        ? undefined
        : setTimeout(
            () => reject(Object.assign(new Error(`No answer within ${timeoutMs} ms`), { name: 'TimeoutError' })),
            timeoutMs,
          );
    work()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        if (signal && 'removeEventListener' in signal) signal.removeEventListener('abort', aborted);
      });
  });
}

export interface Listening {
  /** Without a slash at its end: for `--endpoint-url`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves HTTP. Port 0 takes a free one. */
export function listen(answer: Answer, { host = '127.0.0.1', port = 0 } = {}): Promise<Listening> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
      );
      const body = new Uint8Array(Buffer.concat(chunks));
      answer({ method: request.method ?? 'GET', path: request.url ?? '/', headers, body }).then(
        (answered) => {
          response.writeHead(answered.status, {
            ...answered.headers,
            'content-length': Buffer.byteLength(answered.body),
          });
          response.end(answered.body);
        },
        (error: unknown) => {
          if (!(error instanceof ConnectionReset)) {
            // A fault of the model itself: said aloud, since a 500 alone would only be tried again.
            process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
          }
          request.socket.destroy();
        },
      );
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

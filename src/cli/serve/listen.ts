import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { Problem, problemResponse } from '../../http/problem.ts';
import type { AppEnv } from '../../http/services.ts';

/** How long answers that are being given may take once the server is told to end. */
const GRACE_MS = 10_000;

export interface Server {
  readonly url: string;
  /** Takes no more requests, and resolves when the last answer is given; what takes longer is cut off. */
  close(): Promise<void>;
}

/** @throws the system's error, such as a port that is taken */
export function listen(
  app: Hono<AppEnv>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Server> {
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // What is no proper HTTP never reaches the application.
    errorHandler: (error) =>
      problemResponse(new Problem('invalid-request', `the request cannot be used: ${String(error)}`)),
  });
  let closing = false;
  const server = createServer((request, response) => {
    // Its caller may keep the connection for as long as this process waits for it to go.
    response.once('close', () => setImmediate(() => closing && server.closeIdleConnections()));
    void listener(request, response);
  });
  // A request is held for up to an hour; only its arrival is limited.
  server.requestTimeout = 60_000;
  // Longer than the load balancer or client in front keeps a connection: whoever closes first must not be this side, or a
  // request that is just arriving is lost.
  server.keepAliveTimeout = 75_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo;
      const close = () =>
        new Promise<void>((closed) => {
          closing = true;
          const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
          server.close(() => {
            clearTimeout(cut);
            closed();
          });
          server.closeIdleConnections();
        });
      resolve({ url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, close });
    });
  });
}

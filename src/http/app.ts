/** The HTTP API: one application for both hosts. */
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { Problem, problemOf, problemResponse } from './problem.ts';
import { requestLog } from './request-log.ts';
import type { AppEnv, HttpServices } from './services.ts';

/** What anybody may ask: whether the service is there. */
const OPEN_ROUTES = new Set(['GET /delayed-termination', 'GET /health', 'GET /healthcheck']);

/** Adds its routes to the application. */
export type Routes = (app: Hono<AppEnv>, services: HttpServices) => void;

export function createApp(services: HttpServices, routes: readonly Routes[]): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ strict: false });
  app.use(requestId({ limitLength: 64 }));
  app.use(requestLog(services));
  app.use(async (context, next) => {
    await next();
    // After the answer: what is answered from elsewhere than a route has lost what was set before.
    context.header('x-request-id', context.get('requestId'));
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
  });
  app.use(async (context, next) => {
    refuseOtherSites(context.req.method, context.req.header('sec-fetch-site'));
    const { authenticator } = services;
    const method = context.req.method === 'HEAD' ? 'GET' : context.req.method;
    if (authenticator !== undefined && !OPEN_ROUTES.has(`${method} ${context.req.path}`)) {
      context.set('credential', await authenticator.authenticate(context.req.header('authorization')));
    }
    if (authenticator === undefined) refuseRebinding(context.req.header('host'));
    await next();
  });
  for (const add of routes) add(app, services);
  app.notFound((context) => {
    context.set('error', 'not-found');
    const asked = `${context.req.method} ${context.req.path.slice(0, 100)}`;
    return problemResponse(
      new Problem('not-found', `there is no ${asked} here; GET /openapi.json tells what there is`),
    );
  });
  app.onError((error, context) => {
    const problem = problemOf(error) ?? internal(services, error, context.get('requestId'));
    context.set('error', problem.code);
    if (problem.more.execution !== undefined) context.set('execution', problem.more.execution);
    const response = problemResponse(problem);
    for (const name of ['location', 'x-sluice-execution']) {
      const value = context.res.headers.get(name);
      if (value !== null) response.headers.set(name, value);
    }
    return response;
  });
  return app;
}

function internal(services: HttpServices, error: unknown, requestId: string): Problem {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  services.logError('A request met with a fault of the service', { requestId, stack });
  const message = `a fault of the service, which has logged it under the request id ${requestId}; please report it`;
  return new Problem('internal', message);
}

/** A browser sends Basic credentials that it knows with whatever page asks it to; other clients send no such header. */
function refuseOtherSites(method: string, site: string | undefined): void {
  if (method === 'GET' || method === 'HEAD' || site === undefined || site === 'same-origin' || site === 'none') return;
  throw new Problem('forbidden', `a page of another site (${site.slice(0, 20)}) may not change anything here`);
}

/** Without a credential the service serves this machine alone, also where a foreign name was pointed at its address. */
function refuseRebinding(host: string | undefined): void {
  const name = (host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)) return;
  const message =
    'without a credential only requests to localhost or 127.0.0.1 are served; set SLUICE_CREDENTIALS for others';
  throw new Problem('forbidden', message);
}

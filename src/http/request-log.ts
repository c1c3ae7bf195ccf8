/** One line of JSON a request, without its headers: a credential is in none of what is written here. */
import type { Context, Next } from 'hono';
import type { AppEnv, HttpServices } from './services.ts';

export interface RequestRecord {
  readonly level: 'INFO' | 'WARN' | 'ERROR';
  readonly time: string;
  readonly message: 'request';
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly milliseconds: number;
  /** Who: the id of the credential. */
  readonly credential?: string;
  readonly execution?: string;
  readonly error?: string;
}

const LONGEST = 200;

/** Wraps every request; what it logs is known only once the answer is. */
export function requestLog(services: HttpServices) {
  return async (context: Context<AppEnv>, next: Next): Promise<void> => {
    const began = services.now();
    await next();
    const { req, res } = context;
    const hide = hiding(req.header('authorization'));
    const query = Object.entries(req.query()).map(([name, value]) => [hide(name), hide(value)] as const);
    const credential = context.get('credential')?.id;
    const execution = context.get('execution');
    const error = context.get('error');
    services.log({
      level: res.status >= 500 ? 'ERROR' : res.status >= 400 ? 'WARN' : 'INFO',
      time: new Date(services.now()).toISOString(),
      message: 'request',
      requestId: context.get('requestId'),
      method: req.method,
      path: hide(req.path),
      ...(query.length === 0 ? {} : { query: Object.fromEntries(query) }),
      status: res.status,
      milliseconds: services.now() - began,
      ...(credential === undefined ? {} : { credential }),
      ...(execution === undefined ? {} : { execution }),
      ...(error === undefined ? {} : { error: hide(error) }),
    });
  };
}

/** Somebody may put his secret into the address, too: what stands in the header is written nowhere. */
function hiding(authorization: string | undefined): (text: string) => string {
  const value = (authorization ?? '').replace(/^\S+ +/, '').trim();
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const secrets = [value, decoded.slice(decoded.indexOf(':') + 1)].filter((secret) => secret.length >= 4);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text).slice(0, LONGEST);
}

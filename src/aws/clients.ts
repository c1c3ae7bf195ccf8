/**
 * Clients, one for a service and region, kept for as long as the process. A function's bundle holds only the clients that
 * its own steps name, so there is no object with all of them.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from '@smithy/types';
import { Unavailable } from '../contract/errors.ts';
import { translate } from './errors.ts';

/** How clients reach AWS; all empty in Lambda, where the environment says it. */
export interface AwsAccess {
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's own type of a handler for every protocol.
  readonly requestHandler?: RequestHandler<any, any, any>;
  /** Attempts of one call inside the SDK; the state machine has its own retries around them. */
  readonly maxAttempts?: number;
}

type Middleware = (
  next: (args: unknown) => Promise<unknown>,
  context: { readonly commandName?: string; readonly clientName?: string },
) => (args: unknown) => Promise<unknown>;

interface Client {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: each client types its stack by its own commands.
    add(middleware: any, options: { step: 'initialize'; priority: 'high'; name: string }): void;
  };
}

interface ClientSettings extends AwsAccess {
  readonly region: string;
  readonly maxAttempts: number;
  readonly retryMode: string;
}

/** @returns a function from access and region to the client of one service, made once for each pair. */
export function clientFactory<C extends Client>(
  construct: new (settings: ClientSettings) => C,
): (access: AwsAccess, region: string) => C {
  const made = new WeakMap<AwsAccess, Map<string, C>>();
  return (access, region) => {
    const byRegion = made.get(access) ?? new Map<string, C>();
    made.set(access, byRegion);
    const known = byRegion.get(region);
    if (known !== undefined) return known;
    const client = new construct({ maxAttempts: 2, retryMode: 'standard', ...access, region });
    client.middlewareStack.add(translating, { step: 'initialize', priority: 'high', name: 'sluiceErrors' });
    byRegion.set(region, client);
    return client;
  };
}

const budgets = new AsyncLocalStorage<AbortSignal>();

/**
 * Runs a step's work within a time budget: what AWS has not answered by then counts as unavailable, so that a call that
 * hangs cannot hold up the heartbeat.
 * @throws Unavailable
 */
export async function withinBudget<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Unavailable(`AWS did not answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await budgets.run(controller.signal, work);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for work that others wait for, too: the budget of this step ends its own waiting, and not the work. */
export function untilBudgetEnds<T>(work: Promise<T>): Promise<T> {
  const signal = budgets.getStore();
  return signal === undefined ? work : Promise.race([work, rejectionOf(signal)]);
}

/** Races a call against its step's budget, whatever the handler below does with an abort. */
const translating: Middleware = (next, context) => async (args) => {
  const signal = budgets.getStore();
  try {
    return await (signal === undefined ? next(args) : Promise.race([next(args), rejectionOf(signal)]));
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    const service = (context.clientName ?? '').replace(/Client$/, '');
    throw translate(error, `${service} ${(context.commandName ?? '').replace(/Command$/, '')}`);
  }
};

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * Clients, one for a service and region, kept for as long as the process. A function's bundle holds only the clients that
 * its own steps name, so there is no object with all of them.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from '@smithy/types';
import { Throttled, Unavailable } from '../contract/errors.ts';
import { translate } from './errors.ts';
import { Limiter } from './pacing/limiter.ts';

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
  /** `adaptive` where many processes observe at once and know nothing of each other; AWS_RETRY_MODE when absent. */
  readonly retryMode?: 'standard' | 'adaptive';
  /** One process with many executions: its calls wait for their turn, and share answers. Alone in Lambda there is no turn. */
  readonly paced?: boolean;
  /** One of many processes that know nothing of each other: its share of the account's quotas, more than 0 and at most 1. */
  readonly share?: number;
}

type Middleware = (
  next: (args: unknown) => Promise<unknown>,
  context: { readonly commandName?: string; readonly clientName?: string },
) => (args: unknown) => Promise<unknown>;

interface Client {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: each client types its stack by its own commands.
    add(middleware: any, options: { step: 'initialize'; priority: 'high'; name: string }): void;
    remove(name: string): boolean;
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    addRelativeTo(middleware: any, options: { relation: 'after'; toMiddleware: string; name: string }): void;
  };
}

interface ClientSettings extends Omit<AwsAccess, 'paced' | 'share' | 'retryMode'> {
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
    const { paced: isCrowd = false, share, ...settings } = access;
    const retryMode = process.env.AWS_RETRY_MODE ?? 'standard';
    const client = new construct({ maxAttempts: 2, retryMode, ...settings, region });
    // Nobody reads what it would log, and for each answer it copies all of it.
    client.middlewareStack.remove('loggerMiddleware');
    client.middlewareStack.add(translating, { step: 'initialize', priority: 'high', name: 'sluiceErrors' });
    if (isCrowd || share !== undefined) {
      const pacing = pacedBy(limiterOf(access, region));
      // Inside of the SDK's own retries: each attempt takes a token of AWS's.
      client.middlewareStack.addRelativeTo(pacing, {
        relation: 'after',
        toMiddleware: 'retryMiddleware',
        name: 'sluicePacing',
      });
    }
    if (isCrowd) pacedClients.add(client);
    byRegion.set(region, client);
    return client;
  };
}

const limiters = new WeakMap<AwsAccess, Map<string, Limiter>>();

/** The one that all clients of this access share in a region. */
function limiterOf(access: AwsAccess, region: string): Limiter {
  const byRegion = limiters.get(access) ?? new Map<string, Limiter>();
  limiters.set(access, byRegion);
  const limiter = byRegion.get(region) ?? new Limiter(access.share);
  byRegion.set(region, limiter);
  return limiter;
}

const pacedAccess = new WeakMap<AwsAccess, AwsAccess>();

/** The same access for a process with many executions: always one object, because turns and answers are shared by it. */
export function paced(access: AwsAccess): AwsAccess {
  const known = pacedAccess.get(access) ?? { ...access, paced: true };
  pacedAccess.set(access, known);
  return known;
}

const pacedClients = new WeakSet<object>();

/**
 * What executions of one process share of a service, made once for a client.
 * @returns undefined for a client that serves one execution alone, as in Lambda
 */
export function sharedWithin<C extends object, T>(make: (client: C) => T): (client: C) => T | undefined {
  const made = new WeakMap<C, T>();
  return (client) => {
    if (!pacedClients.has(client)) return undefined;
    const shared = made.get(client) ?? make(client);
    made.set(client, shared);
    return shared;
  };
}

interface Budget {
  readonly signal: AbortSignal;
  /** ms */
  readonly deadline: number;
  readonly begun: Set<object>;
}

const budgets = new AsyncLocalStorage<Budget>();

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
    return await budgets.run(
      { signal: controller.signal, deadline: Date.now() + milliseconds, begun: new Set<object>() },
      work,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for work that others wait for, too: the budget of this step ends its own waiting, and not the work. */
export function untilBudgetEnds<T>(work: Promise<T>): Promise<T> {
  const budget = budgets.getStore();
  return budget === undefined ? work : Promise.race([work, rejectionOf(budget.signal)]);
}

/** Races a call against its step's budget, whatever the handler below does with an abort. */
const translating: Middleware = (next, context) => async (args) => {
  const budget = budgets.getStore();
  try {
    return await (budget === undefined ? next(args) : Promise.race([next(args), rejectionOf(budget.signal)]));
  } catch (error) {
    const { service, operation } = named(context);
    if (error instanceof Unavailable || error instanceof Throttled) {
      // The end of a budget does not know which call it has ended.
      if (error !== budget?.signal.reason) throw error;
      throw new Unavailable(`${service} ${operation}: ${error.message}`, { cause: error });
    }
    throw translate(error, `${service} ${operation}`);
  }
};

function named(context: Parameters<Middleware>[1]): { readonly service: string; readonly operation: string } {
  return {
    service: (context.clientName ?? '').replace(/Client$/, ''),
    operation: (context.commandName ?? '').replace(/Command$/, ''),
  };
}

/** Each attempt waits for its turn; a refusal by AWS slows all of its kind down. */
const pacedBy =
  (limiter: Limiter): Middleware =>
  (next, context) =>
  async (args) => {
    const call = named(context);
    const budget = budgets.getStore();
    await limiter.admit(call, budget);
    try {
      return await next(args);
    } catch (error) {
      if (translate(error, '') instanceof Throttled) limiter.refused(call);
      throw error;
    }
  };

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

import { isIP } from 'node:net';
import type { Context, Hono } from 'hono';
import type { AwaitDrainedInput } from '../../contract/await-drained.ts';
import { DrainDelayQuery, MISSPELT } from '../../contract/http/drain-delay.ts';
import { asWritten } from '../../core/targets/plan.ts';
import { executionName } from '../../engine/names.ts';
import type { ExecutionDescription } from '../../engine/workflow-engine.ts';
import { readQuery } from '../body.ts';
import { permit } from '../credentials.ts';
import { passing } from '../ends.ts';
import { problemOfOutcome, receiptOf, stateOf } from '../executions.ts';
import { checkRegion } from '../guards.ts';
import { Problem, problemOf } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';
import { locationOf } from '../start.ts';
import type { Attached, Watches, WatchInput } from '../watches.ts';
import { readQuietly, timedOut } from './drain-delay-answers.ts';
import { follow, resumed, sleep, type Waiting } from './drain-delay-watch.ts';

/** Callers for the same address who come within so long of each other share one execution. */
const TOGETHER_MS = 10_000;
/** An execution outlasts every caller that shares it, so that each is answered at his own time. */
const SLACK_SECONDS = 15;
const TRY_AGAIN_MS = 2_000;
const LAST_READ_MS = 250;
/** So long before its end at most did an execution last look. */
const OBSERVED_BEFORE_MS = 2_000;
/** Two clocks are compared where one Lambda redirects to another. */
const CLOCK_TOLERANCE_MS = 2_000;

/** `GET /drain-delay`, as aws-load-balancer-drain-wait had it, but for the end of the drain instead of its beginning. */
export function drainDelay(app: Hono<AppEnv>, services: HttpServices): void {
  app.get('/drain-delay', async (context) => {
    permit(context.get('credential'), 'await-drained');
    const query = readQuery(context, DrainDelayQuery, MISSPELT);
    return new DrainDelay(context, services, query).answer();
  });
}

class DrainDelay {
  readonly #context: Context<AppEnv>;
  readonly #services: HttpServices;
  readonly #query: DrainDelayQuery;
  /** When the first request of the chain came, ms. */
  readonly #since: number;
  readonly #deadline: number;
  /** Until when this one request may be held. */
  readonly #until: number;
  readonly #signal: AbortSignal;
  /** Before this there is nothing to be learnt, ms. */
  #nextAt = 0;

  constructor(context: Context<AppEnv>, services: HttpServices, query: DrainDelayQuery) {
    this.#context = context;
    this.#services = services;
    this.#query = query;
    const now = services.now();
    this.#since = sinceOf(query, now);
    this.#deadline = this.#since + query['max-delay'] * 1000;
    const held = services.holdSeconds === undefined ? this.#deadline : now + services.holdSeconds * 1000;
    this.#until = Math.min(this.#deadline, held);
    const { raw } = context.req;
    this.#signal = services.closing === undefined ? raw.signal : AbortSignal.any([raw.signal, services.closing]);
  }

  answer(): Promise<Response> {
    const { watches } = this.#services;
    return watches === undefined || this.#mayBeClassic() ? this.#awaitAlone() : this.#awaitWithOthers(watches);
  }

  /** A Classic load balancer tells for sure only of instances that are asked for by their ids: a watch leaves them out. */
  #mayBeClassic(): boolean {
    const { ip, 'load-balancer': balancer, 'target-group-arn': group } = this.#query;
    return isIP(ip) === 0 && group === undefined && balancer !== undefined && !balancer.startsWith('arn:');
  }

  /** With an execution for this address. */
  async #awaitAlone(): Promise<Response> {
    let generation = 0;
    let problem: Problem | undefined;
    let executionArn: string | undefined;
    do {
      try {
        executionArn = await this.#inTime(this.#attach(generation));
        if (executionArn === undefined) break;
        const ended = await this.#inTime(this.#services.ends(executionArn, this.#until, this.#signal));
        if (ended === undefined) break;
        generation += 1;
        if (generation === 1 && !this.#isCurrent(ended)) continue;
        if (stateOf(ended) === 'succeeded') return this.#drained(ended.name, receiptOf(ended)?.reason ?? 'drained');
        problem = problemOfOutcome(ended);
        // Whoever stopped it wants nobody to wait for it.
        if (problem?.code === 'stopped') throw problem;
        if (problem?.code !== 'timed-out') break;
      } catch (error) {
        problem = problemHere(error);
        if (!mayPass(problem)) break;
      }
      await passing(Math.min(TRY_AGAIN_MS, this.#left()), this.#signal);
    } while (this.#left() > 0);
    return this.#notDrained(problem, executionArn);
  }

  /** With the execution that watches the place, for everybody who waits there. */
  async #awaitWithOthers(watches: Watches): Promise<Response> {
    const waiting = this.#waiting();
    let problem: Problem | undefined;
    let attached: Attached | undefined;
    let ended: Attached | undefined;
    this.#nextAt = resumed(this.#query.next, this.#services.now());
    if (!(await sleep(this.#nextAt, waiting))) return this.#notDrained(undefined, undefined);
    do {
      try {
        const { place, subject } = this.#place();
        checkRegion(this.#services.settings, place.region);
        attached = await this.#inTime(watches.attach(place, subject, this.#since, ended));
        if (attached === undefined) break;
        this.#context.set('execution', attached.name);
        const seen = await this.#inTime(follow(watches, attached, waiting));
        if (seen?.state === 'gone') return this.#drained(attached.name, this.#goneReason());
        if (seen?.state === 'open') this.#nextAt = seen.nextAt;
        if (seen?.state !== 'ended') break;
        const description = await this.#inTime(this.#services.engine.describe(attached.executionArn));
        if (description === undefined) break;
        ended = attached;
        problem = problemOfOutcome(description);
        // Whoever stopped it wants nobody to wait for it.
        if (problem?.code === 'stopped') throw problem;
        if (problem !== undefined && problem.code !== 'timed-out') break;
      } catch (error) {
        problem = problemHere(error);
        if (!mayPass(problem)) break;
      }
      await passing(Math.min(TRY_AGAIN_MS, this.#left()), this.#signal);
    } while (this.#left() > 0);
    return this.#notDrained(problem, attached?.executionArn);
  }

  #waiting(): Waiting {
    return {
      id: asWritten(this.#query.ip),
      since: this.#since,
      until: this.#until,
      isLast: this.#until === this.#deadline,
      signal: this.#signal,
      now: () => this.#services.now(),
    };
  }

  #goneReason(): string {
    return this.#query.until === 'draining'
      ? 'it takes no new requests in any target group'
      : 'it is registered in no target group any more';
  }

  /** @returns the execution of this address, started where nobody else has. @throws what the engine throws */
  async #attach(generation: number): Promise<string> {
    const { engine, settings } = this.#services;
    const { input, key } = this.#work(generation);
    checkRegion(settings, input.region);
    const name = executionName('await-drained', this.#query.ip, key);
    this.#context.set('execution', name);
    try {
      const { executionArn } = await engine.start({ workflow: 'await-drained', name, input });
      return executionArn;
    } catch (error) {
      // It has ended meanwhile: how, its description says.
      if (error instanceof Error && error.name === 'ExecutionAlreadyExists')
        return engine.executionArn('await-drained', name);
      throw error;
    }
  }

  #work(generation: number): { input: AwaitDrainedInput; key: string } {
    const query = this.#query;
    const input: AwaitDrainedInput = {
      ...this.#place().place,
      targets: [{ id: query.ip }],
      timeoutSeconds: query['max-delay'] + SLACK_SECONDS,
    };
    const together = generation === 0 ? Math.floor(this.#since / TOGETHER_MS) : `${this.#since}-${generation}`;
    return { input, key: JSON.stringify([input, together]) };
  }

  #place(): { place: WatchInput; subject: string } {
    const query = this.#query;
    const { namespace, ingress, service, cluster } = query;
    const targetGroup = query['target-group-arn'];
    const place: WatchInput = {
      region: query.region ?? this.#services.region,
      ...(namespace === undefined ? {} : { namespace }),
      ...(ingress === undefined ? {} : { ingress }),
      ...(service === undefined ? {} : { service }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(query['load-balancer'] === undefined ? {} : { loadBalancer: query['load-balancer'] }),
      ...(targetGroup === undefined ? {} : { targetGroups: [targetGroup] }),
      until: query.until,
      dryRun: false,
    };
    const names = [namespace, ingress, service].filter((name) => name !== undefined).join('-');
    const group = targetGroup?.split('/')[1];
    return {
      place,
      subject: names || (query['load-balancer']?.split('/').at(-2) ?? query['load-balancer'] ?? group ?? ''),
    };
  }

  /**
   * What was observed before this caller came says nothing of an address that may have come back since. Later generations
   * are started for one caller alone.
   */
  #isCurrent({ startDate, stopDate }: ExecutionDescription): boolean {
    return startDate.getTime() >= this.#since || (stopDate?.getTime() ?? 0) >= this.#since + OBSERVED_BEFORE_MS;
  }

  #drained(execution: string, reason: string): Response {
    this.#context.header('X-Sluice-Execution', execution);
    const waitedSeconds = Math.round((this.#services.now() - this.#since) / 1000);
    return this.#context.json({
      status: this.#query.until,
      ip: this.#query.ip,
      waitedSeconds,
      reason,
      execution,
    });
  }

  /** A caller that does not look at the status is still safe: what cannot succeed is said only after max-delay. */
  async #notDrained(problem: Problem | undefined, executionArn: string | undefined): Promise<Response> {
    const permanent = problem !== undefined && !['timed-out', 'unavailable', 'throttled'].includes(problem.code);
    if (permanent && this.#query['fail-fast']) throw problem;
    const about = this.#until < this.#deadline ? undefined : await this.#atTheEnd(executionArn, problem);
    await passing(this.#left(), this.#signal);
    if (this.#services.now() < this.#deadline) return this.#again();
    throw permanent || about === undefined ? (problem ?? timedOut(this.#query)) : about;
  }

  /** Read while there is time left: an engine that is slow to answer must not make the answer late. */
  async #atTheEnd(executionArn: string | undefined, problem: Problem | undefined): Promise<Problem> {
    const { engine } = this.#services;
    const standard = timedOut(this.#query, executionArn, undefined, problem);
    if (executionArn === undefined) return standard;
    const read = readQuietly(engine, executionArn).then((data) => timedOut(this.#query, executionArn, data, problem));
    return Promise.race([read, passing(Math.max(this.#left(), LAST_READ_MS), this.#signal).then(() => standard)]);
  }

  /** @returns undefined when the time is up before the work is done; its error counts as long as there is time. */
  #inTime<T>(work: Promise<T>): Promise<T | undefined> {
    const over = new AbortController();
    const late = passing(this.#left(), AbortSignal.any([this.#signal, over.signal]));
    return Promise.race([work, late]).finally(() => over.abort());
  }

  /** To itself, so that a caller who follows redirects goes on waiting; `since` keeps max-delay what it was. */
  #again(): Response {
    const query = new URLSearchParams();
    for (const [given, value] of Object.entries(this.#context.req.query())) {
      if (given !== 'since' && given !== 'next') query.append(MISSPELT[given] ?? given, value);
    }
    query.append('since', String(this.#since));
    if (this.#nextAt > this.#services.now()) query.append('next', String(Math.round(this.#nextAt)));
    const execution = this.#context.get('execution');
    if (execution !== undefined) this.#context.header('Link', `<${locationOf(execution)}>; rel="monitor"`);
    return this.#context.redirect(`${this.#context.req.path}?${query}`, 307);
  }

  #left(): number {
    return this.#signal.aborted ? 0 : this.#until - this.#services.now();
  }
}

/**
 * When the waiting began. Nothing depends on its truth but the caller's own patience: a time in the past only shortens
 * his wait, one in the future is refused, and what counts as drained is observed after it in any case.
 * @throws Problem `invalid-request`
 */
function sinceOf(query: DrainDelayQuery, now: number): number {
  const { since = now } = query;
  if (since <= now) return since;
  if (since <= now + CLOCK_TOLERANCE_MS) return now;
  throw new Problem(
    'invalid-request',
    'the query cannot be used: since must be what the redirect carries, got a time to come',
  );
}

/** @throws the error where it is no problem of the look-up, or where somebody wants nobody to wait any more */
function problemHere(error: unknown): Problem {
  const problem = problemOf(error);
  if (problem === undefined || problem.code === 'stopped') throw error;
  return problem;
}

function mayPass({ code }: Problem): boolean {
  return code === 'unavailable' || code === 'throttled';
}

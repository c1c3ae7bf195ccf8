/**
 * Behind API Gateway every caller has a function of his own, and nothing in common with the others but Step Functions.
 * So those who wait at one place share one execution of `await-drained`, which watches the place, by its name; what it has
 * seen they read from the end of its history.
 */
import type { AwaitDrainedInput } from '../contract/await-drained.ts';
import { type Observation, TargetsDecision, TargetsProgress } from '../contract/targets-data.ts';
import { executionName } from '../engine/names.ts';
import type { WorkflowEngine } from '../engine/workflow-engine.ts';
import { isRecord } from './executions.ts';

/** Executions end by themselves at the end of the hour at the latest: their histories are limited, and their names stay taken. */
const HOUR_MS = 3_600_000;
/** Past the hour, so that one started in its last second has time to look. */
const SLACK_MS = 15_000;
/** Callers in one process share what was read so recently. */
const SHARED_MS = 3_000;
/** So few events back there is always one that carries the whole data, also of an execution that has ended. */
const LOOK_BACK = 6;
const MOST_REMEMBERED = 1_000;

export type WatchInput = Omit<AwaitDrainedInput, 'targets' | 'deadline' | 'timeoutSeconds'>;

export interface Attached {
  readonly executionArn: string;
  readonly name: string;
  readonly key: string;
  /** How many watches of the same place have ended before it in the same hour. */
  readonly index: number;
}

export interface Reading {
  readonly ended: boolean;
  /** Absent before the first round of looks is over. */
  readonly observed?: Observation;
  /** When the next observation can be there, ms. */
  readonly nextAt?: number;
}

export class Watches {
  readonly #engine: WorkflowEngine;
  readonly #now: () => number;
  readonly #indices = new Map<string, number>();
  readonly #readings = new Map<string, { readonly at: number; readonly reading: Promise<Reading> }>();

  constructor(engine: WorkflowEngine, now: () => number) {
    this.#engine = engine;
    this.#now = now;
  }

  /**
   * Joins the watch of a place that is running, or starts it.
   * @param since ms: a watch that ended after this may be attached to as well: its end answers for the place.
   * @param after one that has ended without an answer
   * @throws what the engine throws
   */
  async attach(place: WatchInput, subject: string, since: number, after?: Attached): Promise<Attached> {
    const end = (Math.floor(this.#now() / HOUR_MS) + 1) * HOUR_MS + SLACK_MS;
    const input: AwaitDrainedInput = { ...place, deadline: new Date(end).toISOString() };
    const key = JSON.stringify(input);
    const at = (index: number): Attached => {
      const name = executionName('await-drained', subject, `${key} ${index}`);
      return { executionArn: this.#engine.executionArn('await-drained', name), name, key, index };
    };
    const first = after?.key === key ? after.index + 1 : 0;
    for (let index = Math.max(first, this.#indices.get(key) ?? 0); ; ) {
      const watch = at(index);
      try {
        await this.#engine.start({ workflow: 'await-drained', name: watch.name, input });
        return this.#remembered(watch);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'ExecutionAlreadyExists')) throw error;
      }
      const last = await this.#lastFrom(index, at);
      const ended = last > index ? undefined : await this.#engine.describe(watch.executionArn);
      if (ended?.stopDate !== undefined && ended.stopDate.getTime() >= since) return this.#remembered(watch);
      index = last > index ? last : index + 1;
    }
  }

  /** What the watch has seen, as of a few seconds ago at most. @throws what the engine throws */
  read(executionArn: string): Promise<Reading> {
    const now = this.#now();
    const kept = this.#readings.get(executionArn);
    if (kept !== undefined && now - kept.at < SHARED_MS) return kept.reading;
    const reading = this.#read(executionArn);
    if (this.#readings.size >= MOST_REMEMBERED) this.#readings.clear();
    this.#readings.set(executionArn, { at: now, reading });
    // What failed is nobody else's answer.
    reading.catch(() => this.#readings.delete(executionArn));
    return reading;
  }

  async #read(executionArn: string): Promise<Reading> {
    const events = [...(await this.#engine.history(executionArn, { last: LOOK_BACK }))].reverse();
    const ended = /^Execution(Succeeded|Failed|TimedOut|Aborted)$/.test(events[0]?.type ?? '');
    const carried = events.flatMap(({ output, input }) => [output, input]).filter(isRecord);
    const data = carried.find(({ progress }) => isRecord(progress));
    const observed = TargetsProgress.safeParse(data?.progress).data?.watch?.observed;
    if (observed === undefined) return { ended };
    const waitUntil = TargetsDecision.safeParse(data?.decision).data?.waitUntil;
    const tookMs = Date.parse(observed.endedAt) - Date.parse(observed.at);
    return { ended, observed, ...(waitUntil === undefined ? {} : { nextAt: Date.parse(waitUntil) + tookMs }) };
  }

  /** The last watch that there is: they are numbered without a gap. There may be many in an hour. */
  async #lastFrom(index: number, at: (index: number) => Attached): Promise<number> {
    let low = index;
    let step = 1;
    for (; await this.#exists(at(low + step)); step *= 2) low += step;
    let high = low + step;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (await this.#exists(at(middle))) low = middle;
      else high = middle;
    }
    return low;
  }

  async #exists({ executionArn }: Attached): Promise<boolean> {
    try {
      await this.#engine.describe(executionArn);
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return false;
      throw error;
    }
  }

  #remembered(watch: Attached): Attached {
    if (this.#indices.size >= MOST_REMEMBERED) this.#indices.clear();
    this.#indices.set(watch.key, watch.index);
    return watch;
  }
}

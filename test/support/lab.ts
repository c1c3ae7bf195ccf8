/** A simulated region, the shipped definitions and handlers on an embedded engine, and a clock that is moved by hand. */
import type { Clock } from '@sinonjs/fake-timers';
import { DEFINITIONS } from '../../functions/registry.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../src/engine/embedded/embedded-engine.ts';
import type { ExecutionDescription } from '../../src/engine/workflow-engine.ts';
import { type RegionOptions, SimulatedRegion } from '../../src/simulated-region/region.ts';
import { VirtualTime } from '../../src/simulated-region/virtual-time.ts';
import { recordCalls } from './calls.ts';
import { recordedHandlers } from './recorded-handlers.ts';

export { NOON } from '../../src/simulated-region/virtual-time.ts';

export interface LabOptions extends RegionOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly engine?: Partial<EmbeddedEngineOptions>;
  readonly random?: () => number;
  /** Where the clock stands at the beginning, ms. */
  readonly now?: number;
}

export class Lab {
  readonly clock: Clock;
  readonly region: SimulatedRegion;
  readonly settings: ReturnType<typeof readSettings>;
  engine: EmbeddedEngine;
  readonly #options: LabOptions;
  readonly #time: VirtualTime;

  constructor(options: LabOptions = {}) {
    this.#options = options;
    this.#time = new VirtualTime(options.now);
    this.clock = this.#time.clock;
    this.settings = readSettings(options.settings ?? {});
    this.region = new SimulatedRegion(options);
    this.#time.watch(this.region);
    recordCalls(this.region);
    this.engine = this.newEngine();
  }

  newEngine(more: Partial<EmbeddedEngineOptions> = {}): EmbeddedEngine {
    const { requestHandler, credentials, endpoint } = this.region.clientConfig();
    const environment = {
      aws: { requestHandler, credentials, endpoint },
      settings: this.settings,
      now: Date.now,
      random: this.#options.random ?? (() => this.region.world.random()),
    };
    return new EmbeddedEngine({
      definitions: DEFINITIONS,
      definitionsChecked: true,
      handlers: recordedHandlers(environment),
      journal: ':memory:',
      region: this.region.region,
      accountId: this.region.accountId,
      ...this.#options.engine,
      ...more,
    });
  }

  /** Lets time pass until the execution has ended. @throws when it has not within the given time. */
  async end(executionArn: string, withinSeconds = 200_000): Promise<ExecutionDescription> {
    let ended: ExecutionDescription | undefined;
    void this.engine.waitFor(executionArn).then((description) => {
      ended = description;
    });
    await this.clock.tickAsync(0);
    await this.until(() => ended !== undefined, withinSeconds);
    if (ended === undefined) throw new Error(`${executionArn} has not ended`);
    return ended;
  }

  /** Lets time pass until something is so. @throws when it is not within the given time. */
  until(isSo: () => boolean, withinSeconds = 200_000): Promise<void> {
    return this.#time.until(isSo, withinSeconds);
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.tickAsync(seconds * 1000);
  }

  async close(): Promise<void> {
    const closing = this.engine.close();
    await this.clock.tickAsync(1000);
    await closing;
    this.#time.end();
  }
}

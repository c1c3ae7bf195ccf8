/** The process's clock, moved by hand: hours of waiting cost nothing, and a call takes no time unless it waits for something. */
import { type Clock, install } from '@sinonjs/fake-timers';
import type { SimulatedRegion } from '../../src/simulated-region/region.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
/** Turns of the event loop without a sign of life, after which nothing is on its way any more. */
const QUIET_TURNS = 3;

export class BenchClock {
  readonly #clock: Clock;
  #answers = 0;

  constructor() {
    this.#clock = install({
      now: NOON,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    }) as Clock;
    // Node never waits less than a millisecond. A loop that waits for a fraction of one would stop the time.
    const { setTimeout: faked } = globalThis;
    const atLeastOne = (act: () => void, ms = 1) => faked(act, Math.max(1, ms));
    globalThis.setTimeout = Object.assign(atLeastOne, faked);
  }

  /** Waits for this region's answers before time goes on. */
  watch(region: SimulatedRegion): void {
    region.calls.onCall(() => {
      this.#answers += 1;
    });
  }

  /** @throws Error when it has not come about within the given time */
  async until(done: () => boolean, withinSeconds: number): Promise<void> {
    const limit = Date.now() + withinSeconds * 1000;
    await this.#settle();
    while (!done()) {
      if (Date.now() > limit) throw new Error(`what was waited for has not come about within ${withinSeconds} s`);
      this.#clock.next();
      await this.#settle();
    }
  }

  /** Lets so much time pass, from timer to timer. */
  async pass(seconds: number): Promise<void> {
    let over = false;
    setTimeout(() => {
      over = true;
    }, seconds * 1000);
    await this.until(() => over, seconds);
  }

  /** Lets as much time pass as the work needs. */
  async finish(work: Promise<void>): Promise<void> {
    let over = false;
    const rest = work.finally(() => {
      over = true;
    });
    await this.until(() => over || this.#clock.countTimers() === 0, 3_600);
    await rest;
  }

  end(): void {
    this.#clock.uninstall();
  }

  async #settle(): Promise<void> {
    let before = -1;
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const now = this.#answers + this.#clock.countTimers();
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }
}

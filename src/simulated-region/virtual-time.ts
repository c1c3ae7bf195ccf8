import { type Clock, install } from '@sinonjs/fake-timers';
import type { SimulatedRegion } from './region.ts';

/** Monday noon: where a simulated day begins. */
export const NOON = Date.parse('2026-03-02T12:00:00Z');
/** Turns of the event loop without a sign of life, after which nothing is on its way any more. */
const QUIET_TURNS = 4;

/**
 * The clock of this process, moved by hand: hours of waiting cost nothing, and a call takes no time unless it waits for
 * something. It stands still while anything is on its way, so that every run is like the others. Nothing else may run
 * meanwhile.
 */
export class VirtualTime {
  readonly clock: Clock;
  #answers = 0;

  /** @param now where it begins, ms */
  constructor(now = NOON) {
    this.clock = install({
      now,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    }) as Clock;
    // Node never waits less than a millisecond. A loop that waits for a fraction of one would stop the time, and the
    // replaced timers would make it none or one by whether it was set while another fired.
    const { setTimeout: faked } = globalThis;
    const atLeastOne = (act: () => void, ms = 1, ...rest: []) => faked(act, Math.max(1, Math.trunc(ms)), ...rest);
    globalThis.setTimeout = Object.assign(atLeastOne, faked);
  }

  /** Waits for this region's answers before time goes on. */
  watch(region: SimulatedRegion): void {
    region.calls.onCall(() => {
      this.#answers += 1;
    });
  }

  /**
   * Goes from timer to timer.
   * @param look called after each of them
   * @throws Error when it has not come about within the given time
   */
  async until(done: () => boolean, withinSeconds: number, look: () => void = () => undefined): Promise<void> {
    const limit = Date.now() + withinSeconds * 1000;
    await this.settle();
    look();
    while (!done()) {
      if (Date.now() > limit) throw new Error(`what was waited for has not come about within ${withinSeconds} s`);
      this.clock.next();
      await this.settle();
      look();
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
    await this.until(() => over || this.clock.countTimers() === 0, 3_600);
    await rest;
  }

  end(): void {
    this.clock.uninstall();
  }

  /** Calls on their way pass through streams and the event loop, and a client first reads the host's configuration. */
  async settle(): Promise<void> {
    let before = -1;
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const now = this.#answers + this.clock.countTimers();
      const reading = process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
      quiet = now === before && !reading ? quiet + 1 : 0;
      before = now;
    }
  }
}

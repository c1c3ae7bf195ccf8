import { type Clock, install } from '@sinonjs/fake-timers';

/** Monday noon: where the demo's day begins. */
const NOON = Date.parse('2026-03-02T12:00:00Z');

/** The clock of this process, moved by hand: nine minutes of a drain pass in a second. Nothing else may run meanwhile. */
export class VirtualTime {
  readonly #clock: Clock;

  constructor() {
    this.#clock = install({
      now: NOON,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    }) as Clock;
  }

  /** @param seconds whole ones */
  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await filesRead();
      await this.#clock.tickAsync(1000);
    }
  }

  /**
   * Goes from timer to timer.
   * @param look called after each of them
   * @throws Error when it has not come about within the given time
   */
  async until(done: () => boolean, withinSeconds: number, look: () => void = () => undefined): Promise<void> {
    const limit = Date.now() + withinSeconds * 1000;
    await this.#clock.tickAsync(0);
    look();
    while (!done()) {
      if (Date.now() > limit) throw new Error(`What was waited for has not come about within ${withinSeconds} s`);
      await filesRead();
      await this.#clock.nextAsync();
      look();
    }
  }

  /** Lets as much time pass as the work needs, a second at least. */
  async settle(work: Promise<void>): Promise<void> {
    await this.#clock.tickAsync(1000);
    await work;
  }

  end(): void {
    this.#clock.uninstall();
  }
}

/**
 * An SDK client reads the host's AWS configuration before its first call, in real time. The clock stands still meanwhile:
 * else minutes would pass before the call, more on a slow disk, and no two demos would be the same.
 */
async function filesRead(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq')));
}

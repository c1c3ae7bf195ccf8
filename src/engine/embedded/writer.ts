/** Writes one execution's steps to the journal, one write at a time, and outlasts a journal that cannot be written. */
import { JournalUnavailable } from '../errors.ts';
import type { History } from './history.ts';
import type { Host } from './host.ts';
import { at } from './timers.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export class Writer {
  readonly #host: Host;
  readonly #arn: string;
  readonly #history: History;
  #row: number;
  #last: Promise<void> = Promise.resolve();
  #admission: ReturnType<History['writeTo']> | undefined;

  /** @param row known once the execution's insertion has run. */
  constructor(host: Host, arn: string, history: History, row = 0) {
    this.#host = host;
    this.#arn = arn;
    this.#history = history;
    this.#row = row;
  }

  /** Within `journal.write`: the first events go with the execution's own row. */
  admit(row: number): void {
    this.#row = row;
    this.#admission = this.#history.writeTo(this.#host.store, row);
  }

  admitted(): void {
    if (this.#admission !== undefined) this.#history.written(this.#admission);
    this.#admission = undefined;
  }

  /**
   * Writes a change together with all events that are not yet written. While the journal cannot be written nothing goes
   * on: what was to happen next waits until it can, or is no longer wanted.
   * @throws JournalUnavailable only when the engine is closing.
   */
  write(change: (row: number) => void, wanted: () => boolean = () => true): Promise<void> {
    // Events are taken off the list when their write has happened, so two writes must not overlap.
    const result = this.#last.then(() => this.#untilWritten(change, wanted));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing is being written. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #untilWritten(change: (row: number) => void, wanted: () => boolean): Promise<void> {
    const { journal, store, logger } = this.#host;
    for (let pause = FIRST_PAUSE_MS; wanted(); pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const batch = await journal.write(() => {
          change(this.#row);
          return this.#history.writeTo(store, this.#row);
        });
        this.#history.written(batch);
        return;
      } catch (error) {
        if (!(error instanceof JournalUnavailable) || this.#host.closing) throw error;
        logger.error('The journal cannot be written; the execution waits', { arn: this.#arn, error: error.message });
        await new Promise<void>((resolve) => at(Date.now() + pause, resolve));
      }
    }
  }
}

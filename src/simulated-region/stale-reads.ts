import type { WireResponse } from './wire/messages.ts';
import type { Millis } from './world.ts';

/** Answers of reads, for as long as a fault may ask for them back. */
export class RememberedReads {
  readonly #answers = new Map<string, { readonly at: Millis; readonly response: WireResponse }[]>();

  remember(key: string, response: WireResponse, longestSeconds: number): void {
    const now = Date.now();
    const kept = (this.#answers.get(key) ?? []).filter(({ at }) => at >= now - longestSeconds * 1000);
    kept.push({ at: now, response });
    this.#answers.set(key, kept);
  }

  /** The oldest answer to the same call that is at most `seconds` old. */
  recall(key: string, seconds: number): WireResponse | undefined {
    const oldest = Date.now() - seconds * 1000;
    return this.#answers.get(key)?.find(({ at }) => at >= oldest)?.response;
  }
}

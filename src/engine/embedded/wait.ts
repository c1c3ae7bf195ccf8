/** Until when a Wait state waits. */
import type { Json } from './definition.ts';
import { Terminal } from './failures.ts';

/** A year less a second, the longest wait that Step Functions takes. */
const LONGEST_SECONDS = 99_999_999;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * @param value what the path named, where the state waits by a path.
 * @param entered when the state was first entered: a re-entry waits only for what is left.
 * @returns milliseconds since the epoch; may have passed.
 * @throws Terminal States.Runtime for what is neither seconds nor a time.
 */
export function waitsUntil(
  wait: { readonly seconds: boolean; readonly literal?: Json },
  value: Json | undefined,
  entered: number,
): number {
  const given = wait.literal ?? value;
  if (wait.seconds) {
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= LONGEST_SECONDS) {
      return entered + given * 1000;
    }
    throw new Terminal(
      'States.Runtime',
      `A Wait needs whole seconds from 0 to ${LONGEST_SECONDS}, got ${JSON.stringify(given)}`,
    );
  }
  if (typeof given === 'string' && RFC3339.test(given) && !Number.isNaN(Date.parse(given))) return Date.parse(given);
  throw new Terminal('States.Runtime', `A Wait needs an RFC 3339 timestamp, got ${JSON.stringify(given)}`);
}

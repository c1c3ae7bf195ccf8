/**
 * Timers of any length. Node's own overflow at 2^31 ms (24.8 days) and then fire at once, which would end a month's
 * wait immediately.
 */
const LONGEST = 2 ** 31 - 1;

export interface Timer {
  cancel(): void;
}

/** Calls back at a time (milliseconds since the epoch), at once where it has passed; never in the same turn. */
export function at(time: number, callback: () => void): Timer {
  let handle: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const left = time - Date.now();
    if (left > LONGEST) handle = setTimeout(arm, LONGEST);
    else handle = setTimeout(callback, Math.max(0, left));
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}

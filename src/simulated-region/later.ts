/** Undoes a {@link later}; harmless when it has already happened. */
export type Cancel = () => void;

// setTimeout takes 31 bits of milliseconds and fires anything longer at once.
const LONGEST_TIMER = 2_147_483_647;

/**
 * Does something after a time that may be longer than one timer can be, or infinite. The timer does not keep the process
 * alive: a region is passive, and whoever waits for it has reasons of its own to live.
 *
 * @param seconds 0 or more; `Infinity` never happens.
 */
export function later(seconds: number, act: () => void): Cancel {
  if (seconds === Number.POSITIVE_INFINITY) return () => undefined;
  const due = Date.now() + seconds * 1000;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = due - Date.now();
    timer = setTimeout(left > LONGEST_TIMER ? arm : act, Math.max(0, Math.min(left, LONGEST_TIMER)));
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

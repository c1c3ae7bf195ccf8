/**
 * A job that is cancelled gets SIGINT, SIGTERM after 7.5 s, and its end 2.5 s later. Whatever is to be done about the
 * work is done well within the first of these times: the machine may be busy, and outputs and summary come after it.
 */
const GRACE_MS = 5_000;

export interface Cancellation {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** What is left of the time to clean up, ms; all of it before a signal came. */
  left(): number;
  /** Listens no more. */
  end(): void;
}

export function onCancellation(): Cancellation {
  const controller = new AbortController();
  let at: number | undefined;
  const cancel = (): void => {
    at ??= Date.now();
    controller.abort();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  return {
    signal: controller.signal,
    left: () => Math.max(0, GRACE_MS - (at === undefined ? 0 : Date.now() - at)),
    end: () => {
      process.off('SIGINT', cancel);
      process.off('SIGTERM', cancel);
    },
  };
}

/** @returns undefined when the work was not done within so many ms; it is not waited for then. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

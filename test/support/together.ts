/** Tests that spend their time waiting for other processes: a few at once, each still told by itself. */
import { beforeAll, test } from '@jest/globals';

const LONGEST_MS = 90_000;

/**
 * @param prepare what every case needs, before the first
 * @param atOnce more where a case mostly waits, fewer where its processes work
 * @returns what declares a case
 */
export function together(
  prepare: () => Promise<void>,
  atOnce: number,
): (title: string, body: () => Promise<void>) => void {
  const cases: { readonly body: () => Promise<void>; readonly outcome: PromiseWithResolvers<void> }[] = [];
  beforeAll(async () => {
    await prepare();
    const waiting = [...cases];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await next.body().then(next.outcome.resolve, next.outcome.reject);
      }
    };
    for (let index = 0; index < atOnce; index += 1) void work();
  }, LONGEST_MS);
  return (title, body) => {
    const outcome = Promise.withResolvers<void>();
    // It may fail before its turn to be told has come.
    outcome.promise.catch(() => undefined);
    cases.push({ body, outcome });
    test(title, () => outcome.promise, LONGEST_MS);
  };
}

/** The same for cases that have a scene each. @param open makes one, which is closed after its case */
export function inScenes<S extends { close(): Promise<void> }>(
  prepare: () => Promise<void>,
  atOnce: number,
  open: () => Promise<S>,
): (title: string, body: (scene: S) => Promise<void>) => void {
  const inTurn = together(prepare, atOnce);
  return (title, body) =>
    inTurn(title, async () => {
      const scene = await open();
      await body(scene).finally(() => scene.close());
    });
}

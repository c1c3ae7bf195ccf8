/** The shipped definitions inside the runner. A chunk of its own: nothing of it is loaded where a stack is deployed. */
import { DEFINITIONS, stepHandlers } from '../../functions/registry.ts';
import { readSettings } from '../contract/settings.ts';
import { EmbeddedEngine } from '../engine/embedded/embedded-engine.ts';
import { type ActionEngine, ProgressLog, pause } from './engine.ts';

/** No account is meant: nothing but the engine itself knows these ARNs. */
const NO_ACCOUNT = '000000000000';

/** @throws InvalidInput when a `SLUICE_*` variable is wrong */
export function embeddedEngine(
  region: string,
  environment: Readonly<Record<string, string | undefined>>,
): ActionEngine {
  // Somebody who has deployed nothing expects no events on their bus.
  const settings = readSettings({ SLUICE_EVENT_BUS: 'none', ...environment });
  const engine = new EmbeddedEngine({
    definitions: DEFINITIONS,
    definitionsChecked: true,
    handlers: stepHandlers({ aws: {}, settings, now: Date.now, random: Math.random }),
    journal: ':memory:',
    region,
    accountId: NO_ACCOUNT,
    stack: settings.stack,
  });
  return {
    durable: false,
    engine,
    async watch({ executionArn, until, signal, say }) {
      const progress = new ProgressLog(say);
      for (const event of await engine.history(executionArn)) progress.add(event);
      const untold = engine.onEvent((told) => {
        if (told.executionArn === executionArn) progress.add(told.event);
      });
      const over = new AbortController();
      const limit = (until ?? Number.POSITIVE_INFINITY) - Date.now();
      try {
        return await Promise.race([
          engine.waitFor(executionArn).then((description) => ({ kind: 'ended' as const, description })),
          pause(limit, AbortSignal.any([signal, over.signal])).then(() => ({
            kind: signal.aborted ? ('cancelled' as const) : ('unfinished' as const),
          })),
        ]);
      } finally {
        over.abort();
        untold();
      }
    },
    close: () => engine.close(),
  };
}

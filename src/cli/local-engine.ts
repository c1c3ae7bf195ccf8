/** The shipped definitions and handlers on an embedded engine: what the command line, a server and an Action run on. */
import { DEFINITIONS, stepHandlers } from '../../functions/registry.ts';
import { type AwsAccess, paced } from '../aws/clients.ts';
import type { Settings } from '../contract/settings.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../engine/embedded/embedded-engine.ts';

export interface LocalEngineOptions
  extends Pick<
    EmbeddedEngineOptions,
    'journal' | 'region' | 'accountId' | 'logger' | 'resumePerSecond' | 'concurrentTasks' | 'historyBytes'
  > {
  /** How the steps reach AWS; empty for what the environment says. */
  readonly access: AwsAccess;
  readonly settings: Settings;
  /** ms; the process's clock when absent. */
  readonly now?: () => number;
  /** Uniform in [0, 1); the process's own when absent. */
  readonly random?: () => number;
}

const CONCURRENT_TASKS = 10_000;

/** @throws UnsupportedDefinition @throws JournalUnavailable */
export function localEngine(options: LocalEngineOptions): EmbeddedEngine {
  const { access, settings, now = Date.now, random = Math.random, ...engine } = options;
  return new EmbeddedEngine({
    // What waits for its turn at AWS holds a place here; a heartbeat must not stand behind it.
    concurrentTasks: CONCURRENT_TASKS,
    ...engine,
    stack: settings.stack,
    definitions: DEFINITIONS,
    definitionsChecked: true,
    handlers: stepHandlers({ aws: paced(access), settings, now, random }),
  });
}

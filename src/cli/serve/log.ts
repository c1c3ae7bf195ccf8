/** Lines of JSON on standard output, one for each thing that happened. */
import type { Settings } from '../../contract/settings.ts';
import type { EngineLogger } from '../../engine/embedded/host.ts';
import type { RequestRecord } from '../../http/request-log.ts';

export interface Log extends EngineLogger {
  write(record: RequestRecord): void;
}

const LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

export function jsonLog(least: Settings['logLevel']): Log {
  const from = LEVELS.indexOf(least);
  const write = (record: { readonly level: (typeof LEVELS)[number] }) => {
    if (LEVELS.indexOf(record.level) >= from) process.stdout.write(`${JSON.stringify(record)}\n`);
  };
  const line =
    (level: (typeof LEVELS)[number]) =>
    (message: string, data: Readonly<Record<string, unknown>> = {}) =>
      write({ level, ...{ time: new Date().toISOString(), message, ...data } });
  return { write, info: line('INFO'), warn: line('WARN'), error: line('ERROR') };
}

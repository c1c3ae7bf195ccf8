/** JSON lines on standard error, with the fields that aws-cloud-unmap's had, so that what reads them goes on reading. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

const ORDER: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

export type Log = (level: LogLevel, message: string, more?: Readonly<Record<string, unknown>>) => void;

export function logFrom(least: LogLevel, stream: { write(text: string): unknown } = process.stderr): Log {
  return (level, message, more = {}) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    const asctime = new Date().toISOString().slice(0, 19).replace('T', ' ');
    stream.write(`${JSON.stringify({ asctime, levelname: level, message, ...more })}\n`);
  };
}

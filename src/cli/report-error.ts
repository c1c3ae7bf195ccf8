import { InvalidInput, SluiceError } from '../contract/errors.ts';
import { EXIT } from './exit-codes.ts';

/** Says on standard error what is wrong, each fault of an input on a line of its own. @returns the exit code */
export function reportError(error: unknown): number {
  const write = (line: string) => process.stderr.write(`${line}\n`);
  if (error instanceof InvalidInput) {
    write(error.message.slice(0, error.message.indexOf(':') + 1));
    for (const { field, expected, found } of error.faults)
      write(`  ${field === '' ? 'it' : field} ${expected}, got ${found}`);
    return EXIT.unusable;
  }
  // What is not ours is a fault of the program: its stack says where.
  if (error instanceof SluiceError) write(`${error.name}: ${error.message}`);
  else write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

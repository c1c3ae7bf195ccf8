/** Before the first test: an empty folder for the calls that the tests make, and one for the programs that they start. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export default function before(): void {
  process.env.RECORDED_CALLS = mkdtempSync(path.join(tmpdir(), 'sluice-calls-'));
  process.env.BUILT_PROGRAMS = mkdtempSync(path.join(tmpdir(), 'sluice-built-'));
}

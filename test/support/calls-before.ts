/** Before the first test: an empty folder for the calls that the tests make. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export default function before(): void {
  process.env.RECORDED_CALLS = mkdtempSync(path.join(tmpdir(), 'sluice-calls-'));
}

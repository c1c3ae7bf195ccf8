/** After the last test: no program is left, and what the functions called, held against what their roles allow. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PERMISSIONS } from '../../infrastructure/permissions.ts';
import { permissionFaults, type Recorded } from '../../scripts/stack/permission-faults.ts';

/** What jest says of the run. */
interface Run {
  readonly testPathPatterns: { readonly patterns: readonly string[] };
  readonly testNamePattern?: string;
  readonly onlyChanged: boolean;
}

/** @throws Error for an action too few, and where every test has run, for one too many. */
export default function after(run: Run): void {
  rmSync(process.env.BUILT_PROGRAMS ?? '', { recursive: true, force: true });
  const folder = process.env.RECORDED_CALLS ?? '';
  const recorded: Record<string, string[]> = {};
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(path.join(folder, file), 'utf8').trim().split('\n')) {
      const [key = '', action = ''] = line.split(' ');
      recorded[key] = [...new Set([...(recorded[key] ?? []), action])];
    }
  }
  rmSync(folder, { recursive: true });
  const whole = run.testPathPatterns.patterns.length === 0 && (run.testNamePattern ?? '') === '' && !run.onlyChanged;
  const faults = permissionFaults(PERMISSIONS, recorded satisfies Recorded, { whole });
  if (faults.length > 0) throw new Error(`infrastructure/permissions.ts: ${faults.join('; ')}`);
}

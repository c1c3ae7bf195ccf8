/**
 * Mutants of src/core by Stryker. It is fetched when it is wanted, in one exact version, and is no dependency: nothing
 * that is built or tested needs it, and it brings more packages than all the rest.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { LEAST_PERCENT, percent } from './score.ts';

const VERSION = '10.0.0';
const FOUND = ['Killed', 'Timeout'];
const SURVIVED = ['Survived', 'NoCoverage'];
const REPORT = '.sluice/mutation.json';

const Mutant = z.object({
  status: z.string(),
  replacement: z.string().default(''),
  location: z.object({
    start: z.object({ line: z.number(), column: z.number() }),
    end: z.object({ line: z.number(), column: z.number() }),
  }),
});
type Mutant = z.output<typeof Mutant>;
const Report = z.object({
  files: z.record(z.string(), z.object({ source: z.string(), mutants: z.array(Mutant) })),
});

/** @returns whether enough was found. @param files of src/core; all when empty */
export function mutateCore(files: readonly string[]): boolean {
  const stryker = ['--yes', '-p', `@stryker-mutator/core@${VERSION}`, 'stryker'];
  const only = files.length === 0 ? [] : ['--mutate', files.join(',')];
  const { status, error } = spawnSync('npx', [...stryker, 'run', 'scripts/mutation/stryker.json', ...only], {
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`Stryker ended with ${status}`);
  return report();
}

/** A table by file, and what survived. */
function report(): boolean {
  const { files } = Report.parse(JSON.parse(readFileSync(REPORT, 'utf8')));
  const survivors: string[] = [];
  let found = 0;
  let total = 0;
  for (const [file, { source, mutants }] of Object.entries(files).sort(([a], [b]) => a.localeCompare(b))) {
    const left = mutants.filter(({ status }) => SURVIVED.includes(status)).sort(byLine);
    const killed = mutants.filter(({ status }) => FOUND.includes(status)).length;
    found += killed;
    total += killed + left.length;
    process.stdout.write(`${percent(killed, killed + left.length)}  ${file} (${killed + left.length})\n`);
    survivors.push(
      ...left.map(
        (mutant) => `${file}:${mutant.location.start.line} ${textOf(source, mutant)} → ${mutant.replacement}`,
      ),
    );
  }
  process.stdout.write(`${survivors.map((survivor) => `  survived  ${survivor}\n`).join('')}`);
  process.stdout.write(`${percent(found, total)}  src/core: ${found} of ${total} mutants found\n`);
  return found / total >= LEAST_PERCENT / 100;
}

function byLine({ location: a }: Mutant, { location: b }: Mutant): number {
  return a.start.line - b.start.line || a.start.column - b.start.column;
}

/** What stands where the mutant stands, as one line. */
function textOf(source: string, { location: { start, end } }: Mutant): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, index) => line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined))
    .join(' ')
    .replace(/\s+/g, ' ');
}

/**
 * The measurements: every `bench/<name>.ts` that exports a `bench`, row by row, each beside the least possible and the older
 * ways. Names choose rows, or all rows of a file; `--json` prints one object a row; `--docs` also writes what was measured
 * into docs/performance.md. Ends with 1 if a bar does not hold.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './support/bench.ts';
import { documented, printed, withRow } from './support/table.ts';

/** In the order in which they are printed. */
const FILES = ['dropped', 'drains', 'targets', 'terminations', 'cloud-map', 'serve', 'action', 'cost'];
const DOCS = 'docs/performance.md';
const FOLDER = path.dirname(process.argv[1] ?? 'bench/index.ts');

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, docs: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const rows: { readonly file: string; readonly row: Row }[] = [];
for (const file of FILES) {
  const bench = await load(file);
  for (const row of bench?.rows ?? []) rows.push({ file, row });
}
const unknown = positionals.filter((name) => !rows.some(({ file, row }) => name === file || name === row.name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no row ${unknown.join(', ')}; there are ${rows.map(({ row }) => row.name).join(', ')}\n`,
  );
  process.exit(2);
}
let broken = 0;
for (const { file, row } of rows) {
  if (positionals.length > 0 && !positionals.includes(file) && !positionals.includes(row.name)) continue;
  const began = performance.now();
  const result = await row.run();
  const seconds = (performance.now() - began) / 1000;
  broken += result.bars.filter(({ holds }) => !holds).length;
  const text = values.json
    ? JSON.stringify({ row: row.name, title: row.title, ...result, realSeconds: Math.round(seconds * 10) / 10 })
    : printed(row, result, seconds).join('\n');
  process.stdout.write(`${text}\n`);
  if (values.docs) writeFileSync(DOCS, withRow(readFileSync(DOCS, 'utf8'), row.name, documented(result)));
}
process.exitCode = broken === 0 ? 0 : 1;

async function load(file: string): Promise<Bench | undefined> {
  if (!existsSync(path.join(FOLDER, `${file}.ts`))) return undefined;
  const module: unknown = await import(`./${file}.ts`);
  if (typeof module !== 'object' || module === null || !('bench' in module)) return undefined;
  return module.bench as Bench;
}

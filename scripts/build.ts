/** Bundles what is shipped into `dist/`: each function alone, the command line, and the Action. The same sources give the same bytes. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { ACTION_FOLDER, buildAction } from './build-action.ts';
import { bundleCli } from './bundle-cli.ts';
import { bundleFunctions, FUNCTIONS_OUT } from './bundle-functions.ts';

const CLI_OUT = 'dist/cli';

/** What a step may weigh, zipped: the larger a function, the slower its first start. */
const MOST_ZIPPED_KB = 250;

interface Size {
  readonly name: string;
  readonly minified: number;
  readonly zipped: number;
}

/** @param files of one bundle */
function sizeOf(name: string, files: readonly string[]): Size {
  const contents = files.map((file) => readFileSync(file));
  return {
    name,
    minified: contents.reduce((sum, content) => sum + content.length, 0),
    zipped: contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0),
  };
}

function table(sizes: readonly Size[]): string {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(0).padStart(9);
  const width = Math.max(...sizes.map(({ name }) => name.length));
  const rows = sizes.map(
    ({ name, minified, zipped }) => `${name.padEnd(width)} ${kilobytes(minified)} ${kilobytes(zipped)}`,
  );
  return [`${''.padEnd(width)}  minified    zipped   kB`, ...rows, ''].join('\n');
}

const functions = await bundleFunctions();
await bundleCli(CLI_OUT);
await buildAction(ACTION_FOLDER);
const sizes = [
  ...functions.map((name) => sizeOf(name, [path.join(FUNCTIONS_OUT, name, 'index.mjs')])),
  sizeOf('sluice (command line)', globSync(`${CLI_OUT}/**/*.mjs`).toSorted()),
  sizeOf('Action', globSync(`${ACTION_FOLDER}/**/*.js`).toSorted()),
];
process.stdout.write(table(sizes));
const heavy = sizes.filter(({ name, zipped }) => functions.includes(name) && zipped > MOST_ZIPPED_KB * 1000);
for (const { name } of heavy) process.stdout.write(`${name} is larger than ${MOST_ZIPPED_KB} kB zipped\n`);
process.exitCode = heavy.length === 0 ? 0 : 1;

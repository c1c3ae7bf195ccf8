/**
 * Programs that tests start, as one file each: that starts several times as fast as the sources. A program is built once
 * for all files of a run, by the first that asks; two that ask at once both build, and one of them is kept.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleCli } from '../../scripts/bundle-cli.ts';

const run = promisify(execFile);

/** Outside a run of tests, as in a long soak, a process has a folder of its own. */
const FOLDER = process.env.BUILT_PROGRAMS ?? mkdtempSync(path.join(tmpdir(), 'sluice-built-'));

/** For the children: what one has compiled the next need not. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: path.join(FOLDER, 'compiled') };

const asked = new Map<string, Promise<string>>();

function built(name: string, build: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = asked.get(name) ?? buildOnce(name, build);
  asked.set(name, folder);
  return folder;
}

async function buildOnce(name: string, build: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = path.join(FOLDER, name);
  if (existsSync(folder)) return folder;
  const own = `${folder}-${process.pid}`;
  await build(own);
  try {
    renameSync(own, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(own, { recursive: true });
  }
  return folder;
}

/** @returns the command line as it is shipped */
export async function builtCli(): Promise<string> {
  return path.join(await built('cli', bundleCli), 'sluice.mjs');
}

/** @returns the folder of the Action, of the sources as they are now */
export function builtAction(): Promise<string> {
  return built('action', async (folder) => {
    // esbuild's own functions and jest's globals do not get along.
    await run(process.execPath, ['scripts/build-action.ts', folder]);
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  });
}

/** @returns a program of the tests, in one file */
export async function builtVictim(source: string): Promise<string> {
  const name = path.basename(source, '.ts');
  const shim = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const options = ['--bundle', '--platform=node', '--format=esm', '--log-level=error', `--banner:js=${shim}`];
  const folder = await built(name, (out) =>
    run('node_modules/.bin/esbuild', [source, ...options, `--outfile=${path.join(out, 'victim.mjs')}`]),
  );
  return path.join(folder, 'victim.mjs');
}

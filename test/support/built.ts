/**
 * Programs that tests start, as one file each: that starts several times as fast as the sources. A program is built once
 * for all files of a run, by the first that asks; two that ask at once both build, and one of them is kept.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { bundleCli } from '../../scripts/bundle-cli.ts';
import { FUNCTION_OPTIONS } from '../../scripts/bundle-functions.ts';

const run = promisify(execFile);

/** Outside a run of tests, as in a long soak, a process has a folder of its own. */
const FOLDER = process.env.BUILT_PROGRAMS ?? mkdtempSync(path.join(tmpdir(), 'sluice-built-'));

/** For the children: what one has compiled the next need not. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: path.join(FOLDER, 'compiled') };

const asked = new Map<string, Promise<string>>();

function built(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = asked.get(name) ?? buildOnce(name, make);
  asked.set(name, folder);
  return folder;
}

async function buildOnce(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = path.join(FOLDER, name);
  if (existsSync(folder)) return folder;
  const own = `${folder}-${process.pid}`;
  await make(own);
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

/** @returns the folder of the Action */
export function builtAction(): Promise<string> {
  return built('action', async (folder) => {
    // A script that awaits at its top is not to be loaded into a test.
    await run(process.execPath, ['scripts/build-action.ts', folder]);
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  });
}

/** @returns a program of the tests */
export async function builtVictim(source: string): Promise<string> {
  const name = path.basename(source, '.ts');
  const folder = await built(name, (outdir) =>
    build({ ...FUNCTION_OPTIONS, minify: false, entryPoints: { [name]: source }, outdir }),
  );
  return path.join(folder, `${name}.mjs`);
}

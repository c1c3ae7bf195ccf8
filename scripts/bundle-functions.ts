/** Bundles every function into a folder of its own: `dist/functions/<name>/index.mjs`. */
import { globSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { copyDocs } from './copy-docs.ts';
import { trimContract, trimSchemas } from './trim-schemas.ts';

export const FUNCTIONS_OUT = 'dist/functions';

/** @returns the sources, by the name of the folder that each is bundled into: `observe-drain`. */
export function functionSources(): Readonly<Record<string, string>> {
  const files = globSync(['functions/steps/*.ts', 'functions/triggers/*.ts']).toSorted();
  return Object.fromEntries(files.map((file) => [path.basename(file, '.ts'), file]));
}

/** The same bytes from the same sources, so that a deployment changes only what has changed. */
export const FUNCTION_OPTIONS: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  plugins: [trimSchemas, trimContract],
  outExtension: { '.js': '.mjs' },
  // Some dependencies are CommonJS, and require Node's own modules.
  banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
  logLevel: 'warning',
};

/** Loads what is seldom wanted when it is wanted, from its own folder: functions share no files. */
const IN_PARTS = 'api';

/** @param sources by the name of the folder. */
export async function bundleInto(outdir: string, sources: Readonly<Record<string, string>>): Promise<void> {
  const { [IN_PARTS]: inParts, ...inOne } = sources;
  const entries = (of: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(of).map(([name, file]) => [`${name}/index`, file]));
  await build({ ...FUNCTION_OPTIONS, entryPoints: entries(inOne), outdir });
  if (inParts === undefined) return;
  const parts = { splitting: true, chunkNames: `${IN_PARTS}/[name]-[hash]` };
  await build({ ...FUNCTION_OPTIONS, ...parts, entryPoints: entries({ [IN_PARTS]: inParts }), outdir });
}

/** @returns the names of the functions, in order. */
export async function bundleFunctions(): Promise<readonly string[]> {
  const sources = functionSources();
  rmSync(FUNCTIONS_OUT, { recursive: true, force: true });
  await bundleInto(FUNCTIONS_OUT, sources);
  copyDocs(path.join(FUNCTIONS_OUT, 'api'), { compressed: true });
  return Object.keys(sources);
}

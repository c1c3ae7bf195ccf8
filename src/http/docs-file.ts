import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Reads a file of swagger-ui-dist: beside the bundle where there is one, else from the installed package.
 * @param folder of the bundle's copies; absent when running from the sources
 */
export async function readDocsFile(name: string, folder = process.env.LAMBDA_TASK_ROOT): Promise<Uint8Array> {
  const script = process.argv[1];
  const beside = folder ?? (script === undefined ? undefined : join(realpathSync(script), '..'));
  try {
    return await readFile(join(beside ?? '.', 'docs', name));
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code !== 'ENOENT') throw error;
  }
  const require = createRequire(script === undefined ? join(process.cwd(), 'package.json') : realpathSync(script));
  return readFile(require.resolve(`swagger-ui-dist/${name}`));
}

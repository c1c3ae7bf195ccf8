import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

const decompress = promisify(brotliDecompress);

/**
 * Reads a file of swagger-ui-dist: beside the bundle where there is one, as it is or in brotli, else from the installed
 * package.
 * @param folder of the bundle's copies; absent when running from the sources
 */
export async function readDocsFile(name: string, folder = folderOfHandler(process.env)): Promise<Uint8Array> {
  const script = process.argv[1];
  const beside = folder ?? (script === undefined ? '.' : join(realpathSync(script), '..'));
  const packed = await readIfThere(join(beside, 'docs', `${name}.br`));
  if (packed !== undefined) return decompress(packed);
  const plain = await readIfThere(join(beside, 'docs', name));
  if (plain !== undefined) return plain;
  const require = createRequire(script === undefined ? join(process.cwd(), 'package.json') : realpathSync(script));
  return readFile(require.resolve(`swagger-ui-dist/${name}`));
}

/** In Lambda: `_HANDLER` is the handler's path within the package. */
function folderOfHandler({ LAMBDA_TASK_ROOT: root, _HANDLER: handler }: NodeJS.ProcessEnv): string | undefined {
  return root === undefined ? undefined : join(root, dirname(handler ?? ''));
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code !== 'ENOENT') throw error;
    return undefined;
  }
}

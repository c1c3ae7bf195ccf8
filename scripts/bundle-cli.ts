/** Bundles the command line: `sluice.mjs`, and in `chunks` what its commands load. */
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { FUNCTION_OPTIONS } from './bundle-functions.ts';
import { copyDocs } from './copy-docs.ts';

export async function bundleCli(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await build({
    ...FUNCTION_OPTIONS,
    entryPoints: { sluice: 'src/cli/sluice.ts' },
    outdir: folder,
    // A command loads what it needs: `sluice --help` loads no AWS client.
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  copyDocs(folder);
  chmodSync(`${folder}/sluice.mjs`, 0o755);
}

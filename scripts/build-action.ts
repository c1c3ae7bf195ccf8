/** Bundles the Action: one chunk for a deployed stack, the embedded engine and GitHub's client each by themselves. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { trimSchemas } from './trim-schemas.ts';

export const ACTION_FOLDER = 'dist/action';

/**
 * The toolkit's modules do nothing when they are loaded. Its HTTP client is only there for what the Action never asks
 * for, and would be half of what a job has to read before it starts.
 */
const toolkitWithoutSideEffects: Plugin = {
  name: 'toolkit-without-side-effects',
  setup(context) {
    context.onResolve(
      { filter: /^@actions\/(http-client|exec|io)/ },
      async ({ path: wanted, pluginData, ...options }) => {
        if (pluginData === 'resolving') return undefined;
        const { importer, kind, namespace, resolveDir } = options;
        const resolved = await context.resolve(wanted, {
          importer,
          kind,
          namespace,
          resolveDir,
          pluginData: 'resolving',
        });
        return { ...resolved, sideEffects: false };
      },
    );
  },
};

/** Writes the same bytes from the same sources, wherever it runs. */
export async function buildAction(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: { index: 'src/action/main.ts', embedded: 'src/action/embedded.ts' },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    // What a stack trace in somebody's log names.
    keepNames: true,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    mainFields: ['module', 'main'],
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [toolkitWithoutSideEffects, trimSchemas],
    // Packages in CommonJS ask for Node's own modules by require.
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  writeFileSync(path.join(folder, 'licenses.txt'), licenses(metafile));
}

/** The licences of everything that was bundled, as they ask for: each text once, under the packages that it is for. */
function licenses({ inputs }: Metafile): string {
  const folders = new Set(
    Object.keys(inputs).flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
  );
  const packages = new Map<string, string[]>();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].find((each) =>
      existsSync(path.join(folder, each)),
    );
    const text = file === undefined ? '' : readFileSync(path.join(folder, file), 'utf8').trim();
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version} (${license ?? 'see below'})`]);
  }
  const parts = [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}`.trim());
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

if (process.argv[1]?.endsWith('build-action.ts')) await buildAction(process.argv[2] ?? ACTION_FOLDER);

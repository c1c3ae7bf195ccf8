/**
 * How long a function's bundle takes to import, beside one that imports the same clients and commands and nothing else.
 * In processor time, which does not count what others do on the machine meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleInto, functionSources } from '../../scripts/bundle-functions.ts';

export interface ColdStart {
  readonly name: string;
  readonly clients: readonly string[];
  readonly milliseconds: number;
  readonly leastMilliseconds: number;
}

const ROUNDS = 9;
const IMPORT = /import\s*\{([^}]*)\}\s*from\s*"(@aws-sdk\/client-[a-z0-9-]+)"/g;
const TIMER =
  'const before = process.cpuUsage(); const { handler } = await import(process.argv[1]); const { user, system } = process.cpuUsage(before); if (typeof handler !== "function") throw new Error("no handler"); process.stdout.write(String((user + system) / 1000));';

interface Imports {
  readonly name: string;
  readonly source: string;
  /** `import {…} from "@aws-sdk/client-…"`, of what is used alone. */
  readonly lines: readonly string[];
  readonly names: readonly string[];
  readonly clients: readonly string[];
}

/** One function for each set of clients, the one with the most code; those without any have nothing to be compared with. */
export async function coldStarts(): Promise<readonly ColdStart[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cold-start-'));
  // Bare imports are resolved from here.
  const inside = path.resolve('dist', path.basename(folder));
  mkdirSync(inside, { recursive: true });
  try {
    const chosen = await chooseFunctions();
    const entries: Record<string, string> = {};
    for (const { name, source, lines, names } of chosen) {
      entries[name] = source;
      const least = path.join(inside, `${name}.ts`);
      writeFileSync(least, `${lines.join('\n')}\nexport const handler = () => [${names.join(', ')}];\n`);
      entries[`${name}-least`] = least;
    }
    await bundleInto(folder, entries);
    return chosen.map(({ name, clients }) => {
      const both = [name, `${name}-least`].map((each) => pathToFileURL(path.join(folder, each, 'index.mjs')).href);
      const [milliseconds = 0, leastMilliseconds = 0] = timed(both);
      return { name, clients, milliseconds, leastMilliseconds };
    });
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(inside, { recursive: true });
  }
}

/** In turns, so that what else the machine does strikes all alike. @returns the least of each, ms */
function timed(urls: readonly string[]): number[] {
  const best = urls.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, url] of urls.entries()) {
      const answer = execFileSync(process.execPath, ['--input-type=module', '-e', TIMER, url], { encoding: 'utf8' });
      best[index] = Math.min(best[index] ?? Number.POSITIVE_INFINITY, Number(answer));
    }
  }
  return best;
}

async function chooseFunctions(): Promise<readonly Imports[]> {
  const sources = functionSources();
  const { outputFiles } = await build({
    entryPoints: { ...sources },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    outdir: 'out',
    logLevel: 'error',
  });
  const bySet = new Map<string, Imports & { readonly size: number }>();
  for (const file of outputFiles) {
    const name = path.basename(file.path, '.js');
    const imports = importsOf(name, sources[name] ?? '', file.text);
    const key = imports.clients.join();
    const size = file.contents.length;
    if (key !== '' && (bySet.get(key)?.size ?? 0) < size) bySet.set(key, { ...imports, size });
  }
  return [...bySet.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function importsOf(name: string, source: string, text: string): Imports {
  const used = new Map<string, Set<string>>();
  for (const [, list = '', client = ''] of text.matchAll(IMPORT)) {
    for (const entry of list.split(',').map((each) => each.trim().split(' as '))) {
      const [imported = '', local = imported] = entry;
      if (text.split(new RegExp(`\\b${local}\\b`)).length <= 2) continue;
      used.set(client, (used.get(client) ?? new Set()).add(imported));
    }
  }
  return {
    name,
    source,
    clients: [...used.keys()].map((client) => client.replace('@aws-sdk/client-', '')).toSorted(),
    lines: [...used].map(([client, names]) => `import { ${[...names].join(', ')} } from '${client}';`),
    names: [...used.values()].flatMap((names) => [...names]),
  };
}

/** @returns bytes of a function's folder as it is uploaded, by a deterministic zip of the largest compression */
export function sizeOf(file: string, deflate: (content: Uint8Array) => Uint8Array): number {
  return deflate(readFileSync(file)).length;
}

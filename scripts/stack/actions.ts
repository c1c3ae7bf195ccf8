/**
 * Which actions of AWS a function's code can ask for: bundled without the SDK, what is left after tree shaking names the
 * commands that it may send. A class is kept whole, so this is an upper bound: what is sent is seen when it runs.
 */
import { build } from 'esbuild';

/** SDK client → prefix of its actions in IAM, where the two differ. */
const PREFIXES: Readonly<Record<string, string>> = {
  'auto-scaling': 'autoscaling',
  'elastic-load-balancing': 'elasticloadbalancing',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  eventbridge: 'events',
  'resource-groups-tagging-api': 'tag',
  sfn: 'states',
};

const IMPORT = /import\s*\{([^}]*)\}\s*from\s*"@aws-sdk\/client-([a-z0-9-]+)"/g;

/** @returns IAM actions by the name of the source, each list in order */
export async function actionsOfCode(
  sources: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(Object.entries(sources)),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    treeShaking: true,
    write: false,
    outdir: 'out',
    logLevel: 'error',
  });
  return Object.fromEntries(
    outputFiles.map((file) => [file.path.replace(/^.*\/|\.js$/g, ''), actionsOfImports(file.text)]),
  );
}

function actionsOfImports(text: string): string[] {
  const actions = [...text.matchAll(IMPORT)].flatMap(([, names = '', client = '']) =>
    names
      .split(',')
      .map((name) => name.trim().split(' as '))
      .filter(([name = '', local = name]) => text.split(new RegExp(`\\b${local}\\b`)).length > 2)
      .flatMap(([name = '']) => operationOf(name) ?? [])
      .map((operation) => `${PREFIXES[client] ?? client}:${operation}`),
  );
  return [...new Set(actions)].toSorted();
}

function operationOf(name: string): string | undefined {
  return /^(\w+)Command$/.exec(name)?.[1] ?? /^(?:paginate|waitUntil)(\w+)$/.exec(name)?.[1];
}

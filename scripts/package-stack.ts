/** The packaged stack: its template and a zip for each function, offline and without credentials. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { bundleFunctions } from './bundle-functions.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
}

export interface Template {
  readonly Description?: string;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

export const PACKAGE_FOLDER = '.serverless';
export const TEMPLATE = 'cloudformation-template-update-stack.json';

/** @throws Error with what the command said */
export function serverless(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['node_modules/serverless/bin/serverless.js', ...args],
    { encoding: 'utf8', env: environment, maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`serverless ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`);
  return stdout + stderr;
}

/** Bundles and packages, unable to reach an account: no credentials, and no profile to take them from. */
export async function packageStack({
  folder = PACKAGE_FOLDER,
  args = [],
}: {
  readonly folder?: string;
  readonly args?: readonly string[];
} = {}): Promise<Template> {
  await bundleFunctions();
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^AWS_(?!REGION$|DEFAULT_REGION$)/.test(name)),
  );
  serverless(['package', '--package', folder, ...args], environment);
  return readTemplate(folder);
}

export function readTemplate(folder = PACKAGE_FOLDER): Template {
  return JSON.parse(readFileSync(`${folder}/${TEMPLATE}`, 'utf8')) as Template;
}

/** Everything that guards main besides the tests. Each check runs even if one before it has failed. */
import { spawnSync } from 'node:child_process';

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const node = (name: string, script: string, ...args: string[]): Check => ({
  name,
  command: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', script, ...args],
});

const CHECKS: readonly Check[] = [
  { name: 'lint and format', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  node('definitions', 'scripts/check-definitions.ts'),
  node('imports', 'scripts/check-imports.ts'),
  node('generated files', 'scripts/generate.ts', '--check'),
  node('generated stack', 'scripts/generate-stack.ts', '--check'),
  node('template', 'scripts/check-template.ts'),
  node('Action in dist', 'scripts/check-action-dist.ts'),
  { name: 'dead code', command: 'knip', args: ['--no-progress'] },
  node('lock file', 'scripts/check-lock-file.ts'),
  node('page of dependencies', 'scripts/check-dependencies.ts'),
];

let failed = 0;
for (const { name, command, args } of CHECKS) {
  const started = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (status === 0) {
    process.stdout.write(`ok      ${name} (${seconds} s)\n`);
    continue;
  }
  failed += 1;
  process.stdout.write(`failed  ${name} (${seconds} s)\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;

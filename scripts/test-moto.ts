/**
 * `npm run test:moto`: the deployment rehearsed on `moto_server`, and the contract tests of src/aws on it.
 * With `--if-installed`, where there is no moto_server, it says so and succeeds.
 */
import { spawnSync } from 'node:child_process';
import { NOT_MODELLED } from './moto/prepare.ts';
import { rehearse } from './moto/rehearsal.ts';
import { isMotoInstalled, startMoto } from './moto/server.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

async function run(): Promise<number> {
  const moto = await startMoto();
  try {
    say(`rehearsing on moto_server, without ${Object.keys(NOT_MODELLED).join(', ')}: moto has no model of them`);
    await rehearse(moto.url, say);
    const { status } = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        'node_modules/jest/bin/jest.js',
        'test/contract-aws',
        'test/doctor/examine',
      ],
      { stdio: 'inherit', env: { ...process.env, MOTO_ENDPOINT: moto.url } },
    );
    return status ?? 1;
  } finally {
    await moto.stop();
  }
}

if (isMotoInstalled()) {
  process.exitCode = await run();
} else {
  const fatal = !process.argv.includes('--if-installed');
  say('='.repeat(80));
  say('moto_server is NOT INSTALLED: the deployment was not rehearsed, and the tests did not run on moto.');
  say('pip install "moto[server]" installs it.');
  say('='.repeat(80));
  process.exitCode = fatal ? 1 : 0;
}

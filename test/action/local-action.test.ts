import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startStep } from './runner.ts';
import { registered } from './scenes.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** The sources themselves, with the stand-ins of `@github/local-action` for the toolkit and its own reading of action.yml. */
function runSources(inputs: Readonly<Record<string, string>>) {
  const dotenv = path.join(mkdtempSync(path.join(tmpdir(), 'sluice-local-')), '.env');
  writeFileSync(dotenv, '');
  const command = [
    process.execPath,
    'node_modules/tsx/dist/cli.mjs',
    'node_modules/@github/local-action/src/index.ts',
    '.',
    'src/action/run.ts',
    dotenv,
  ];
  return startStep(command, {
    inputs,
    endpoint: stage.url,
    environment: { NODE_PACKAGE_MANAGER: 'npm', TARGET_ACTION_PATH: process.cwd(), NODE_NO_WARNINGS: '1' },
  }).result;
}

test('the sources run under a stand-in for the runner, on either engine, and refuse what is wrong', async () => {
  const { id, group, isGone } = registered(stage.region, 1);
  const inputs = {
    workflow: 'deregister-targets',
    targets: id,
    'target-groups': group,
    'timeout-seconds': '60',
    'min-poll-interval-seconds': '1',
  };
  const other = registered(stage.region, 1);
  const [done, looked, refused] = await Promise.all([
    runSources({ ...inputs, targets: other.id, 'target-groups': other.group }),
    runSources({ ...inputs, 'state-machine-arn': stage.machineArn('deregister-targets'), 'dry-run': 'true' }),
    runSources({ ...inputs, 'timeout-seconds': '1h', wait: 'no' }),
  ]);
  expect(looked.log).toMatch(/set-output name=status::succeeded/);
  expect(looked.log).toContain('looked once and touched nothing');
  expect(isGone()).toBe(false);
  expect(refused.log).toMatch(/set-output name=status::refused/);
  expect(refused.log).toContain('timeout-seconds must be a whole number from 1 to 2000000, got "1h"');
  expect(refused.log).toContain('wait must be true or false, got "no"');

  expect(done.log).toMatch(/set-output name=status::succeeded/);
  expect(done.summary).toContain(`deregister-targets ${other.id}: succeeded`);
  expect(other.isGone()).toBe(true);
}, 60_000);

/**
 * A program of its own, for killed.test.ts: accepts a delayed termination, and says when it waits for its time.
 *
 *     node killed-victim.ts <endpoint> <journal> <input as JSON> <task>
 *
 * It kills itself at the exit of the task, when its work is done and nobody has written that down.
 */
import { writeSync } from 'node:fs';
import { DEFINITIONS, stepHandlers } from '../../../functions/registry.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { EmbeddedEngine } from '../../../src/engine/embedded/embedded-engine.ts';

const [endpoint = '', journal = '', input = '', dieAt = ''] = process.argv.slice(2);
const engine = new EmbeddedEngine({
  definitions: DEFINITIONS,
  definitionsChecked: true,
  handlers: stepHandlers({
    aws: { endpoint, credentials: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'simulated' } },
    settings: readSettings({}),
    now: Date.now,
    random: Math.random,
  }),
  journal,
  region: 'eu-west-1',
  accountId: '123456789012',
});
engine.onEvent(({ event }) => {
  if (event.type === 'WaitStateEntered') writeSync(1, `waits in ${event.stateName}\n`);
  if (event.type !== 'TaskStateExited' || event.stateName !== dieAt) return;
  writeSync(1, `dies at ${event.stateName}\n`);
  process.kill(process.pid, 'SIGKILL');
});
const { executionArn } = await engine.start({
  workflow: 'delayed-termination',
  name: 'killed',
  input: JSON.parse(input),
});
writeSync(1, `accepted ${executionArn}\n`);

/**
 * A program of its own, for sigkill.test.ts: drains against a region that another process serves, and kills itself.
 *
 *     node sigkill-victim.ts <endpoint> <journal> <input as JSON> <states as JSON>
 *
 * The states are those to die at, each as soon as it comes: a Task's at its exit, when its work is done and nobody has
 * written that down; any other at its entry. It says where it dies, or how it ended.
 */
import { writeSync } from 'node:fs';
import { DEFINITIONS, stepHandlers } from '../../../functions/registry.ts';
import { readSettings } from '../../../src/contract/settings.ts';
import { EmbeddedEngine } from '../../../src/engine/embedded/embedded-engine.ts';

const [endpoint = '', journal = '', input = '', states = ''] = process.argv.slice(2);
const dieAt: readonly string[] = JSON.parse(states);

const engine = new EmbeddedEngine({
  definitions: { 'drain-instance': DEFINITIONS['drain-instance'] },
  definitionsChecked: true,
  handlers: stepHandlers({
    aws: { endpoint, credentials: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'simulated' } },
    settings: readSettings({ SLUICE_MIN_POLL_INTERVAL_SECONDS: '1', SLUICE_MAX_POLL_INTERVAL_SECONDS: '2' }),
    now: Date.now,
    random: Math.random,
  }),
  journal,
  region: 'eu-west-1',
  accountId: '123456789012',
});
const say = (what: object): void => {
  writeSync(1, `${JSON.stringify(what)}\n`);
};
engine.onEvent(({ event }) => {
  const { stateName = '', type } = event;
  const moment = type.startsWith('Task') ? 'TaskStateExited' : type.replace('Exited', 'Entered');
  if (type !== moment || !dieAt.includes(stateName)) return;
  say({ diedAt: stateName });
  process.kill(process.pid, 'SIGKILL');
});
await engine.resume();
const executionArn = engine.executionArn('drain-instance', 'crash');
const known = (await engine.list({ workflow: 'drain-instance' })).executions.length > 0;
if (!known) await engine.start({ workflow: 'drain-instance', name: 'crash', input: JSON.parse(input) });
const { status, error } = await engine.waitFor(executionArn);
say({ status, error });
await engine.close();

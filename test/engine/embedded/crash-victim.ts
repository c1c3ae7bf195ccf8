/**
 * A program of its own: starts executions, or takes up what a killed one left, and kills itself when the engine has
 * told of so many events.
 *
 *     node crash-victim.ts <journal> <log> <names to start, by commas; empty: resume> <events until SIGKILL>
 */
import { appendFileSync } from 'node:fs';
import { crashEngine } from './crash-machine.ts';

const [journal = '', log = '', names = '', until = ''] = process.argv.slice(2);
const engine = crashEngine(journal, log, { definitionsChecked: true });
let left = Number(until);
engine.onEvent(() => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});

if (names === '') await engine.resume();
for (const name of names.split(',').filter((each) => each !== '')) {
  await engine.start({ workflow: 'delayed-termination', name, input: { name } });
  appendFileSync(log, `${name} accepted\n`);
}
const { executions } = await engine.list({ workflow: 'delayed-termination' });
await Promise.all(executions.map(({ executionArn }) => engine.waitFor(executionArn)));
await engine.close();

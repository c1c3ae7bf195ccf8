/**
 * Kills `sluice serve` at random moments while it is asked, and says what was lost: nothing, or it ends with 1.
 *
 *     node scripts/soak-serve.ts [--kills 50] [--callers 8] [--work terminations|waits] [--json]
 */
import { parseArgs } from 'node:util';
import { soak } from '../test/http/support/soak.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    callers: { type: 'string', default: '8' },
    work: { type: 'string', default: 'terminations' },
    json: { type: 'boolean', default: false },
  },
});
const work = values.work === 'waits' ? 'waits' : 'terminations';
const result = await soak({ kills: Number(values.kills), callers: Number(values.callers), work });
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  process.stdout.write(
    `${result.kills} SIGKILLs in ${result.seconds.toFixed(0)} s: ${result.asked} asked, ${result.accepted} accepted, ` +
      `${result.lost} lost, ${result.spared} instances spared, ${result.terminatedTwice} terminated by two calls\n`,
  );
}
process.exitCode = result.lost + result.spared === 0 && result.accepted > 0 ? 0 : 1;

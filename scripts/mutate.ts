/**
 * Mutation testing: is there a test that fails when the code is wrong? Not a part of `npm test`: it takes its time.
 *
 *     npm run mutate                        src/core, by Stryker; ends with 1 below the least score
 *     npm run mutate -- core src/core/pace.ts
 *     npm run mutate -- definitions         every state machine
 *     npm run mutate -- definitions drain-instance
 */
import { mutateCore } from './mutation/core.ts';
import { mutateDefinitions } from './mutation/run-definitions.ts';

const [what = 'core', ...names] = process.argv.slice(2);
if (what === 'core') process.exitCode = mutateCore(names) ? 0 : 1;
else if (what === 'definitions') process.exitCode = (await mutateDefinitions(names)) ? 0 : 1;
else {
  process.stderr.write(`There is nothing to mutate that is called ${what}: core, or definitions.\n`);
  process.exitCode = 2;
}

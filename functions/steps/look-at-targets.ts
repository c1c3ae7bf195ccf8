import { TargetsData } from '../../src/contract/targets-data.ts';
import { decideTargets } from '../../src/core/targets/progress.ts';
import { decideWatch, isWatch } from '../../src/core/targets/watch.ts';
import { step } from '../../src/lambda/step.ts';
import { readTargets } from './gather/target-facts.ts';

/** Its calls may stand in a queue with those of others. */
const BUDGET_SECONDS = 15;

export const handler = step(
  TargetsData,
  async (data, environment) =>
    isWatch(data.plan)
      ? decideWatch(await readTargets(data, environment), data, environment.now())
      : decideTargets(await readTargets(data, environment), data, environment.now(), environment.random()),
  () => BUDGET_SECONDS,
);

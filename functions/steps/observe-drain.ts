import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { decideDrainProgress } from '../../src/core/drain/progress.ts';
import { step } from '../../src/lambda/step.ts';
import { readDrainFacts } from './gather/drain-facts.ts';

export const handler = step(
  DrainData,
  async (data, environment) => {
    const facts = await readDrainFacts(data, environment);
    return decideDrainProgress(facts, data.plan, data.progress, environment.now(), environment.random());
  },
  stepBudgetSeconds,
);

import { DrainData } from '../../src/contract/drain-data.ts';
import { stepBudgetSeconds } from '../../src/core/drain/budget.ts';
import { step } from '../../src/lambda/step.ts';
import { stopChosenTasks } from './gather/stop-tasks.ts';

export const handler = step(
  DrainData,
  (data, environment) => stopChosenTasks(data, environment, 'Sluice: the instance is drained but for its daemon tasks'),
  stepBudgetSeconds,
);

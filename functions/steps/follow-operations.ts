import { ServiceRun } from '../../src/contract/clean-cloud-map-data.ts';
import { withEnds } from '../../src/core/cloud-map/removal.ts';
import { step } from '../../src/lambda/step.ts';
import { readOperations } from './gather/cloud-map-operations.ts';

/** A removal is submitted first and done later: its end is observed, never assumed. */
export const handler = step(
  ServiceRun,
  async (run, environment) => {
    const ends = await readOperations(run, environment);
    return withEnds(run, ends, environment.now(), environment.random());
  },
  () => 40,
);

import { CleanUpData } from '../../src/contract/clean-cloud-map-data.ts';
import { weighObservations } from '../../src/core/cloud-map/weigh.ts';
import { step } from '../../src/lambda/step.ts';

/** Between the phases: which services go on, and whether any may. */
export const handler = step(CleanUpData, (data, { now }) => weighObservations(data, now()));

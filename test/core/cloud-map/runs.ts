/** Runs of one service as its steps hand them on, for the decisions' tests. */
import type { ServiceOutcome } from '../../../src/contract/clean-cloud-map.ts';
import type { CleanUpData, CleanUpPlan, Observation, ServiceRun } from '../../../src/contract/clean-cloud-map-data.ts';
import { newObservation } from '../../../src/core/cloud-map/observation.ts';
import { newOutcome } from '../../../src/core/cloud-map/outcome.ts';

export const NOON = Date.parse('2026-03-02T12:00:00.000Z');
export const at = (seconds: number): number => NOON + seconds * 1000;
export const time = (seconds: number): string => new Date(at(seconds)).toISOString();

export const plan = (more: Partial<CleanUpPlan> = {}): CleanUpPlan => ({
  region: 'eu-west-1',
  instancesRegions: ['eu-west-1', 'us-east-1'],
  confirmAfterSeconds: 60,
  minRemaining: 1,
  maxAbsentPercent: 50,
  dryRun: false,
  execution: 'arn:aws:states:eu-west-1:123456789012:execution:sluice-clean-cloud-map:x',
  startedAt: time(0),
  deadline: time(960),
  ...more,
});

export const observation = (more: Partial<Observation> = {}): Observation => ({
  ...newObservation(NOON),
  registrations: 10,
  alive: 8,
  terminated: 2,
  candidates: ['i-1@10.0.0.1', 'i-2@10.0.0.2'],
  ...more,
});

export const outcome = (more: Partial<ServiceOutcome> = {}): ServiceOutcome => ({ ...newOutcome('srv-1'), ...more });

export const run = (more: Partial<ServiceRun> = {}): ServiceRun => ({
  plan: plan(),
  phase: 'observe',
  outcome: outcome(),
  from: '',
  faults: 0,
  ...more,
});

export const data = (more: Partial<CleanUpData> = {}): CleanUpData => ({
  plan: plan(),
  phase: 'observe',
  open: [],
  settled: [],
  next: 'observe',
  notes: [],
  ...more,
});

/** Plans and instances as the steps of a delayed termination hand them on. */
import type {
  InstanceRecord,
  TerminationData,
  TerminationPlan,
  TerminationProgress,
} from '../../../src/contract/termination-data.ts';
import type { Guards, InstanceFacts } from '../../../src/core/termination/admission.ts';

export const NOON = Date.parse('2026-03-02T12:00:00.000Z');
export const at = (seconds: number): number => NOON + seconds * 1000;
export const time = (seconds: number): string => new Date(at(seconds)).toISOString();
export const id = (index: number): string => `i-0123456789abcdef${index}`;
export const GUARDS: Guards = { allowedRegions: [] };

export const plan = (more: Partial<TerminationPlan> = {}): TerminationPlan => ({
  region: 'eu-west-1',
  drain: false,
  onDrainTimeout: 'terminate',
  decrementDesiredCapacity: false,
  dryRun: false,
  execution: 'arn:aws:states:eu-west-1:123456789012:execution:sluice-delayed-termination:x',
  startedAt: time(0),
  terminateAt: time(60),
  deadline: time(3_660),
  minPollIntervalSeconds: 8,
  maxPollIntervalSeconds: 600,
  drainInput: {},
  ...more,
});

export const record = (index: number, more: Partial<InstanceRecord> = {}): InstanceRecord => ({
  id: id(index),
  state: 'running',
  ...more,
});

export const progress = (
  instances: readonly InstanceRecord[] = [record(1)],
  more: Partial<TerminationProgress> = {},
): TerminationProgress => ({ instances: [...instances], checked: 0, polls: 0, faults: 0, notes: [], ...more });

export const data = (
  instances?: readonly InstanceRecord[],
  planned: Partial<TerminationPlan> = {},
  more: Partial<TerminationProgress> = {},
): TerminationData => ({ plan: plan(planned), progress: progress(instances, more) });

export const facts = (index: number, more: Partial<InstanceFacts> = {}): InstanceFacts => ({
  instanceId: id(index),
  state: 'running',
  addresses: [`10.0.0.${index}`],
  tags: {},
  ...more,
});

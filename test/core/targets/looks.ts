/** Plans and registrations as the steps of the target workflows hand them on. */
import { readSettings } from '../../../src/contract/settings.ts';
import type {
  PlannedGroup,
  Registration,
  TargetsPlan,
  TargetsProgress,
  TargetsWorkflow,
} from '../../../src/contract/targets-data.ts';
import type { TargetHealthFacts } from '../../../src/core/targets.ts';

export const NOON = Date.parse('2026-03-02T12:00:00.000Z');
export const at = (seconds: number): number => NOON + seconds * 1000;
export const time = (seconds: number): string => new Date(at(seconds)).toISOString();
export const SETTINGS = readSettings({});
export const POD = '10.0.7.7';
export const INSTANCE = 'i-0123456789abcdef0';

export const group = (index: number, more: Partial<PlannedGroup> = {}): PlannedGroup => ({
  at: `arn:tg/${index}`,
  type: 'ip',
  port: 80,
  ...more,
});

export const plan = (
  workflow: TargetsWorkflow = 'deregister-targets',
  more: Partial<TargetsPlan> = {},
  input: Partial<TargetsPlan['input']> = {},
): TargetsPlan => ({
  workflow,
  input: { region: 'eu-west-1', targets: [{ id: POD }], loadBalancer: 'web', dryRun: false, ...input },
  execution: `arn:aws:states:eu-west-1:123456789012:execution:sluice-${workflow}:x`,
  startedAt: time(0),
  deadline: time(3_600),
  deadlineBy: 'default',
  minPollIntervalSeconds: 2,
  maxPollIntervalSeconds: 600,
  loadBalancers: [],
  groups: [group(0)],
  ...more,
});

export const registration = (more: Partial<Registration> = {}): Registration => ({
  group: 0,
  id: POD,
  port: 80,
  state: 'healthy',
  ...more,
});

export const progress = (more: Partial<TargetsProgress> = {}): TargetsProgress => ({
  groupsFound: 1,
  pending: [0],
  surveyed: true,
  registrations: [],
  polls: 0,
  faults: 0,
  notes: [],
  ...more,
});

export const target = (state: string, more: Partial<TargetHealthFacts> = {}): TargetHealthFacts => ({
  id: POD,
  port: 80,
  state,
  ...more,
});

/** What groups answered at a time, by their index. */
export const answered = (seconds: number, ...groups: readonly (readonly TargetHealthFacts[])[]) =>
  new Map(groups.map((targets, index) => [index, { at: at(seconds), targets }] as const));

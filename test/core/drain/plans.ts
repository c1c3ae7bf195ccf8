/** Plans and progress as the steps hand them on, for the decisions' tests. */
import type {
  DrainDecision,
  DrainPlan,
  DrainProgress,
  Location,
  TargetRecord,
} from '../../../src/contract/drain-data.ts';

export const NOON = Date.parse('2026-03-02T12:00:00.000Z');
export const at = (seconds: number): number => NOON + seconds * 1000;
export const time = (seconds: number): string => new Date(at(seconds)).toISOString();

export const CONTAINER_INSTANCE =
  'arn:aws:ecs:eu-west-1:123456789012:container-instance/web/0123456789abcdef0123456789abcdef';
export const INSTANCE = 'i-0123456789abcdef0';

export const location = (more: Partial<Location> = {}): Location => ({
  at: time(0),
  instanceState: 'running',
  spot: false,
  ids: [INSTANCE, '10.0.0.10'],
  cluster: 'web',
  containerInstanceArn: CONTAINER_INSTANCE,
  containerInstanceStatus: 'ACTIVE',
  targetGroups: [{ arn: 'arn:tg/a', delaySeconds: 300, ownedByEcs: [], usedByEcs: false }],
  ...more,
});

export const plan = (more: Partial<DrainPlan> = {}, input: Partial<DrainPlan['input']> = {}): DrainPlan => ({
  input: {
    region: 'eu-west-1',
    instanceId: INSTANCE,
    allTargetGroups: false,
    standaloneTasks: 'stop-at-deadline',
    onTimeout: 'continue',
    dryRun: false,
    lifecycle: {
      autoScalingGroupName: 'web',
      lifecycleHookName: 'sluice-drain',
      lifecycleActionToken: 'token',
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      destination: 'EC2',
    },
    ...input,
  },
  execution: 'arn:aws:states:eu-west-1:123456789012:execution:sluice-drain-instance:x',
  kind: 'drain',
  startedAt: time(0),
  deadline: time(3_600),
  deadlineBy: 'hook',
  minPollIntervalSeconds: 8,
  maxPollIntervalSeconds: 600,
  hook: { heartbeatTimeoutSeconds: 300 },
  location: location(),
  ...more,
});

export const progress = (more: Partial<DrainProgress> = {}): DrainProgress => ({
  drainingSetAt: time(1),
  deregisterCheckedAt: time(1),
  drained: false,
  targets: [],
  tasksFound: { service: 0, standalone: 0, daemon: 0 },
  tasksAlive: { service: 0, standalone: 0, daemon: 0 },
  tasksByStatus: {},
  tasksUnknown: 0,
  tasksStoppedByUs: 0,
  lifecycle: 'open',
  heartbeatAt: time(0),
  heartbeats: 0,
  polls: 0,
  faults: 0,
  notes: [],
  ...more,
});

export const target = (more: Partial<TargetRecord> = {}): TargetRecord => ({
  group: 0,
  id: INSTANCE,
  port: 80,
  owner: 'instance',
  state: 'healthy',
  ...more,
});

export const decision = (next: DrainDecision['next'], resume: DrainDecision['resume'] = 'observe'): DrainDecision => ({
  next,
  resume,
  heartbeat: false,
  waitUntil: time(100),
  taskArns: [],
  reason: 'as the test wants it',
});
/** The end, as the last look showed it. */
export const over = progress({ drained: true, observedAt: time(100), polls: 4 });

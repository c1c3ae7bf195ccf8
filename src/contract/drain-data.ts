/**
 * What travels from state to state of `drain-instance`. Executions outlive deployments, so whatever a later release adds
 * here is optional or has a default. Times are ISO 8601 in UTC and absolute: a state that is entered twice waits once.
 */
import * as z from 'zod/mini';
import { Timestamp } from './common.ts';
import { DrainInstanceInput, LifecycleOutcome } from './drain-instance.ts';

/** What the first state is given: the raw input, and the execution that it belongs to. */
export const PlanDrainInput = z.object({
  input: z.unknown(),
  execution: z.object({ id: z.string(), startTime: Timestamp }),
});

export const PlannedTargetGroup = z.object({
  arn: z.string(),
  delaySeconds: z.number(),
  /** `id:port` of registrations that an ECS service owns: awaited, never deregistered by us. */
  ownedByEcs: z._default(z.array(z.string()), []),
  /** A service of this cluster uses the group: what is not owned is looked at twice before it is deregistered. */
  usedByEcs: z._default(z.boolean(), false),
});
export type PlannedTargetGroup = z.output<typeof PlannedTargetGroup>;

export const Location = z.object({
  at: Timestamp,
  /** EC2's word for it, or `absent`. */
  instanceState: z.string(),
  spot: z.boolean(),
  spotRequestId: z.optional(z.string()),
  /** Ids under which the instance itself stands in target groups: its own, and its addresses. */
  ids: z.array(z.string()),
  cluster: z.optional(z.string()),
  containerInstanceArn: z.optional(z.string()),
  containerInstanceStatus: z.optional(z.string()),
  targetGroups: z.array(PlannedTargetGroup),
  /** Where the search through all target groups goes on; absent when there is none, or it is over. */
  searchFrom: z.optional(z.object({ marker: z.optional(z.string()) })),
});
export type Location = z.output<typeof Location>;

/** What Auto Scaling says of the hook; a hook that has been deleted has no timeouts. */
export const PlannedHook = z.object({ heartbeatTimeoutSeconds: z.optional(z.number()) });

export const DrainPlan = z.object({
  input: DrainInstanceInput,
  execution: z.string(),
  kind: z.enum(['drain', 'look', 'restore']),
  startedAt: Timestamp,
  deadline: Timestamp,
  /** What set the deadline, for the reason in the receipt. */
  deadlineBy: z.enum(['timeoutSeconds', 'deadline', 'default', 'hook', 'spot']),
  minPollIntervalSeconds: z.number(),
  maxPollIntervalSeconds: z.number(),
  hook: z.optional(PlannedHook),
  location: z.optional(Location),
});
export type DrainPlan = z.output<typeof DrainPlan>;

export const TargetRecord = z.object({
  /** Index in the plan's target groups. */
  group: z.number(),
  id: z.string(),
  port: z.number(),
  owner: z.enum(['ecs', 'instance']),
  state: z.string(),
  /** The latest observation that did not yet show it draining; its drain ends no sooner than this plus the delay. */
  activeAt: z.optional(Timestamp),
  deregisteredAt: z.optional(Timestamp),
  drainedAt: z.optional(Timestamp),
});
export type TargetRecord = z.output<typeof TargetRecord>;

export const TaskCounts = z.object({ service: z.number(), standalone: z.number(), daemon: z.number() });
export type TaskCounts = z.output<typeof TaskCounts>;

export const DrainProgress = z.object({
  drainingSetAt: z.optional(Timestamp),
  deregisterCheckedAt: z.optional(Timestamp),
  observedAt: z.optional(Timestamp),
  drained: z._default(z.boolean(), false),
  targets: z._default(z.array(TargetRecord), []),
  tasksFound: z._default(TaskCounts, { service: 0, standalone: 0, daemon: 0 }),
  tasksAlive: z._default(TaskCounts, { service: 0, standalone: 0, daemon: 0 }),
  /** Alive tasks by lastStatus, for whoever watches. */
  tasksByStatus: z._default(z.record(z.string(), z.number()), {}),
  tasksUnknown: z._default(z.number(), 0),
  tasksStoppedByUs: z._default(z.number(), 0),
  lastTaskStoppedAt: z.optional(Timestamp),
  lifecycle: z._default(z.union([LifecycleOutcome, z.literal('open')]), 'none'),
  lifecycleCompletedAt: z.optional(Timestamp),
  heartbeatAt: z.optional(Timestamp),
  heartbeats: z._default(z.number(), 0),
  polls: z._default(z.number(), 0),
  faults: z._default(z.number(), 0),
  /** What the last fault said, shortened. */
  lastFault: z.optional(z.string()),
  notes: z._default(z.array(z.string()), []),
});
export type DrainProgress = z.output<typeof DrainProgress>;

export const DrainDecision = z.object({
  next: z.enum([
    'wait',
    'hold',
    'deregister',
    'stop-standalone-tasks',
    'stop-daemon-tasks',
    'complete',
    'expire',
    'announce',
  ]),
  heartbeat: z.boolean(),
  waitUntil: Timestamp,
  /** Where the loop goes on after a fault was waited out. */
  resume: z._default(
    z.enum(['read-hook', 'locate', 'search', 'deregister', 'set-draining', 'set-active', 'observe', 'expire']),
    'observe',
  ),
  /** Tasks to stop, at most 100 at a time. */
  taskArns: z._default(z.array(z.string()), []),
  reason: z.string(),
});
export type DrainDecision = z.output<typeof DrainDecision>;

/** An error as a catch hands it on. */
export const CaughtError = z.object({ Error: z.string(), Cause: z._default(z.string(), '') });
export type CaughtError = z.output<typeof CaughtError>;

export const DrainData = z.object({
  plan: DrainPlan,
  progress: DrainProgress,
  decision: z.optional(DrainDecision),
  /** A passing fault that is being waited out, and whether it was the heartbeat's. */
  fault: z.optional(CaughtError),
  heartbeatFault: z.optional(CaughtError),
});
export type DrainData = z.output<typeof DrainData>;

/** What the announcing state is given: a failure may come before there is a plan. */
export const AnnounceDrainInput = z.object({
  plan: z.optional(DrainPlan),
  progress: z.optional(DrainProgress),
  decision: z.optional(DrainDecision),
  failure: z.optional(CaughtError),
  /** The raw input, where the failure came before a plan. */
  input: z.optional(z.unknown()),
  execution: z.optional(z.object({ id: z.string(), startTime: Timestamp })),
});
export type AnnounceDrainInput = z.output<typeof AnnounceDrainInput>;

/**
 * What travels from state to state of `delayed-termination`. Executions outlive deployments, so whatever a later release
 * adds here is optional or has a default. Times are ISO 8601 in UTC and absolute: a state that is entered twice waits once.
 */
import * as z from 'zod/mini';
import { Timestamp } from './common.ts';
import { CaughtError } from './drain-data.ts';

const Execution = z.object({ id: z.string(), startTime: Timestamp });

/** What the first state is given: the raw input, and the execution that it belongs to. */
export const PlanTerminationInput = z.object({ input: z.unknown(), execution: Execution });

export const TerminationPlan = z.object({
  region: z.string(),
  ipAddress: z.optional(z.string()),
  drain: z.boolean(),
  onDrainTimeout: z.enum(['terminate', 'keep']),
  decrementDesiredCapacity: z.boolean(),
  dryRun: z.boolean(),
  requestedBy: z.optional(z.string()),
  execution: z.string(),
  startedAt: Timestamp,
  /** Nothing is terminated before this, nor after the deadline. */
  terminateAt: Timestamp,
  deadline: Timestamp,
  minPollIntervalSeconds: z.number(),
  maxPollIntervalSeconds: z.number(),
  /** Input of `drain-instance` but for the instance. */
  drainInput: z.record(z.string(), z.unknown()),
});
export type TerminationPlan = z.output<typeof TerminationPlan>;

export const InstanceRecord = z.object({
  id: z.string(),
  /** EC2's word for it when it was last seen, or `absent`; `unknown` before that. */
  state: z.string(),
  /** How it ended; absent while it is open. */
  status: z.optional(z.enum(['succeeded', 'timed-out', 'refused', 'failed'])),
  reason: z.optional(z.string()),
  drained: z.optional(z.enum(['drained', 'timed-out', 'failed'])),
  /** A call for many failed, and it has to be asked for alone. */
  alone: z.optional(z.boolean()),
  /** By way of its Auto Scaling group, whose hooks may take their time. */
  inGroup: z.optional(z.boolean()),
  requestedAt: z.optional(Timestamp),
  terminatedAt: z.optional(Timestamp),
});
export type InstanceRecord = z.output<typeof InstanceRecord>;

export const TerminationProgress = z.object({
  instances: z.array(InstanceRecord),
  /** How many have been asked for their termination protection. */
  checked: z._default(z.number(), 0),
  drainedAt: z.optional(Timestamp),
  polls: z._default(z.number(), 0),
  faults: z._default(z.number(), 0),
  /** What the last fault said, shortened. */
  lastFault: z.optional(z.string()),
  notes: z._default(z.array(z.string()), []),
});
export type TerminationProgress = z.output<typeof TerminationProgress>;

export const TerminationDecision = z.object({
  next: z.enum(['await-time', 'drain', 'drain-batches', 'terminate', 'wait', 'hold', 'announce']),
  outcome: z.optional(z.enum(['ended', 'expired', 'looked'])),
  waitUntil: Timestamp,
  /** Where the loop goes on after a pause. */
  resume: z._default(z.enum(['check', 'terminate', 'observe']), 'observe'),
  reason: z.string(),
});
export type TerminationDecision = z.output<typeof TerminationDecision>;

export const TerminationData = z.object({
  plan: TerminationPlan,
  progress: TerminationProgress,
  decision: z.optional(TerminationDecision),
  fault: z.optional(CaughtError),
});
export type TerminationData = z.output<typeof TerminationData>;

/** How the drain of one instance ended. */
export const DrainOutcome = z.object({
  instanceId: z.string(),
  status: z.enum(['succeeded', 'timed-out', 'refused', 'failed', 'stopped']),
  reason: z.optional(z.string()),
});
export type DrainOutcome = z.output<typeof DrainOutcome>;

const Judged = z.union([DrainOutcome, z.object({ drains: z.array(DrainOutcome) })]);
/** Of one instance, or of a batch of them. */
export const DrainResult = z.union([Judged, z.object({ drains: z.array(Judged) })]);
export type DrainResult = z.output<typeof DrainResult>;

export const SettleDrainsInput = z.extend(TerminationData, { drains: z.array(DrainResult) });
export type SettleDrainsInput = z.output<typeof SettleDrainsInput>;

/** What is known of a drain, or a batch of them, whose execution did not succeed. */
export const JudgeDrainInput = z.object({
  instances: z.array(z.object({ instanceId: z.string() })),
  failure: CaughtError,
});
export type JudgeDrainInput = z.output<typeof JudgeDrainInput>;

/** What the announcing state is given: a failure may come before there is a plan. */
export const AnnounceTerminationInput = z.object({
  plan: z.optional(TerminationPlan),
  progress: z.optional(TerminationProgress),
  decision: z.optional(TerminationDecision),
  failure: z.optional(CaughtError),
  input: z.optional(z.unknown()),
  execution: z.optional(Execution),
});
export type AnnounceTerminationInput = z.output<typeof AnnounceTerminationInput>;

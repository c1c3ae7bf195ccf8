/**
 * What travels from state to state of `delayed-termination`. Executions outlive deployments, so whatever a later release
 * adds here is optional or has a default. Times are ISO 8601 in UTC and absolute: a state that is entered twice waits once.
 */
import * as z from 'zod';
import { Timestamp } from './common.ts';
import { CaughtError } from './drain-data.ts';

const Execution = z.object({ id: z.string(), startTime: Timestamp });

/** What the first state is given: the raw input, and the execution that it belongs to. */
export const PlanTerminationInput = z.object({ input: z.unknown(), execution: Execution });

export const TerminationPlan = z.object({
  region: z.string(),
  ipAddress: z.string().optional(),
  drain: z.boolean(),
  onDrainTimeout: z.enum(['terminate', 'keep']),
  decrementDesiredCapacity: z.boolean(),
  dryRun: z.boolean(),
  requestedBy: z.string().optional(),
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
  status: z.enum(['succeeded', 'timed-out', 'refused', 'failed']).optional(),
  reason: z.string().optional(),
  drained: z.enum(['drained', 'timed-out', 'failed']).optional(),
  /** A call for many failed, and it has to be asked for alone. */
  alone: z.boolean().optional(),
  /** By way of its Auto Scaling group, whose hooks may take their time. */
  inGroup: z.boolean().optional(),
  requestedAt: Timestamp.optional(),
  terminatedAt: Timestamp.optional(),
});
export type InstanceRecord = z.output<typeof InstanceRecord>;

export const TerminationProgress = z.object({
  instances: z.array(InstanceRecord),
  /** How many have been asked for their termination protection. */
  checked: z.number().default(0),
  drainedAt: Timestamp.optional(),
  polls: z.number().default(0),
  faults: z.number().default(0),
  /** What the last fault said, shortened. */
  lastFault: z.string().optional(),
  notes: z.array(z.string()).default([]),
});
export type TerminationProgress = z.output<typeof TerminationProgress>;

export const TerminationDecision = z.object({
  next: z.enum(['check', 'await-time', 'drain', 'drain-batches', 'terminate', 'wait', 'hold', 'announce']),
  outcome: z.enum(['ended', 'expired', 'looked']).optional(),
  waitUntil: Timestamp,
  /** Where the loop goes on after a pause. */
  resume: z.enum(['check', 'terminate', 'observe']).default('observe'),
  reason: z.string(),
});
export type TerminationDecision = z.output<typeof TerminationDecision>;

export const TerminationData = z.object({
  plan: TerminationPlan,
  progress: TerminationProgress,
  decision: TerminationDecision.optional(),
  fault: CaughtError.optional(),
});
export type TerminationData = z.output<typeof TerminationData>;

/** How the drain of one instance ended. */
export const DrainOutcome = z.object({
  instanceId: z.string(),
  status: z.enum(['succeeded', 'timed-out', 'refused', 'failed', 'stopped']),
  reason: z.string().optional(),
});
export type DrainOutcome = z.output<typeof DrainOutcome>;

const Judged = DrainOutcome.or(z.object({ drains: z.array(DrainOutcome) }));
/** Of one instance, or of a batch of them. */
export const DrainResult = Judged.or(z.object({ drains: z.array(Judged) }));
export type DrainResult = z.output<typeof DrainResult>;

export const SettleDrainsInput = TerminationData.extend({ drains: z.array(DrainResult) });
export type SettleDrainsInput = z.output<typeof SettleDrainsInput>;

/** What is known of a drain, or a batch of them, whose execution did not succeed. */
export const JudgeDrainInput = z.object({
  instances: z.array(z.object({ instanceId: z.string() })),
  failure: CaughtError,
});
export type JudgeDrainInput = z.output<typeof JudgeDrainInput>;

/** What the announcing state is given: a failure may come before there is a plan. */
export const AnnounceTerminationInput = z.object({
  plan: TerminationPlan.optional(),
  progress: TerminationProgress.optional(),
  decision: TerminationDecision.optional(),
  failure: CaughtError.optional(),
  input: z.unknown().optional(),
  execution: Execution.optional(),
});
export type AnnounceTerminationInput = z.output<typeof AnnounceTerminationInput>;

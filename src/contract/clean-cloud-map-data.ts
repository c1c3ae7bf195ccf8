/**
 * What travels from state to state of `clean-cloud-map` and of its child, `clean-cloud-map-service`. Executions outlive
 * deployments, so whatever a later release adds here is optional or has a default.
 *
 * The parent holds a line for each service and never an id of a registration. What one observation found is the output of
 * the child that made it; the child of the next phase reads it from there.
 */
import * as z from 'zod/mini';
import { CleanCloudMapFields, ServiceOutcome } from './clean-cloud-map.ts';
import { capped, Timestamp } from './common.ts';
import { CaughtError } from './drain-data.ts';

export const Phase = z.enum(['observe', 'confirm', 'remove']);
export type Phase = z.output<typeof Phase>;

export const CleanUpPlan = z.extend(z.omit(CleanCloudMapFields, { services: true, timeoutSeconds: true }), {
  execution: z.string(),
  startedAt: Timestamp,
  deadline: Timestamp,
});
export type CleanUpPlan = z.output<typeof CleanUpPlan>;

/** What the first state is given: the raw input, and the execution that it belongs to. */
export const PlanCleanUpInput = z.object({
  input: z.unknown(),
  execution: z.object({ id: z.string(), startTime: Timestamp }),
});

/** A service on its way through the phases. */
export const ServiceLine = z.object({
  outcome: ServiceOutcome,
  /** The child execution whose output says what it found; empty before the first. */
  from: z.string(),
});
export type ServiceLine = z.output<typeof ServiceLine>;

export const CleanUpData = z.object({
  plan: CleanUpPlan,
  phase: Phase,
  /** Services that the present phase is for, or has just been for. */
  open: z.array(ServiceLine),
  settled: z.array(ServiceOutcome),
  next: z.enum(['list', 'observe', 'wait', 'remove', 'announce']),
  waitUntil: z.optional(Timestamp),
  notes: z._default(z.array(z.string()), []),
});
export type CleanUpData = z.output<typeof CleanUpData>;

export const AnnounceCleanUpInput = z.object({
  plan: z.optional(CleanUpPlan),
  phase: z.optional(Phase),
  open: z._default(z.array(ServiceLine), []),
  settled: z._default(z.array(ServiceOutcome), []),
  notes: z._default(z.array(z.string()), []),
  failure: z.optional(CaughtError),
  /** The raw input, where the failure came before a plan. */
  input: z.optional(z.unknown()),
  execution: z.optional(z.object({ id: z.string(), startTime: Timestamp })),
});
export type AnnounceCleanUpInput = z.output<typeof AnnounceCleanUpInput>;

/** `id@address` of a registration: stale in two observations only if both are the same. */
export const Candidate = z.string();

export const Observation = z.object({
  startedAt: Timestamp,
  /** Where the next page of registrations begins; absent when all have been read. */
  cursor: z.optional(z.string()),
  registrations: z.number(),
  skipped: ServiceOutcome.shape.skipped,
  alive: z.number(),
  terminated: z.number(),
  mismatched: z.number(),
  absent: z.number(),
  candidates: z.array(Candidate),
  /** Of those that the phase before had found stale: how many are still registered, stale or not. */
  stillThere: z._default(z.number(), 0),
  /** Stale ones beyond those that fit into a payload: they are left to a later run. */
  beyond: z.number(),
});
export type Observation = z.output<typeof Observation>;

/** A removal under way: operation, registration, and whether somebody else had submitted it. */
export const OpenOperation = z.tuple([z.string(), z.string(), z.boolean()]);
export type OpenOperation = z.output<typeof OpenOperation>;

export const Removal = z.object({
  operations: z._default(z.array(OpenOperation), []),
  submittedAt: z.optional(Timestamp),
  removed: z._default(z.number(), 0),
  gone: z._default(z.number(), 0),
  failed: z._default(z.number(), 0),
  /** Registrations that were removed. */
  ids: z._default(z.array(z.string()), []),
  reasons: z._default(z.array(z.string()), []),
  looks: z._default(z.number(), 0),
  serviceGone: z._default(z.boolean(), false),
});
export type Removal = z.output<typeof Removal>;

export const ServiceRun = z.object({
  plan: CleanUpPlan,
  phase: Phase,
  outcome: ServiceOutcome,
  from: z.string(),
  /** Output of the phase before: what it left to be confirmed, or to be removed, and when it had looked. */
  earlier: z.optional(z.object({ report: z.object({ candidates: z.array(Candidate), observedAt: Timestamp }) })),
  observation: z.optional(Observation),
  removal: z.optional(Removal),
  /** What is still to be removed. */
  queue: z.optional(z.array(Candidate)),
  guard: z.optional(ServiceOutcome.shape.retained),
  next: z.optional(z.enum(['observe', 'hold', 'remove', 'follow', 'wait', 'settle'])),
  resume: z.optional(z.enum(['observe', 'remove', 'follow'])),
  waitUntil: z.optional(Timestamp),
  faults: z._default(z.number(), 0),
  /** What the last fault said, shortened. */
  lastFault: z.optional(z.string()),
  fault: z.optional(CaughtError),
  failure: z.optional(CaughtError),
});
export type ServiceRun = z.output<typeof ServiceRun>;

/** What a child answers with: its service's line, and what the child of the next phase needs. */
export const ServiceReport = z.object({
  outcome: ServiceOutcome,
  candidates: z.array(Candidate),
  observedAt: Timestamp,
  removed: capped(z.string()),
});
export type ServiceReport = z.output<typeof ServiceReport>;

/** What is left where a child failed: its line, and what was caught. */
export const FailedServiceInput = z.object({
  plan: CleanUpPlan,
  line: ServiceLine,
  caught: CaughtError,
});
export type FailedServiceInput = z.output<typeof FailedServiceInput>;

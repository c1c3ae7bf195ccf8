/**
 * What travels from state to state of `register-targets`, `deregister-targets` and `await-drained`. Executions outlive
 * deployments, so whatever a later release adds here is optional or has a default. Times are ISO 8601 in UTC and absolute.
 */
import * as z from 'zod/mini';
import { Timestamp } from './common.ts';
import { CaughtError } from './drain-data.ts';

export const TARGETS_WORKFLOWS = ['register-targets', 'deregister-targets', 'await-drained'] as const;
export const TargetsWorkflow = z.enum(TARGETS_WORKFLOWS);
export type TargetsWorkflow = z.output<typeof TargetsWorkflow>;

const Execution = z.object({ id: z.string(), startTime: Timestamp });

/** What the first state is given: the raw input, and the execution that it belongs to. */
export const PlanTargetsInput = z.object({ workflow: TargetsWorkflow, input: z.unknown(), execution: Execution });

/** A target group, or a Classic load balancer, in which targets may stand. */
export const PlannedGroup = z.object({
  /** ARN of the target group, or name of the Classic load balancer. */
  at: z.string(),
  type: z.enum(['instance', 'ip', 'classic']),
  /** Of targets that name none; absent in a Classic load balancer. */
  port: z.optional(z.number()),
  delaySeconds: z.optional(z.number()),
  lookedAt: z.optional(Timestamp),
});
export type PlannedGroup = z.output<typeof PlannedGroup>;

/** An input as parsed, of whichever workflow; target groups by ARN move into the plan once they are found. */
export const TargetsInput = z.object({
  region: z.string(),
  targets: z.array(
    z.object({ id: z.string(), port: z.optional(z.number()), availabilityZone: z.optional(z.string()) }),
  ),
  loadBalancer: z.optional(z.string()),
  targetGroups: z.optional(z.array(z.string())),
  namespace: z.optional(z.string()),
  ingress: z.optional(z.string()),
  service: z.optional(z.string()),
  cluster: z.optional(z.string()),
  until: z.optional(z.enum(['drained', 'draining'])),
  dryRun: z.boolean(),
  requestedBy: z.optional(z.string()),
});
export type TargetsInput = z.output<typeof TargetsInput>;

export const TargetsPlan = z.object({
  workflow: TargetsWorkflow,
  input: TargetsInput,
  execution: z.string(),
  startedAt: Timestamp,
  deadline: Timestamp,
  deadlineBy: z.enum(['timeoutSeconds', 'deadline', 'default']),
  minPollIntervalSeconds: z.number(),
  maxPollIntervalSeconds: z.number(),
  /** Absent until they have been found. After the first look only those in which a target stands are left. */
  groups: z.optional(z.array(PlannedGroup)),
  loadBalancers: z._default(z.array(z.string()), []),
});
export type TargetsPlan = z.output<typeof TargetsPlan>;

export const Registration = z.object({
  /** Index in the plan's groups. */
  group: z.number(),
  id: z.string(),
  /** 0 in a Classic load balancer. */
  port: z.number(),
  /** Elastic Load Balancing's word for it; `absent` when it is not registered. */
  state: z.string(),
  reason: z.optional(z.string()),
  /** The latest observation that did not yet show it draining; its drain ends no sooner than this plus the delay. */
  activeAt: z.optional(Timestamp),
  /** When it was first seen in a state in which it can never become healthy. */
  hopelessAt: z.optional(Timestamp),
  registeredAt: z.optional(Timestamp),
  healthyAt: z.optional(Timestamp),
  deregisteredAt: z.optional(Timestamp),
  drainingAt: z.optional(Timestamp),
  drainedAt: z.optional(Timestamp),
});
export type Registration = z.output<typeof Registration>;

/** What stood at a place at one time, of `await-drained` without targets. Ids are hashed: `core/targets/id-set.ts`. */
export const Observation = z.object({
  /** No answer in it is older. */
  at: Timestamp,
  endedAt: Timestamp,
  /** Targets that are still to be waited for. */
  open: z.array(
    z.object({
      ids: z.string(),
      /** They had not begun to drain by then; absent where they were first seen draining. */
      from: z.optional(Timestamp),
      active: z.optional(z.literal(true)),
    }),
  ),
  /** Absent until the delay of every group is known. */
  shortestDelaySeconds: z.optional(z.number()),
});
export type Observation = z.output<typeof Observation>;

export const Watch = z.object({
  observed: z.optional(Observation),
  /** The round of looks that is not over yet. */
  round: z.optional(z.object({ at: Timestamp, active: z.string(), draining: z.string(), drains: z.boolean() })),
  /** Nothing drains since, or it was not looked yet. */
  quietSince: Timestamp,
  locatedAt: Timestamp,
});
export type Watch = z.output<typeof Watch>;

export const TargetsProgress = z.object({
  /** How many groups were found at first. */
  groupsFound: z._default(z.number(), 0),
  /** Indices of the groups that this round of looks has still to ask. */
  pending: z._default(z.array(z.number()), []),
  /** Every group has been asked at least once. */
  surveyed: z._default(z.boolean(), false),
  registrations: z._default(z.array(Registration), []),
  /** Our own latest change: no older answer counts. */
  changedAt: z.optional(Timestamp),
  longestDelaySeconds: z.optional(z.number()),
  knownEnd: z.optional(Timestamp),
  polls: z._default(z.number(), 0),
  faults: z._default(z.number(), 0),
  /** What the last fault said, shortened. */
  lastFault: z.optional(z.string()),
  notes: z._default(z.array(z.string()), []),
  /** Of `await-drained` without targets. */
  watch: z.optional(Watch),
});
export type TargetsProgress = z.output<typeof TargetsProgress>;

export const TargetsDecision = z.object({
  next: z.enum(['look', 'wait', 'hold', 'register', 'deregister', 'announce']),
  outcome: z.optional(z.enum(['done', 'expired', 'looked', 'undone', 'hopeless'])),
  waitUntil: Timestamp,
  /** Where the loop goes on after a fault was waited out. */
  resume: z._default(z.enum(['locate', 'look']), 'look'),
  reason: z.string(),
});
export type TargetsDecision = z.output<typeof TargetsDecision>;

export const TargetsData = z.object({
  plan: TargetsPlan,
  progress: TargetsProgress,
  decision: z.optional(TargetsDecision),
  fault: z.optional(CaughtError),
});
export type TargetsData = z.output<typeof TargetsData>;

/** What the announcing state is given: a failure may come before there is a plan. */
export const AnnounceTargetsInput = z.object({
  workflow: z.optional(TargetsWorkflow),
  plan: z.optional(TargetsPlan),
  progress: z.optional(TargetsProgress),
  decision: z.optional(TargetsDecision),
  failure: z.optional(CaughtError),
  input: z.optional(z.unknown()),
  execution: z.optional(Execution),
});
export type AnnounceTargetsInput = z.output<typeof AnnounceTargetsInput>;

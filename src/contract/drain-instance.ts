/** `drain-instance`: what goes in, and the receipt that comes out. */
import * as z from 'zod/mini';
import {
  Cluster,
  capped,
  Flag,
  InstanceId,
  LONGEST_SECONDS,
  oneOf,
  Region,
  RequestedBy,
  Status,
  TargetGroupArn,
  Timestamp,
  wholeSeconds,
} from './common.ts';

const Text = (what: string) =>
  z
    .string({ error: `must be ${what}` })
    .check(z.minLength(1, { error: `must be ${what}` }), z.maxLength(1600, { error: `must be ${what}` }));

export const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';
export const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';

/** Which lifecycle action to keep alive and to complete, in the words of Auto Scaling's own event. */
export const LifecycleAction = z.strictObject(
  {
    autoScalingGroupName: Text('the name of an Auto Scaling group'),
    lifecycleHookName: Text('the name of a lifecycle hook'),
    /** The sweep finds waiting instances without it; Auto Scaling then goes by the instance's id. */
    lifecycleActionToken: z.optional(Text('the token of a lifecycle action')),
    lifecycleTransition: z._default(oneOf(TERMINATING, LAUNCHING), TERMINATING),
    /** Where the instance goes: it survives everywhere but in `EC2`. */
    destination: z._default(oneOf('EC2', 'WarmPool', 'AutoScalingGroup'), 'EC2'),
    /** When the action began, by the event's own time: its heartbeat and its global timeout run from here. */
    startedAt: z.optional(Timestamp),
  },
  { error: 'must be an object' },
);
export type LifecycleAction = z.output<typeof LifecycleAction>;

const pollIntervals = z.object({ minPollIntervalSeconds: z.number(), maxPollIntervalSeconds: z.number() });

function pollIntervalsAgree(input: {
  readonly minPollIntervalSeconds?: number | undefined;
  readonly maxPollIntervalSeconds?: number | undefined;
}): boolean {
  const { minPollIntervalSeconds: least = 0, maxPollIntervalSeconds: most = LONGEST_SECONDS } = input;
  return least <= most;
}

export const DrainInstanceInput = z
  .strictObject(
    {
      region: Region.check(z.describe('Region of the instance.')),
      instanceId: InstanceId.check(z.describe('The EC2 instance to take out of service.')),
      lifecycle: z
        .optional(LifecycleAction)
        .check(z.describe('The lifecycle action to keep alive and to complete, if there is one.')),
      cluster: z
        .optional(Cluster)
        .check(z.describe('Its ECS cluster. Found by tag, else by asking every cluster, when absent.')),
      targetGroups: z
        .optional(
          z
            .array(TargetGroupArn, { error: 'must be a list of target group ARNs' })
            .check(z.maxLength(100, { error: 'must be a list of at most 100 target group ARNs' })),
        )
        .check(z.describe('Target groups to take it out of. Those of its Auto Scaling group when absent.')),
      allTargetGroups: z
        ._default(Flag, false)
        .check(z.describe('Look for it in every target group of the region: one call for each.')),
      standaloneTasks: z
        ._default(oneOf('wait', 'stop-at-deadline', 'stop'), 'stop-at-deadline')
        .check(z.describe('What becomes of tasks that no service owns; ECS never stops those.')),
      onTimeout: z
        ._default(oneOf('continue', 'abandon'), 'continue')
        .check(z.describe('How the lifecycle action is completed when the deadline comes first.')),
      timeoutSeconds: z
        .optional(wholeSeconds(1, LONGEST_SECONDS))
        .check(
          z.describe(
            'How long the drain may take; SLUICE_DRAIN_TIMEOUT_SECONDS when there is neither this nor a lifecycle hook.',
          ),
        ),
      deadline: z.optional(Timestamp).check(z.describe('The same as a point in time; the earlier of the two holds.')),
      minPollIntervalSeconds: z.optional(wholeSeconds(1, 3600)).check(z.describe('Never look more often than this.')),
      maxPollIntervalSeconds: z.optional(wholeSeconds(1, 43_200)).check(z.describe('Never look less often than this.')),
      interruptionAt: z
        .optional(Timestamp)
        .check(z.describe('When EC2 takes a spot instance away, if it has said so.')),
      dryRun: z._default(Flag, false).check(z.describe('Look once, change nothing, and say what would be done.')),
      requestedBy: z.optional(RequestedBy).check(z.describe('Free text that is carried along into the receipt.')),
    },
    { error: 'must be an object' },
  )
  .check(
    z.refine(pollIntervalsAgree, {
      path: ['maxPollIntervalSeconds'],
      error: 'must not be less than minPollIntervalSeconds',
      // Beside faults in other fields, and not in place of them.
      when: ({ value }) => pollIntervals.safeParse(value).success,
    }),
  );
export type DrainInstanceInput = z.output<typeof DrainInstanceInput>;

const TaskCounts = z.object({ service: z.number(), standalone: z.number(), daemon: z.number() });

export const TargetOutcome = z.object({
  targetGroupArn: z.string(),
  id: z.string(),
  port: z.number(),
  owner: z.enum(['ecs', 'instance']),
  state: z.string(),
  deregisteredAt: z.optional(z.string()),
  drainedAt: z.optional(z.string()),
});

export const LifecycleOutcome = z.enum(['none', 'left', 'continued', 'abandoned', 'gone']);

export const DrainInstanceReceipt = z.object({
  workflow: z.literal('drain-instance'),
  subject: z.string(),
  region: z.string(),
  status: Status,
  reason: z.string(),
  execution: z.optional(z.string()),
  requestedBy: z.optional(z.string()),
  dryRun: z.boolean(),
  startedAt: z.optional(z.string()),
  finishedAt: z.string(),
  deadline: z.optional(z.string()),
  cluster: z.optional(z.string()),
  containerInstance: z.optional(z.string()),
  drainingSetAt: z.optional(z.string()),
  tasks: z.object({
    found: TaskCounts,
    alive: TaskCounts,
    stoppedByUs: z.number(),
    lastStoppedAt: z.optional(z.string()),
  }),
  targets: capped(TargetOutcome),
  lifecycle: z.object({
    outcome: LifecycleOutcome,
    hook: z.optional(z.string()),
    autoScalingGroup: z.optional(z.string()),
    destination: z.optional(z.string()),
    completedAt: z.optional(z.string()),
    heartbeats: z.number(),
  }),
  survives: z.boolean(),
  polls: z.number(),
  faults: z.number(),
  notes: capped(z.string()),
  wouldDo: z.optional(z.array(z.string())),
  error: z.optional(z.object({ name: z.string(), message: z.string() })),
});
export type DrainInstanceReceipt = z.output<typeof DrainInstanceReceipt>;

/** `drain-instance`: what goes in, and the receipt that comes out. */
import * as z from 'zod';
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
    .min(1, { error: `must be ${what}` })
    .max(1600, { error: `must be ${what}` });

export const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';
export const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';

/** Which lifecycle action to keep alive and to complete, in the words of Auto Scaling's own event. */
export const LifecycleAction = z.strictObject(
  {
    autoScalingGroupName: Text('the name of an Auto Scaling group'),
    lifecycleHookName: Text('the name of a lifecycle hook'),
    /** The sweep finds waiting instances without it; Auto Scaling then goes by the instance's id. */
    lifecycleActionToken: Text('the token of a lifecycle action').optional(),
    lifecycleTransition: oneOf(TERMINATING, LAUNCHING).default(TERMINATING),
    /** Where the instance goes: it survives everywhere but in `EC2`. */
    destination: oneOf('EC2', 'WarmPool', 'AutoScalingGroup').default('EC2'),
    /** When the action began, by the event's own time: its heartbeat and its global timeout run from here. */
    startedAt: Timestamp.optional(),
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
      region: Region.describe('Region of the instance.'),
      instanceId: InstanceId.describe('The EC2 instance to take out of service.'),
      lifecycle: LifecycleAction.optional().describe(
        'The lifecycle action to keep alive and to complete, if there is one.',
      ),
      cluster: Cluster.optional().describe('Its ECS cluster. Found by tag, else by asking every cluster, when absent.'),
      targetGroups: z
        .array(TargetGroupArn, { error: 'must be a list of target group ARNs' })
        .max(100, { error: 'must be a list of at most 100 target group ARNs' })
        .optional()
        .describe('Target groups to take it out of. Those of its Auto Scaling group when absent.'),
      allTargetGroups: Flag.default(false).describe(
        'Look for it in every target group of the region: one call for each.',
      ),
      standaloneTasks: oneOf('wait', 'stop-at-deadline', 'stop')
        .default('stop-at-deadline')
        .describe('What becomes of tasks that no service owns; ECS never stops those.'),
      onTimeout: oneOf('continue', 'abandon')
        .default('continue')
        .describe('How the lifecycle action is completed when the deadline comes first.'),
      timeoutSeconds: wholeSeconds(1, LONGEST_SECONDS)
        .optional()
        .describe(
          'How long the drain may take; SLUICE_DRAIN_TIMEOUT_SECONDS when there is neither this nor a lifecycle hook.',
        ),
      deadline: Timestamp.optional().describe('The same as a point in time; the earlier of the two holds.'),
      minPollIntervalSeconds: wholeSeconds(1, 3600).optional().describe('Never look more often than this.'),
      maxPollIntervalSeconds: wholeSeconds(1, 43_200).optional().describe('Never look less often than this.'),
      interruptionAt: Timestamp.optional().describe('When EC2 takes a spot instance away, if it has said so.'),
      dryRun: Flag.default(false).describe('Look once, change nothing, and say what would be done.'),
      requestedBy: RequestedBy.optional().describe('Free text that is carried along into the receipt.'),
    },
    { error: 'must be an object' },
  )
  .refine(pollIntervalsAgree, {
    path: ['maxPollIntervalSeconds'],
    error: 'must not be less than minPollIntervalSeconds',
    // Beside faults in other fields, and not in place of them.
    when: ({ value }) => pollIntervals.safeParse(value).success,
  });
export type DrainInstanceInput = z.output<typeof DrainInstanceInput>;

const TaskCounts = z.object({ service: z.number(), standalone: z.number(), daemon: z.number() });

export const TargetOutcome = z.object({
  targetGroupArn: z.string(),
  id: z.string(),
  port: z.number(),
  owner: z.enum(['ecs', 'instance']),
  state: z.string(),
  deregisteredAt: z.string().optional(),
  drainedAt: z.string().optional(),
});

export const LifecycleOutcome = z.enum(['none', 'left', 'continued', 'abandoned', 'gone']);

export const DrainInstanceReceipt = z.object({
  workflow: z.literal('drain-instance'),
  subject: z.string(),
  region: z.string(),
  status: Status,
  reason: z.string(),
  execution: z.string().optional(),
  requestedBy: z.string().optional(),
  dryRun: z.boolean(),
  startedAt: z.string().optional(),
  finishedAt: z.string(),
  deadline: z.string().optional(),
  cluster: z.string().optional(),
  containerInstance: z.string().optional(),
  drainingSetAt: z.string().optional(),
  tasks: z.object({
    found: TaskCounts,
    alive: TaskCounts,
    stoppedByUs: z.number(),
    lastStoppedAt: z.string().optional(),
  }),
  targets: capped(TargetOutcome),
  lifecycle: z.object({
    outcome: LifecycleOutcome,
    hook: z.string().optional(),
    autoScalingGroup: z.string().optional(),
    destination: z.string().optional(),
    completedAt: z.string().optional(),
    heartbeats: z.number(),
  }),
  survives: z.boolean(),
  polls: z.number(),
  faults: z.number(),
  notes: capped(z.string()),
  wouldDo: z.array(z.string()).optional(),
  error: z.object({ name: z.string(), message: z.string() }).optional(),
});
export type DrainInstanceReceipt = z.output<typeof DrainInstanceReceipt>;

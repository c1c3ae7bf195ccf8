/**
 * The event documents that start a drain, as AWS writes them. Fields that AWS may add are let through; those that matter
 * are held to their form, because a drain that starts from half an event does harm.
 */
import * as z from 'zod/mini';
import { InstanceId, oneOf, Region, Timestamp } from './common.ts';
import { LAUNCHING, TERMINATING } from './drain-instance.ts';

const Name = (what: string) =>
  z.string({ error: `must be ${what}` }).check(z.minLength(1, { error: `must be ${what}` }));

/** `detail` of the EventBridge event, and the body of the SNS notification. */
const lifecycleFields = {
  LifecycleActionToken: Name('the token of a lifecycle action'),
  AutoScalingGroupName: Name('the name of an Auto Scaling group'),
  LifecycleHookName: Name('the name of a lifecycle hook'),
  EC2InstanceId: InstanceId,
  LifecycleTransition: oneOf(TERMINATING, LAUNCHING),
  NotificationMetadata: z.optional(z.string({ error: 'must be text' })),
  Origin: z.optional(z.string({ error: 'must be text' })),
  Destination: z._default(oneOf('EC2', 'WarmPool', 'AutoScalingGroup'), 'EC2'),
};

export const LIFECYCLE_DETAIL_TYPES = [
  'EC2 Instance-terminate Lifecycle Action',
  'EC2 Instance-launch Lifecycle Action',
] as const;

export const LifecycleEvent = z.object(
  {
    source: z.literal('aws.autoscaling', { error: 'must be "aws.autoscaling"' }),
    'detail-type': oneOf(...LIFECYCLE_DETAIL_TYPES),
    time: Timestamp,
    region: Region,
    detail: z.object(lifecycleFields, { error: 'must be an object' }),
  },
  { error: 'must be an object' },
);
export type LifecycleEvent = z.output<typeof LifecycleEvent>;

/** The message inside an SNS notification of an Auto Scaling group, parsed from its JSON. */
export const LifecycleNotification = z.object({ ...lifecycleFields, Time: Timestamp }, { error: 'must be an object' });
export type LifecycleNotification = z.output<typeof LifecycleNotification>;

/** What SNS hands to a Lambda. */
export const SnsEvent = z.object({
  Records: z
    .array(
      z.object({
        EventSource: z.literal('aws:sns', { error: 'must be "aws:sns"' }),
        Sns: z.object(
          { TopicArn: Name('the ARN of a topic'), Message: Name('the message, as text') },
          { error: 'must be an object' },
        ),
      }),
      { error: 'must be the list of SNS records' },
    )
    .check(z.minLength(1, { error: 'must hold a record' })),
});

export const INTERRUPTION = 'EC2 Spot Instance Interruption Warning';
export const REBALANCE = 'EC2 Instance Rebalance Recommendation';

/** EC2's warning that spot capacity is about to be taken, or that it may be. */
export const SpotEvent = z.object({
  source: z.literal('aws.ec2', { error: 'must be "aws.ec2"' }),
  'detail-type': oneOf(INTERRUPTION, REBALANCE),
  time: Timestamp,
  region: Region,
  detail: z.object({ 'instance-id': InstanceId }, { error: 'must be an object' }),
});

/** What Step Functions says when an execution has ended. */
export const ExecutionEndedEvent = z.object({
  source: z.literal('aws.states', { error: 'must be "aws.states"' }),
  'detail-type': z.literal('Step Functions Execution Status Change', {
    error: 'must be "Step Functions Execution Status Change"',
  }),
  region: Region,
  detail: z.object(
    {
      executionArn: Name('the ARN of an execution'),
      stateMachineArn: Name('the ARN of a state machine'),
      name: Name('the name of an execution'),
      status: oneOf('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'),
      startDate: z.number({ error: 'must be a time in ms' }),
      stopDate: z.nullish(z.number({ error: 'must be a time in ms' })),
      /** JSON; absent when it is too long for an event. */
      input: z.nullish(z.string({ error: 'must be text' })),
      error: z.nullish(z.string({ error: 'must be text' })),
      cause: z.nullish(z.string({ error: 'must be text' })),
    },
    { error: 'must be an object' },
  ),
});
export type ExecutionEndedEvent = z.output<typeof ExecutionEndedEvent>;

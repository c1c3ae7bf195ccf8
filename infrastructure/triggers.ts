/** What the stack must know of each entry point's function; a step needs no line anywhere, its machine says it all. */

export interface TriggerSpec {
  readonly description: string;
  readonly timeoutSeconds: number;
  /** `event`: AWS calls it and does not wait, so what it fails on goes to the queue of failed events. */
  readonly called: 'event' | 'request';
  /** Name of the setting that holds how many of it may run at once. */
  readonly concurrencySetting?: string;
}

/**
 * Steps that look at what is AWS's own and may be many at once. How many of each run at once is the stack's ceiling on calls,
 * and each container keeps to a share of the account's quotas.
 */
export const OBSERVERS: readonly string[] = [
  'deregisterFromTargetGroups',
  'locateInstance',
  'lookAtTargets',
  'observeDrain',
  'observeRegistrations',
  'searchTargetGroups',
];

export const TRIGGERS: Readonly<Record<string, TriggerSpec>> = {
  api: {
    description: 'The HTTP API, but for /drain-delay',
    timeoutSeconds: 29,
    called: 'request',
  },
  drainDelay: {
    description: 'GET /drain-delay: holds a connection until a target is drained, 25 s at a time',
    timeoutSeconds: 30,
    called: 'request',
    concurrencySetting: 'drainDelayConcurrency',
  },
  announceEnded: {
    description: 'Announces executions that timed out or were stopped, which cannot speak for themselves',
    timeoutSeconds: 20,
    called: 'event',
  },
  onLifecycleAction: {
    description: 'Starts drain-instance for a lifecycle action that EventBridge tells of',
    timeoutSeconds: 30,
    called: 'event',
  },
  onSnsNotification: {
    description: 'Starts drain-instance for a lifecycle action that an SNS topic tells of',
    timeoutSeconds: 30,
    called: 'event',
  },
  onSpotInterruption: {
    description: 'Starts drain-instance for an instance whose spot capacity is about to be taken',
    timeoutSeconds: 30,
    called: 'event',
  },
  sweep: {
    description: 'Starts drain-instance for instances that wait on our hooks without an execution',
    timeoutSeconds: 120,
    called: 'event',
  },
};

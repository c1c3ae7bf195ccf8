/** Small machines for the engines' tests. Names are of real workflows because ARNs are made from them. */
import type { StateMachineDefinition } from '../../src/engine/embedded/definition.ts';

export const call = (functionKey: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  Type: 'Task',
  Resource: { 'Fn::GetAtt': [functionKey, 'Arn'] },
  ...more,
});

/** First → wait → Second, then it has succeeded. */
export const twoSteps: StateMachineDefinition = {
  StartAt: 'First',
  TimeoutSeconds: 3600,
  States: {
    First: call('first', { Next: 'Pause' }),
    Pause: { Type: 'Wait', SecondsPath: '$.pauseSeconds', Next: 'Second' },
    Second: call('second', { Next: 'Done' }),
    Done: { Type: 'Succeed' },
  },
};

/** Polls until the step says `drained`. */
export const pollingLoop: StateMachineDefinition = {
  StartAt: 'Observe',
  TimeoutSeconds: 100_000,
  States: {
    Observe: call('observe', { ResultPath: '$.seen', Next: 'Drained?' }),
    'Drained?': {
      Type: 'Choice',
      Choices: [{ Variable: '$.seen.state', StringEquals: 'drained', Next: 'Done' }],
      Default: 'Wait',
    },
    Wait: { Type: 'Wait', SecondsPath: '$.seen.waitSeconds', Next: 'Observe' },
    Done: { Type: 'Succeed', OutputPath: '$.seen' },
  },
};

export const location = { region: 'eu-central-1', accountId: '123456789012' };

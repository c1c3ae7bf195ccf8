/** Small machines for the engines' tests. Names are of real workflows because ARNs are made from them. */

import type { StateMachineDefinition } from '../../src/engine/embedded/definition.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../src/engine/embedded/embedded-engine.ts';

type State = Readonly<Record<string, unknown>>;

export const call = (functionKey: string, more: State = {}): State => ({
  Type: 'Task',
  Resource: { 'Fn::GetAtt': [functionKey, 'Arn'] },
  ...more,
});

export const machine = (
  startAt: string,
  states: Record<string, State>,
  more: Partial<StateMachineDefinition> = {},
): StateMachineDefinition => ({ StartAt: startAt, States: states, ...more });

/** First → wait → Second, then it has succeeded. */
export const twoSteps = machine(
  'First',
  {
    First: call('first', { Next: 'Pause' }),
    Pause: { Type: 'Wait', SecondsPath: '$.pauseSeconds', Next: 'Second' },
    Second: call('second', { Next: 'Done' }),
    Done: { Type: 'Succeed' },
  },
  { TimeoutSeconds: 3600 },
);

/** Polls until the step says `drained`. */
export const pollingLoop = machine('Observe', {
  Observe: call('observe', { ResultPath: '$.seen', Next: 'Drained?' }),
  'Drained?': {
    Type: 'Choice',
    Choices: [{ Variable: '$.seen.state', StringEquals: 'drained', Next: 'Done' }],
    Default: 'Wait To Observe Again',
  },
  'Wait To Observe Again': { Type: 'Wait', SecondsPath: '$.seen.waitSeconds', Next: 'Observe' },
  Done: { Type: 'Succeed', OutputPath: '$.seen' },
});

export const location = { region: 'eu-central-1', accountId: '123456789012' };

/** An engine in memory that runs one machine, as `drain-instance`. */
export function engineFor(
  definition: StateMachineDefinition,
  handlers: EmbeddedEngineOptions['handlers'] = {},
  more: Partial<EmbeddedEngineOptions> = {},
): EmbeddedEngine {
  const engine = new EmbeddedEngine({
    ...location,
    journal: ':memory:',
    definitions: { 'drain-instance': definition },
    handlers,
    ...more,
  });
  opened.push(engine);
  return engine;
}

const opened: EmbeddedEngine[] = [];

/** For afterEach on real time: an open wait would keep the process. */
export async function closeEngines(): Promise<void> {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
}

export class Named extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

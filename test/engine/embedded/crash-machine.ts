/** What crash.test.ts lets be killed: a machine with a child, whose steps write to a log that outlives the process. */
import { appendFileSync } from 'node:fs';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../../src/engine/embedded/embedded-engine.ts';
import { call, location, machine } from '../fixtures.ts';

export const ORDER = ['first', 'second', 'inner', 'third'] as const;

export function crashEngine(
  journal: string,
  log: string,
  more: Pick<EmbeddedEngineOptions, 'definitionsChecked'> = {},
): EmbeddedEngine {
  const step = (name: (typeof ORDER)[number]) => async (payload: unknown) => {
    const { name: execution } = payload as { name: string };
    appendFileSync(log, `${execution} begin ${name}\n`);
    await Promise.resolve();
    appendFileSync(log, `${execution} end ${name}\n`);
    return payload;
  };
  return new EmbeddedEngine({
    ...location,
    ...more,
    journal,
    definitions: {
      'delayed-termination': machine('First', {
        First: call('first', { Next: 'Mark' }),
        Mark: { Type: 'Pass', Result: true, ResultPath: '$.marked', Next: 'Marked?' },
        'Marked?': { Type: 'Choice', Choices: [{ Variable: '$.marked', BooleanEquals: true, Next: 'Rest' }] },
        Rest: { Type: 'Wait', Seconds: 0, Next: 'Second' },
        Second: call('second', { Next: 'Child' }),
        Child: {
          Type: 'Task',
          Resource: 'arn:aws:states:::states:startExecution.sync:2',
          Parameters: { StateMachineArn: { Ref: 'drainInstance' }, 'Input.$': '$' },
          ResultPath: '$.child',
          Next: 'Third',
        },
        Third: call('third', { Next: 'Done' }),
        Done: { Type: 'Succeed' },
      }),
      'drain-instance': machine('Inner', { Inner: call('inner', { End: true }) }),
    },
    handlers: { first: step('first'), second: step('second'), inner: step('inner'), third: step('third') },
  });
}

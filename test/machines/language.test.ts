import { expect, test } from '@jest/globals';
import { DEFINITIONS, STEPS } from '../../functions/registry.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../src/engine/embedded/embedded-engine.ts';

const HANDLERS = Object.fromEntries(Object.keys(STEPS).map((key) => [key, async () => ({})]));

const engineOf = (definitions: EmbeddedEngineOptions['definitions']): EmbeddedEngine =>
  new EmbeddedEngine({
    definitions,
    handlers: HANDLERS,
    journal: ':memory:',
    region: 'eu-west-1',
    accountId: '123456789012',
  });

// A process that runs what is shipped takes their validity for granted: here is where they have to prove it.
test('every shipped definition is held against the language', async () => {
  await engineOf(DEFINITIONS).close();
});

test('a definition with a field that the language does not know is refused', () => {
  const definition = DEFINITIONS['drain-instance'];
  const spoilt = { ...definition, States: { ...definition.States, Spoilt: { Type: 'Succeed', Sucess: true } } };
  expect(() => engineOf({ 'drain-instance': spoilt })).toThrow(
    expect.objectContaining({
      name: 'UnsupportedDefinition',
      message: expect.stringMatching('of drain-instance cannot run: State machine definition is invalid'),
    }),
  );
});

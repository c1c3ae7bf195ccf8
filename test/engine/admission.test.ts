import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admit } from '../../src/engine/admission.ts';
import { checkName } from '../../src/engine/embedded/limits.ts';
import { attemptName, executionName } from '../../src/engine/names.ts';
import { call, closeEngines, engineFor, machine, Named } from './fixtures.ts';

const workflow = 'drain-instance';
afterEach(closeEngines);

describe('names', () => {
  test('say the workflow and the subject, and end in a hash of the key', () => {
    expect(executionName(workflow, 'i-0123456789abcdef0', 'token')).toMatch(
      /^drain-instance-i-0123456789abcdef0-[0-9a-f]{16}$/,
    );
    expect(executionName(workflow, '*', 'token')).toMatch(/^drain-instance-[0-9a-f]{16}$/);
  });

  test('are accepted by Step Functions with any suffix, the same for the same key, and differ for another', () => {
    const workflows = fc.constantFrom(workflow, 'delayed-termination', 'deregister-targets', 'await-drained');
    fc.assert(
      fc.property(workflows, fc.string({ unit: 'binary' }), fc.string(), fc.string(), (of, subject, key, other) => {
        const name = executionName(of as typeof workflow, subject, key);
        checkName(attemptName(name, 99));
        expect(executionName(of as typeof workflow, subject, key)).toBe(name);
        if (other !== key) expect(executionName(of as typeof workflow, subject, other)).not.toBe(name);
      }),
    );
  });
});

describe('admission', () => {
  const definition = machine('Step', {
    Step: call('step', { Next: 'Hold?' }),
    'Hold?': { Type: 'Choice', Choices: [{ Variable: '$.hold', IsPresent: true, Next: 'Hold' }], Default: 'Done' },
    Hold: { Type: 'Wait', Seconds: 100_000, Next: 'Done' },
    Done: { Type: 'Succeed' },
  });
  function make() {
    const answers: (() => unknown)[] = [];
    const engine = engineFor(definition, { step: async (payload) => (answers.shift() ?? (() => payload))() });
    return { engine, answers };
  }
  const request = { workflow, name: 'drain-instance-i-1-abc', input: { receipt: 1 } } as const;
  const refuse = () => {
    throw new Named('Refused', 'it is protected');
  };

  test('starts what is new', async () => {
    const { engine } = make();
    expect(await admit(engine, request)).toEqual({
      outcome: 'started',
      executionArn: engine.executionArn(workflow, request.name),
    });
  });

  test('attaches to what runs, whatever its input', async () => {
    const { engine } = make();
    const held = { ...request, input: { hold: true } };
    const { executionArn } = await admit(engine, held);
    expect((await admit(engine, held)).executionArn).toBe(executionArn);
    expect(await admit(engine, request)).toEqual({ outcome: 'attached', executionArn });
    expect((await engine.list({ workflow })).executions).toHaveLength(1);
  });

  test('hands out the receipt of what has succeeded', async () => {
    const { engine } = make();
    const { executionArn } = await admit(engine, request);
    await engine.waitFor(executionArn);
    expect(await admit(engine, request)).toEqual({ outcome: 'succeeded', executionArn, receipt: { receipt: 1 } });
  });

  test('starts again what failed, was stopped or was refused, each time under the next name', async () => {
    const { engine, answers } = make();
    answers.push(refuse);
    await engine.waitFor((await admit(engine, request)).executionArn);
    const second = await admit(engine, { ...request, input: { hold: true } });
    expect(second).toEqual({ outcome: 'started', executionArn: engine.executionArn(workflow, `${request.name}-2`) });
    await engine.stop(second.executionArn);
    const third = await admit(engine, request);
    expect(third).toEqual({ outcome: 'started', executionArn: engine.executionArn(workflow, `${request.name}-3`) });
    await engine.waitFor(third.executionArn);
    expect(await admit(engine, request)).toMatchObject({ outcome: 'succeeded', receipt: { receipt: 1 } });
  });

  test('gives up when every name has failed', async () => {
    const { engine, answers } = make();
    for (let attempt = 0; attempt < 99; attempt += 1) {
      answers.push(refuse);
      await engine.waitFor((await admit(engine, request)).executionArn);
    }
    await expect(admit(engine, request)).rejects.toMatchObject({ name: 'TooManyAttempts' });
  });

  test('passes on what is wrong with the request', async () => {
    const { engine } = make();
    await expect(admit(engine, { ...request, name: 'a b' })).rejects.toMatchObject({ name: 'InvalidName' });
  });
});

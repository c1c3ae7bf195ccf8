import { describe, expect, test } from '@jest/globals';
import {
  type GroupFacts,
  hookFindings,
  parameterFindings,
  permissionFindings,
  stackFindings,
} from '../../src/doctor/findings.ts';

const SETTINGS = { hookPrefix: 'sluice', hooks: ['drain-me'], drainTimeoutSeconds: 3600 };
const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';

const group = (...hooks: [name: string, heartbeat?: number, transition?: string][]): GroupFacts => ({
  name: 'web',
  hooks: hooks.map(([name, heartbeatTimeoutSeconds = 300, transition = TERMINATING]) => ({
    name,
    heartbeatTimeoutSeconds,
    transition,
  })),
});

describe('hooks', () => {
  const told = (facts: GroupFacts, delivered = true) =>
    hookFindings([facts], SETTINGS, delivered).map(({ level, found }) => `${level}: ${found}`);

  test.each<[string, GroupFacts, boolean, string[]]>([
    ['that lead here', group(['sluice-drain']), true, ['ok: of 1 groups of 1 lead here']],
    ['that are listed by name', group(['drain-me']), true, ['ok: of 1 groups of 1 lead here']],
    [
      'whose events nothing takes',
      group(['sluice-drain']),
      false,
      ['fault: leads nowhere: nothing here takes its events, and every instance waits for its timeout'],
    ],
    [
      'that end before a drain may',
      group(['sluice-drain', 30]),
      true,
      ['warning: ends after 3000 s in all, sooner than a drain may take (3600 s)'],
    ],
    [
      'beside ECS managed draining',
      group(['sluice-drain'], ['ecs-managed-draining-termination-hook']),
      true,
      ['warning: has ECS managed draining beside our hook: both drain, and the instance goes when the last is done'],
    ],
    [
      'with a name that is not touched',
      group(['sluice-drain'], ['drain-hook']),
      true,
      ['note: is not touched: its name does not begin with "sluice"'],
    ],
    [
      'of tools that finish their own work',
      group(['sluice-drain'], ['CodeDeploy-managed-automatic-launch']),
      true,
      ['ok: of 1 groups of 1 lead here'],
    ],
    [
      'of launches alone',
      group(['sluice-launch', 300, 'autoscaling:EC2_INSTANCE_LAUNCHING']),
      true,
      ['warning: none of 1 groups has a hook of ours: nothing is drained by itself'],
    ],
  ])('%s', (_, facts, delivered, expected) => {
    expect(told(facts, delivered)).toEqual(expected);
  });

  test('each finding but the good one says what to do', () => {
    const findings = hookFindings(
      [group(['sluice-drain', 30], ['ecs-managed-draining-termination-hook'], ['other'])],
      SETTINGS,
      false,
    );
    expect(findings).toHaveLength(4);
    for (const { remedy } of findings) expect(remedy).toMatch(/\w/);
  });
});

describe('the stack', () => {
  const STACK = { status: 'UPDATE_COMPLETE', version: '0.1.0', rule: 'ENABLED' };

  test.each<[string, Parameters<typeof stackFindings>[1], string[]]>([
    ['as it should be', STACK, ['ok']],
    ['that is not there', undefined, ['warning']],
    ['of another release', { ...STACK, version: '0.2.0' }, ['note']],
    ['after an update that failed', { ...STACK, status: 'UPDATE_ROLLBACK_COMPLETE' }, ['warning', 'ok']],
    ['that is stuck', { ...STACK, status: 'UPDATE_ROLLBACK_FAILED' }, ['fault', 'ok']],
    ['whose rule was disabled', { ...STACK, rule: 'DISABLED' }, ['ok', 'fault']],
    ['that is another tool’s', { status: 'CREATE_COMPLETE', rule: 'absent' }, ['fault', 'fault']],
  ])('%s', (_, facts, levels) => {
    expect(stackFindings('sluice', facts, '0.1.0').map(({ level }) => level)).toEqual(levels);
  });
});

test.each<[Parameters<typeof parameterFindings>[1], string, RegExp | undefined]>([
  ['usable', 'ok', undefined],
  ['absent', 'fault', /put-parameter --type SecureString --name \/sluice\/credentials/],
  ['not readable', 'note', /ask/],
  [{ wrong: 'are no JSON' }, 'fault', /put-parameter --overwrite/],
])('the parameter: %j', (facts, level, remedy) => {
  const [finding] = parameterFindings('/sluice/credentials', facts);
  expect(finding).toMatchObject({ level, ...(remedy === undefined ? {} : { remedy: expect.stringMatching(remedy) }) });
});

test.each<[Parameters<typeof permissionFindings>[0], string]>([
  [{ denied: [], by: 'simulation' }, 'ok'],
  [{ denied: ['ecs:StopTask'], by: 'simulation' }, 'warning'],
  [{ unknown: 'IAM SimulatePrincipalPolicy: denied' }, 'note'],
])('permissions: %j', (facts, level) => {
  expect(permissionFindings(facts).map((finding) => finding.level)).toEqual([level]);
});

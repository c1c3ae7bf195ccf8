import { describe, expect, test } from '@jest/globals';
import { readSettings } from '../../src/contract/settings.ts';
import { isOurHook } from '../../src/core/hooks.ts';

test('without any variable, what the documentation says holds', () => {
  expect(readSettings({ PATH: '/bin', AWS_REGION: 'eu-west-1' })).toMatchObject({
    stack: 'sluice',
    hookPrefix: 'sluice',
    hooks: [],
    allowedRegions: [],
    eventBus: 'default',
    drainTimeoutSeconds: 3_600,
    minPollIntervalSeconds: 8,
    maxPollIntervalSeconds: 600,
    logLevel: 'INFO',
  });
});

test('lists are parted by commas, and blanks around them do not count', () => {
  const { hooks, allowedRegions } = readSettings({
    SLUICE_HOOKS: 'one, two,,three ',
    SLUICE_ALLOWED_REGIONS: 'eu-west-1,us-gov-east-1',
  });
  expect(hooks).toEqual(['one', 'two', 'three']);
  expect(allowedRegions).toEqual(['eu-west-1', 'us-gov-east-1']);
});

test('a variable that is empty counts as none', () => {
  expect(readSettings({ SLUICE_HOOK_PREFIX: '' }).hookPrefix).toBe('sluice');
});

describe('a setting that is wrong', () => {
  test.each<[string, string]>([
    ['SLUICE_DRAIN_TIMEOUT_SECONDS', '1h'],
    ['SLUICE_DRAIN_TIMEOUT_SECONDS', '0'],
    ['SLUICE_DRAIN_TIMEOUT_SECONDS', '2000001'],
    ['SLUICE_DRAIN_TIMEOUT_SECONDS', '-5'],
    ['SLUICE_DRAIN_TIMEOUT_SECONDS', '1e3'],
    ['SLUICE_MIN_POLL_INTERVAL_SECONDS', '1.5'],
    ['SLUICE_ALLOWED_REGIONS', 'eu-west-1,europe'],
    ['SLUICE_HOOK_PREFIX', 'has a blank'],
    ['SLUICE_LOG_LEVEL', 'LOUD'],
    ['SLUICE_STACK', '1st'],
    ['SLUICE_EVENT_BUS', 'my bus'],
    ['SLUICE_HOOKS_PREFIX', 'sluice'],
  ])('%s=%s is named', (name, value) => {
    const read = () => readSettings({ [name]: value });
    expect(read).toThrow(
      expect.objectContaining({
        name: 'InvalidInput',
        faults: [expect.objectContaining({ field: name, found: JSON.stringify(value) })],
      }),
    );
  });

  test('does not hide another', () => {
    const read = () =>
      readSettings({
        SLUICE_LOG_LEVEL: 'LOUD',
        SLUICE_STACK: '1st',
        SLUICE_NONSENSE: 'x',
        SLUICE_MAX_POLL_INTERVAL_SECONDS: 'x',
      });
    const field = (name: string) => expect.objectContaining({ field: name });
    expect(read).toThrow(
      expect.objectContaining({
        faults: [
          field('SLUICE_NONSENSE'),
          field('SLUICE_STACK'),
          field('SLUICE_MAX_POLL_INTERVAL_SECONDS'),
          field('SLUICE_LOG_LEVEL'),
        ],
      }),
    );
  });
});

describe('hooks that are ours', () => {
  test.each([
    ['sluice', true],
    ['sluice-drain', true],
    ['listed', true],
    ['listed-too', false],
    ['Sluice-drain', false],
    ['my-sluice', false],
    ['ecs-managed-draining-termination-hook', false],
  ])('%s: %s', (hook, ours) => expect(isOurHook(hook, { hookPrefix: 'sluice', hooks: ['listed'] })).toBe(ours));
});

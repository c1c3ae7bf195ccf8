import { expect, test } from '@jest/globals';
import { isOurHook } from '../../src/core/hooks.ts';

test.each([
  ['sluice', true],
  ['sluice-drain', true],
  ['drain-sluice', false],
  ['listed', true],
  ['listed-too', false],
  ['', false],
])('a hook that is called %j is ours: %s', (name, ours) => {
  expect(isOurHook(name, { hookPrefix: 'sluice', hooks: ['other', 'listed'] })).toBe(ours);
});

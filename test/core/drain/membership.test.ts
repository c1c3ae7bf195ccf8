import { describe, expect, test } from '@jest/globals';
import { LAUNCHING, LifecycleAction, TERMINATING } from '../../../src/contract/drain-instance.ts';
import { mayWaitFor } from '../../../src/core/drain/lifecycle-request.ts';
import { checkMembership } from '../../../src/core/drain/membership.ts';
import { at, INSTANCE, plan } from './plans.ts';

test.each([
  ['Terminating:Wait', true, false],
  ['Pending:Wait', false, true],
  ['Warmed:Pending:Wait', true, true],
  ['Warmed:Terminating:Wait', true, false],
  ['ReplacingRootVolume:Wait', true, false],
  ['Terminating', false, false],
  ['Terminating:Proceed', false, false],
  ['InService', false, false],
  ['', false, false],
])('an instance that is %j may wait for a terminate hook: %s; for a launch hook: %s', (state, terminate, launch) => {
  expect(mayWaitFor(state, TERMINATING)).toBe(terminate);
  expect(mayWaitFor(state, LAUNCHING)).toBe(launch);
  expect(mayWaitFor(state, 'autoscaling:EC2_INSTANCE_LAUNCH_ERROR')).toBe(false);
});

describe('an instance whose lifecycle action is to be completed', () => {
  const check = (state: string | undefined, seconds: number, transition: string = TERMINATING, group = 'web') => {
    const lifecycle = LifecycleAction.parse({
      autoScalingGroupName: 'web',
      lifecycleHookName: 'sluice-drain',
      lifecycleTransition: transition,
    });
    const standing = state === undefined ? undefined : { autoScalingGroupName: group, lifecycleState: state };
    return () => checkMembership(plan({}, { lifecycle }), standing, at(seconds));
  };
  const refusal = (name: string, ...words: readonly string[]) =>
    expect.objectContaining({ name, message: expect.stringMatching(new RegExp(words.join('.*'))) });

  test.each([
    ['waits', 'Terminating:Wait', TERMINATING],
    ['is on its way out already', 'Terminating:Proceed', TERMINATING],
    ['has gone', 'Terminated', TERMINATING],
    ['comes back', 'Pending:Wait', LAUNCHING],
  ])('is drained when it %s', (_, state, transition) => {
    expect(check(state, 1_000, transition)).not.toThrow();
  });

  test.each([
    ['is in service', 'InService', TERMINATING, [INSTANCE, 'InService', 'web', 'sluice-drain']],
    ['is on its way out, and the hook is for launches', 'Terminating:Proceed', LAUNCHING, ['Terminating:Proceed']],
    ['is somewhere before its end', 'Warmed:Terminating', TERMINATING, ['Warmed:Terminating']],
    ['is in no group', undefined, TERMINATING, [INSTANCE, 'not in web', 'sluice-drain']],
  ])('is refused when it %s, a minute after the beginning', (_, state, transition, words) => {
    for (const seconds of [0, 60, -60]) {
      expect(check(state, seconds, transition)).toThrow(refusal('Unavailable', ...words, 'yet'));
    }
    for (const seconds of [61, -61]) {
      expect(check(state, seconds, transition)).toThrow(refusal('Refused', ...words, 'any more'));
    }
  });

  test('is refused at once when it is in another group', () => {
    expect(check('Terminating:Wait', 0, TERMINATING, 'api')).toThrow(refusal('Refused', INSTANCE, 'api', 'web'));
  });

  test('is not asked for its group where there is no action', () => {
    expect(() => checkMembership(plan({}, { lifecycle: undefined }), undefined, at(0))).not.toThrow();
  });
});

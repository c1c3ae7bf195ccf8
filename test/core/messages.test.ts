import { expect, test } from '@jest/globals';
import { describeFault, describeFaults } from '../../src/core/messages.ts';

test.each([
  ['by its message', { Error: 'Throttled', Cause: '{"errorMessage":"slow down"}' }, 'slow down'],
  ['by its name, where it has no message', { Error: 'States.Timeout', Cause: '' }, 'States.Timeout'],
  ['as unknown, where there is none', undefined, 'no cause given'],
  ['in 300 characters at most', { Error: 'Throttled', Cause: 'x'.repeat(500) }, 'x'.repeat(300)],
])('a fault is described %s', (_, fault, words) => expect(describeFault(fault)).toBe(words));

test.each([
  [{ faults: 0 }, ''],
  [{ faults: 1, lastFault: 'slow down' }, ' (1 fault was waited out, the last: slow down)'],
  [{ faults: 4, lastFault: 'slow down' }, ' (4 faults were waited out, the last: slow down)'],
])('of %j is said: %j', (progress, words) => expect(describeFaults(progress)).toBe(words));

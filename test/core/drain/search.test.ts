import { expect, test } from '@jest/globals';
import type { DrainPlan } from '../../../src/contract/drain-data.ts';
import { decideSearch } from '../../../src/core/drain/search.ts';
import { at, location, plan, progress, time } from './plans.ts';

const searching = location({ searchFrom: { marker: 'm' } });

test.each<[string, DrainPlan, number, string, string, number]>([
  ['with the next page, after a pause', plan({ location: searching }), 10, 'hold', 'search', 14],
  ['with the targets, at once, when all pages have been read', plan(), 10, 'hold', 'deregister', 10],
  ['with the look of a dry run', plan({ kind: 'look' }), 10, 'hold', 'observe', 10],
  ['with the next page of a dry run', plan({ kind: 'look', location: searching }), 10, 'hold', 'search', 14],
  ['nowhere but to the end at the deadline', plan({ location: searching }), 3_600, 'expire', 'search', 3_604],
  ['on, a moment before the deadline', plan({ location: searching }), 3_599, 'hold', 'search', 3_603],
  ['with the look of a dry run, however late', plan({ kind: 'look' }), 4_000, 'hold', 'observe', 4_000],
  ['with the targets where nothing was located', plan({ location: undefined }), 10, 'hold', 'deregister', 10],
])('the search goes on %s', (_, planned, seconds, next, resume, until) => {
  const decision = decideSearch(planned, progress({ heartbeatAt: time(seconds) }), at(seconds));
  expect(decision).toMatchObject({ next, resume, heartbeat: false, waitUntil: time(until), taskArns: [] });
});

test('between two pages the lifecycle action is kept alive', () => {
  const { heartbeat, reason } = decideSearch(plan({ location: searching }), progress(), at(150));
  expect(heartbeat).toBe(true);
  expect(reason).not.toBe(decideSearch(plan(), progress(), at(150)).reason);
});

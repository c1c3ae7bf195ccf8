import { afterAll, expect, jest, test } from '@jest/globals';
import { killAll } from './support/process.ts';
import { soak } from './support/soak.ts';

// Real processes in real time.
jest.setTimeout(120_000);
afterAll(() => killAll());

test('nothing that was accepted is lost, however often the server is killed', async () => {
  const { accepted, lost, kills } = await soak({ kills: 3, callers: 6, work: 'waits', longestLifeMs: 1_000 });
  expect([kills, lost]).toEqual([3, 0]);
  expect(accepted).toBeGreaterThan(3);
});

/** Many drains in one process share what they read: whatever goes wrong in it, none ends early, and none is lost. */
import { describe, expect, jest, test } from '@jest/globals';
import { play, type Scenario } from '../../../bench/support/run.ts';
import { Sluice } from '../../../bench/support/sluice.ts';
import type { FaultRule } from '../../../src/simulated-region/faults.ts';

jest.setTimeout(180_000);

const DRAINS = 14;
const MINUTE = 60_000;

function scenario(...faults: readonly FaultRule[]): Scenario {
  return {
    fleet: {
      clusters: 2,
      leaving: DRAINS,
      staying: 8,
      services: 2,
      tasksEach: 3,
      deregistrationDelaySeconds: 60,
      stopSeconds: 40,
      heartbeatTimeoutSeconds: 600,
      handRegistered: true,
      daemons: true,
    },
    region: { enforceBuckets: true },
    spreadSeconds: 8,
    requestsPerSecond: 20,
    prepare: ({ region }) => {
      const until = Date.now() + 5 * MINUTE;
      for (const fault of faults) region.faults.inject({ until, ...fault });
    },
    withinSeconds: 3_600,
    aftermathSeconds: 120,
  };
}

describe('while for five minutes', () => {
  test.each<[string, readonly FaultRule[]]>([
    ['nothing goes wrong', []],
    ['a third of all calls is throttled', [{ kind: 'throttle', probability: 0.33 }]],
    ['a fifth of all calls meets an internal error', [{ kind: 'internal-error', probability: 0.2 }]],
    ['a fifth of all connections is reset', [{ kind: 'connection-reset', probability: 0.2 }]],
    ['a fifth of all answers is lost after the work was done', [{ kind: 'response-lost', probability: 0.2 }]],
    ['batches fail in part', [{ kind: 'partial-failure', probability: 0.3 }]],
    ['every read may be ten seconds old', [{ kind: 'stale-read', seconds: 10, probability: 0.5 }]],
    ['some calls are never answered', [{ kind: 'timeout', probability: 0.03 }]],
    ['one call in ten takes six seconds', [{ kind: 'slow', seconds: 6, probability: 0.1 }]],
  ])('%s', async (_, faults) => {
    const { outcome } = await play(
      scenario(...faults),
      (fleet) => new Sluice(fleet),
      () => undefined,
    );
    expect(outcome).toMatchObject({ drained: DRAINS, early: 0, lost: 0, requestsDropped: 0 });
  });
});

test('someone else takes half of the account’s calls: ours slow down, and are hardly throttled', async () => {
  const { outcome } = await play(
    {
      ...scenario(),
      prepare: ({ region }) => {
        const { buckets } = region;
        const timer = setInterval(() => {
          for (let call = 0; call < 5; call += 1) buckets.take([{ name: 'ecs-cluster-resource-reads', cost: 1 }]);
        }, 500);
        setTimeout(() => clearInterval(timer), 10 * MINUTE);
      },
    },
    (fleet) => new Sluice(fleet),
    () => undefined,
  );
  expect(outcome).toMatchObject({ drained: DRAINS, early: 0, lost: 0, requestsDropped: 0 });
  expect(outcome.throttledOnceSettled).toBeLessThanOrEqual(0.02 * outcome.callsOnceSettled);
});

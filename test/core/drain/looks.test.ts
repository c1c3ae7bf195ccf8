/** When a drain looks again, and when it keeps its lifecycle action alive. */
import { describe, expect, test } from '@jest/globals';
import type { DrainPlan, DrainProgress } from '../../../src/contract/drain-data.ts';
import { heartbeatDueAt, isHeartbeatDue, nextObservation } from '../../../src/core/drain/progress.ts';
import { at, location, plan, progress, target, time } from './plans.ts';

const standalone = progress({ tasksAlive: { service: 0, standalone: 1, daemon: 0 }, lifecycle: 'none' });
const alone = progress({ lifecycle: 'none' });

describe('the next look', () => {
  test.each<[string, DrainPlan, DrainProgress, number, number]>([
    ['comes after a share of the time waited', plan(), alone, 1_000, 1_080],
    ['comes no later than the deadline', plan(), alone, 3_500, 3_600],
    ['comes when a heartbeat falls due', plan(), progress({ heartbeatAt: time(900) }), 1_000, 1_050],
    [
      'counts from now to the heartbeat after one that is due',
      plan(),
      progress({ heartbeatAt: time(850) }),
      1_000,
      1_080,
    ],
    [
      'comes at the heartbeat after one that is due, where that is soon',
      plan({ hook: { heartbeatTimeoutSeconds: 40 } }),
      progress({ heartbeatAt: time(900) }),
      1_000,
      1_020,
    ],
    [
      'comes at the heartbeat after one that falls due this moment',
      plan({ hook: { heartbeatTimeoutSeconds: 40 } }),
      progress({ heartbeatAt: time(980) }),
      1_000,
      1_020,
    ],
    ['comes when standalone tasks are to be stopped', plan(), standalone, 3_400, 3_450],
    ['passes that over where there are none', plan(), alone, 3_400, 3_600],
    ['passes that over where they are waited for', plan({}, { standaloneTasks: 'wait' }), standalone, 3_400, 3_600],
    [
      'comes a second after the drain of a target can be over',
      plan({ deadline: time(9_000) }),
      progress({ lifecycle: 'none', targets: [target({ state: 'draining', deregisteredAt: time(1_000) })] }),
      1_000,
      1_301,
    ],
    [
      'comes within the half minute on a spot instance',
      plan({ location: location({ spot: true }) }),
      alone,
      1_000,
      1_030,
    ],
    [
      'comes sooner on a spot instance when told so',
      plan({ location: location({ spot: true }), maxPollIntervalSeconds: 20 }),
      alone,
      1_000,
      1_020,
    ],
    ['comes no later than told', plan({ maxPollIntervalSeconds: 50 }), alone, 1_000, 1_050],
    ['comes by its pace before anything was found', plan({ location: undefined }), alone, 1_000, 1_080],
  ])('%s', (_, planned, before, now, expected) => {
    expect(nextObservation(planned, before, at(now), 0)).toBe(at(expected));
  });
});

describe('a heartbeat', () => {
  test.each<[string, DrainPlan, DrainProgress, number | undefined]>([
    ['falls due when half of its timeout has passed', plan(), progress({ heartbeatAt: time(40) }), 190],
    ['counts from the beginning before the first', plan(), progress({ heartbeatAt: undefined }), 150],
    ['is none of a hook that was deleted', plan({ hook: {} }), progress(), undefined],
    ['is none before the hook is known', plan({ hook: undefined }), progress(), undefined],
    ['is none in a dry run', plan({ kind: 'look' }), progress(), undefined],
    ['is none of an action that is over', plan(), progress({ lifecycle: 'continued' }), undefined],
  ])('%s', (_, planned, before, seconds) => {
    expect(heartbeatDueAt(planned, before)).toBe(seconds === undefined ? undefined : at(seconds));
  });

  test.each([
    ['a little in the future: clocks differ', 5, false],
    ['far in the future: the clock was set back', 6, true],
  ])('that was sent %s', (_, ahead, due) => {
    expect(isHeartbeatDue(plan(), progress({ heartbeatAt: time(100 + ahead) }), at(100))).toBe(due);
  });

  test('is due at once where the clock was set back before the first one', () => {
    expect(isHeartbeatDue(plan(), progress({ heartbeatAt: undefined }), at(-60))).toBe(true);
  });
});

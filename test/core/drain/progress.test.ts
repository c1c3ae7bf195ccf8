import { describe, expect, test } from '@jest/globals';
import type { DrainPlan } from '../../../src/contract/drain-data.ts';
import {
  type DrainFacts,
  decideDrainProgress,
  FRESH_FOR_SECONDS,
  isFresh,
  isHeartbeatDue,
} from '../../../src/core/drain/progress.ts';
import type { TaskFacts } from '../../../src/core/tasks.ts';
import { at, CONTAINER_INSTANCE, INSTANCE, location, NOON, plan, progress, target, time } from './plans.ts';

const task = (name: string, more: Partial<TaskFacts> = {}): TaskFacts => ({
  taskArn: `arn:aws:ecs:eu-west-1:123456789012:task/web/${name}`,
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  ...more,
});
const service = (name: string, more: Partial<TaskFacts> = {}) => task(name, { group: 'service:api', ...more });
const daemon = (name: string, more: Partial<TaskFacts> = {}) => task(name, { startedBy: CONTAINER_INSTANCE, ...more });
const facts = (seconds: number, more: Partial<DrainFacts> = {}): DrainFacts => ({
  at: at(seconds),
  tasks: [],
  tasksUnknown: 0,
  health: new Map(),
  ...more,
});
const decide = (seconds: number, seen: Partial<DrainFacts>, planned: DrainPlan = plan(), before = progress()) =>
  decideDrainProgress(facts(seconds, seen), planned, before, at(seconds), 0);
const health = (state: string, reason?: string, id = INSTANCE) => new Map([[0, [{ id, port: 80, state, reason }]]]);

describe('what comes next', () => {
  test.each<[string, number, Partial<DrainFacts>, DrainPlan, string]>([
    ['the end is completed', 100, {}, plan(), 'complete'],
    ['the end is completed even after the deadline', 4_000, {}, plan(), 'complete'],
    ['a service task is waited for', 100, { tasks: [service('a')] }, plan(), 'wait'],
    [
      'a task in DEPROVISIONING is waited for',
      100,
      { tasks: [service('a', { lastStatus: 'DEPROVISIONING', desiredStatus: 'STOPPED' })] },
      plan(),
      'wait',
    ],
    [
      'stopped tasks are no reason to wait',
      100,
      { tasks: [service('a', { lastStatus: 'STOPPED' })] },
      plan(),
      'complete',
    ],
    ['tasks of which nothing is known are waited for', 100, { tasksUnknown: 1 }, plan(), 'wait'],
    [
      'daemons are left while a service task stops',
      100,
      { tasks: [service('a', { lastStatus: 'STOPPING', desiredStatus: 'STOPPED' }), daemon('d')] },
      plan(),
      'wait',
    ],
    ['daemons are left while something is unknown', 100, { tasks: [daemon('d')], tasksUnknown: 1 }, plan(), 'wait'],
    [
      'daemons are left while a target drains',
      100,
      { tasks: [daemon('d')], health: health('draining') },
      plan(),
      'wait',
    ],
    ['daemons are stopped when nothing else is left', 100, { tasks: [daemon('d')] }, plan(), 'stop-daemon-tasks'],
    [
      'daemons that stop already are waited for',
      100,
      { tasks: [daemon('d', { desiredStatus: 'STOPPED' })] },
      plan(),
      'wait',
    ],
    ['a standing target is deregistered', 100, { health: health('healthy') }, plan(), 'deregister'],
    [
      'an unused target that stands is deregistered',
      100,
      { health: health('unused', 'Target.NotInUse') },
      plan(),
      'deregister',
    ],
    [
      'a target by the address of the instance is, too',
      100,
      { health: health('healthy', undefined, '10.0.0.10') },
      plan(),
      'deregister',
    ],
    [
      'a target of another instance is not',
      100,
      { health: health('healthy', undefined, 'i-0fedcba9876543210') },
      plan(),
      'complete',
    ],
    ['a draining target is waited for', 100, { health: health('draining') }, plan(), 'wait'],
    ['an unhealthy draining target is waited for', 100, { health: health('unhealthy.draining') }, plan(), 'wait'],
    [
      'a target of an instance that is gone is no target',
      100,
      { health: health('unused', 'Target.InvalidState') },
      plan(),
      'complete',
    ],
    [
      'a target of ECS is waited for',
      100,
      { health: health('healthy') },
      plan({
        location: location({
          targetGroups: [{ arn: 'a', delaySeconds: 5, ownedByEcs: [`${INSTANCE}:80`], usedByEcs: true }],
        }),
      }),
      'wait',
    ],
    ['standalone tasks are waited for, long before the deadline', 100, { tasks: [task('s')] }, plan(), 'wait'],
    [
      'standalone tasks are stopped before the deadline',
      3_451,
      { tasks: [task('s')] },
      plan(),
      'stop-standalone-tasks',
    ],
    [
      'standalone tasks are stopped at once when told so',
      100,
      { tasks: [task('s')] },
      plan({}, { standaloneTasks: 'stop' }),
      'stop-standalone-tasks',
    ],
    [
      'standalone tasks are never stopped when told so',
      3_599,
      { tasks: [task('s')] },
      plan({}, { standaloneTasks: 'wait' }),
      'wait',
    ],
    [
      'the deadline comes before every change',
      3_600,
      { tasks: [task('s'), daemon('d')], health: health('healthy') },
      plan(),
      'expire',
    ],
    [
      'a dry run announces whatever it saw',
      100,
      { tasks: [task('s')], health: health('healthy') },
      plan({ kind: 'look' }),
      'announce',
    ],
    ['a spot interruption brings the deadline', 200, { tasks: [task('s')], interruptionAt: at(205) }, plan(), 'expire'],
  ])('%s', (_, seconds, seen, planned, expected) => {
    expect(decide(seconds, seen, planned).decision.next).toBe(expected);
  });

  test('of many standalone tasks, 100 are stopped at a time', () => {
    const tasks = Array.from({ length: 250 }, (_, number) => task(`s${number}`));
    const { decision } = decide(100, { tasks }, plan({}, { standaloneTasks: 'stop' }));
    expect(decision.taskArns).toHaveLength(100);
  });
});

describe('a heartbeat', () => {
  test.each<[string, number, DrainPlan, Parameters<typeof progress>[0], boolean]>([
    ['is not due at first', 149, plan(), {}, false],
    ['is due when half of its timeout has passed', 150, plan(), {}, true],
    ['counts from the last one', 250, plan(), { heartbeatAt: time(120) }, false],
    ['is none of an action that has gone', 200, plan(), { lifecycle: 'gone' }, false],
    ['is none without a lifecycle action', 200, plan(), { lifecycle: 'none' }, false],
    ['is none of a hook that was deleted', 200, plan({ hook: {} }), {}, false],
    ['is none after the deadline', 3_600, plan(), {}, false],
    ['is none in a dry run', 200, plan({ kind: 'look' }), {}, false],
  ])('%s', (_, seconds, planned, before, expected) => {
    expect(isHeartbeatDue(planned, progress(before), at(seconds))).toBe(expected);
    const { decision } = decide(seconds, { tasks: [service('a')] }, planned, progress(before));
    expect(decision.heartbeat).toBe(expected);
  });
});

describe('targets from look to look', () => {
  test('those that are gone keep the time at which that was first seen', () => {
    const first = decide(100, { health: health('draining'), tasks: [service('a')] });
    const second = decide(200, { health: new Map([[0, []]]), tasks: [service('a')] }, plan(), first.progress);
    const third = decide(300, { health: new Map([[0, []]]), tasks: [service('a')] }, plan(), second.progress);
    expect(third.progress.targets).toEqual([target({ state: 'drained', drainedAt: time(200) })]);
  });

  test('groups that were not asked stand as they were', () => {
    const before = progress({ targets: [target({ state: 'draining', activeAt: time(50) })] });
    expect(decide(100, { tasks: [service('a')] }, plan(), before).progress.targets).toEqual(before.targets);
  });

  test.each([
    [20, 'AWS may still be catching up', false],
    [40, 'somebody has registered it again', true],
  ])('%i s after it was deregistered, a healthy target means: %s', (seconds, _, undone) => {
    const before = progress({ targets: [target({ state: 'draining', deregisteredAt: time(0) })] });
    const look = () => decide(seconds, { health: health('healthy') }, plan(), before);
    if (undone)
      expect(look).toThrow(
        expect.objectContaining({
          name: 'UndoneByOthers',
          message: expect.stringContaining(`${INSTANCE}:80 was registered again`),
        }),
      );
    else expect(look().decision.next).toBe('wait');
  });

  test('their known end is when the last of them has had its delay', () => {
    const targets = [
      target({ state: 'draining', deregisteredAt: time(10) }),
      target({ port: 81, state: 'draining', activeAt: time(40) }),
      target({ port: 82, state: 'drained', drainedAt: time(5) }),
    ];
    const { decision } = decide(100, { tasks: [service('a')] }, plan({ hook: {} }), progress({ targets }));
    expect(decision.waitUntil).toBe(time(341));
  });
});

test('the last stop is the latest that any look has seen, since the drain began', () => {
  const stopped = (seconds: number) => service('a', { lastStatus: 'STOPPED', stoppedAt: at(seconds) });
  const first = decide(100, { tasks: [stopped(90), service('b')] });
  const second = decide(200, { tasks: [service('c')] }, plan(), first.progress);
  expect(second.progress.lastTaskStoppedAt).toBe(time(90));
  expect(decide(100, { tasks: [stopped(-500)] }).progress.lastTaskStoppedAt).toBeUndefined();
});

test('an observation is fresh for a minute', () => {
  const seen = progress({ observedAt: time(0) });
  expect(isFresh(seen, at(FRESH_FOR_SECONDS))).toBe(true);
  expect(isFresh(seen, at(FRESH_FOR_SECONDS) + 1)).toBe(false);
  expect(isFresh(progress(), NOON)).toBe(false);
});

import { describe, expect, test } from '@jest/globals';
import type { DrainPlan } from '../../../src/contract/drain-data.ts';
import {
  type DrainFacts,
  decideDrainProgress,
  describeRest,
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
    [
      'daemons are left while a service task and a standalone one are alive',
      100,
      { tasks: [service('a'), task('s'), daemon('d')] },
      plan(),
      'wait',
    ],
    [
      'daemons are left while a service task is alive and something is unknown',
      100,
      { tasks: [service('a'), daemon('d')], tasksUnknown: 1 },
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

  test('a spot interruption is the deadline from then on, unless one comes sooner', () => {
    const { plan: interrupted } = decide(100, { tasks: [service('a')], interruptionAt: at(205) });
    expect(interrupted).toMatchObject({ deadline: time(195), deadlineBy: 'spot' });
    for (const later of [3_610, 9_000]) {
      expect(decide(100, { tasks: [service('a')], interruptionAt: at(later) }).plan).toEqual(plan());
    }
  });

  test('only tasks of the kind that is to be stopped are stopped, and those that stop already are left', () => {
    const tasks = [
      service('a'),
      task('s1'),
      task('s2', { desiredStatus: 'STOPPED' }),
      task('s3', { lastStatus: 'STOPPED' }),
      daemon('d1'),
      task('s4'),
    ];
    const { decision } = decide(100, { tasks }, plan({}, { standaloneTasks: 'stop' }));
    expect(decision.taskArns).toEqual([task('s1').taskArn, task('s4').taskArn]);
    const last = decide(100, { tasks: [daemon('d1'), daemon('d2')] }).decision;
    expect(last.taskArns).toEqual([daemon('d1').taskArn, daemon('d2').taskArn]);
    expect(decide(100, { tasks: [service('a')] }).decision.taskArns).toEqual([]);
  });

  test('standalone tasks that stop already do not keep targets and services from being waited for', () => {
    const tasks = [task('s', { desiredStatus: 'STOPPED' }), daemon('d')];
    expect(decide(100, { tasks }, plan({}, { standaloneTasks: 'stop' })).decision.next).toBe('wait');
  });

  test('standalone tasks are stopped at the very moment', () => {
    expect(decide(3_450, { tasks: [task('s')] }).decision.next).toBe('stop-standalone-tasks');
    expect(decide(3_449, { tasks: [task('s')] }).decision.next).toBe('wait');
  });

  test('without a container instance tasks are nobody’s to stop, and are waited for', () => {
    const where = location({ containerInstanceArn: undefined });
    const { decision, progress: then } = decide(
      3_500,
      { tasks: [daemon('d')] },
      plan({ location: where }, { standaloneTasks: 'stop' }),
    );
    expect(decision.next).toBe('wait');
    expect(then.tasksAlive).toEqual({ service: 0, standalone: 1, daemon: 0 });
  });

  test('what was not located is over when there are no tasks', () => {
    const { decision, progress: then } = decide(10, {}, plan({ location: undefined }));
    expect(decision).toMatchObject({ next: 'complete', resume: 'observe' });
    expect(then.targets).toEqual([]);
  });

  test('each reason says something else', () => {
    const reasons = [
      decide(100, {}),
      decide(100, { tasks: [task('s')] }, plan({ kind: 'look' })),
      decide(3_600, { tasks: [service('a')] }),
      decide(100, { health: health('healthy') }),
      decide(100, { tasks: [task('s')] }, plan({}, { standaloneTasks: 'stop' })),
      decide(100, { tasks: [daemon('d')] }),
      decide(100, { tasks: [service('a')] }),
    ].map(({ decision }) => decision.reason);
    expect(new Set(reasons).size).toBe(reasons.length);
    for (const reason of reasons) expect(reason).toMatch(/[a-z]{3}/);
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
  const third = decide(300, { tasks: [stopped(60)] }, plan(), second.progress);
  expect(third.progress.lastTaskStoppedAt).toBe(time(90));
  expect(decide(100, { tasks: [stopped(0)] }).progress.lastTaskStoppedAt).toBe(time(0));
  expect(decide(100, { tasks: [stopped(-500)] }).progress.lastTaskStoppedAt).toBeUndefined();
});

describe('an observation', () => {
  const tasks = [service('a'), service('b', { lastStatus: 'DEACTIVATING' }), task('s'), daemon('d')];

  test('counts tasks by whose they are and by their status', () => {
    const { progress: seen } = decide(100, { tasks, tasksUnknown: 2 });
    expect(seen).toMatchObject({
      observedAt: time(100),
      polls: 1,
      tasksAlive: { service: 2, standalone: 1, daemon: 1 },
      tasksFound: { service: 2, standalone: 1, daemon: 1 },
      tasksByStatus: { RUNNING: 3, DEACTIVATING: 1 },
      tasksUnknown: 2,
      drained: false,
    });
  });

  test('keeps the most that was ever found, and the fewest that are alive', () => {
    const first = decide(100, { tasks }).progress;
    const second = decide(200, { tasks: [service('c')] }, plan(), first).progress;
    expect(second.tasksFound).toEqual({ service: 2, standalone: 1, daemon: 1 });
    expect(second.tasksAlive).toEqual({ service: 1, standalone: 0, daemon: 0 });
    expect(second.polls).toBe(2);
    const third = decide(300, { tasks: [...tasks, service('e'), task('t'), daemon('f')] }, plan(), second).progress;
    expect(third.tasksFound).toEqual({ service: 3, standalone: 2, daemon: 2 });
  });

  test('keeps each note once', () => {
    const first = decide(100, { notes: ['a', 'b'] }).progress;
    expect(decide(200, { notes: ['b', 'c'] }, plan(), first).progress.notes).toEqual(['a', 'b', 'c']);
    expect(decide(200, {}, plan(), first).progress.notes).toEqual(['a', 'b']);
  });
});

test.each<[string, Parameters<typeof progress>[0], string]>([
  ['nothing', {}, 'nothing is left'],
  [
    'one task',
    { tasksAlive: { service: 1, standalone: 0, daemon: 0 }, tasksByStatus: { RUNNING: 1 } },
    '1 task alive (1 RUNNING)',
  ],
  [
    'tasks of all kinds',
    { tasksAlive: { service: 4, standalone: 2, daemon: 1 }, tasksByStatus: { DEACTIVATING: 5, RUNNING: 2 } },
    '7 tasks alive (5 DEACTIVATING, 2 RUNNING)',
  ],
  ['tasks of which nothing is known', { tasksUnknown: 3 }, '3 tasks of which nothing is known'],
  [
    'one target, and one that has gone',
    { targets: [target({ state: 'draining' }), target({ state: 'drained' })] },
    '1 target not drained',
  ],
  [
    'tasks and targets',
    {
      tasksAlive: { service: 0, standalone: 0, daemon: 1 },
      tasksByStatus: { RUNNING: 1 },
      targets: [target(), target({ port: 81 })],
    },
    '1 task alive (1 RUNNING), 2 targets not drained',
  ],
])('what is left is described: %s', (_, seen, words) => expect(describeRest(progress(seen))).toBe(words));

test('several targets that were registered again are named', () => {
  const targets = [target({ deregisteredAt: time(0) }), target({ port: 81, deregisteredAt: time(0) })];
  const both = new Map([[0, [80, 81].map((port) => ({ id: INSTANCE, port, state: 'healthy' }))]]);
  expect(() => decide(100, { health: both }, plan(), progress({ targets }))).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(`${INSTANCE}:80, ${INSTANCE}:81 was registered again`),
    }),
  );
});

test('an observation is fresh for a minute', () => {
  const seen = progress({ observedAt: time(0) });
  expect(isFresh(seen, at(FRESH_FOR_SECONDS))).toBe(true);
  expect(isFresh(seen, at(FRESH_FOR_SECONDS) + 1)).toBe(false);
  expect(isFresh(progress(), NOON)).toBe(false);
});

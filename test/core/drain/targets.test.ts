import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Location } from '../../../src/contract/drain-data.ts';
import {
  concerns,
  isOpen,
  registeredAgain,
  targetsKnownEnd,
  toDeregister,
  updateTargets,
} from '../../../src/core/drain/targets.ts';
import type { TargetHealthFacts } from '../../../src/core/targets.ts';
import { at, INSTANCE, location, target, time } from './plans.ts';

const ADDRESS = '10.0.0.10';
const TASK = '10.0.9.9';
const seen = (state: string, more: Partial<TargetHealthFacts> = {}): TargetHealthFacts => ({
  id: INSTANCE,
  port: 80,
  state,
  ...more,
});
const group = (...ownedByEcs: readonly string[]) => ({
  arn: 'arn:tg/a',
  delaySeconds: 300,
  ownedByEcs: [...ownedByEcs],
  usedByEcs: ownedByEcs.length > 0,
});
const found = (facts: readonly TargetHealthFacts[], where: Location = location()) =>
  updateTargets([], where, new Map([[0, facts]]), at(100));

describe('the targets of an instance', () => {
  test.each<[string, Partial<TargetHealthFacts>, readonly string[], 'instance' | 'ecs' | undefined]>([
    ['stands there by its id', {}, [], 'instance'],
    ['stands there by its address', { id: ADDRESS }, [], 'instance'],
    ['is another instance', { id: 'i-0fedcba9876543210' }, [], undefined],
    ['is a task on it, which a service registered', { id: TASK, port: 8080 }, [`${TASK}:8080`], 'ecs'],
    ['has the address of a task on it and another port', { id: TASK, port: 9090 }, [`${TASK}:8080`], undefined],
    ['is a task on it with an address of IPv6', { id: 'fd00::9', port: 8080 }, ['fd00::9:8080'], 'ecs'],
    ['is the instance on a port that a service registered', { port: 32_768 }, [`${INSTANCE}:32768`], 'ecs'],
  ])('one that %s', (_, more, owned, owner) => {
    const where = location({ targetGroups: [group(...owned)] });
    const fact = seen('healthy', more);
    expect(found([fact], where)).toEqual(
      owner === undefined ? [] : [target({ id: fact.id, port: fact.port, owner, activeAt: time(100) })],
    );
    expect(concerns(where, group(...owned), fact)).toBe(owner !== undefined);
  });

  test('are all found, on all their ports and under both their names', () => {
    const facts = [seen('healthy'), seen('draining', { port: 81 }), seen('initial', { id: ADDRESS, port: 82 })];
    expect(found([...facts, seen('unused', { port: 83, reason: 'Target.InvalidState' })])).toStrictEqual([
      target({ port: 80, state: 'healthy', activeAt: time(100) }),
      target({ port: 81, state: 'draining' }),
      target({ id: ADDRESS, port: 82, state: 'initial', activeAt: time(100) }),
    ]);
  });

  test('are found in one answer by every instance that has some in it, however often it is read', () => {
    const instances = ['i-0000000000000000a', 'i-0000000000000000b'];
    const facts = instances.flatMap((id) => [80, 81].map((port) => seen('healthy', { id, port })));
    for (const id of [...instances, ...instances]) {
      expect(found(facts, location({ ids: [id] })).map((one) => [one.id, one.port])).toEqual([
        [id, 80],
        [id, 81],
      ]);
    }
  });

  test('are not looked for in a group that is not in the plan', () => {
    expect(updateTargets([], location(), new Map([[7, [seen('healthy')]]]), at(100))).toEqual([]);
  });

  test('on two ports are told apart', () => {
    const records = [target({ port: 80 }), target({ port: 81 })];
    const facts = [seen('draining', { port: 80 }), seen('healthy', { port: 81 })];
    expect(updateTargets(records, location(), new Map([[0, facts]]), at(100))).toStrictEqual([
      target({ port: 80, state: 'draining' }),
      target({ port: 81, state: 'healthy', activeAt: time(100) }),
    ]);
  });

  test('of two groups are told apart', () => {
    const where = location({ targetGroups: [group(), group()] });
    const health = new Map([
      [0, [seen('draining')]],
      [1, [seen('healthy')]],
    ]);
    expect(updateTargets([target()], where, health, at(100))).toStrictEqual([
      target({ state: 'draining' }),
      target({ group: 1, activeAt: time(100) }),
    ]);
  });

  test('that come back after they were gone stand again', () => {
    const gone = target({ state: 'drained', drainedAt: time(50), activeAt: time(20) });
    expect(updateTargets([gone], location(), new Map([[0, [seen('draining')]]]), at(100))).toStrictEqual([
      target({ state: 'draining', activeAt: time(20) }),
    ]);
  });
});

const anyRecord = fc.record({
  state: fc.constantFrom('healthy', 'unhealthy', 'initial', 'unused', 'draining', 'unhealthy.draining', 'drained'),
  owner: fc.constantFrom<'ecs' | 'instance'>('ecs', 'instance'),
  deregisteredAt: fc.option(
    fc.integer({ min: 0, max: 200 }).map((seconds) => time(seconds)),
    { nil: undefined },
  ),
});

test('what is to be deregistered, what was registered again and what drains are never the same', () => {
  fc.assert(
    fc.property(fc.array(anyRecord), (given) => {
      const records = given.map((more, port) => target({ port, ...more }));
      const again = registeredAgain(records, at(200));
      for (const record of toDeregister(records)) {
        expect(record).toMatchObject({ owner: 'instance', deregisteredAt: undefined });
        expect(again).not.toContain(record);
      }
      for (const { state } of [...again, ...toDeregister(records)]) expect(state).not.toMatch(/drain/);
    }),
  );
});

test.each<[string, Parameters<typeof target>[0], boolean, boolean]>([
  ['stands', { state: 'healthy' }, true, true],
  ['is out of use', { state: 'unused' }, true, true],
  ['drains', { state: 'draining' }, true, false],
  ['drains because it is unhealthy', { state: 'unhealthy.draining' }, true, false],
  ['has gone', { state: 'drained' }, false, false],
  ['is a task of a service', { owner: 'ecs' }, true, false],
  ['was deregistered', { deregisteredAt: time(1) }, true, false],
])('a target that %s is open: %s; is ours to deregister: %s', (_, more, open, ours) => {
  expect(isOpen(target(more))).toBe(open);
  expect(toDeregister([target(more)])).toHaveLength(ours ? 1 : 0);
});

test.each<[string, Parameters<typeof target>[0], boolean]>([
  ['stands, 30 s after it was deregistered', { deregisteredAt: time(70) }, false],
  ['stands, longer after it was deregistered', { deregisteredAt: time(69) }, true],
  ['has never been deregistered', {}, false],
  ['drains', { state: 'draining', deregisteredAt: time(0) }, false],
  ['has gone', { state: 'drained', deregisteredAt: time(0) }, false],
])('a target that %s was registered again: %s', (_, more, again) => {
  expect(registeredAgain([target(more)], at(100))).toHaveLength(again ? 1 : 0);
});

test.each<[string, readonly Parameters<typeof target>[0][], number | undefined]>([
  ['of none', [], undefined],
  ['of one that was deregistered', [{ state: 'draining', deregisteredAt: time(10), activeAt: time(5) }], 310],
  ['of one that somebody else deregistered', [{ state: 'draining', activeAt: time(5) }], 305],
  ['of one of which nothing is known', [{ state: 'draining' }], undefined],
  ['of one that stands', [{ state: 'healthy', activeAt: time(5) }], undefined],
  ['of one in a group that is not in the plan', [{ group: 9, state: 'draining', activeAt: time(5) }], undefined],
  [
    'of several, the last',
    [{ state: 'draining', activeAt: time(5) }, { state: 'draining', activeAt: time(40) }, { state: 'draining' }],
    340,
  ],
])('the end that is known, %s', (_, records, seconds) => {
  expect(
    targetsKnownEnd(
      records.map((more) => target(more)),
      location(),
    ),
  ).toBe(seconds === undefined ? undefined : at(seconds));
});

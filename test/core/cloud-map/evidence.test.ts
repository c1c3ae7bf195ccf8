import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { guardAgainst } from '../../../src/core/cloud-map/guards.ts';
import { newObservation, withPage } from '../../../src/core/cloud-map/observation.ts';
import { classify, type Sighting, skipReason } from '../../../src/core/cloud-map/registrations.ts';

const ID = 'i-0123456789abcdef0';
const seen = (state: string, ...addresses: string[]): Sighting => ({ instanceId: ID, state, addresses });

describe('the evidence about a registration of 10.0.0.1', () => {
  test.each([
    ['running at it', [seen('running', '10.0.0.1')], 'alive'],
    ['running, with it as its second address', [seen('running', '10.0.0.9', '10.0.0.1')], 'alive'],
    ['pending at it', [seen('pending', '10.0.0.1')], 'alive'],
    ['stopping at it', [seen('stopping', '10.0.0.1')], 'alive'],
    ['stopped at it', [seen('stopped', '10.0.0.1')], 'alive'],
    ['running at an address that begins alike', [seen('running', '10.0.0.11')], 'mismatched'],
    ['stopped without any address', [seen('stopped')], 'mismatched'],
    ['shutting down at it', [seen('shutting-down', '10.0.0.1')], 'terminated'],
    ['terminated', [seen('terminated')], 'terminated'],
    ['terminated in one region and alive in another', [seen('terminated'), seen('running', '10.0.0.1')], 'alive'],
    ['in a state that nobody knows yet', [seen('hibernating', '10.0.0.1')], 'alive'],
    ['in no region', [], 'absent'],
  ] as const)('an instance that is %s', (_, sightings, evidence) => {
    const registration = { id: ID, address: '10.0.0.1' };
    expect(classify(registration, new Map(sightings.length === 0 ? [] : [[ID, sightings]]))).toBe(evidence);
  });

  test.each([
    [{ id: ID, address: '10.0.0.1' }, undefined],
    [{ id: 'i-12345678', address: '10.0.0.1' }, undefined],
    [{ id: ID }, 'noIpv4'],
    [{ id: ID, address: '' }, 'noIpv4'],
    [{ id: 'task-1', address: '10.0.0.1' }, 'noInstanceId'],
    [{ id: 'mi-0123456789abcdef0', address: '10.0.0.1' }, 'noInstanceId'],
    [{ id: 'i-0123456789ABCDEF0', address: '10.0.0.1' }, 'noInstanceId'],
  ])('%j is checked unless there is a reason not to', (registration, reason) => {
    expect(skipReason(registration)).toBe(reason);
  });
});

const Counts = fc.record({
  alive: fc.nat(200),
  terminated: fc.nat(200),
  mismatched: fc.nat(200),
  absent: fc.nat(200),
  minRemaining: fc.nat(5),
  maxAbsentPercent: fc.nat(100),
});

test('whatever passes the guards leaves minRemaining alive, and is doubtful in no more than maxAbsentPercent', () => {
  fc.assert(
    fc.property(Counts, ({ minRemaining, maxAbsentPercent, ...counts }) => {
      const observation = { ...newObservation(0), ...counts };
      const plan = { minRemaining, maxAbsentPercent, instancesRegions: ['eu-west-1'] };
      const { alive, terminated, mismatched, absent } = counts;
      const stale = terminated + mismatched + absent;
      const doubtful = ((mismatched + absent) / (alive + stale)) * 100;
      const sound = stale === 0 || (alive >= minRemaining && doubtful <= maxAbsentPercent + 1e-9);
      expect(guardAgainst(observation, plan) === undefined).toBe(sound);
    }),
  );
});

test('pages add up to the same observation however they are cut', () => {
  const registrations = Array.from({ length: 300 }, (_, index) => ({
    id: index % 7 === 0 ? `task-${index}` : `i-${index.toString(16).padStart(17, '0')}`,
    address: index % 11 === 0 ? undefined : '10.0.0.1',
  }));
  const sightings = new Map(
    registrations
      .filter((_, index) => index % 3 !== 0)
      .map(({ id }, index) => [
        id,
        [{ instanceId: id, state: index % 2 ? 'running' : 'terminated', addresses: ['10.0.0.1'] }],
      ]),
  );
  const whole = withPage(newObservation(0), registrations, sightings, new Set(), undefined);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 299 }), (cut) => {
      const first = withPage(newObservation(0), registrations.slice(0, cut), sightings, new Set(), 'next');
      expect(first.cursor).toBe('next');
      expect(withPage(first, registrations.slice(cut), sightings, new Set(), undefined)).toEqual(whole);
    }),
  );
});

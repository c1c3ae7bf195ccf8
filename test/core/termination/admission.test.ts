import { describe, expect, test } from '@jest/globals';
import { admissionFaults, isGoing } from '../../../src/core/termination/admission.ts';
import { decideAdmission, instancesToCheck } from '../../../src/core/termination/check.ts';
import { at, data, facts, GUARDS, id, record, time } from './terminations.ts';

const faults = (
  found: Parameters<typeof admissionFaults>[1],
  guards: Partial<Parameters<typeof admissionFaults>[2]> = {},
  request: Partial<Parameters<typeof admissionFaults>[0]> = {},
) =>
  admissionFaults({ region: 'eu-west-1', instanceIds: [id(1)], ...request }, found, { ...GUARDS, ...guards }).map(
    ({ instanceId, kind, message }) => `${instanceId} ${kind}: ${message}`,
  );

describe('what speaks against a termination', () => {
  test('nothing, of an instance that is there', () => {
    expect(faults([facts(1)])).toEqual([]);
    expect(faults([facts(1, { protected: false })])).toEqual([]);
  });

  test('that it does not exist', () => {
    expect(faults([])).toEqual([`${id(1)} not-found: ${id(1)} does not exist in eu-west-1`]);
  });

  test('its region, which is all that is said then', () => {
    const two = { instanceIds: [id(1), id(2)] };
    const elsewhere = `is in eu-west-1, which is not one of the allowed regions (us-east-1, us-west-2)`;
    expect(faults([], { allowedRegions: ['us-east-1', 'us-west-2'] }, two)).toEqual([
      `${id(1)} region: ${id(1)} ${elsewhere}`,
      `${id(2)} region: ${id(2)} ${elsewhere}`,
    ]);
    expect(faults([facts(1)], { allowedRegions: ['eu-west-1'] })).toEqual([]);
  });

  test('its protection', () => {
    expect(faults([facts(1, { protected: true })])).toEqual([
      `${id(1)} protected: ${id(1)} is protected from termination (disableApiTermination)`,
    ]);
  });

  test.each([
    ['sluice', {}, false],
    ['sluice', { sluice: '' }, true],
    ['sluice=yes', { sluice: 'no' }, false],
    ['sluice=yes', { sluice: 'yes' }, true],
    ['sluice=a=b', { sluice: 'a=b' }, true],
    ['sluice=', { sluice: '' }, true],
    ['sluice=', { sluice: 'x' }, false],
  ])('its tags, where one is asked for: %s of %j', (terminationTag, tags, carried) => {
    expect(faults([facts(1, { tags })], { terminationTag })).toEqual(
      carried
        ? []
        : [
            `${id(1)} unguarded: ${id(1)} does not carry the tag ${terminationTag}, which SLUICE_TERMINATION_TAG asks for`,
          ],
    );
  });

  test('every fault of every instance, together', () => {
    const found = [facts(1, { protected: true }), facts(2)];
    const three = { instanceIds: [id(1), id(2), id(3)] };
    expect(faults(found, { terminationTag: 'x' }, three).map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      `${id(1)} protected:`,
      `${id(1)} unguarded:`,
      `${id(2)} unguarded:`,
      `${id(3)} not-found:`,
    ]);
  });

  test.each(['shutting-down', 'terminated'])('nothing of one that is %s', (state) => {
    expect(isGoing(facts(1, { state }))).toBe(true);
    expect(faults([facts(1, { state, protected: true, addresses: [] })], { terminationTag: 'x' })).toEqual([]);
    expect(faults([facts(1, { state, addresses: [] })], {}, { ipAddress: '10.0.0.9' })).toEqual([]);
  });

  describe('its address', () => {
    test('is no address of it, which says what it has', () => {
      expect(faults([facts(1)], {}, { ipAddress: '10.0.0.1' })).toEqual([]);
      expect(faults([facts(1, { addresses: ['10.0.0.1', '1.2.3.4'] })], {}, { ipAddress: '10.0.0.9' })).toEqual([
        `${id(1)} mismatch: 10.0.0.9 is no address of ${id(1)}: it has 10.0.0.1, 1.2.3.4`,
      ]);
      expect(faults([facts(1, { addresses: [] })], {}, { ipAddress: '10.0.0.9' })).toEqual([
        `${id(1)} mismatch: 10.0.0.9 is no address of ${id(1)}: it has none`,
      ]);
    });

    test('may be that of any of several', () => {
      const ids = [1, 2, 3, 4].map(id);
      const found = [1, 2, 3, 4].map((index) => facts(index));
      expect(faults(found, {}, { instanceIds: ids, ipAddress: '10.0.0.3' })).toEqual([]);
      expect(faults(found, {}, { instanceIds: ids, ipAddress: '10.0.0.9' })).toEqual([
        `${id(1)} mismatch: 10.0.0.9 is no address of ${id(1)}, ${id(2)}, ${id(3)}: none of the instances has it`,
      ]);
    });

    test('is not asked for where an instance is not known: it may have been that one', () => {
      const request = { instanceIds: [id(1), id(2)], ipAddress: '10.0.0.9' };
      expect(faults([facts(1)], {}, request)).toEqual([`${id(2)} not-found: ${id(2)} does not exist in eu-west-1`]);
      expect(faults([], {}, { instanceIds: [], ipAddress: '10.0.0.9' })).toEqual([]);
    });

    test('is looked for as long as one of them is there', () => {
      const found = [facts(1, { state: 'terminated', addresses: [] }), facts(2)];
      expect(faults(found, {}, { instanceIds: [id(1), id(2)], ipAddress: '10.0.0.9' })).toHaveLength(1);
    });
  });
});

describe('the admission inside the machine', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => record(n, { id: `i-${n}` }));
  const found = (count: number) => many(count).map((one) => facts(0, { instanceId: one.id, state: 'stopped' }));

  test('checks fifty at a time', () => {
    const before = data(many(70), {}, { checked: 0 });
    expect(instancesToCheck(before)).toEqual(many(50).map((one) => one.id));
    const half = decideAdmission(before, found(70), GUARDS, at(5));
    expect(half.decision).toEqual({
      next: 'hold',
      reason: 'instances are left to be checked',
      waitUntil: time(8),
      resume: 'check',
    });
    expect(half.progress).toMatchObject({ checked: 50 });
    expect(half.progress.instances.every(({ state }) => state === 'stopped')).toBe(true);
    expect(instancesToCheck(half)).toHaveLength(20);
    expect(decideAdmission(half, found(70), GUARDS, at(10))).toMatchObject({
      progress: { checked: 70 },
      decision: { next: 'await-time', reason: 'the time has not come', waitUntil: time(60) },
    });
  });

  test('of a dry run is all that it does', () => {
    expect(decideAdmission(data([record(1)], { dryRun: true }), [facts(1)], GUARDS, at(5)).decision).toEqual({
      next: 'announce',
      outcome: 'looked',
      reason: 'a dry run looks once',
      waitUntil: time(5),
      resume: 'observe',
    });
  });

  test('admits all or none', () => {
    expect(() => decideAdmission(data([record(1), record(2)]), [facts(1)], GUARDS, at(5))).toThrow(
      expect.objectContaining({ name: 'NotAdmitted', message: `${id(2)} does not exist in eu-west-1` }),
    );
    const wrong = data([record(1)], { ipAddress: '10.0.0.9' });
    expect(() => decideAdmission(wrong, [facts(1)], GUARDS, at(5))).toThrow('10.0.0.9 is no address of');
  });
});

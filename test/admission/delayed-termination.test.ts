import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { checkTermination } from '../../src/admission/delayed-termination.ts';
import { Lab } from '../support/lab.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

const REGION = 'eu-west-1';
let lab: Lab;
beforeEach(() => {
  lab = new Lab({ enforceBuckets: true });
});
afterEach(() => lab.close());

const OPEN = { allowedRegions: [] };

function check(instanceIds: readonly string[], more: { ipAddress?: string } = {}, guards: object = {}) {
  const { requestHandler, credentials, endpoint } = lab.region.clientConfig();
  const access = { requestHandler, credentials, endpoint };
  return checkTermination(access, { ...OPEN, ...guards }, { region: REGION, instanceIds, ...more });
}

test('every fault of every instance is told together', async () => {
  const tags = { sluice: 'yes' };
  const good = lab.region.ec2.launch({ tags });
  const shielded = lab.region.ec2.launch({ tags, terminationProtection: true });
  const foreign = lab.region.ec2.launch({ terminationProtection: true });
  const faults = await check([good, shielded, foreign, 'i-0123456789abcdef0'], {}, { terminationTag: 'sluice=yes' });
  expect(faults.map(({ instanceId, kind }) => [instanceId, kind])).toEqual([
    [shielded, 'protected'],
    [foreign, 'protected'],
    [foreign, 'unguarded'],
    ['i-0123456789abcdef0', 'not-found'],
  ]);
});

test('an address belongs to one of the instances, or to none', async () => {
  const ids = [lab.region.ec2.launch(), lab.region.ec2.launch({ publicIpAddress: '198.51.100.7' })];
  expect(await check(ids, { ipAddress: '198.51.100.7' })).toEqual([]);
  expect(await check(ids, { ipAddress: '198.51.100.8' })).toMatchObject([{ instanceId: ids[0], kind: 'mismatch' }]);
});

test('a region that is not allowed is asked nothing', async () => {
  const ids = [lab.region.ec2.launch(), lab.region.ec2.launch()];
  expect(await check(ids, {}, { allowedRegions: ['us-east-1'] })).toMatchObject(
    ids.map((instanceId) => ({ instanceId, kind: 'region' })),
  );
  expect(lab.region.calls.count()).toBe(0);
});

test('instances that are going already may go', async () => {
  const id = lab.region.ec2.launch({ tags: {} });
  lab.region.ec2.terminate(id);
  await lab.pass(120);
  expect(await check([id], { ipAddress: '10.9.9.9' }, { terminationTag: 'sluice' })).toEqual([]);
});

test('three hundred instances are checked within half a minute, and nothing is throttled', async () => {
  const ids = Array.from({ length: 300 }, () => lab.region.ec2.launch());
  const asked = Date.now();
  let faults: readonly unknown[] | undefined;
  void check(ids).then((found) => {
    faults = found;
  });
  await lab.until(() => faults !== undefined, 60);
  expect(faults).toEqual([]);
  expect(Date.now() - asked).toBeLessThan(29_000);
  expect(lab.region.calls.count({ outcome: 'RequestLimitExceeded' })).toBe(0);
});

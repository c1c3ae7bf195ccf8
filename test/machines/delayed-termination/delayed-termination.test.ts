import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { STEPS } from '../../../functions/registry.ts';
import { SimulatedRegion } from '../../../src/simulated-region/region.ts';
import { Lab } from '../../support/lab.ts';
import { finish, sizes } from '../../support/places.ts';
import { fleet, run, start, terminationsOf } from './terminations.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

const DAY = 86_400;
const took = (ended: { startDate: Date; stopDate?: Date }) =>
  ((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()) / 1000;

test('waits for the delay, terminates once, and ends when EC2 says terminated', async () => {
  const [id = ''] = fleet(lab, 1);
  const arn = await start(lab, { instanceIds: [id], delaySeconds: 60 });
  await lab.pass(59);
  expect(lab.region.ec2.state(id)).toBe('running');
  const ended = await finish(lab, arn);
  expect(ended.receipt).toMatchObject({
    status: 'succeeded',
    reason: 'all 1 instances are terminated',
    terminateAt: '2026-03-02T12:01:00.000Z',
    instances: { first: [{ instanceId: id, state: 'terminated', terminationRequestedAt: '2026-03-02T12:01:00.000Z' }] },
  });
  expect(lab.region.ec2.state(id)).toBe('terminated');
  expect(terminationsOf(lab)).toEqual([[id]]);
});

test('the delay of the settings counts where there is no other', async () => {
  await lab.close();
  lab = new Lab({ settings: { SLUICE_TERMINATION_DELAY_SECONDS: '45' } });
  const { receipt } = await run(lab, { instanceIds: fleet(lab, 1) });
  expect(receipt.terminateAt).toBe('2026-03-02T12:00:45.000Z');
});

test('a delay of 20 days is not fired early', async () => {
  const [id = ''] = fleet(lab, 1);
  const arn = await start(lab, { instanceIds: [id], delaySeconds: 20 * DAY });
  await lab.pass(20 * DAY - 5);
  expect({ state: lab.region.ec2.state(id), calls: terminationsOf(lab) }).toEqual({ state: 'running', calls: [] });
  await lab.pass(6);
  expect(terminationsOf(lab)).toEqual([[id]]);
  const { receipt } = await finish(lab, arn);
  expect(receipt.status).toBe('succeeded');
});

test('the step itself refuses before the time, whoever calls it', async () => {
  const [id = ''] = fleet(lab, 1);
  const arn = await start(lab, { instanceIds: [id], delaySeconds: 600 });
  await lab.pass(1);
  const history = await lab.engine.history(arn);
  const data = history.find(
    ({ type, stateName }) => type === 'WaitStateEntered' && stateName === 'Wait For Termination Time',
  );
  const { requestHandler, credentials, endpoint } = lab.region.clientConfig();
  const environment = {
    aws: { requestHandler, credentials, endpoint },
    settings: lab.settings,
    now: Date.now,
    random: () => 0.5,
  };
  await expect(STEPS.terminateInstances?.run(data?.input, environment)).rejects.toMatchObject({
    name: 'StaleObservation',
  });
  expect(terminationsOf(lab)).toEqual([]);
  await lab.engine.stop(arn);
});

test.each([
  ['delaySeconds', { delaySeconds: 30 * DAY }],
  ['terminateAt', { terminateAt: '2026-04-02T12:00:00Z' }],
])('%s of more than two million seconds is refused', async (field, when) => {
  const { error, receipt } = await run(lab, { instanceIds: fleet(lab, 1), ...when });
  expect(error).toBe('TerminationRefused');
  expect(receipt).toMatchObject({ status: 'refused', error: { name: 'InvalidInput' } });
  expect(receipt.reason).toMatch(new RegExp(`${field} must be .*2000000`));
});

test('bad input is refused with every fault in it', async () => {
  const { receipt } = await run(lab, {
    region: 'Mars',
    instanceIds: ['i-1', 'i-1'],
    ipAddress: 'host',
    drain: 'yes',
    delaySeconds: '10',
    surprise: 1,
  });
  for (const field of [
    'region',
    'instanceIds[0]',
    'ipAddress',
    'drain',
    'delaySeconds',
    'surprise',
    'instanceIds must name each',
  ]) {
    expect(receipt.reason).toContain(field);
  }
  expect(lab.region.calls.count({ service: 'ec2' })).toBe(0);
});

test('three hundred instances are checked and terminated within the limits of EC2, a state and a history', async () => {
  await lab.close();
  lab = new Lab({ enforceBuckets: true });
  const ids = fleet(lab, 300);
  const arn = await start(lab, { instanceIds: ids });
  const ended = await finish(lab, arn);
  expect(ended.receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 300, open: 0 }, faults: 0 });
  expect(terminationsOf(lab).map((batch) => batch.length)).toEqual([100, 100, 100]);
  expect(took(ended)).toBeLessThan(180);
  const { events, largest } = await sizes(lab, arn);
  expect(events).toBeLessThan(500);
  expect(largest).toBeLessThan(120_000);
});

test('one bad id among three hundred: nothing is terminated, and it is named', async () => {
  const ids = fleet(lab, 299);
  const elsewhere = new SimulatedRegion({ region: 'us-east-1', seed: 7 }).ec2.launch();
  const { error, receipt } = await run(lab, { instanceIds: [...ids, elsewhere] });
  expect(error).toBe('TerminationRefused');
  expect(receipt).toMatchObject({
    status: 'refused',
    reason: `${elsewhere} does not exist in eu-west-1`,
    error: { name: 'NotAdmitted' },
  });
  expect(terminationsOf(lab)).toEqual([]);
});

test.each([
  ['protected', { terminationProtection: true }, {}, {}, /is protected from termination/],
  ['at another address', {}, { ipAddress: '10.99.0.1' }, {}, /10\.99\.0\.1 is no address of i-[0-9a-f]+: it has 10\./],
  ['without the tag', {}, {}, { SLUICE_TERMINATION_TAG: 'sluice=yes' }, /does not carry the tag sluice=yes/],
  [
    'in a region that is not allowed',
    {},
    {},
    { SLUICE_ALLOWED_REGIONS: 'us-east-1' },
    /not one of the allowed regions/,
  ],
])('an instance %s is refused, and nothing is touched', async (_, spec, input, settings, reason) => {
  await lab.close();
  lab = new Lab({ settings });
  const { status, receipt } = await run(lab, { instanceIds: fleet(lab, 1, spec), ...input });
  expect({ status, receipt: receipt.status }).toEqual({ status: 'FAILED', receipt: 'refused' });
  expect(receipt.reason).toMatch(reason);
  expect(terminationsOf(lab)).toEqual([]);
});

test('an address that it has, private or public, and a tag that it carries let it pass', async () => {
  await lab.close();
  lab = new Lab({ settings: { SLUICE_TERMINATION_TAG: 'sluice' } });
  const spec = { interfaces: [['10.0.0.9', '10.0.0.10']], publicIpAddress: '198.51.100.7', tags: { sluice: '' } };
  for (const ipAddress of ['10.0.0.10', '198.51.100.7']) {
    const { receipt } = await run(lab, { instanceIds: fleet(lab, 1, spec), ipAddress, delaySeconds: 0 });
    expect(receipt.status).toBe('succeeded');
  }
});

test('stopped instances are terminated like running ones', async () => {
  const ids = fleet(lab, 2);
  lab.region.ec2.stop(ids[0] ?? '');
  await lab.pass(60);
  const { receipt } = await run(lab, { instanceIds: ids });
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 2 } });
});

test('an instance that somebody terminated meanwhile is done', async () => {
  const ids = fleet(lab, 2);
  const arn = await start(lab, { instanceIds: ids, delaySeconds: 5 * 3600 });
  await lab.pass(60);
  lab.region.ec2.terminate(ids[0] ?? '');
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 2 } });
  expect(terminationsOf(lab)).toEqual([[ids[1]]]);
});

test('protected in the meantime: the others go, one by one, and it is refused', async () => {
  const ids = fleet(lab, 9, { availabilityZone: 'eu-west-1a' });
  const arn = await start(lab, { instanceIds: ids, delaySeconds: 600 });
  await lab.pass(60);
  lab.region.ec2.setTerminationProtection(ids[4] ?? '', true);
  const ended = await finish(lab, arn);
  expect(ended.error).toBe('TerminationRefused');
  expect(ended.receipt).toMatchObject({ status: 'refused', counts: { terminated: 8, refused: 1 } });
  expect(ended.receipt.instances.first[0]).toMatchObject({ instanceId: ids[4], status: 'refused', state: 'running' });
  expect(ended.receipt.reason).toMatch(/1 of 9 instances are not terminated: .*may not be terminated/);
});

test.each([
  ['throttled calls', { kind: 'throttle', probability: 0.6 } as const],
  ['answers that are lost', { kind: 'response-lost', operation: 'TerminateInstances', times: 3 } as const],
  ['an outage of an hour', { kind: 'unavailable', until: Date.parse('2026-03-02T13:00:00Z') } as const],
])('%s hold the termination, and it comes in the end', async (_, fault) => {
  const ids = fleet(lab, 3);
  const arn = await start(lab, { instanceIds: ids, delaySeconds: 30 });
  await lab.pass(10);
  const injected = lab.region.faults.inject({ service: 'ec2', ...fault });
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 3 } });
  expect(injected.hits).toBeGreaterThan(1);
});

test('an outage until the deadline is a timeout, and nothing is terminated after it', async () => {
  const [id = ''] = fleet(lab, 1);
  const arn = await start(lab, { instanceIds: [id], delaySeconds: 30, timeoutSeconds: 300 });
  await lab.pass(10);
  lab.region.faults.inject({ service: 'ec2', kind: 'connection-reset', until: Date.now() + 330_000 });
  const ended = await finish(lab, arn);
  expect(ended).toMatchObject({ error: 'TerminationTimedOut', receipt: { status: 'timed-out' } });
  expect(ended.receipt.reason).toMatch(/AWS could not be reached until the deadline/);
  expect(lab.region.ec2.state(id)).toBe('running');
});

test('a missing permission fails at once', async () => {
  lab.region.faults.inject({ operation: 'TerminateInstances', kind: 'access-denied' });
  const { error, receipt } = await run(lab, { instanceIds: fleet(lab, 1) });
  expect(error).toBe('TerminationFailed');
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'AccessDenied' } });
});

test('a dry run says what would be done and touches nothing', async () => {
  const ids = fleet(lab, 2);
  const { status, receipt } = await run(lab, { instanceIds: ids, dryRun: true, drain: true });
  expect(status).toBe('SUCCEEDED');
  expect(receipt.wouldDo).toEqual(
    ids.flatMap((id) => [
      `drain ${id} from 2026-03-02T12:00:10.000Z`,
      `terminate ${id}, which is running, at 2026-03-02T12:00:10.000Z`,
    ]),
  );
  expect(terminationsOf(lab)).toEqual([]);
});

test('stopped by hand before its time, it terminates nothing', async () => {
  const [id = ''] = fleet(lab, 1);
  const arn = await start(lab, { instanceIds: [id], delaySeconds: 600 });
  await lab.pass(60);
  await lab.engine.stop(arn);
  await lab.pass(3600);
  expect(lab.region.ec2.state(id)).toBe('running');
});

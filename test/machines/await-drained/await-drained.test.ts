import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Lab } from '../../support/lab.ts';
import { finish, goneAt, place, run, serve, sizes, start, untilLooked } from '../../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

const POD = '10.0.7.7';
const WAIT = { targets: [{ id: POD }], loadBalancer: 'web' };

const lateBy = (ended: { stopDate?: Date }, end: number) => ((ended.stopDate?.getTime() ?? 0) - end) / 1000;

test.each([
  [0, 3],
  [30, 5],
  [300, 5],
  [3600, 12],
])('a deregistration delay of %i s ends the wait in time, in at most %i looks', async (delaySeconds, looks) => {
  const { groups } = place(lab, { delaySeconds });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const arn = await start(lab, 'await-drained', WAIT);
  await untilLooked(lab);
  lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  const ended = await finish(lab, arn);
  expect(ended.receipt).toMatchObject({ status: 'succeeded', reason: 'all 1 registrations are drained' });
  expect(lateBy(ended, goneAt(lab, group, POD))).toBeGreaterThanOrEqual(0);
  expect(lateBy(ended, goneAt(lab, group, POD))).toBeLessThanOrEqual(10);
  expect(ended.receipt.polls).toBeLessThanOrEqual(looks);
  if (delaySeconds > 0) expect(ended.receipt.deregistrationDelaySeconds).toBe(delaySeconds);
  expect(lab.region.calls.count({ operation: 'DeregisterTargets' })).toBe(0);
});

test('an address that is in none of the target groups is drained after one look', async () => {
  place(lab, { groups: 3 });
  const { receipt, stopDate, startDate } = await run(lab, 'await-drained', WAIT);
  expect(receipt).toMatchObject({
    status: 'succeeded',
    reason: 'no such target is registered in any of 3 target groups',
    polls: 1,
  });
  expect(lateBy({ ...(stopDate && { stopDate }) }, startDate.getTime())).toBeLessThan(2);
});

test('a network load balancer that stays draining beyond its delay is waited for', async () => {
  const { groups } = place(lab, { balancer: 'network', delaySeconds: 120, connectionLingerSeconds: 400 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  const ended = await run(lab, 'await-drained', WAIT);
  const waited = (goneAt(lab, group, POD) - ended.startDate.getTime()) / 1000;
  expect(waited).toBe(520);
  expect(lateBy(ended, goneAt(lab, group, POD))).toBeLessThanOrEqual(0.1 * waited);
});

test('a gateway load balancer drains like the others', async () => {
  const { groups } = place(lab, { balancer: 'gateway', delaySeconds: 60 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  const { receipt } = await run(lab, 'await-drained', WAIT);
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { done: 1, open: 0 } });
});

test('an instance in a Classic load balancer is draining while it is called InService', async () => {
  const id = lab.region.ec2.launch();
  lab.region.classicElb.create({ name: 'old', connectionDrainingSeconds: 300, inFlightSeconds: 45 });
  lab.region.traffic.startProcess(id, 80);
  lab.region.classicElb.register('old', id);
  await lab.pass(400);
  const arn = await start(lab, 'await-drained', { targets: [{ id, port: 80 }], loadBalancer: 'old' });
  await untilLooked(lab);
  lab.region.classicElb.deregister('old', id);
  const end = Date.now() + 45_000;
  const ended = await finish(lab, arn);
  expect(ended.receipt.targets.first).toMatchObject([{ loadBalancer: 'old', id, state: 'absent' }]);
  // Its delay of 300 s is no reason to wait longer than its requests did.
  expect(lateBy(ended, end)).toBeLessThanOrEqual(10);
});

test('until draining: the wait ends when new requests have stopped', async () => {
  const { groups } = place(lab);
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const arn = await start(lab, 'await-drained', { ...WAIT, until: 'draining' });
  await untilLooked(lab);
  lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  const end = Date.now();
  const ended = await finish(lab, arn);
  expect(ended.receipt).toMatchObject({ status: 'succeeded', targets: { first: [{ state: 'draining' }] } });
  expect(lateBy(ended, end)).toBeLessThanOrEqual(10);
});

test('every port in every one of 450 target groups is found, within the limits of a state and a history', async () => {
  const { groups } = place(lab, { groups: 450, delaySeconds: 120 });
  const [first = '', last = ''] = [groups[2], groups[448]];
  for (const [group, port] of [
    [first, 80],
    [first, 8080],
    [last, 80],
  ] as const) {
    serve(lab, group, POD, port);
  }
  await lab.pass(60);
  const arn = await start(lab, 'await-drained', WAIT);
  await lab.until(() => lab.region.calls.count({ operation: 'DescribeTargetHealth' }) >= 450);
  for (const group of [first, last]) lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  await lab.pass(30);
  lab.region.elbv2.deregisterTargets(first, [{ id: POD, port: 8080 }]);
  const ended = await finish(lab, arn);
  expect(ended.receipt).toMatchObject({
    status: 'succeeded',
    counts: { done: 3, open: 0 },
    targetGroups: { count: 450 },
  });
  expect(lateBy(ended, goneAt(lab, first, POD))).toBeLessThanOrEqual(30);
  const { events, largest } = await sizes(lab, arn);
  expect(events).toBeLessThan(1_000);
  expect(largest).toBeLessThan(200_000);
});

test('only the load balancer of exactly this name counts', async () => {
  const { groups } = place(lab, { name: 'web-2' });
  place(lab, { name: 'web' });
  serve(lab, groups[0] ?? '', POD);
  await lab.pass(60);
  const { receipt } = await run(lab, 'await-drained', WAIT);
  expect(receipt).toMatchObject({ status: 'succeeded', targetGroups: { count: 1 } });
});

test.each([
  ['name', { loadBalancer: 'nobody' }, /there is no load balancer nobody/],
  [
    'target group',
    {
      loadBalancer: undefined,
      targetGroups: ['arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/gone/0123456789abcdef'],
    },
    /target groups not found/,
  ],
])('what does not exist by its %s is a permanent failure', async (_, where, reason) => {
  const { status, error, receipt } = await run(lab, 'await-drained', { ...WAIT, ...where });
  expect({ status, error }).toEqual({ status: 'FAILED', error: 'WaitFailed' });
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'NotFound' } });
  expect(receipt.reason).toMatch(reason);
});

test('an instance that is terminated in the middle is drained', async () => {
  const { groups } = place(lab, { type: 'instance', delaySeconds: 3600 });
  const [group = ''] = groups;
  const id = lab.region.ec2.launch();
  serve(lab, group, id);
  await lab.pass(60);
  const arn = await start(lab, 'await-drained', { targets: [{ id }], loadBalancer: 'web' });
  await untilLooked(lab);
  lab.region.ec2.terminate(id);
  const { receipt } = await finish(lab, arn, 300);
  expect(receipt).toMatchObject({ status: 'succeeded' });
});

test('the deadline ends the wait, and the receipt says what would have been enough', async () => {
  const { groups } = place(lab);
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  const ended = await run(lab, 'await-drained', { ...WAIT, timeoutSeconds: 60 });
  expect(ended).toMatchObject({ status: 'FAILED', error: 'WaitTimedOut' });
  expect(ended.receipt).toMatchObject({ status: 'timed-out', deregistrationDelaySeconds: 300 });
  expect(ended.receipt.reason).toMatch(
    /timeoutSeconds came first: 1 of 1 registrations are open: 1 draining; the deregistration delay is 300 s, so 30\d s would have been enough/,
  );
  expect(ended.stopDate?.getTime()).toBeLessThan(ended.startDate.getTime() + 62_000);
});

test.each([
  ['throttled calls', { kind: 'throttle', probability: 0.6 } as const, 10],
  ['an outage of two minutes', { kind: 'unavailable', until: Date.parse('2026-03-02T12:03:00Z') } as const, 20],
])('%s hold the wait and do not end it', async (_, fault, late) => {
  const { groups } = place(lab, { delaySeconds: 120 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  lab.region.elbv2.deregisterTargets(group, [{ id: POD }]);
  lab.region.faults.inject({ service: 'elasticloadbalancing', ...fault });
  const ended = await run(lab, 'await-drained', WAIT);
  expect(ended.receipt.status).toBe('succeeded');
  expect(ended.receipt.faults).toBeGreaterThan(0);
  expect(lateBy(ended, goneAt(lab, group, POD))).toBeGreaterThanOrEqual(0);
  expect(lateBy(ended, goneAt(lab, group, POD))).toBeLessThanOrEqual(late);
});

test('an outage that outlasts the deadline is a timeout that says so', async () => {
  place(lab);
  lab.region.faults.inject({ service: 'elasticloadbalancing', kind: 'connection-reset' });
  const { receipt } = await run(lab, 'await-drained', { ...WAIT, timeoutSeconds: 90 });
  expect(receipt).toMatchObject({ status: 'timed-out' });
  expect(receipt.reason).toMatch(/the deadline came while AWS could not be reached: .*socket hang up/);
});

test('a missing permission fails at once and names the call', async () => {
  place(lab);
  lab.region.faults.inject({ operation: 'DescribeTargetHealth', kind: 'access-denied' });
  const { receipt } = await run(lab, 'await-drained', WAIT);
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'AccessDenied' } });
  expect(receipt.reason).toMatch(/DescribeTargetHealth/);
});

test('a dry run looks once', async () => {
  const { groups } = place(lab);
  serve(lab, groups[0] ?? '', POD);
  await lab.pass(60);
  const { status, receipt } = await run(lab, 'await-drained', { ...WAIT, dryRun: true });
  expect(status).toBe('SUCCEEDED');
  expect(receipt).toMatchObject({ dryRun: true, polls: 1, wouldDo: ['wait until 1 registrations are drained'] });
});

test('bad input is refused with every fault in it', async () => {
  const { status, error, receipt } = await run(lab, 'await-drained', {
    region: 'Mars',
    targets: [{ id: 'pod-1', port: 0 }],
    namespace: 'default',
    timeoutSeconds: 2_592_000,
    until: 'soon',
    surprise: 1,
  });
  expect({ status, error }).toEqual({ status: 'FAILED', error: 'WaitRefused' });
  expect(receipt.error.name).toBe('InvalidInput');
  for (const field of [
    'region',
    'targets[0].id',
    'targets[0].port',
    'loadBalancer',
    'namespace',
    'timeoutSeconds',
    'until',
    'surprise',
  ]) {
    expect(receipt.reason).toContain(`${field} `);
  }
  expect(lab.region.calls.count({ service: 'elasticloadbalancing' })).toBe(0);
});

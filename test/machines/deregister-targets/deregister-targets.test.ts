import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Lab } from '../../support/lab.ts';
import { finish, goneAt, place, run, serve, sizes, start } from '../../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

const POD = '10.0.7.7';
const standing = (group: string, id: string) => lab.region.elbv2.registrations(group, id);

test('takes a target out of every target group and port, and drops no request', async () => {
  const { groups } = place(lab, { groups: 3, delaySeconds: 60 });
  const [first = '', second = ''] = groups;
  for (const port of [80, 8080]) serve(lab, first, POD, port);
  serve(lab, second, POD);
  for (const group of [first, second]) serve(lab, group, '10.0.7.8');
  await lab.pass(60);
  for (const group of [first, second]) {
    lab.region.traffic.start({ targetGroupArn: group, requestsPerSecond: 20, requestSeconds: 30 });
  }
  await lab.pass(60);
  const ended = await run(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'web' });
  expect(ended.receipt).toMatchObject({
    status: 'succeeded',
    reason: 'all 3 registrations are drained',
    counts: { done: 3, open: 0 },
    deregistrationDelaySeconds: 60,
  });
  for (const port of [80, 8080]) lab.region.traffic.died({ id: POD, port });
  expect(lab.region.traffic.stats()).toMatchObject({ dropped: 0 });
  expect([...standing(first, POD), ...standing(second, POD)]).toEqual([]);
  expect(standing(first, '10.0.7.8')).toHaveLength(1);
  const end = Math.max(goneAt(lab, first, POD), goneAt(lab, second, POD));
  expect((ended.stopDate?.getTime() ?? 0) - end).toBeLessThanOrEqual(10_000);
  // Found, seen draining, and gone at the known end.
  expect(ended.receipt.polls).toBeLessThanOrEqual(4);
});

test('only the port that was named is taken out', async () => {
  const { groups } = place(lab, { delaySeconds: 0 });
  const [group = ''] = groups;
  for (const port of [80, 8080]) serve(lab, group, POD, port);
  await lab.pass(60);
  const { receipt } = await run(lab, 'deregister-targets', { targets: [{ id: POD, port: 8080 }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { done: 1, open: 0 } });
  expect(standing(group, POD).map(({ port }) => port)).toEqual([80]);
});

test.each([0, 3600])('a deregistration delay of %i s', async (delaySeconds) => {
  const { groups } = place(lab, { delaySeconds });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const ended = await run(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'web' });
  expect(ended.receipt.status).toBe('succeeded');
  const late = ((ended.stopDate?.getTime() ?? 0) - goneAt(lab, group, POD)) / 1000;
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThanOrEqual(10);
  expect(ended.receipt.polls).toBeLessThanOrEqual(10);
});

test('until draining: it ends when new requests have stopped', async () => {
  const { groups } = place(lab, { delaySeconds: 3600 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const ended = await run(lab, 'deregister-targets', {
    targets: [{ id: POD }],
    loadBalancer: 'web',
    until: 'draining',
  });
  expect(ended.receipt).toMatchObject({ status: 'succeeded' });
  expect(ended.receipt.reason).toMatch(/new requests have stopped/);
  expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBeLessThanOrEqual(10_000);
});

test('a network load balancer that stays draining beyond its delay is seen to the end', async () => {
  const { groups } = place(lab, { balancer: 'network', delaySeconds: 60, connectionLingerSeconds: 500 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const ended = await run(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'web' });
  const late = ((ended.stopDate?.getTime() ?? 0) - goneAt(lab, group, POD)) / 1000;
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThanOrEqual(56);
});

test('a Classic load balancer lets go as soon as the requests are done', async () => {
  const id = lab.region.ec2.launch();
  lab.region.classicElb.create({ name: 'old', connectionDrainingSeconds: 300, inFlightSeconds: 40 });
  lab.region.traffic.startProcess(id, 80);
  lab.region.classicElb.register('old', id);
  await lab.pass(400);
  const ended = await run(lab, 'deregister-targets', { targets: [{ id }], loadBalancer: 'old' });
  expect(ended.receipt).toMatchObject({ status: 'succeeded', targets: { first: [{ loadBalancer: 'old', id }] } });
  const took = ((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()) / 1000;
  expect(took).toBeGreaterThanOrEqual(40);
  expect(took).toBeLessThanOrEqual(52);
});

test('what is registered nowhere is done, and nothing is changed', async () => {
  place(lab, { groups: 2 });
  const { receipt } = await run(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({
    status: 'succeeded',
    reason: 'no such target is registered in any of 2 target groups',
  });
  expect(lab.region.calls.count({ operation: 'DeregisterTargets' })).toBe(0);
});

test('somebody registers what is being deregistered: the workflow says so and does not fight', async () => {
  const { groups } = place(lab, { delaySeconds: 300 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const arn = await start(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'web' });
  await lab.until(() => standing(group, POD)[0]?.state === 'draining');
  await lab.pass(40);
  serve(lab, group, POD);
  const ended = await finish(lab, arn);
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DeregistrationFailed' });
  expect(ended.receipt).toMatchObject({ status: 'failed', error: { name: 'UndoneByOthers' } });
  expect(ended.receipt.reason).toMatch(/was registered again after it had been deregistered/);
  expect(lab.region.calls.count({ operation: 'DeregisterTargets' })).toBe(1);
});

test('an instance that is terminated in the middle is drained', async () => {
  const { groups } = place(lab, { type: 'instance', delaySeconds: 120 });
  const [group = ''] = groups;
  const id = lab.region.ec2.launch();
  serve(lab, group, id);
  await lab.pass(60);
  const arn = await start(lab, 'deregister-targets', { targets: [{ id }], loadBalancer: 'web' });
  await lab.until(() => standing(group, id)[0]?.state === 'draining');
  lab.region.ec2.terminate(id);
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded' });
});

test('a target that its network load balancer drains for bad health is deregistered all the same', async () => {
  const group = lab.region.elbv2.createTargetGroup({
    name: 'sick',
    type: 'ip',
    protocol: 'TCP',
    deregistrationDelaySeconds: 30,
    attributes: { 'target_health_state.unhealthy.draining_interval_seconds': '3600' },
  });
  lab.region.elbv2.attach(lab.region.elbv2.createLoadBalancer({ name: 'net', type: 'network' }), group);
  serve(lab, group, POD);
  await lab.pass(60);
  lab.region.traffic.died({ id: POD, port: 80 });
  await lab.until(() => standing(group, POD)[0]?.state === 'unhealthy.draining');
  const { receipt } = await run(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'net' });
  expect(receipt.status).toBe('succeeded');
  expect(lab.region.calls.count({ operation: 'DeregisterTargets' })).toBe(1);
});

test('the same host is deregistered and registered again every day for a week', async () => {
  const { groups } = place(lab, { type: 'instance', delaySeconds: 30 });
  const [group = ''] = groups;
  const id = lab.region.ec2.launch();
  serve(lab, group, id);
  for (let day = 0; day < 7; day += 1) {
    await lab.pass(12 * 3600);
    const where = { targets: [{ id }], loadBalancer: 'web' };
    expect((await run(lab, 'deregister-targets', where)).receipt.status).toBe('succeeded');
    expect(standing(group, id)).toEqual([]);
    await lab.pass(12 * 3600);
    expect((await run(lab, 'register-targets', where)).receipt.status).toBe('succeeded');
    expect(standing(group, id)).toMatchObject([{ state: 'healthy' }]);
  }
  expect(lab.region.calls.count({ operation: 'DeregisterTargets' })).toBe(7);
});

test('five hundred registrations go within the limits, throttled', async () => {
  await lab.close();
  lab = new Lab({ enforceBuckets: true });
  const { groups } = place(lab, { groups: 50, delaySeconds: 120 });
  const pods = Array.from({ length: 10 }, (_, n) => `10.0.9.${n}`);
  for (const group of groups) for (const pod of pods) serve(lab, group, pod);
  await lab.pass(60);
  const arn = await start(lab, 'deregister-targets', { targets: pods.map((id) => ({ id })), loadBalancer: 'web' });
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { done: 500, open: 0 } });
  const { events, largest } = await sizes(lab, arn);
  expect(events).toBeLessThan(2_000);
  expect(largest).toBeLessThan(250_000);
});

test('an outage in the middle holds the workflow', async () => {
  const { groups } = place(lab, { delaySeconds: 60 });
  const [group = ''] = groups;
  serve(lab, group, POD);
  await lab.pass(60);
  const arn = await start(lab, 'deregister-targets', { targets: [{ id: POD }], loadBalancer: 'web' });
  await lab.until(() => standing(group, POD)[0]?.state === 'draining');
  lab.region.faults.inject({ service: 'elasticloadbalancing', kind: 'timeout', until: Date.now() + 180_000 });
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded' });
  expect(receipt.faults).toBeGreaterThan(0);
});

test('the deadline comes first', async () => {
  const { groups } = place(lab);
  serve(lab, groups[0] ?? '', POD);
  await lab.pass(60);
  const ended = await run(lab, 'deregister-targets', {
    targets: [{ id: POD }],
    loadBalancer: 'web',
    timeoutSeconds: 60,
  });
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DeregistrationTimedOut' });
  expect(ended.receipt.reason).toMatch(/300 s, so 30\d s would have been enough/);
});

test('a dry run says what would be deregistered and touches nothing', async () => {
  const { groups } = place(lab);
  serve(lab, groups[0] ?? '', POD);
  await lab.pass(60);
  const { receipt } = await run(lab, 'deregister-targets', {
    targets: [{ id: POD }],
    loadBalancer: 'web',
    dryRun: true,
  });
  expect(receipt.wouldDo).toEqual([`deregister ${POD}:80 from ${groups[0]}`, 'wait until 1 registrations are drained']);
  expect(lab.region.calls.count({ operation: 'DeregisterTargets' })).toBe(0);
});

test('bad input is refused with every fault in it, and nothing is called', async () => {
  const { status, error, receipt } = await run(lab, 'deregister-targets', { targets: [{ id: 'pod-1' }], surprise: 1 });
  expect({ status, error }).toEqual({ status: 'FAILED', error: 'DeregistrationRefused' });
  expect(receipt).toMatchObject({ status: 'refused', subject: 'pod-1', error: { name: 'InvalidInput' } });
  for (const field of ['targets[0].id', 'surprise']) expect(receipt.reason).toContain(field);
  expect(lab.region.calls.counts()).toEqual({});
});

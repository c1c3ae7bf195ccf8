import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Lab } from '../../support/lab.ts';
import { finish, place, run, serve, sizes, start, untilLooked } from '../../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

/** Instances that answer on a port. */
function launch(count: number, port = 80): string[] {
  return Array.from({ length: count }, () => {
    const id = lab.region.ec2.launch();
    lab.region.traffic.startProcess(id, port);
    return id;
  });
}

const stateOf = (group: string, id: string) => lab.region.elbv2.registrations(group, id).map(({ state }) => state);

test('registers instances and ends when they are healthy', async () => {
  const { groups } = place(lab, { type: 'instance' });
  const ids = launch(2);
  const arn = await start(lab, 'register-targets', { targets: ids.map((id) => ({ id })), loadBalancer: 'web' });
  const ended = await finish(lab, arn);
  expect(ended.receipt).toMatchObject({ status: 'succeeded', reason: 'all 2 registrations are healthy' });
  expect(ids.flatMap((id) => stateOf(groups[0] ?? '', id))).toEqual(['healthy', 'healthy']);
  const healthyAt = Math.max(...lab.region.elbv2.timelines(groups[0] ?? '').map((one) => one.healthyAt ?? Number.NaN));
  expect((ended.stopDate?.getTime() ?? 0) - healthyAt).toBeLessThanOrEqual(10_000);
  expect(lab.region.calls.count({ operation: 'RegisterTargets' })).toBe(1);
  expect((await sizes(lab, arn)).events).toBeLessThan(300);
});

test('an address outside the VPC, on several ports, keeps its zone "all"', async () => {
  const { groups } = place(lab);
  const targets = [80, 8080].map((port) => ({ id: '192.0.2.7', port, availabilityZone: 'all' }));
  for (const target of targets) lab.region.traffic.started(target);
  const { receipt } = await run(lab, 'register-targets', { targets, loadBalancer: 'web' });
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { done: 2, open: 0 } });
  const [call] = lab.region.calls.all.filter(({ operation }) => operation === 'RegisterTargets');
  expect(call?.input).toEqual({
    TargetGroupArn: groups[0],
    Targets: targets.map(({ id, port }) => ({ Id: id, Port: port, AvailabilityZone: 'all' })),
  });
});

test('several target groups: the one that takes the kind of target, or one that is named', async () => {
  const { balancer, groups } = place(lab, { type: 'instance', groups: 2 });
  const addresses = lab.region.elbv2.createTargetGroup({ name: 'addresses', type: 'ip' });
  lab.region.elbv2.attach(balancer, addresses);
  lab.region.traffic.started({ id: '10.0.7.7', port: 80 });
  const [id = ''] = launch(1);
  const where = { loadBalancer: 'web' };
  const byKind = await run(lab, 'register-targets', { ...where, targets: [{ id: '10.0.7.7' }] });
  expect(byKind.receipt).toMatchObject({ status: 'succeeded', targetGroups: { count: 1, first: [addresses] } });

  const ambiguous = await run(lab, 'register-targets', { ...where, targets: [{ id }] });
  expect(ambiguous).toMatchObject({ status: 'FAILED', error: 'RegistrationRefused' });
  expect(ambiguous.receipt).toMatchObject({ status: 'refused', error: { name: 'AmbiguousTargetGroup' } });
  expect(ambiguous.receipt.reason).toBe(`2 target groups take ${id}; name one of ${groups.join(', ')}`);

  const named = await run(lab, 'register-targets', { ...where, targets: [{ id }], targetGroups: [groups[1]] });
  expect(named.receipt).toMatchObject({ status: 'succeeded' });
  expect([stateOf(groups[0] ?? '', id), stateOf(groups[1] ?? '', id)]).toEqual([[], ['healthy']]);
});

test('a load balancer that takes no such target says what its target groups take', async () => {
  place(lab, { type: 'instance' });
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id: '10.0.7.7' }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({
    status: 'refused',
    reason: 'no target group here takes the address 10.0.7.7: web-0 takes instance',
  });
});

test('a load balancer without target groups says so', async () => {
  lab.region.elbv2.createLoadBalancer({ name: 'bare' });
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id: '10.0.7.7' }], loadBalancer: 'bare' });
  expect(receipt.reason).toMatch(/the load balancer has no target group/);
});

test('what is registered already is left as it is', async () => {
  const { groups } = place(lab, { type: 'instance' });
  const [id = ''] = launch(1);
  serve(lab, groups[0] ?? '', id);
  await lab.pass(60);
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({ status: 'succeeded', polls: 1 });
  expect(lab.region.calls.count({ operation: 'RegisterTargets' })).toBe(0);
});

test('a target that is draining is taken back', async () => {
  const { groups } = place(lab, { type: 'instance' });
  const [id = ''] = launch(1);
  serve(lab, groups[0] ?? '', id);
  await lab.pass(60);
  lab.region.elbv2.deregisterTargets(groups[0] ?? '', [{ id }]);
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({ status: 'succeeded' });
  expect(stateOf(groups[0] ?? '', id)).toEqual(['healthy']);
});

test.each(['network', 'gateway'] as const)(
  'a %s load balancer is registered with like the others',
  async (balancer) => {
    const { groups } = place(lab, { balancer, type: 'instance' });
    const [id = ''] = launch(1, lab.region.elbv2.defaultPort(groups[0] ?? ''));
    const { receipt } = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web' });
    expect(receipt.status).toBe('succeeded');
  },
);

test('an instance is registered with a Classic load balancer', async () => {
  lab.region.classicElb.create({ name: 'old', healthyThreshold: 2 });
  const [id = ''] = launch(1);
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'old' });
  expect(receipt).toMatchObject({ status: 'succeeded', targets: { first: [{ loadBalancer: 'old', id }] } });
  expect(lab.region.classicElb.state('old', id)).toBe('in-service');
  const port = await run(lab, 'register-targets', { targets: [{ id, port: 80 }], loadBalancer: 'old' });
  expect(port.receipt).toMatchObject({ status: 'refused' });
});

test('a target group that no load balancer uses never makes a target healthy', async () => {
  const unused = lab.region.elbv2.createTargetGroup({ name: 'unused' });
  const [id = ''] = launch(1);
  const ended = await run(lab, 'register-targets', { targets: [{ id }], targetGroups: [unused] });
  expect(ended).toMatchObject({ status: 'FAILED', error: 'RegistrationFailed' });
  expect(ended.receipt).toMatchObject({ status: 'failed', error: { name: 'NeverHealthy' } });
  expect(ended.receipt.reason).toBe(`${id}:80 in ${unused} will not become healthy: Target.NotInUse`);
  expect((ended.stopDate?.getTime() ?? 0) - ended.startDate.getTime()).toBeLessThan(60_000);
});

test('an instance that is stopped in the middle never becomes healthy', async () => {
  place(lab, { type: 'instance' });
  const id = lab.region.ec2.launch();
  const arn = await start(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web' });
  await untilLooked(lab);
  await untilLooked(lab);
  lab.region.ec2.stop(id);
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'NeverHealthy' } });
  expect(receipt.reason).toMatch(/Target.InvalidState/);
});

test('an instance that is stopped already is refused by Elastic Load Balancing', async () => {
  place(lab, { type: 'instance' });
  const id = lab.region.ec2.launch();
  lab.region.ec2.stop(id);
  await lab.pass(60);
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'Rejected' } });
  expect(receipt.reason).toMatch(/not in a running state/);
});

test('somebody deregisters what is being registered: the workflow says so and does not fight', async () => {
  const { groups } = place(lab, { type: 'instance' });
  const id = lab.region.ec2.launch();
  const arn = await start(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web' });
  await lab.until(() => stateOf(groups[0] ?? '', id).length > 0);
  await lab.pass(40);
  lab.region.elbv2.deregisterTargets(groups[0] ?? '', [{ id }]);
  const ended = await finish(lab, arn);
  expect(ended).toMatchObject({ status: 'FAILED', error: 'RegistrationFailed' });
  expect(ended.receipt).toMatchObject({ status: 'failed', error: { name: 'UndoneByOthers' } });
  expect(ended.receipt.reason).toMatch(/is registered no more: somebody deregistered it/);
  expect(lab.region.calls.count({ operation: 'RegisterTargets' })).toBe(1);
});

test('a target that does not answer is unhealthy until the deadline', async () => {
  place(lab, { type: 'instance' });
  const id = lab.region.ec2.launch();
  const ended = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web', timeoutSeconds: 300 });
  expect(ended).toMatchObject({ status: 'FAILED', error: 'RegistrationTimedOut' });
  expect(ended.receipt.reason).toMatch(/timeoutSeconds came first: 1 of 1 registrations are open: 1 unhealthy/);
});

test('past the deadline nothing is registered any more', async () => {
  place(lab, { type: 'instance' });
  const id = lab.region.ec2.launch();
  lab.region.faults.inject({ service: 'elasticloadbalancing', kind: 'unavailable', until: Date.now() + 65_000 });
  const { receipt } = await run(lab, 'register-targets', {
    targets: [{ id }],
    loadBalancer: 'web',
    timeoutSeconds: 60,
  });
  expect(receipt.status).toBe('timed-out');
  expect(lab.region.calls.count({ operation: 'RegisterTargets' })).toBe(0);
});

test('throttled registering is done in the end, once it was accepted', async () => {
  const { groups } = place(lab, { type: 'instance', groups: 6 });
  const ids = launch(10);
  lab.region.faults.inject({ operation: 'RegisterTargets', kind: 'throttle', probability: 0.3 });
  lab.region.faults.inject({ operation: 'RegisterTargets', kind: 'response-lost', probability: 0.2 });
  const arn = await start(lab, 'register-targets', { targets: ids.map((id) => ({ id })), targetGroups: groups });
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { done: 60, open: 0 } });
  const { events, largest } = await sizes(lab, arn);
  expect(events).toBeLessThan(2_000);
  expect(largest).toBeLessThan(200_000);
});

test('more registrations than a state holds are refused before anything is touched', async () => {
  const { groups } = place(lab, { type: 'instance', groups: 20 });
  const targets = launch(30).map((id) => ({ id }));
  const { receipt } = await run(lab, 'register-targets', { targets, targetGroups: groups });
  expect(receipt).toMatchObject({ status: 'refused' });
  expect(receipt.reason).toMatch(/600 registrations are more than 500/);
  expect(lab.region.calls.count({ operation: 'RegisterTargets' })).toBe(0);
});

test('a dry run says what would be registered and touches nothing', async () => {
  const { groups } = place(lab, { type: 'instance' });
  const [id = ''] = launch(1);
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id }], loadBalancer: 'web', dryRun: true });
  expect(receipt).toMatchObject({ status: 'succeeded', dryRun: true });
  expect(receipt.wouldDo).toEqual([`register ${id}:80 in ${groups[0]}`, 'wait until 1 registrations are healthy']);
  expect(lab.region.calls.count({ operation: 'RegisterTargets' })).toBe(0);
});

test('a region that may not be touched is refused', async () => {
  await lab.close();
  lab = new Lab({ settings: { SLUICE_ALLOWED_REGIONS: 'us-east-1' } });
  const { receipt } = await run(lab, 'register-targets', { targets: [{ id: '10.0.0.1' }], loadBalancer: 'web' });
  expect(receipt).toMatchObject({
    status: 'refused',
    reason: 'eu-west-1 is not one of the allowed regions (us-east-1)',
  });
});

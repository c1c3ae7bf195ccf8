import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CloudMapLab, HOME, warmUp } from './cloud-map-lab.ts';

const IRELAND = HOME;
const FRANKFURT = 'eu-central-1';
const VIRGINIA = 'us-east-1';

let lab: CloudMapLab;
// A machine that does much else at the same time.
jest.setTimeout(120_000);
beforeAll(warmUp);
beforeEach(() => {
  lab = new CloudMapLab();
});
afterEach(() => lab.close());

describe('how much is stale', () => {
  test('a service without registrations is clean', async () => {
    const service = lab.service();
    const { ended, line } = await lab.run({ services: [service] });
    expect(ended.status).toBe('SUCCEEDED');
    expect(line).toMatchObject({ status: 'succeeded', registrations: 0, reason: 'it has no registrations' });
    // Nothing to ask EC2 about.
    expect(lab.account.calls.counts()).toEqual({ 'events:PutEvents': 1, 'servicediscovery:ListInstances': 1 });
  });

  test('where none is stale nothing is removed, and nobody waits for a confirmation', async () => {
    const service = lab.service();
    lab.alive(service, 5);
    const { ended, receipt, line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'succeeded', alive: 5, removed: 0, reason: 'nothing is stale' });
    expect(ended.stopDate).toEqual(ended.startDate);
    expect(receipt.totals).toMatchObject({ registrations: 5, alive: 5, removed: 0, retained: 0 });
    expect(lab.left(service)).toHaveLength(5);
  });

  test.each([
    ['proven terminated', (service: string) => lab.terminated(service, 4)],
    ['absent', (service: string) => lab.absent(service, 4)],
  ])('where all are stale nothing is removed though they are %s: refused, with a warning', async (_, register) => {
    const service = lab.service();
    register(service);
    await lab.settle();
    const { ended, receipt, line } = await lab.run({ services: [service] });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'CleanUpRefused' });
    expect(receipt.status).toBe('refused');
    expect(line).toMatchObject({
      status: 'refused',
      reason: 'all 4 look stale, and minRemaining is 1',
      retained: { count: 4, guard: 'minRemaining' },
      removed: 0,
    });
    expect(lab.left(service)).toHaveLength(4);
    expect(lab.deregistered()).toEqual([]);
  });

  test('all but one are removed where they are proven terminated', async () => {
    const service = lab.service();
    const alive = lab.alive(service, 1);
    lab.terminated(service, 9);
    await lab.settle();
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({
      status: 'succeeded',
      terminated: 9,
      confirmed: 9,
      removed: 9,
      retained: { count: 0 },
    });
    expect(lab.left(service)).toEqual(alive);
  });

  test('all but one stay where they are only absent', async () => {
    const service = lab.service();
    lab.alive(service, 1);
    lab.absent(service, 9);
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'refused', retained: { count: 9, guard: 'maxAbsentPercent' } });
    expect(lab.left(service)).toHaveLength(10);
  });

  test('60 % proven terminated overnight are removed', async () => {
    const service = lab.service();
    const alive = lab.alive(service, 40);
    lab.terminated(service, 60);
    await lab.settle();
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'succeeded', terminated: 60, removed: 60 });
    expect(lab.left(service)).toEqual(alive);
  });

  test('as many absent ones as maxAbsentPercent allows are removed', async () => {
    const service = lab.service();
    lab.alive(service, 2);
    lab.absent(service, 2);
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'succeeded', absent: 2, removed: 2 });
  });

  test('minRemaining counts live registrations: two are too few where three must stay', async () => {
    const service = lab.service();
    lab.alive(service, 2);
    lab.terminated(service, 1);
    await lab.settle();
    const { line } = await lab.run({ services: [service], minRemaining: 3 });
    expect(line).toMatchObject({ status: 'refused', reason: 'only 2 of 3 would stay, and minRemaining is 3' });
    expect(lab.left(service)).toHaveLength(3);
  });

  test('with minRemaining 0 even the last may go', async () => {
    const service = lab.service();
    lab.terminated(service, 2);
    await lab.settle();
    const { line } = await lab.run({ services: [service], minRemaining: 0 });
    expect(line).toMatchObject({ status: 'succeeded', removed: 2 });
    expect(lab.left(service)).toEqual([]);
  });
});

describe('how many there are', () => {
  test.each([200, 201, 1000])(
    'exactly %d registrations are read to the last page, in the fewest calls',
    async (count) => {
      const service = lab.service();
      lab.terminated(service, 1);
      lab.alive(service, count - 1);
      await lab.settle();
      const { line } = await lab.run({ services: [service] });
      expect(line).toMatchObject({ registrations: count, alive: count - 1, terminated: 1, removed: 1 });
      expect(lab.account.calls.counts()).toMatchObject({
        'servicediscovery:ListInstances': 2 * Math.ceil(count / 100),
        'ec2:DescribeInstances': 2 * Math.ceil(count / 200),
        'servicediscovery:DeregisterInstance': 1,
      });
    },
  );

  test('300 services run in one execution, each with its own outcome', async () => {
    const services = Array.from({ length: 300 }, (_, index) => lab.service(`service-${index}`));
    for (const service of services) {
      lab.alive(service, 1);
      lab.terminated(service, 1);
    }
    await lab.settle();
    const { ended, receipt } = await lab.run({ services });
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt.totals).toMatchObject({ registrations: 600, terminated: 300, removed: 300 });
    expect(receipt.services.count).toBe(300);
    expect(receipt.byStatus).toEqual({ succeeded: 300 });
    expect(services.map((service) => lab.left(service).length)).toEqual(services.map(() => 1));
    expect(lab.engine.counts(ended.executionArn).events).toBeLessThan(25_000);
    expect(JSON.stringify(receipt).length).toBeLessThan(32_768);
  });

  test('a namespace stands for all of its services, found by its name on every page', async () => {
    const services = Array.from({ length: 101 }, (_, index) => lab.service(`service-${index}`));
    for (const service of services) lab.alive(service, 1);
    const { receipt } = await lab.run({ namespace: 'prod' });
    expect(receipt).toMatchObject({ status: 'succeeded', subject: 'prod', services: { count: 101 } });
    expect(receipt.totals.alive).toBe(101);
  });

  test('a namespace that does not exist is a failure, and one without services is clean', async () => {
    const missing = await lab.run({ namespace: 'staging' });
    expect(missing.receipt).toMatchObject({ status: 'failed', error: { name: 'NotFound' } });
    const empty = await lab.run({ namespace: 'prod' });
    expect(empty.receipt).toMatchObject({ status: 'succeeded', reason: 'there are no services to clean' });
  });

  test('more services than one execution holds are refused', async () => {
    for (let index = 0; index < 401; index += 1) lab.service(`service-${index}`);
    const { ended, receipt } = await lab.run({ namespace: 'prod' });
    expect(ended.error).toBe('CleanUpRefused');
    expect(receipt.reason).toMatch(/there are 401 services, and one run takes at most 400/);
  });
});

describe('in which regions', () => {
  test('instances in three regions are found', async () => {
    const service = lab.service();
    for (const region of [IRELAND, FRANKFURT, VIRGINIA]) lab.alive(service, 4, region);
    lab.terminated(service, 2, VIRGINIA);
    await lab.settle();
    const { line } = await lab.run({ services: [service], instancesRegions: [IRELAND, FRANKFURT, VIRGINIA] });
    expect(line).toMatchObject({ alive: 12, terminated: 2, absent: 0, removed: 2 });
    expect(lab.left(service)).toHaveLength(12);
  });

  test('a forgotten region, 99 of 100 absent and all alive there: refused, and the reason says what to check', async () => {
    const service = lab.service();
    lab.alive(service, 1);
    lab.alive(service, 99, FRANKFURT);
    const { receipt, line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'refused', absent: 99, retained: { count: 99, guard: 'maxAbsentPercent' } });
    expect(receipt.reason).toMatch(
      /99 of 100 are not in eu-west-1 .* check that instancesRegions names every region they run in/,
    );
    expect(lab.left(service)).toHaveLength(100);
  });

  test.each([
    ['denies access', 'access-denied', 'AccessDenied'],
    ['throttles throughout', 'throttle', 'Unavailable'],
  ] as const)('one region that %s: nothing is removed anywhere, and the receipt names it', async (_, kind, error) => {
    const [first = '', second = ''] = [lab.service('a'), lab.service('b')];
    lab.alive(first, 2);
    lab.terminated(first, 2);
    // Of this one, nothing but what Ireland knows.
    lab.alive(second, 2);
    lab.terminated(second, 1);
    await lab.settle();
    lab.account.region(FRANKFURT).faults.inject({ kind, service: 'ec2' });
    const { ended, receipt } = await lab.run({
      services: [first, second],
      instancesRegions: [IRELAND, FRANKFURT],
    });
    expect(ended.error).toBe('CleanUpFailed');
    expect(receipt.reason).toMatch(/nothing was removed from any service: .*EC2 in eu-central-1 did not answer/);
    expect(receipt.services.first.map(({ unanswered, error }) => ({ unanswered, error }))).toEqual([
      { unanswered: FRANKFURT, error },
      { unanswered: FRANKFURT, error },
    ]);
    expect(lab.deregistered()).toEqual([]);
  });

  test('a region that stops answering before the confirmation stops the removals of every service', async () => {
    const [first = '', second = ''] = [lab.service('a'), lab.service('b')];
    for (const service of [first, second]) {
      lab.alive(service, 2);
      lab.terminated(service, 1);
    }
    const second_ = lab.left(second);
    await lab.settle();
    // Denied only to those who ask for what is in the second service.
    lab.home.faults.inject({
      kind: 'access-denied',
      service: 'ec2',
      from: Date.now() + 30_000,
      when: ({ input }) => JSON.stringify(input).includes(second_[0] ?? ''),
    });
    const { receipt } = await lab.run({ services: [first, second] });
    expect(receipt.status).toBe('failed');
    expect(receipt.services.first.map(({ reason }) => reason).sort()).toEqual([
      expect.stringMatching(/^EC2 in eu-west-1 did not answer: /),
      'nothing was removed from any service: eu-west-1 did not answer (AccessDenied)',
    ]);
    expect(lab.deregistered()).toEqual([]);
  });

  test('a region that is throttled for a while is waited for', async () => {
    const service = lab.service();
    lab.alive(service, 2);
    lab.terminated(service, 1);
    await lab.settle();
    lab.home.faults.inject({ kind: 'throttle', service: 'ec2', until: Date.now() + 45_000 });
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'succeeded', removed: 1 });
  });
});

describe('under which addresses', () => {
  test("a public, a secondary and a second interface's address are all the instance's own", async () => {
    const service = lab.service();
    const spec = { interfaces: [['10.1.0.1', '10.1.0.2'], ['10.1.1.1']], publicIpAddress: '54.1.2.3' };
    for (const address of ['10.1.0.1', '10.1.0.2', '10.1.1.1', '54.1.2.3']) {
      lab.register(service, lab.home.ec2.launch(spec), address);
    }
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ alive: 4, mismatched: 0 });
  });

  test('an address recycled on another instance: the old registration goes, the new one stays', async () => {
    const service = lab.service();
    const old = lab.registered(service, { interfaces: [['10.1.0.9']] });
    lab.home.ec2.terminate(old);
    await lab.settle();
    const young = lab.registered(service, { interfaces: [['10.1.0.9']] });
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ alive: 1, terminated: 1, removed: 1 });
    expect(lab.left(service)).toEqual([young]);
  });

  test('an instance that lives at another address is mismatched, and removed within maxAbsentPercent', async () => {
    const service = lab.service();
    const alive = lab.alive(service, 3);
    lab.register(service, lab.home.ec2.launch(), '192.168.0.1');
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ alive: 3, mismatched: 1, removed: 1 });
    expect(lab.left(service)).toEqual(alive);
  });

  test('ECS tasks with an IPv4, and instances without one, are skipped and counted', async () => {
    const service = lab.service();
    const alive = lab.alive(service, 1);
    lab.terminated(service, 1);
    lab.register(service, '0f9e6b1c2d3e4f5a6b7c8d9e0f1a2b3c', '10.0.0.7');
    lab.home.cloudMap.register(service, 'i-0123456789abcdef0', { AWS_INSTANCE_CNAME: 'db.example.com' });
    await lab.settle();
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ registrations: 4, skipped: { noIpv4: 1, noInstanceId: 1 }, removed: 1 });
    expect(lab.left(service)).toEqual([...alive, '0f9e6b1c2d3e4f5a6b7c8d9e0f1a2b3c', 'i-0123456789abcdef0']);
  });
});

describe('in which states', () => {
  test('stopped and stopping instances are alive', async () => {
    const service = lab.service();
    const [stopped = '', stopping = ''] = lab.alive(service, 2);
    lab.home.ec2.stop(stopped);
    await lab.settle();
    lab.home.ec2.stop(stopping);
    expect([lab.home.ec2.state(stopped), lab.home.ec2.state(stopping)]).toEqual(['stopped', 'stopping']);
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ status: 'succeeded', alive: 2, removed: 0 });
  });

  test('one that is shutting down is as good as terminated', async () => {
    const service = lab.service();
    const alive = lab.alive(service, 1);
    const [ending = ''] = lab.terminated(service, 1);
    expect(lab.home.ec2.state(ending)).toBe('shutting-down');
    const { line } = await lab.run({ services: [service] });
    expect(line).toMatchObject({ terminated: 1, removed: 1 });
    expect(lab.left(service)).toEqual(alive);
  });
});

test('a dry run looks once, touches nothing, and says what it would do', async () => {
  const service = lab.service();
  lab.alive(service, 3);
  const gone = lab.terminated(service, 2);
  await lab.settle();
  const { ended, receipt, line } = await lab.run({ services: [service], dryRun: true });
  expect(ended.status).toBe('SUCCEEDED');
  expect(ended.stopDate).toEqual(ended.startDate);
  expect(line.wouldRemove).toEqual({ count: 2, first: gone });
  expect(receipt.wouldDo).toEqual([`deregister 2 of 5 from ${service}, if they still look stale: ${gone.join(', ')}`]);
  expect(lab.account.calls.counts()).toEqual({ 'ec2:DescribeInstances': 1, 'servicediscovery:ListInstances': 1 });
});

test('an input that cannot be used is refused with every fault, and the receipt says what came', async () => {
  const { ended, receipt } = await lab.run({ instancesRegions: [], minRemaining: -1 });
  expect(ended.error).toBe('CleanUpRefused');
  expect(receipt.reason).toMatch(/instancesRegions must be a list of 1 to 40 AWS regions, got \[\]/);
  expect(receipt.reason).toMatch(/minRemaining must be a whole number from 0 to 1000, got -1/);
});

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Lab } from '../../support/lab.ts';
import { finish, place, serve, sizes } from '../../support/places.ts';
import { fleet, run, start, terminationsOf } from './terminations.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

/** Instances behind a target group, with requests on their way. */
async function behindBalancer(count: number, delaySeconds = 120): Promise<{ ids: string[]; group: string }> {
  const { groups } = place(lab, { type: 'instance', delaySeconds });
  const [group = ''] = groups;
  const ids = fleet(lab, count);
  for (const id of [...ids, ...fleet(lab, 1)]) serve(lab, group, id);
  await lab.pass(60);
  lab.region.traffic.start({ targetGroupArn: group, requestsPerSecond: 20, requestSeconds: 60 });
  await lab.pass(60);
  return { ids, group };
}

const childrenOf = async (workflow: 'drain-instance' | 'delayed-termination-drains') =>
  (await lab.engine.list({ workflow, maxResults: 1000 })).executions;

test('an instance is drained by a child execution before it is terminated, and drops no request', async () => {
  const { ids, group } = await behindBalancer(1);
  const arn = await start(lab, { instanceIds: ids, drain: true, targetGroups: [group], delaySeconds: 60 });
  await lab.pass(59);
  expect(await childrenOf('drain-instance')).toEqual([]);
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({
    status: 'succeeded',
    instances: { first: [{ drained: 'drained', state: 'terminated' }] },
  });
  expect(lab.region.traffic.stats()).toMatchObject({ dropped: 0 });
  expect(await childrenOf('drain-instance')).toMatchObject([{ status: 'SUCCEEDED' }]);
  const [{ goneAt = Number.NaN } = {}] = lab.region.elbv2.timelines(group).filter(({ id }) => id === ids[0]);
  expect(Date.parse(receipt.instances.first[0].terminationRequestedAt)).toBeGreaterThanOrEqual(goneAt);
});

test.each([
  ['terminate', 'succeeded', 'terminated'],
  ['keep', 'timed-out', 'running'],
] as const)('a drain that does not end in time, with %s', async (onDrainTimeout, status, state) => {
  const { ids, group } = await behindBalancer(1, 900);
  const { receipt } = await run(lab, {
    instanceIds: ids,
    drain: true,
    targetGroups: [group],
    drainTimeoutSeconds: 60,
    onDrainTimeout,
  });
  expect(receipt).toMatchObject({ status, instances: { first: [{ drained: 'timed-out', state }] } });
  expect(receipt.instances.first[0].reason).toMatch(/timeoutSeconds came first/);
  expect(lab.region.ec2.state(ids[0] ?? '')).toBe(state);
});

test('an instance whose drain failed is kept, and the others go', async () => {
  const ids = fleet(lab, 3);
  lab.region.faults.inject({
    operation: 'DescribeAutoScalingInstances',
    kind: 'access-denied',
    when: ({ input }) => JSON.stringify(input).includes(ids[1] ?? ''),
  });
  const { error, receipt } = await run(lab, { instanceIds: ids, drain: true });
  expect(error).toBe('TerminationFailed');
  expect(receipt).toMatchObject({ status: 'failed', counts: { terminated: 2, failed: 1 } });
  expect(receipt.instances.first[0]).toMatchObject({ instanceId: ids[1], status: 'failed', drained: 'failed' });
  expect(receipt.instances.first[0].reason).toMatch(/not drained: .*not authorized.*drain-instance/);
  expect(ids.map((id) => lab.region.ec2.state(id))).toEqual(['terminated', 'running', 'terminated']);
});

test('stopped by hand while it drains, it stops the drain and terminates nothing', async () => {
  const { ids, group } = await behindBalancer(1);
  const arn = await start(lab, { instanceIds: ids, drain: true, targetGroups: [group], delaySeconds: 0 });
  await lab.until(() => lab.region.calls.count({ operation: 'DeregisterTargets' }) > 0);
  await lab.engine.stop(arn);
  await lab.pass(3600);
  expect(await childrenOf('drain-instance')).toMatchObject([{ status: 'ABORTED' }]);
  expect(terminationsOf(lab)).toEqual([]);
});

test('three hundred instances are drained together, within the limits of every state and history', async () => {
  await lab.close();
  lab = new Lab({ engine: { historyBytes: 2 ** 18 } });
  const ids = fleet(lab, 300);
  const arn = await start(lab, { instanceIds: ids, drain: true, targetGroups: [] });
  const { receipt } = await finish(lab, arn);
  expect(receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 300, open: 0 } });
  expect(await childrenOf('drain-instance')).toHaveLength(300);
  const batches = await childrenOf('delayed-termination-drains');
  expect(batches).toHaveLength(38);
  for (const one of [arn, ...batches.map(({ executionArn }) => executionArn)]) {
    const { events, largest } = await sizes(lab, one);
    expect(events).toBeLessThan(2_000);
    expect(largest).toBeLessThan(150_000);
  }
});

test('through the Auto Scaling group: the desired capacity falls, and nothing takes its place', async () => {
  lab.region.autoScaling.createGroup({ name: 'web', desiredCapacity: 3, minSize: 2, maxSize: 5 });
  await lab.pass(120);
  const [first = '', second = ''] = lab.region.autoScaling.instanceIds('web');
  const alone = fleet(lab, 1);
  const ended = await run(lab, { instanceIds: [first, ...alone], decrementDesiredCapacity: true });
  expect(ended.receipt).toMatchObject({ status: 'succeeded', counts: { terminated: 2 } });
  expect(lab.region.autoScaling.desiredCapacity('web')).toBe(2);
  expect(terminationsOf(lab).filter((batch) => batch.includes(first)).length).toBe(0);
  await lab.pass(600);
  expect(lab.region.autoScaling.instanceIds('web')).toHaveLength(2);

  const least = await run(lab, { instanceIds: [second], decrementDesiredCapacity: true });
  expect(least.receipt).toMatchObject({ status: 'refused', counts: { refused: 1 } });
  expect(least.receipt.reason).toMatch(/min size constraint/);
  expect(lab.region.ec2.state(second)).toBe('running');
});

test('a lost answer of the group does not lower its capacity twice', async () => {
  lab.region.autoScaling.createGroup({ name: 'web', desiredCapacity: 3 });
  lab.region.autoScaling.putLifecycleHook('web', { name: 'slow', heartbeatTimeout: 300, defaultResult: 'CONTINUE' });
  await lab.pass(120);
  const [id = ''] = lab.region.autoScaling.instanceIds('web');
  lab.region.faults.inject({ operation: 'TerminateInstanceInAutoScalingGroup', kind: 'response-lost', times: 2 });
  const { receipt } = await run(lab, { instanceIds: [id], decrementDesiredCapacity: true });
  expect(receipt).toMatchObject({ status: 'succeeded' });
  expect(lab.region.autoScaling.desiredCapacity('web')).toBe(2);
});

import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { handler } from '../../functions/triggers/sweep.ts';
import type { Place } from '../../src/simulated-region/auto-scaling/records.ts';
import type { HookSpec } from '../../src/simulated-region/auto-scaling.ts';
import type { Swept } from '../../src/triggers/sweep.ts';
import { TriggerLab } from './support.ts';

const GROUP = 'web';
const HOOK: HookSpec = { name: 'sluice-drain', heartbeatTimeout: 300 };

// The first test of a file loads the SDK, however busy the machine is.
jest.setTimeout(60_000);

let lab: TriggerLab;
afterEach(() => lab.close());

function set({ hooks = [HOOK], warmPoolState = 'Stopped' as const } = {}) {
  lab = new TriggerLab();
  const { autoScaling, ec2 } = lab.region;
  autoScaling.createGroup({ name: GROUP, warmPoolState });
  for (const hook of hooks) autoScaling.putLifecycleHook(GROUP, hook);
  const launch = () => {
    const id = ec2.launch();
    autoScaling.attachInstance(GROUP, id);
    return id;
  };
  return { autoScaling, ec2, launch };
}

const swept = async () => (await lab.call('sweep', handler, {})) as Swept[];

const only = <T>(items: readonly T[]): T => {
  expect(items).toHaveLength(1);
  return items[0] as T;
};

test.each<Place>(['EC2', 'WarmPool', 'AutoScalingGroup'])(
  'drains an instance on its way to %s whose event never came, and completes its action',
  async (destination) => {
    const { autoScaling, launch } = set();
    const id = launch();
    autoScaling.scaleIn(GROUP, id, { destination });

    const { outcome, executionArn = '' } = only(await swept());
    expect(outcome).toBe('started');
    const { status, output } = await lab.end(executionArn);

    expect(status).toBe('SUCCEEDED');
    expect(output).toMatchObject({ lifecycle: { outcome: 'continued', destination }, requestedBy: 'sweep' });
    expect(only(autoScaling.lifecycleActions.filter(({ instanceId }) => instanceId === id))).toMatchObject({
      result: 'CONTINUE',
      by: 'caller',
    });
  },
);

test('returns to service what waits on a launch hook of ours', async () => {
  const { autoScaling } = set({ hooks: [{ ...HOOK, transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' }] });
  autoScaling.createGroup({ name: 'launching' });
  autoScaling.putLifecycleHook('launching', { ...HOOK, transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
  const id = lab.region.ec2.launch();
  autoScaling.attachInstance('launching', id);
  autoScaling.scaleIn('launching', id, { destination: 'WarmPool' });
  await lab.pass(60);
  autoScaling.scaleOutFromWarmPool('launching', id);
  await lab.pass(60);
  expect(autoScaling.lifecycleState(id)).toBe('Pending:Wait');

  const { executionArn = '' } = only(await swept());
  await lab.end(executionArn);
  await lab.pass(10);

  expect(autoScaling.lifecycleState(id)).toBe('InService');
});

test('leaves an instance to the execution that drains it already', async () => {
  const { autoScaling, ec2, launch } = set();
  lab.region.ecs.createCluster('web');
  const id = launch();
  lab.region.ecs.registerContainerInstance('web', id);
  lab.region.ecs.runTask({ cluster: 'web' });
  autoScaling.scaleIn(GROUP, id);

  const first = only(await swept());
  await lab.pass(60);
  const second = only(await swept());

  expect(second).toMatchObject({ outcome: 'running', executionArn: first.executionArn });
  expect(ec2.state(id)).toBe('running');
});

describe('after a drain that failed', () => {
  const fail = async () => {
    const { autoScaling, launch } = set();
    const id = launch();
    autoScaling.scaleIn(GROUP, id);
    lab.region.faults.inject({ kind: 'access-denied', service: 'ec2' });
    const { executionArn = '' } = only(await swept());
    expect((await lab.end(executionArn)).status).toBe('FAILED');
    lab.region.faults.clear();
    return { autoScaling, id, executionArn };
  };

  test('leaves the action to the default of its hook, without a heartbeat that would hold it', async () => {
    const { autoScaling, id, executionArn } = await fail();
    const beats = () => autoScaling.lifecycleActions.map(({ heartbeats }) => heartbeats.length);
    const before = beats();

    expect(only(await swept())).toMatchObject({ outcome: 'failed before', executionArn });

    expect(beats()).toEqual(before);
    await lab.pass(400);
    expect(autoScaling.lifecycleActions.find(({ instanceId }) => instanceId === id)).toMatchObject({ by: 'expiry' });
  });
});

test('takes up the next wait of an instance of a warm pool like its first', async () => {
  const { autoScaling, launch } = set();
  const id = launch();
  const outcomes: string[] = [];
  for (let cycle = 0; cycle < 3; cycle += 1) {
    autoScaling.scaleIn(GROUP, id, { destination: 'WarmPool' });
    const { outcome, executionArn = '' } = only(await swept());
    outcomes.push(outcome);
    await lab.end(executionArn);
    await lab.pass(120);
    autoScaling.scaleOutFromWarmPool(GROUP, id);
    await lab.pass(120);
  }
  expect(outcomes).toEqual(['started', 'started', 'started']);
  expect(autoScaling.lifecycleActions.every(({ by }) => by === 'caller')).toBe(true);
});

test('touches nothing of a hook that is another tool’s', async () => {
  const { autoScaling, launch } = set({ hooks: [{ ...HOOK, name: 'ecs-managed-draining-termination-hook' }] });
  autoScaling.scaleIn(GROUP, launch());

  expect(await swept()).toEqual([]);

  expect(autoScaling.lifecycleActions.flatMap(({ heartbeats }) => heartbeats)).toEqual([]);
  expect(lab.region.calls.count({ service: 'states' })).toBe(0);
});

test('sees that its own action is over while another tool’s hook still holds the instance', async () => {
  const { autoScaling, launch } = set({ hooks: [HOOK, { ...HOOK, name: 'codedeploy' }] });
  const id = launch();
  autoScaling.scaleIn(GROUP, id);
  const { executionArn = '' } = only(await swept());
  await lab.end(executionArn);
  expect(autoScaling.lifecycleState(id)).toBe('Terminating:Wait');

  expect(only(await swept())).toMatchObject({ outcome: 'not waiting on this hook' });
});

test('names what is wrong with a hook, and goes on with the next', async () => {
  const { autoScaling, ec2, launch } = set({ hooks: [{ ...HOOK, notificationMetadata: '{"timeoutSeconds":"1h"}' }] });
  autoScaling.createGroup({ name: 'good' });
  autoScaling.putLifecycleHook('good', HOOK);
  const bad = launch();
  const good = ec2.launch();
  autoScaling.attachInstance('good', good);
  autoScaling.scaleIn(GROUP, bad);
  autoScaling.scaleIn('good', good);

  const results = await swept();

  expect(results.find(({ instanceId }) => instanceId === bad)).toMatchObject({
    outcome: 'not usable',
    reason: expect.stringContaining('timeoutSeconds must be a whole number'),
  });
  expect(results.find(({ instanceId }) => instanceId === good)).toMatchObject({ outcome: 'started' });
});

test('reads every page: 60 waiting instances, each drained once', async () => {
  const { autoScaling, launch } = set();
  const ids = Array.from({ length: 60 }, launch);
  for (const id of ids) autoScaling.scaleIn(GROUP, id);

  const first = await swept();
  const second = await swept();

  expect(new Set(first.map(({ instanceId }) => instanceId))).toEqual(new Set(ids));
  expect(first.every(({ outcome }) => outcome === 'started')).toBe(true);
  expect(second.every(({ outcome }) => outcome === 'running')).toBe(true);
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { CLUSTER, DrainWorld, GROUP } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

describe('destinations', () => {
  test.each([
    ['EC2', false],
    ['WarmPool', true],
    ['AutoScalingGroup', true],
  ] as const)('%s: drained and completed; survives: %s', async (destination, survives) => {
    world = new DrainWorld({ warmPoolState: 'Stopped' });
    world.service('api', 2);
    const { receipt } = await world.drain(destination);
    expect(receipt).toMatchObject({ status: 'succeeded', survives, lifecycle: { destination, outcome: 'continued' } });
    expect(world.action()).toMatchObject({ destination, result: 'CONTINUE', by: 'caller' });
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
    await world.lab.pass(120);
    expect(world.region.ec2.state(world.instance)).toBe(
      { EC2: 'terminated', WarmPool: 'stopped', AutoScalingGroup: 'running' }[destination],
    );
  });

  test('an instance that returns from the warm pool is set ACTIVE by our launch hook, which is completed', async () => {
    const launchHook = {
      name: 'sluice-return',
      transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' as const,
      heartbeatTimeout: 300,
    };
    world = new DrainWorld({ warmPoolState: 'Stopped', otherHooks: [launchHook] });
    world.service('api', 2);
    await world.drain('WarmPool');
    await world.lab.pass(120);
    world.region.autoScaling.scaleOutFromWarmPool(GROUP, world.instance);
    const documents = await world.documents('sluice-return');
    const { ended, receipt, path } = await world.end(await world.take(documents));
    expect(ended.status).toBe('SUCCEEDED');
    expect(path).toEqual([
      'Plan Drain',
      'Read Lifecycle Hook',
      'Locate Instance',
      'What Kind Of Drain?',
      'Set Instance To Active',
      'Complete Lifecycle Action',
      'Announce Drain',
      'How Did It End?',
      'Instance Drained',
    ]);
    expect(receipt).toMatchObject({
      status: 'succeeded',
      survives: true,
      lifecycle: { outcome: 'continued', hook: 'sluice-return' },
    });
    expect(receipt.reason).toContain('ACTIVE');
    const states = world
      .calls('UpdateContainerInstancesState')
      .map(({ input }) => (input as { status: string }).status);
    expect(states).toEqual(['ACTIVE']);
    expect(world.calls('DeregisterTargets')).toEqual([]);
    expect(world.action('sluice-return')).toMatchObject({ result: 'CONTINUE', by: 'caller' });
    await world.lab.pass(60);
    expect(world.region.autoScaling.lifecycleState(world.instance)).toBe('InService');
  });

  test('an instance that returns and is still REGISTERING is waited for, and then set ACTIVE or found so', async () => {
    const launchHook = {
      name: 'sluice-return',
      transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' as const,
      heartbeatTimeout: 300,
    };
    world = new DrainWorld({ warmPoolState: 'Stopped', otherHooks: [launchHook] });
    await world.drain('WarmPool');
    await world.lab.pass(120);
    world.region.ecs.deregisterContainerInstance(world.instance);
    world.region.autoScaling.scaleOutFromWarmPool(GROUP, world.instance);
    const documents = await world.documents('sluice-return');
    world.region.ecs.registerContainerInstance(CLUSTER, world.instance, { registeringSeconds: 100 });
    const { receipt } = await world.end(await world.take(documents));
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    const outcomes = world.calls('UpdateContainerInstancesState').map(({ outcome }) => outcome);
    expect(outcomes[0]).toBe('InvalidParameterException');
    expect(outcomes.at(-1)).toBe('ok');
    expect((world.action('sluice-return').completedAt ?? 0) - documents.action.startedAt).toBeGreaterThan(100_000);
  });

  test('a return that ECS does not answer for until the deadline is reported as timed out, not as ACTIVE', async () => {
    const launchHook = {
      name: 'sluice-return',
      transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' as const,
      heartbeatTimeout: 30,
    };
    world = new DrainWorld({ warmPoolState: 'Stopped', otherHooks: [launchHook] });
    await world.drain('WarmPool');
    await world.lab.pass(120);
    world.region.faults.inject({ kind: 'unavailable', operation: 'UpdateContainerInstancesState' });
    world.region.autoScaling.scaleOutFromWarmPool(GROUP, world.instance);
    const documents = await world.documents('sluice-return');
    const { receipt } = await world.end(await world.take(documents));
    expect(receipt).toMatchObject({ status: 'timed-out', lifecycle: { outcome: 'continued' } });
    expect(receipt.reason).not.toContain('ACTIVE');
    expect(world.action('sluice-return')).toMatchObject({ by: 'caller' });
  });
});

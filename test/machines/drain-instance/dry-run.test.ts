import { afterEach, describe, expect, test } from '@jest/globals';
import { CLUSTER, DrainWorld, GROUP, HOOK, isWrite } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

const lifecycle = () => ({
  autoScalingGroupName: GROUP,
  lifecycleHookName: HOOK,
  lifecycleActionToken: world.action().token,
  lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' as const,
  destination: 'EC2' as const,
  startedAt: new Date(world.action().startedAt).toISOString(),
});

describe('a dry run', () => {
  test('looks once, waits for nothing, calls nothing that changes anything, and says what would be done', async () => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 7_200 } });
    const targetGroup = world.service('api', 2);
    world.registerByHand(targetGroup, 9000);
    world.standalone();
    world.daemon();
    await world.leave();
    const { ended, receipt, path } = await world.end(
      await world.start({ cluster: CLUSTER, dryRun: true, lifecycle: lifecycle() }),
    );
    expect(path).toEqual([
      'Plan Drain',
      'Read Lifecycle Hook',
      'Locate Instance',
      'What Kind Of Drain?',
      'Observe Drain',
      'What Now?',
      'Announce Drain',
      'How Did It End?',
      'Instance Drained',
    ]);
    expect(world.calls().filter(isWrite)).toEqual([]);
    expect(world.calls().length).toBeGreaterThan(5);
    expect(ended.status).toBe('SUCCEEDED');
    const containerInstance = world.region.ecs.containerInstanceOf(world.instance);
    expect(receipt).toMatchObject({ status: 'succeeded', dryRun: true, polls: 1, lifecycle: { outcome: 'left' } });
    expect(receipt.wouldDo).toEqual([
      `deregister ${world.instance}:9000 from ${targetGroup}`,
      expect.stringMatching(new RegExp(`^wait for ${world.instance}:\\d+ to drain in ${targetGroup}$`)),
      expect.stringMatching(new RegExp(`^wait for ${world.instance}:\\d+ to drain in ${targetGroup}$`)),
      `set ${containerInstance} to DRAINING`,
      'stop 1 standalone tasks (stop-at-deadline)',
      'stop 1 daemon tasks, last',
      `complete ${HOOK} with CONTINUE`,
    ]);
    expect(world.action()).toMatchObject({ completedAt: undefined, heartbeats: [] });
  });

  test('sends no heartbeat, however old the lifecycle action is', async () => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 300 } });
    await world.leave();
    await world.lab.pass(250);
    await world.end(await world.start({ dryRun: true, lifecycle: lifecycle() }));
    expect(world.calls().filter(isWrite)).toEqual([]);
    expect(world.action().heartbeats).toEqual([]);
  });

  test('neither waits nor completes anything when AWS does not answer: it fails', async () => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 300 } });
    await world.leave();
    world.region.faults.inject({ kind: 'unavailable', service: 'ecs' });
    const began = Date.now();
    const { ended, receipt } = await world.end(
      await world.start({ dryRun: true, timeoutSeconds: 60, lifecycle: lifecycle() }),
    );
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
    expect(receipt).toMatchObject({
      status: 'failed',
      dryRun: true,
      error: { name: 'Unavailable' },
      lifecycle: { outcome: 'left' },
    });
    expect(world.calls().filter(isWrite)).toEqual([]);
    expect(Date.parse(receipt.finishedAt) - began).toBeLessThan(30_000);
  });

  test('searches through all target groups if told so, and touches none', async () => {
    world = new DrainWorld();
    for (let number = 0; number < 45; number += 1) world.targetGroup({ name: `tg-${number}` });
    world.registerByHand(world.targetGroups[44] ?? '', 9000);
    const { receipt } = await world.end(await world.start({ cluster: CLUSTER, dryRun: true, allTargetGroups: true }));
    expect(receipt.wouldDo).toContain(`deregister ${world.instance}:9000 from ${world.targetGroups[44]}`);
    expect(world.calls().filter(isWrite)).toEqual([]);
  });
});

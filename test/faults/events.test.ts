/** Events that are late, out of order or forged: nothing that stays in service is touched for them. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { EventDocument } from '../../src/simulated-region/outbox.ts';
import { takeLifecycleEvent, takeSnsEvent } from '../../src/triggers/lifecycle.ts';
import { DrainWorld, GROUP, HOOK, isWrite } from '../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

/** Of the region, but for announcing outcomes. */
const changes = () =>
  world
    .calls()
    .filter((call) => isWrite(call) && call.operation !== 'PutEvents')
    .map(({ operation }) => operation);

async function outcomeOf(event: unknown) {
  const taken = await takeLifecycleEvent(event, world.lab.engine, world.lab.settings);
  if ('ignored' in taken) throw new Error(taken.ignored);
  return world.end(taken.executionArn);
}

/** The event of an action, about something else. */
function forged(event: EventDocument, detail: Readonly<Record<string, unknown>>, time = event.time): unknown {
  return { ...event, time, detail: { ...Object(event.detail), ...detail } };
}

describe('an event that is late', () => {
  test('for an instance that has gone: it is refused with the reason, and nothing is touched', async () => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 60 } });
    world.service('api', 2);
    const { event } = await world.leave();
    await world.lab.pass(7_200);
    const { ended, receipt } = await outcomeOf(event);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainRefused' });
    expect(receipt.reason).toBe(`${world.instance} is not in web: it does not wait for ${HOOK}, or not any more`);
    expect(changes()).toEqual([]);
  });

  test('for an instance that is on its way out: what is left on it is drained, and the action is said to be gone', async () => {
    world = new DrainWorld({
      hook: { heartbeatTimeout: 30, defaultResult: 'CONTINUE' },
      otherHooks: [{ name: 'another-tool', heartbeatTimeout: 3_600 }],
    });
    const { event } = await world.leave();
    await world.lab.pass(120);
    const { receipt } = await outcomeOf(event);
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'gone' } });
  });

  test('for an instance that is back in service: it goes on serving', async () => {
    world = new DrainWorld({ hook: { heartbeatTimeout: 30, defaultResult: 'CONTINUE' } });
    const targetGroup = world.service('api', 2);
    const { event } = await world.leave('AutoScalingGroup');
    world.traffic(targetGroup);
    await world.lab.until(() => world.region.autoScaling.lifecycleState(world.instance) === 'InService', 600);
    await world.lab.pass(120);
    const { receipt } = await outcomeOf(event);
    expect(receipt).toMatchObject({ status: 'refused', lifecycle: { outcome: 'left' } });
    expect(receipt.reason).toContain(`${world.instance} is InService in web`);
    expect(changes()).toEqual([]);
  });
});

describe('events out of order', () => {
  test('the launch of an instance that leaves again does not set it ACTIVE', async () => {
    world = new DrainWorld();
    world.service('api', 2);
    const { event } = await world.leave();
    const launch = {
      ...event,
      'detail-type': 'EC2 Instance-launch Lifecycle Action',
      time: new Date(Date.now() - 3_600_000).toISOString(),
      detail: {
        ...Object(event.detail),
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
        LifecycleActionToken: '00000000-0000-4000-8000-000000000001',
        Destination: 'AutoScalingGroup',
      },
    };
    const { receipt } = await outcomeOf(launch);
    expect(receipt.status).toBe('refused');
    expect(changes()).toEqual([]);
    expect((await outcomeOf(event)).receipt).toMatchObject({
      status: 'succeeded',
      lifecycle: { outcome: 'continued' },
    });
  });

  test('an event that is quicker than the answers of Auto Scaling is waited out', async () => {
    world = new DrainWorld();
    world.service('api', 2);
    await world.lab.pass(120);
    const executionArn = await world.start({
      lifecycle: {
        autoScalingGroupName: GROUP,
        lifecycleHookName: HOOK,
        lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        destination: 'EC2',
        startedAt: new Date().toISOString(),
      },
    });
    await world.lab.pass(20);
    expect(changes()).toEqual([]);
    world.region.autoScaling.scaleIn(GROUP, world.instance);
    const { receipt } = await world.end(executionArn);
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    expect(receipt.faults).toBeGreaterThan(0);
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
  });
});

describe('a forged event', () => {
  const LONG_AGO = '2026-03-02T09:00:00.000Z';

  test('for an instance of another group, with the name of our hook, touches nothing', async () => {
    world = new DrainWorld();
    const { event } = await world.leave();
    const { autoScaling, ec2 } = world.region;
    const victim = ec2.launch();
    autoScaling.createGroup({ name: 'database' });
    autoScaling.attachInstance('database', victim);
    const { ended, receipt } = await outcomeOf(forged(event, { EC2InstanceId: victim }));
    expect(ended.error).toBe('DrainRefused');
    expect(receipt.reason).toBe(`${victim} is in the Auto Scaling group database, not in ${GROUP}`);
    expect(changes()).toEqual([]);
  });

  test.each([
    ['one of our group that is in service', () => world.other],
    ['one in no group', () => world.region.ec2.launch()],
  ])(
    'for %s touches nothing, once the event is older than what Auto Scaling may be catching up with',
    async (_, victim) => {
      world = new DrainWorld();
      const { event } = await world.leave();
      const { receipt } = await outcomeOf(forged(event, { EC2InstanceId: victim() }));
      expect(receipt.status).toBe('refused');
      expect(receipt.faults).toBeGreaterThan(0);
      expect(changes()).toEqual([]);
      const late = forged(event, { EC2InstanceId: victim(), LifecycleActionToken: 'a-second-one' }, LONG_AGO);
      expect((await outcomeOf(late)).receipt).toMatchObject({ status: 'refused', faults: 0 });
    },
  );

  test('with a wrong token ends nothing: the action waits for the one that has the right one', async () => {
    world = new DrainWorld();
    const targetGroup = world.service('api', 2, { delaySeconds: 120 });
    const { event } = await world.leave();
    world.traffic(targetGroup);
    const wrong = await outcomeOf(forged(event, { LifecycleActionToken: '00000000-0000-4000-8000-000000000000' }));
    expect(wrong.receipt.lifecycle.outcome).toBe('gone');
    expect(world.completions()).toEqual([]);
    const right = await outcomeOf(event);
    expect(right.receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued' } });
    expect(world.aliveAt(world.action().completedAt ?? 0)).toEqual([]);
    expect(world.region.traffic.stats().dropped).toBe(0);
  });

  test('by a topic that is not ours is held to the same: it can start nothing that Auto Scaling does not confirm', async () => {
    world = new DrainWorld();
    const { notification } = await world.leave();
    const message = JSON.parse(notification?.Records[0].Sns.Message ?? '{}');
    const forgedMessage = JSON.stringify({ ...message, EC2InstanceId: world.other, LifecycleActionToken: 'forged' });
    const foreign = {
      Records: [
        {
          EventSource: 'aws:sns',
          Sns: { TopicArn: 'arn:aws:sns:eu-west-1:999999999999:theirs', Message: forgedMessage },
        },
      ],
    };
    const [taken] = await takeSnsEvent(foreign, world.lab.engine, world.lab.settings);
    if (taken === undefined || 'ignored' in taken) throw new Error('it was ignored');
    const { receipt } = await world.end(taken.executionArn);
    expect(receipt.status).toBe('refused');
    expect(changes()).toEqual([]);
  });
});

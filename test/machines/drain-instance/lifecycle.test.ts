import { afterEach, describe, expect, test } from '@jest/globals';
import { takeLifecycleEvent, takeSnsEvent } from '../../../src/triggers/lifecycle.ts';
import { CLUSTER, DrainWorld, GROUP, HOOK, isWrite, TOPIC } from '../../support/drain-world.ts';

let world: DrainWorld;
afterEach(() => world.close());

describe('a lifecycle action that is not there', () => {
  test('because somebody completed it before: the drain goes on, and says so', async () => {
    world = new DrainWorld({ otherHooks: [{ name: 'keeper', heartbeatTimeout: 7_200 }] });
    world.service('api', 3, { delaySeconds: 300 });
    const documents = await world.leave();
    const executionArn = await world.take(documents);
    await world.lab.pass(30);
    await completeByHand(HOOK, documents.action.token);
    const { ended, receipt } = await world.end(executionArn);
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt).toMatchObject({
      status: 'succeeded',
      lifecycle: { outcome: 'gone' },
      tasks: { alive: { service: 0 } },
    });
    expect(world.completions()).toHaveLength(1);
    expect(world.aliveAt(Date.parse(receipt.finishedAt))).toEqual([]);
  });

  test('because it expired before the event arrived: the drain goes on without it', async () => {
    world = new DrainWorld({
      hook: { heartbeatTimeout: 30 },
      otherHooks: [{ name: 'keeper', heartbeatTimeout: 7_200 }],
    });
    world.standalone({ endsAfterSeconds: 400 });
    const documents = await world.leave();
    await world.lab.pass(60);
    expect(world.action()).toMatchObject({ by: 'expiry' });
    const { receipt } = await world.end(await world.take(documents));
    expect(receipt).toMatchObject({
      status: 'succeeded',
      lifecycle: { outcome: 'gone', heartbeats: 0 },
    });
    expect(world.completions()).toEqual([]);
  });

  test('because the token is another one: nothing is completed, and nobody else’s action is touched', async () => {
    world = new DrainWorld();
    const documents = await world.leave();
    const detail = {
      ...(documents.event.detail as object),
      LifecycleActionToken: '11111111-2222-3333-4444-555555555555',
    };
    const taken = await takeLifecycleEvent({ ...documents.event, detail }, world.lab.engine, world.lab.settings);
    if ('ignored' in taken) throw new Error(taken.ignored);
    const { receipt } = await world.end(taken.executionArn);
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'gone' } });
    expect(world.completions()).toEqual([]);
    expect(world.action().completedAt).toBeUndefined();
    expect(world.action().heartbeats).toEqual([]);
  });
});

async function completeByHand(hook: string, token: string): Promise<void> {
  const { AutoScalingClient, CompleteLifecycleActionCommand } = await import('@aws-sdk/client-auto-scaling');
  const sending = new AutoScalingClient(world.region.clientConfig()).send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName: GROUP,
      LifecycleHookName: hook,
      LifecycleActionToken: token,
      LifecycleActionResult: 'CONTINUE',
    }),
  );
  await world.lab.pass(1);
  await sending;
}

describe("another tool's hook", () => {
  const OTHERS = 'ecs-managed-draining-termination-hook';
  const otherHooks = [
    { name: OTHERS, heartbeatTimeout: 600, notificationTargetArn: TOPIC, defaultResult: 'CONTINUE' as const },
  ];

  test('is ignored when it comes by EventBridge or SNS', async () => {
    world = new DrainWorld({ otherHooks });
    await world.leave();
    const { event, notification } = await world.documents(OTHERS);
    const { engine, settings } = world.lab;
    const ignored = { ignored: `the hook ${OTHERS} belongs to another tool` };
    expect(await takeLifecycleEvent(event, engine, settings)).toEqual(ignored);
    expect(await takeSnsEvent(notification, engine, settings)).toEqual([ignored]);
    expect((await engine.list({ workflow: 'drain-instance' })).executions).toEqual([]);
    expect(world.calls()).toEqual([]);
  });

  test('is refused when an execution is started for it, and neither heartbeaten nor completed', async () => {
    world = new DrainWorld({ otherHooks, hook: { defaultResult: 'CONTINUE' } });
    await world.leave();
    const { action } = await world.documents(OTHERS);
    const executionArn = await world.start({
      lifecycle: {
        autoScalingGroupName: GROUP,
        lifecycleHookName: OTHERS,
        lifecycleActionToken: action.token,
        lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        destination: 'EC2',
      },
    });
    const { ended, receipt, path } = await world.end(executionArn);
    expect(path).toEqual(['Plan Drain', 'Keep Refused Input', 'Announce Drain', 'How Did It End?', 'Drain Refused']);
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainRefused' });
    expect(receipt).toMatchObject({ status: 'refused', subject: world.instance, error: { name: 'Refused' } });
    expect(receipt.reason).toContain(`${OTHERS} belongs to another tool`);
    expect(world.calls()).toEqual([]);
    await world.lab.pass(700);
    expect(world.action(OTHERS)).toMatchObject({ by: 'expiry', heartbeats: [] });
  });

  test('stands beside ours: ours is completed, and the other left alone', async () => {
    world = new DrainWorld({ otherHooks: [{ name: OTHERS, heartbeatTimeout: 7_200 }] });
    world.service('api', 2);
    const { receipt } = await world.drain();
    expect(receipt.lifecycle.outcome).toBe('continued');
    expect(world.completions().map(({ hook }) => hook)).toEqual([HOOK]);
    expect(world.action(OTHERS)).toMatchObject({ completedAt: undefined, heartbeats: [] });
    expect(world.region.autoScaling.lifecycleState(world.instance)).toBe('Terminating:Wait');
  });

  test('is ours when the configuration lists it', async () => {
    world = new DrainWorld({
      settings: { SLUICE_HOOKS: `${OTHERS}, another` },
      otherHooks: [{ name: OTHERS, heartbeatTimeout: 7_200 }],
    });
    await world.leave();
    const { receipt } = await world.end(await world.take(await world.documents(OTHERS)));
    expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { outcome: 'continued', hook: OTHERS } });
    expect(world.action(OTHERS)).toMatchObject({ by: 'caller', result: 'CONTINUE' });
  });
});

test('a heartbeat timeout of 30 s and a drain of 40 minutes: the action never lapses', async () => {
  world = new DrainWorld({ hook: { heartbeatTimeout: 30 } });
  world.standalone({ endsAfterSeconds: 2_520 });
  const { receipt, executionArn } = await world.drain();
  const { startedAt, completedAt = 0, heartbeats } = world.action();
  expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
  expect(completedAt - startedAt).toBeGreaterThan(2_380_000);
  const beats = [startedAt, ...heartbeats, completedAt];
  expect(Math.max(...beats.slice(1).map((at, index) => at - (beats[index] ?? 0)))).toBeLessThanOrEqual(17_000);
  expect(receipt).toMatchObject({ status: 'succeeded', lifecycle: { heartbeats: heartbeats.length } });
  expect(world.lab.engine.counts(executionArn).events).toBeLessThan(5_000);
});

describe("the hook's global timeout", () => {
  // 100 heartbeats of 30 s, less the reserve.
  const LAST = (3_000 - 60) * 1000;

  test('continue: the execution succeeds, and the receipt says that time was up', async () => {
    world = new DrainWorld({
      hook: {
        heartbeatTimeout: 30,
        notificationMetadata: JSON.stringify({ cluster: CLUSTER, standaloneTasks: 'wait' }),
      },
    });
    world.standalone();
    const { ended, receipt, path } = await world.drain();
    const { startedAt, completedAt = 0 } = world.action();
    expect(path.at(-1)).toBe('Drain Timed Out And Continued');
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt).toMatchObject({
      status: 'timed-out',
      lifecycle: { outcome: 'continued' },
      tasks: { alive: { standalone: 1 } },
    });
    expect(receipt.reason).toContain("the hook's global timeout came first: 1 task alive (1 RUNNING)");
    expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
    expect(completedAt - startedAt).toBeLessThanOrEqual(LAST + 2_000);
    expect(completedAt - startedAt).toBeGreaterThan(LAST - 2_000);
  });

  test('abandon: the action is abandoned, and the execution fails with the receipt as its cause', async () => {
    world = new DrainWorld({
      hook: {
        heartbeatTimeout: 30,
        notificationMetadata: JSON.stringify({ cluster: CLUSTER, standaloneTasks: 'wait', onTimeout: 'abandon' }),
      },
    });
    world.standalone();
    const { ended, receipt, path } = await world.drain();
    expect(path.at(-1)).toBe('Drain Timed Out');
    expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainTimedOut' });
    expect(receipt).toMatchObject({ status: 'timed-out', lifecycle: { outcome: 'abandoned' } });
    expect(world.action()).toMatchObject({ by: 'caller', result: 'ABANDON' });
  });

  test('a completion that only gets through after the deadline still counts as timed out', async () => {
    world = new DrainWorld({
      hook: {
        heartbeatTimeout: 7_200,
        notificationMetadata: JSON.stringify({ cluster: CLUSTER, standaloneTasks: 'wait', timeoutSeconds: 900 }),
      },
    });
    world.standalone();
    const executionArn = await world.take(await world.leave());
    const until = world.action().startedAt + 1_200_000;
    world.region.faults.inject({ kind: 'unavailable', operation: 'CompleteLifecycleAction', until });
    const { ended, receipt } = await world.end(executionArn);
    expect(ended.status).toBe('SUCCEEDED');
    expect(receipt).toMatchObject({ status: 'timed-out', lifecycle: { outcome: 'continued' } });
    expect(world.action().completedAt).toBeGreaterThanOrEqual(until);
    expect((world.action().completedAt ?? 0) - until).toBeLessThan(20_000);
  });
});

test('without a lifecycle action, a deadline that comes first is a failure', async () => {
  world = new DrainWorld();
  world.standalone();
  const { ended, receipt, path } = await world.end(
    await world.start({ cluster: CLUSTER, timeoutSeconds: 600, standaloneTasks: 'wait' }),
  );
  expect(path.at(-1)).toBe('Drain Timed Out');
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainTimedOut' });
  expect(receipt).toMatchObject({ status: 'timed-out', lifecycle: { outcome: 'none' } });
  expect(receipt.reason).toContain('its timeoutSeconds came first');
});

test('a spot interruption in the middle brings the deadline forward: standalone tasks are stopped, and the action completed in time', async () => {
  world = new DrainWorld({ launch: { lifecycle: 'spot' }, hook: { heartbeatTimeout: 3_600 } });
  const task = world.standalone({ stopSeconds: 20 });
  const executionArn = await world.take(await world.leave());
  await world.lab.pass(1_000);
  expect(world.calls('StopTask')).toEqual([]);
  const warned = Date.now();
  world.region.ec2.interruptSpot(world.instance);
  const { receipt } = await world.end(executionArn, 200);
  expect(world.calls('StopTask').map(({ input }) => (input as { task: string }).task)).toEqual([task]);
  expect((world.calls('StopTask')[0]?.at ?? 0) - warned).toBeLessThanOrEqual(31_000);
  expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
  expect(world.action().completedAt).toBeLessThanOrEqual(warned + 110_000);
  expect(receipt.status).toBe('succeeded');
  expect(Date.parse(receipt.deadline ?? '')).toBe(warned - (warned % 1000) + 110_000);
});

test('stopped by hand: the execution is ABORTED, the action is left, and nothing more is called', async () => {
  world = new DrainWorld();
  world.standalone();
  const executionArn = await world.take(await world.leave());
  await world.lab.pass(100);
  await world.lab.engine.stop(executionArn, { cause: 'by hand' });
  const calls = world.calls().length;
  expect(await world.lab.engine.describe(executionArn)).toMatchObject({ status: 'ABORTED', cause: 'by hand' });
  await world.lab.pass(400);
  expect(world.calls()).toHaveLength(calls);
  expect(world.region.autoScaling.completionAttempts).toEqual([]);
  expect(world.action()).toMatchObject({ by: 'expiry', result: 'ABANDON' });
});

test('a permanent failure leaves the action to its default result, and says so on the event bus', async () => {
  world = new DrainWorld();
  world.region.faults.inject({ kind: 'access-denied', operation: 'ListTasks' });
  const { ended, receipt } = await world.drain();
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'AccessDenied' }, lifecycle: { outcome: 'left' } });
  expect(world.completions()).toEqual([]);
  const announced = world.region.outbox.events.filter(({ source }) => source === 'sluice');
  expect(announced).toHaveLength(1);
  expect(announced[0]).toMatchObject({
    'detail-type': 'Sluice drain-instance failed',
    resources: [world.instance],
    detail: { status: 'failed', lifecycle: { outcome: 'left' } },
  });
});

test('an event bus that cannot be reached costs the announcement, and nothing else', async () => {
  world = new DrainWorld();
  world.region.faults.inject({ kind: 'access-denied', service: 'events' });
  const { ended, receipt, path } = await world.drain();
  expect(ended.status).toBe('SUCCEEDED');
  expect(path.slice(-4)).toEqual(['Announce Drain', 'Report Drain', 'How Did It End?', 'Instance Drained']);
  expect(receipt.notes.first).toContain('the outcome could not be announced on the event bus');
  expect(
    world
      .calls()
      .filter(isWrite)
      .map(({ operation }) => operation),
  ).toContain('CompleteLifecycleAction');
});

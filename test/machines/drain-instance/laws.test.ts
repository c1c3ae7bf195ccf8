import { afterEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { CLUSTER, DrainWorld, isWrite, stoppedAt } from '../../support/drain-world.ts';

let world: DrainWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const STATE_LIMIT_BYTES = 256 * 1024;
const HISTORY_LIMIT = 25_000;

const drains = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  heartbeatTimeout: fc.constantFrom(60, 300, 3_600),
  serviceTasks: fc.integer({ min: 0, max: 4 }),
  delaySeconds: fc.integer({ min: 0, max: 300 }),
  stopSeconds: fc.integer({ min: 1, max: 60 }),
  standaloneEnds: fc.array(fc.integer({ min: 150, max: 1_200 }), { maxLength: 3 }),
  daemons: fc.integer({ min: 0, max: 2 }),
  byHand: fc.boolean(),
  fault: fc.constantFrom('throttle', 'internal-error', 'connection-reset', 'response-lost'),
});

/**
 * The law of looking: the first look that begins after a true end comes within the larger of 10 s and 10 % of the time
 * waited until then. A look begins with its first call, ListTasks for RUNNING, and a look that fails is one too: it is
 * the next that moves out. There are two true ends where we have to stop daemon tasks ourselves, and the law holds for
 * each: everything but those tasks is over, on which they are stopped; and everything is over. What lies between the look
 * and the daemons' stop, a throttled StopTask say, is no part of it.
 */
test('over random drains with 30 % faults: no end while anything is alive, no lapse, and the look after a true end comes soon', async () => {
  await fc.assert(
    fc.asyncProperty(drains, async (drain) => {
      world = new DrainWorld({
        seed: drain.seed,
        hook: { heartbeatTimeout: drain.heartbeatTimeout },
        attachedTargetGroups: ['attached'],
      });
      const { region } = world;
      const targetGroup = world.service('api', drain.serviceTasks, drain);
      for (const endsAfterSeconds of drain.standaloneEnds) world.standalone({ endsAfterSeconds });
      const daemons = Array.from({ length: drain.daemons }, () => world?.daemon({ stopSeconds: drain.stopSeconds }));
      const documents = await world.leave();
      if (drain.byHand) world.registerByHand(world.targetGroups[0] ?? '', 9000);
      if (drain.serviceTasks > 0) world.traffic(targetGroup, 20, Math.min(5, drain.delaySeconds));
      region.faults.inject({ kind: drain.fault, probability: 0.3 });
      const { ended, receipt, executionArn } = await world.end(await world.take(documents), 20_000);

      const { startedAt, completedAt = 0 } = world.action();
      expect(ended.status).toBe('SUCCEEDED');
      expect(receipt.status).toBe('succeeded');
      expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
      expect(world.completions()).toHaveLength(1);
      expect(world.aliveAt(completedAt)).toEqual([]);
      expect(region.traffic.stats().dropped).toBe(0);
      expect(world.lab.engine.counts(executionArn).events).toBeLessThan(HISTORY_LIMIT);

      const looks = world.calls('ListTasks').filter(({ input }) => {
        const { desiredStatus, nextToken } = input as { desiredStatus?: string; nextToken?: string };
        return desiredStatus === 'RUNNING' && nextToken === undefined;
      });
      const others = region.ecs.tasksOn(world.instance).filter(({ taskArn }) => !daemons.includes(taskArn));
      const allButDaemons = Math.max(startedAt, world.goneAt(), ...others.map(({ history }) => stoppedAt(history)));
      const stops = world.calls('StopTask').map(({ at }) => at);
      // What follows from a look that was under way when the end came proves that it has seen the end.
      const trueEnds = [
        ...(drain.daemons > 0 ? [{ end: allButDaemons, consequences: stops }] : []),
        { end: world.trueEnd(), consequences: [completedAt] },
      ];
      for (const { end, consequences } of trueEnds.filter((one) => one.end > startedAt)) {
        const seen = Math.min(...[...looks.map(({ at }) => at), ...consequences].filter((at) => at >= end));
        const allowed = Math.max(10_000, (end - startedAt) * 0.1);
        expect({ seen: seen - end, allowed, inTime: seen - end <= allowed }).toMatchObject({ inTime: true });
      }
      await world.close();
      world = undefined;
    }),
    { numRuns: 18, endOnFailure: true },
  );
}, 120_000);

test('a drain of 48 hours, on a spot instance, with heartbeats and 30 % faults, stays within one history', async () => {
  world = new DrainWorld({
    launch: { lifecycle: 'spot' },
    hook: {
      heartbeatTimeout: 1_728,
      notificationMetadata: JSON.stringify({ cluster: CLUSTER, standaloneTasks: 'wait' }),
    },
  });
  world.standalone();
  const documents = await world.leave();
  world.region.calls.keep(0);
  world.region.faults.inject({ kind: 'throttle', probability: 0.3 });
  const executionArn = await world.take(documents);
  let largest = 0;
  world.lab.engine.onEvent(({ event }) => {
    largest = Math.max(largest, JSON.stringify(event.input ?? event.output ?? '').length);
  });
  const { receipt } = await world.end(executionArn);
  const { startedAt, completedAt = 0 } = world.action();
  expect(completedAt - startedAt).toBeGreaterThan(47.9 * 3_600_000);
  expect(world.action()).toMatchObject({ by: 'caller', result: 'CONTINUE' });
  expect(receipt).toMatchObject({ status: 'timed-out', tasks: { alive: { standalone: 1 } } });
  expect(receipt.lifecycle.heartbeats).toBeGreaterThan(190);
  expect(world.lab.engine.counts(executionArn).events).toBeLessThan(HISTORY_LIMIT);
  expect(largest).toBeLessThan(STATE_LIMIT_BYTES);
}, 120_000);

test('100 target groups, two ports in each, and 250 tasks behind another stay within what a state may hold', async () => {
  world = new DrainWorld();
  const groups = Array.from({ length: 99 }, (_, number) => world?.targetGroup({ name: `tg-${number}` }) ?? '');
  for (const arn of groups) for (const port of [9000, 9001]) world.registerByHand(arn, port);
  const service = world.service('api', 250, { minimumHealthyPercent: 0 });
  await world.lab.pass(120);
  let largest = 0;
  world.lab.engine.onEvent(({ event }) => {
    largest = Math.max(largest, JSON.stringify(event.input ?? event.output ?? '').length);
  });
  const { receipt } = await world.end(await world.start({ cluster: CLUSTER, targetGroups: [...groups, service] }));
  expect(receipt).toMatchObject({ status: 'succeeded', targets: { count: 448 } });
  expect(receipt.targets.first).toHaveLength(20);
  expect(world.aliveAt(Date.parse(receipt.finishedAt))).toEqual([]);
  expect(largest).toBeGreaterThan(50_000);
  expect(largest).toBeLessThan(STATE_LIMIT_BYTES);
}, 30_000);

test('a drain that would outgrow what a state may hold fails with a receipt, before anything is touched', async () => {
  world = new DrainWorld();
  for (let number = 0; number < 500; number += 1) {
    const arn = world.region.elbv2.createTargetGroup({ name: `a-rather-long-name-${number}` });
    world.region.elbv2.registerTargets(
      arn,
      [9000, 9001].map((port) => ({ id: world?.instance ?? '', port })),
    );
  }
  const { ended, receipt } = await world.end(await world.start({ cluster: CLUSTER, allTargetGroups: true }));
  expect(ended).toMatchObject({ status: 'FAILED', error: 'DrainFailed' });
  expect(receipt).toMatchObject({ status: 'failed', error: { name: 'Rejected' } });
  expect(receipt.reason).toContain('more than a state may hold');
  expect(
    world
      .calls()
      .filter(isWrite)
      .map(({ operation }) => operation),
  ).toEqual(['PutEvents']);
}, 30_000);

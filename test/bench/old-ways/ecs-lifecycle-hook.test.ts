/** The model is held to what was measured of the program itself. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MENDED, OldHook, TODAY } from '../../../bench/old-ways/ecs-lifecycle-hook.ts';
import { SimulatedRegion } from '../../../src/simulated-region/region.ts';
import { VirtualTime } from '../../../src/simulated-region/virtual-time.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:lifecycle';
const ROUND_MS = 438;

let time: VirtualTime;
let region: SimulatedRegion;
let hook: OldHook;

beforeEach(() => {
  time = new VirtualTime();
  region = new SimulatedRegion();
  region.ecs.createCluster('web');
  region.autoScaling.createGroup({ name: 'web' });
  region.autoScaling.putLifecycleHook('web', { name: 'drain', notificationTargetArn: TOPIC });
});

afterEach(() => time.end());

function engage(options: typeof MENDED): void {
  hook = new OldHook({
    ...options,
    client: region.clientConfig(),
    publish: (body) => region.outbox.publish(TOPIC, { subject: 'again', body }),
  });
  region.outbox.onNotification(({ Records: [{ Sns }] }) => {
    setTimeout(() => void hook.invoke(JSON.parse(Sns.Message)), ROUND_MS);
  });
}

/** An instance in group and cluster, with the tag that the hook goes by, and a daemon task. */
function addInstance(): string {
  const instanceId = region.ec2.launch({ tags: { Name: 'web ECS host' } });
  region.autoScaling.attachInstance('web', instanceId);
  const arn = region.ecs.registerContainerInstance('web', instanceId);
  region.ecs.startTask({ cluster: 'web', instance: instanceId, startedBy: arn.split('/').at(-1) ?? '' });
  return instanceId;
}

const alive = (instanceId: string) => region.ecs.tasksOn(instanceId).filter((task) => task.lastStatus !== 'STOPPED');
const rounds = (instanceId: string) => hook.invocations.get(instanceId) ?? 0;

test('completes within seconds while all 11 tasks walk through their stopping states', async () => {
  const instanceId = addInstance();
  addInstance();
  const on = Array.from({ length: 10 }, () => instanceId);
  // ECS may stop them all at once: from then on ListTasks does not show them.
  const behaviour = { stopSeconds: 60, stopTimeoutSeconds: 90, minimumHealthyPercent: 0 };
  region.ecs.createService({ cluster: 'web', name: 'web', desiredCount: 10, on, ...behaviour });
  await time.pass(60);
  let aliveThen = 0;
  region.autoScaling.onLifecycleActionCompleted(() => {
    aliveThen = alive(instanceId).length;
  });
  engage(MENDED);
  region.autoScaling.scaleIn('web', instanceId);
  await time.pass(5);
  expect(region.autoScaling.lifecycleActions).toMatchObject([{ result: 'CONTINUE', by: 'caller' }]);
  expect(aliveThen).toBe(11);
});

test('makes eight calls a round, in a loop without pause', async () => {
  const instanceId = addInstance();
  region.ecs.startTask({ cluster: 'web', instance: instanceId, endsAfterSeconds: 300 });
  await time.pass(5);
  engage(MENDED);
  const before = region.calls.count();
  region.autoScaling.scaleIn('web', instanceId);
  await time.pass(60);
  const calls = region.calls.count() - before + (hook.published.get(instanceId) ?? 0);
  expect(rounds(instanceId)).toBeGreaterThan(130);
  // One more in the first round, which sets the instance to DRAINING.
  expect(calls).toBe(rounds(instanceId) * 8 + 1);
});

test("never knows the daemon tasks by today's ARNs, and is stopped after 16 rounds", async () => {
  const instanceId = addInstance();
  await time.pass(5);
  engage(TODAY);
  region.autoScaling.scaleIn('web', instanceId);
  await time.pass(600);
  expect(rounds(instanceId)).toBe(16);
  expect(alive(instanceId)).toHaveLength(1);
  expect(region.autoScaling.completionAttempts).toEqual([]);
});

test('leaves an instance behind its hook when it is the 101st of its cluster', async () => {
  const instances = Array.from({ length: 101 }, addInstance);
  await time.pass(5);
  engage(MENDED);
  const [first = '', last = ''] = [instances[0], instances.at(-1)];
  for (const instanceId of [first, last]) region.autoScaling.scaleIn('web', instanceId);
  await time.pass(10);
  const open = region.autoScaling.lifecycleActions.filter(({ completedAt }) => completedAt === undefined);
  expect(open.map(({ instanceId }) => instanceId)).toEqual([last]);
  expect(rounds(last)).toBe(1);
});

/**
 * What src/aws takes for granted of AWS, held against the simulated region by `npm test` and against moto, which others
 * wrote, by `npm run test:moto`. Where moto differs, the test says how and why.
 */
import { describe, expect, jest, test } from '@jest/globals';
import {
  autoScalingClient,
  completeLifecycleAction,
  describeHook,
  groupOfInstance,
  hooksOfGroup,
  recordHeartbeat,
  waitingInstances,
} from '../../src/aws/auto-scaling.ts';
import { cloudMapClient, deregister, registrationsFrom } from '../../src/aws/cloud-map.ts';
import { describeInstance, ec2Client, isProtected, terminateInstances } from '../../src/aws/ec2.ts';
import {
  ecsClient,
  findContainerInstance,
  listClusters,
  setContainerInstanceState,
  stopTask,
  tasksOnInstance,
} from '../../src/aws/ecs.ts';
import {
  deregisterTargets,
  deregistrationDelay,
  elbv2Client,
  pageOfTargetGroups,
  targetHealth,
} from '../../src/aws/elbv2.ts';
import { eventBridgeClient, putEvent } from '../../src/aws/events.ts';
import { NotFound } from '../../src/contract/errors.ts';
import { type Place, places, REGION } from './places.ts';

jest.setTimeout(60_000);

/** moto answers otherwise than AWS documents, each with the reason; the simulated region does not. */
const DIFFERENCES = {
  heartbeat:
    'moto keeps no lifecycle actions: it takes no RecordLifecycleActionHeartbeat, and CompleteLifecycleAction always',
  unknownCluster: 'moto lists nothing in a cluster that does not exist, where AWS answers ClusterNotFoundException',
} as const;

const NOBODY = 'i-0123456789abcdef0';
const HOOK = { name: 'sluice-drain', heartbeatTimeout: 120 };

let count = 0;
const unique = (word: string) => {
  count += 1;
  return `${word}-${count}`;
};

describe.each(places().map((place): [string, Place] => [place.name, place]))('on the %s', (_, place) => {
  const { access } = place;
  const ec2 = ec2Client(access, REGION);
  const ecs = ecsClient(access, REGION);
  const elbv2 = elbv2Client(access, REGION);
  const autoScaling = autoScalingClient(access, REGION);
  const isMoto = place.name === 'moto';

  test('an instance has its tags, its addresses and its state; one that is unknown is none', async () => {
    const id = await place.launch({ 'sluice:cluster': 'web' });

    const instance = await describeInstance(ec2, id);

    expect(instance?.Tags).toContainEqual({ Key: 'sluice:cluster', Value: 'web' });
    expect(instance?.PrivateIpAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(await describeInstance(ec2, NOBODY)).toBeUndefined();
  });

  test('an instance is not protected unless somebody said so, and is gone once terminated', async () => {
    const id = await place.launch();
    expect(await isProtected(ec2, id)).toBe(false);

    await terminateInstances(ec2, [id]);

    expect((await describeInstance(ec2, id))?.State?.Name).toMatch(/^(shutting-down|terminated)$/);
  });

  test('a container instance is found by its EC2 instance, in its cluster alone', async () => {
    const [here, there] = [unique('here'), unique('there')];
    await place.cluster(here);
    await place.cluster(there);
    const id = await place.launch();
    const arn = await place.join(here, id);

    expect((await listClusters(ecs)).filter((cluster) => /\/(t?here)-\d+$/.test(cluster))).toHaveLength(2);
    expect(await findContainerInstance(ecs, here, id)).toMatchObject({ containerInstanceArn: arn, status: 'ACTIVE' });
    expect(await findContainerInstance(ecs, there, id)).toBeUndefined();
    const nowhere = findContainerInstance(ecs, 'nowhere', id);
    if (isMoto)
      expect({ differs: DIFFERENCES.unknownCluster, found: await nowhere }).not.toHaveProperty('found.status');
    else await expect(nowhere).rejects.toBeInstanceOf(NotFound);
  });

  test('a container instance is set to DRAINING and back', async () => {
    const cluster = unique('cluster');
    await place.cluster(cluster);
    const id = await place.launch();
    const arn = await place.join(cluster, id);

    expect(await setContainerInstanceState(ecs, cluster, arn, 'DRAINING')).toBe('set');
    expect(await findContainerInstance(ecs, cluster, id)).toMatchObject({ status: 'DRAINING' });
    expect(await setContainerInstanceState(ecs, cluster, arn, 'ACTIVE')).toBe('set');
    expect(await findContainerInstance(ecs, cluster, id)).toMatchObject({ status: 'ACTIVE' });
  });

  test('tasks are listed in every state that they stop in', async () => {
    const cluster = unique('cluster');
    await place.cluster(cluster);
    const arn = await place.join(cluster, await place.launch());
    const task = await place.startTask(cluster, arn);
    const known = async () => (await tasksOnInstance(ecs, cluster, arn)).tasks.map(({ taskArn }) => taskArn);
    expect(await known()).toEqual([task]);

    expect(await stopTask(ecs, cluster, task, 'a test')).toBe('stopping');

    // With desiredStatus STOPPED it is in the other list, and must not be overlooked.
    expect(await known()).toEqual([task]);
  });

  test('a target group tells its delay, and its targets; one that is unknown has none', async () => {
    const arn = await place.targetGroup(unique('group'), 45);
    const id = await place.launch();
    await place.register(arn, id, 8080);

    expect(await deregistrationDelay(elbv2, arn)).toBe(45);
    expect(await targetHealth(elbv2, arn)).toEqual([expect.objectContaining({ id, port: 8080 })]);
    expect((await pageOfTargetGroups(elbv2, 400, undefined)).arns).toContain(arn);
    expect(await targetHealth(elbv2, arn.replace(/[0-9a-f]{4}$/, 'ffff'))).toEqual([]);
  });

  test('a target of a group that no load balancer uses is gone as soon as it is deregistered', async () => {
    const arn = await place.targetGroup(unique('group'), 45);
    const id = await place.launch();
    await place.register(arn, id, 80);

    expect(await deregisterTargets(elbv2, arn, [{ id, port: 80 }])).toBe('accepted');

    expect(await targetHealth(elbv2, arn)).toEqual([]);
  });

  test('a group has its instances and its hooks, with their timeouts', async () => {
    const group = unique('asg');
    const id = await place.launch();
    await place.group(group, id, HOOK);

    expect(await groupOfInstance(autoScaling, id)).toBe(group);
    expect(await groupOfInstance(autoScaling, NOBODY)).toBeUndefined();
    expect(await describeHook(autoScaling, group, HOOK.name)).toMatchObject({ heartbeatTimeoutSeconds: 120 });
    expect(await describeHook(autoScaling, group, 'no-such-hook')).toBeUndefined();
    expect(await hooksOfGroup(autoScaling, group)).toEqual([
      expect.objectContaining({ name: HOOK.name, transition: 'autoscaling:EC2_INSTANCE_TERMINATING' }),
    ]);
    expect((await waitingInstances(autoScaling)).filter(({ instanceId }) => instanceId === id)).toEqual([]);
  });

  test('a lifecycle action that is not there is gone', async () => {
    const group = unique('asg');
    const id = await place.launch();
    await place.group(group, id, HOOK);
    const action = {
      autoScalingGroupName: group,
      lifecycleHookName: HOOK.name,
      lifecycleActionToken: '87654321-4321-4321-4321-210987654321',
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      destination: 'EC2',
    } as const;

    if (isMoto) {
      const answered = await recordHeartbeat(autoScaling, action, id).catch((error: Error) => error.name);
      expect({ differs: DIFFERENCES.heartbeat, answered }).not.toMatchObject({ answered: 'gone' });
      return;
    }
    expect(await recordHeartbeat(autoScaling, action, id)).toBe('gone');
    expect(await completeLifecycleAction(autoScaling, action, id, 'CONTINUE')).toBe('gone');
  });

  test('a registration of Cloud Map is read, and taken away', async () => {
    const cloudMap = cloudMapClient(access, REGION);
    const id = await place.launch();
    const service = await place.service(unique('service'), { id, address: '10.0.0.7' });
    const read = async () => JSON.stringify(await registrationsFrom(cloudMap, service, undefined, 1_000));
    expect(await read()).toContain(id);
    expect(await read()).toContain('10.0.0.7');

    expect(await deregister(cloudMap, service, id)).toBeDefined();
  });

  test('an event of ours is taken by the bus', async () => {
    const event = {
      detailType: 'Sluice drain-instance succeeded',
      resources: [NOBODY],
      detail: { status: 'succeeded' },
    };
    await expect(putEvent(eventBridgeClient(access, REGION), 'default', event)).resolves.toBeUndefined();
  });
});

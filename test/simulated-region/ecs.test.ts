import * as sdk from '@aws-sdk/client-ecs';
import { describe, expect, test } from '@jest/globals';
import type { TaskTimeline } from '../../src/simulated-region/ecs.ts';
import { type VirtualRegion, virtualRegion } from './virtual-region.ts';

const cluster = 'shop';

/** A cluster with so many container instances. @returns their EC2 instance ids */
function clusterOf(virtual: VirtualRegion, instances: number): string[] {
  const { ec2, ecs } = virtual.region;
  ecs.createCluster(cluster);
  return Array.from({ length: instances }, () => {
    const instanceId = ec2.launch();
    ecs.registerContainerInstance(cluster, instanceId);
    return instanceId;
  });
}

function arnOf(virtual: VirtualRegion, instanceId: string): string {
  return virtual.region.ecs.containerInstanceOf(instanceId) ?? '';
}

async function listed(virtual: VirtualRegion, input: Omit<sdk.ListTasksCommandInput, 'cluster'> = {}) {
  const { taskArns = [] } = await virtual.ecs.send(new sdk.ListTasksCommand({ cluster, ...input }));
  return taskArns;
}

function walk(task: TaskTimeline | undefined, virtual: VirtualRegion): [number, string][] {
  const start = Date.now() - virtual.now() * 1000;
  return (task?.history ?? []).map(([at, status]) => [(at - start) / 1000, status]);
}

describe('lists and descriptions', () => {
  test('page over 250 tasks and 150 container instances, 100 at a time', async () => {
    const virtual = virtualRegion();
    const [first = ''] = clusterOf(virtual, 150);
    for (let at = 0; at < 250; at += 1) virtual.region.ecs.startTask({ cluster, instance: first });
    const sizes: number[] = [];
    const seen = new Set<string>();
    for await (const page of sdk.paginateListTasks({ client: virtual.ecs }, { cluster })) {
      sizes.push(page.taskArns?.length ?? 0);
      for (const arn of page.taskArns ?? []) seen.add(arn);
    }
    expect(sizes).toEqual([100, 100, 50]);
    expect(seen.size).toBe(250);
    const instances: number[] = [];
    for await (const page of sdk.paginateListContainerInstances({ client: virtual.ecs }, { cluster })) {
      instances.push(page.containerInstanceArns?.length ?? 0);
    }
    expect(instances).toEqual([100, 50]);
  });

  test('a task that leaves the list between two pages moves no other out of the next page', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const arns = Array.from({ length: 120 }, () => virtual.region.ecs.startTask({ cluster, instance }));
    await virtual.pass(10);
    const one = await virtual.ecs.send(new sdk.ListTasksCommand({ cluster }));
    virtual.region.ecs.stopTask(arns[3] ?? '');
    const two = await virtual.ecs.send(new sdk.ListTasksCommand({ cluster, nextToken: one.nextToken }));
    expect([...(one.taskArns ?? []), ...(two.taskArns ?? [])]).toEqual(arns);
  });

  test('container instances are filtered by the cluster query language', async () => {
    const virtual = virtualRegion();
    const [one = '', two = '', three = ''] = clusterOf(virtual, 3);
    virtual.region.ecs.startTask({ cluster, instance: three });
    await virtual.pass(10);
    const find = async (filter: string) => {
      const answer = await virtual.ecs.send(new sdk.ListContainerInstancesCommand({ cluster, filter }));
      return (answer.containerInstanceArns ?? []).map((arn) =>
        [one, two, three].find((instanceId) => arnOf(virtual, instanceId) === arn),
      );
    };
    expect(await find(`ec2InstanceId == ${two}`)).toEqual([two]);
    expect(await find(`ec2InstanceId in [${one}, ${three}]`)).toEqual([one, three]);
    expect(await find(`ec2InstanceId in ['${one}','${two}'] and not (ec2InstanceId == ${one})`)).toEqual([two]);
    expect(await find('runningTasksCount > 0 or attribute:ecs.os-type == windows')).toEqual([three]);
    await expect(find('ec2InstanceId ==')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('tasks are filtered by instance, service, family and who started them', async () => {
    const virtual = virtualRegion();
    const [one = '', two = ''] = clusterOf(virtual, 2);
    const { ecs } = virtual.region;
    ecs.createService({ cluster, name: 'web', desiredCount: 2, on: [one, two] });
    const mine = ecs.startTask({ cluster, instance: one, family: 'batch', startedBy: 'me' });
    const web = ecs.tasksOn(two)[0]?.taskArn;
    expect(await listed(virtual, { containerInstance: arnOf(virtual, two) })).toEqual([web]);
    expect(await listed(virtual, { containerInstance: arnOf(virtual, two).split('/').at(-1) })).toEqual([web]);
    expect(await listed(virtual, { serviceName: 'web' })).toHaveLength(2);
    expect(await listed(virtual, { family: 'batch' })).toEqual([mine]);
    expect(await listed(virtual, { startedBy: 'me' })).toEqual([mine]);
    expect(await listed(virtual, { launchType: 'FARGATE' })).toEqual([]);
  });

  test('what is missing is a failure, an unknown cluster and too many ids are errors', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const arn = arnOf(virtual, instance);
    const unknown = arn.replace(/[0-9a-f]{32}$/, '0'.repeat(32));
    const answer = await virtual.ecs.send(
      new sdk.DescribeContainerInstancesCommand({ cluster, containerInstances: [arn, unknown] }),
    );
    expect(answer.containerInstances).toMatchObject([{ containerInstanceArn: arn, ec2InstanceId: instance }]);
    expect(answer.failures).toEqual([{ arn: unknown, reason: 'MISSING' }]);
    await expect(virtual.ecs.send(new sdk.ListTasksCommand({ cluster: 'none' }))).rejects.toMatchObject({
      name: 'ClusterNotFoundException',
    });
    const tasks = Array.from({ length: 101 }, () => '0'.repeat(32));
    await expect(virtual.ecs.send(new sdk.DescribeTasksCommand({ cluster, tasks }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

describe('a task that stops', () => {
  test('moves to the STOPPED list at once, serves on while its target drains, and is STOPPED long after', async () => {
    const virtual = virtualRegion();
    const { ecs, elbv2, traffic } = virtual.region;
    const [instance = ''] = clusterOf(virtual, 1);
    const targetGroupArn = elbv2.createTargetGroup({ name: 'web', deregistrationDelaySeconds: 300 });
    elbv2.attach(elbv2.createLoadBalancer({ name: 'front' }), targetGroupArn);
    const loadBalancers = [{ targetGroupArn, containerName: 'web', containerPort: 8080 }];
    ecs.createService({ cluster, name: 'web', loadBalancers, stopSeconds: 20 });
    await virtual.pass(60);
    const [task] = ecs.tasksOn(instance);
    const arn = task?.taskArn ?? '';
    const [address = { id: '', port: 0 }] = task?.addresses ?? [];
    expect(elbv2.registrations(targetGroupArn, instance)).toEqual([{ port: address.port, state: 'healthy' }]);

    await virtual.ecs.send(new sdk.StopTaskCommand({ cluster, task: arn }));
    expect(await listed(virtual)).not.toContain(arn);
    expect(await listed(virtual, { desiredStatus: 'STOPPED' })).toContain(arn);
    await virtual.pass(299);
    const { tasks = [] } = await virtual.ecs.send(new sdk.DescribeTasksCommand({ cluster, tasks: [arn] }));
    expect(tasks).toMatchObject([
      {
        desiredStatus: 'STOPPED',
        lastStatus: 'DEACTIVATING',
        stopCode: 'UserInitiated',
        group: 'service:web',
        containers: [{ lastStatus: 'RUNNING', networkBindings: [{ containerPort: 8080, hostPort: address.port }] }],
      },
    ]);
    expect(traffic.answers(address)).toBe(true);
    await virtual.pass(60);
    expect(traffic.answers(address)).toBe(false);
    expect(walk(ecs.tasksOn(instance)[0], virtual)).toEqual([
      [0, 'PENDING'],
      [5, 'ACTIVATING'],
      [6, 'RUNNING'],
      [60, 'DEACTIVATING'],
      [360, 'STOPPING'],
      [380, 'DEPROVISIONING'],
      [382, 'STOPPED'],
    ]);
    await virtual.pass(3500);
    expect(await listed(virtual, { desiredStatus: 'STOPPED' })).toContain(arn);
    await virtual.pass(100);
    expect(await listed(virtual, { desiredStatus: 'STOPPED' })).not.toContain(arn);
  });

  test('is killed at its stop timeout when it ignores the stop', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const plan = { cluster, instance, ignoresStop: true, stopTimeoutSeconds: 7200 };
    const task = virtual.region.ecs.startTask(plan);
    await virtual.pass(10);
    virtual.region.ecs.stopTask(task);
    await virtual.pass(7200);
    const read = () => virtual.ecs.send(new sdk.DescribeTasksCommand({ cluster, tasks: [task] }));
    expect((await read()).tasks).toMatchObject([{ lastStatus: 'STOPPING' }]);
    await virtual.pass(3);
    expect((await read()).tasks).toMatchObject([{ lastStatus: 'STOPPED', containers: [{ exitCode: 137 }] }]);
  });

  test('by itself is STOPPED with the reason that its container exited', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const task = virtual.region.ecs.startTask({ cluster, instance, endsAfterSeconds: 600 });
    await virtual.pass(604);
    expect(await listed(virtual)).toEqual([task]);
    await virtual.pass(4);
    const answer = await virtual.ecs.send(new sdk.DescribeTasksCommand({ cluster, tasks: [task] }));
    expect(answer.tasks).toMatchObject([{ lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' }]);
  });

  test('on a disconnected agent stays RUNNING until the agent is back', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const { ecs } = virtual.region;
    const task = ecs.startTask({ cluster, instance });
    await virtual.pass(10);
    ecs.setAgentConnected(instance, false);
    ecs.stopTask(task);
    await virtual.pass(3600);
    expect(ecs.tasksOn(instance)).toMatchObject([{ lastStatus: 'RUNNING', desiredStatus: 'STOPPED' }]);
    ecs.setAgentConnected(instance, true);
    await virtual.pass(10);
    expect(ecs.tasksOn(instance)).toMatchObject([{ lastStatus: 'STOPPED' }]);
  });

  test('has a network interface of its own in awsvpc mode, which is its target', async () => {
    const virtual = virtualRegion();
    const { ecs, elbv2 } = virtual.region;
    const [instance = ''] = clusterOf(virtual, 1);
    const targetGroupArn = elbv2.createTargetGroup({ name: 'web', type: 'ip', port: 8080 });
    elbv2.attach(elbv2.createLoadBalancer({ name: 'front' }), targetGroupArn);
    const loadBalancers = [{ targetGroupArn, containerName: 'web', containerPort: 8080 }];
    ecs.createService({ cluster, name: 'web', networkMode: 'awsvpc', loadBalancers });
    await virtual.pass(60);
    const [task] = ecs.tasksOn(instance);
    const answer = await virtual.ecs.send(new sdk.DescribeTasksCommand({ cluster, tasks: [task?.taskArn ?? ''] }));
    const details = answer.tasks?.[0]?.attachments?.[0]?.details ?? [];
    const address = details.find((one) => one.name === 'privateIPv4Address')?.value ?? '';
    expect(elbv2.registrations(targetGroupArn, address)).toEqual([{ port: 8080, state: 'healthy' }]);
    expect(walk(task, virtual)[0]).toEqual([0, 'PROVISIONING']);
  });
});

describe('a container instance', () => {
  const update = (virtual: VirtualRegion, instances: string[], status: sdk.ContainerInstanceStatus) =>
    virtual.ecs.send(new sdk.UpdateContainerInstancesStateCommand({ cluster, containerInstances: instances, status }));

  test('is INACTIVE and unlisted once its EC2 instance shuts down, and its tasks are over at once', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const { ecs, ec2 } = virtual.region;
    ecs.startTask({ cluster, instance });
    await virtual.pass(10);
    ec2.terminate(instance);
    expect(ecs.tasksOn(instance)).toMatchObject([
      { lastStatus: 'STOPPED', stoppedReason: `Host EC2 (instance ${instance}) terminated.` },
    ]);
    const arn = arnOf(virtual, instance);
    const list = await virtual.ecs.send(new sdk.ListContainerInstancesCommand({ cluster }));
    expect(list.containerInstanceArns).toEqual([]);
    const describe = () =>
      virtual.ecs.send(new sdk.DescribeContainerInstancesCommand({ cluster, containerInstances: [arn] }));
    expect((await describe()).containerInstances).toMatchObject([{ status: 'INACTIVE', agentConnected: false }]);
    expect((await update(virtual, [arn], 'DRAINING')).failures).toEqual([{ arn, reason: 'INACTIVE' }]);
    await virtual.pass(3600);
    expect((await describe()).failures).toEqual([{ arn, reason: 'MISSING' }]);
  });

  test('cannot be drained while it registers, and not more than ten at once', async () => {
    const virtual = virtualRegion();
    const { ecs, ec2 } = virtual.region;
    ecs.createCluster(cluster);
    const instance = ec2.launch();
    const arn = ecs.registerContainerInstance(cluster, instance, { registeringSeconds: 30 });
    await expect(update(virtual, [arn], 'DRAINING')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(update(virtual, [arn], 'REGISTERING')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await virtual.pass(30);
    expect((await update(virtual, [arn], 'DRAINING')).containerInstances).toMatchObject([{ status: 'DRAINING' }]);
    const eleven = Array.from({ length: 11 }, () => arn);
    await expect(update(virtual, eleven, 'DRAINING')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('counts running tasks by their desired status, and so none while they still stop', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const task = virtual.region.ecs.startTask({ cluster, instance, stopSeconds: 25 });
    await virtual.pass(10);
    const counts = async () => {
      const containerInstances = [arnOf(virtual, instance)];
      const input = { cluster, containerInstances };
      const answer = await virtual.ecs.send(new sdk.DescribeContainerInstancesCommand(input));
      return answer.containerInstances?.[0]?.runningTasksCount;
    };
    expect(await counts()).toBe(1);
    virtual.region.ecs.stopTask(task);
    await virtual.pass(20);
    expect(virtual.region.ecs.tasksOn(instance)).toMatchObject([{ lastStatus: 'STOPPING' }]);
    expect(await counts()).toBe(0);
  });

  test('that is deregistered needs force while it has tasks, which ECS then loses sight of', async () => {
    const virtual = virtualRegion();
    const [instance = ''] = clusterOf(virtual, 1);
    const { ecs, traffic } = virtual.region;
    ecs.startTask({ cluster, instance, ports: [{ containerName: 'app', containerPort: 80 }] });
    await virtual.pass(10);
    const [address = { id: '', port: 0 }] = ecs.tasksOn(instance)[0]?.addresses ?? [];
    const deregister = (force: boolean) =>
      virtual.ecs.send(
        new sdk.DeregisterContainerInstanceCommand({ cluster, containerInstance: arnOf(virtual, instance), force }),
      );
    await expect(deregister(false)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    expect((await deregister(true)).containerInstance).toMatchObject({ status: 'INACTIVE' });
    expect(ecs.tasksOn(instance)).toMatchObject([{ lastStatus: 'STOPPED' }]);
    expect(traffic.answers(address)).toBe(true);
  });
});

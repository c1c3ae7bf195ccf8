import * as sdk from '@aws-sdk/client-ecs';
import { type Numbered, page } from '../cursor.ts';
import type { EcsModel } from '../ecs.ts';
import { type OperationModel, operation, ServiceError } from '../service.ts';
import { type EcsDirectory, invalid } from './directory.ts';
import { parseFilter } from './filter.ts';
import type { Cluster, ContainerInstance, Service, Task } from './records.ts';
import { showCluster, showInstance, showService, showTags, showTask } from './shapes.ts';

const RESOURCE_READS = [{ name: 'ecs-cluster-resource-reads' }];
const RESOURCE_WRITES = [{ name: 'ecs-cluster-resource-writes' }];
const CLUSTER_READS = [{ name: 'ecs-cluster-reads' }];
const SERVICE_READS = [{ name: 'ecs-service-reads' }];

export function ecsOperations(model: EcsModel, directory: EcsDirectory): Record<string, OperationModel> {
  return {
    ...clusters(directory),
    ...containerInstances(model, directory),
    ...services(directory),
    ...tasks(model, directory),
    ...tags(directory),
  };
}

function clusters(directory: EcsDirectory): Record<string, OperationModel> {
  return {
    ListClusters: operation<sdk.ListClustersCommandInput, sdk.ListClustersCommandOutput>(
      sdk.ListClusters$,
      'read',
      ({ nextToken, maxResults }) => {
        const { items, next } = pageOf(directory.clusters.values(), nextToken, maxResults);
        return { clusterArns: items.map((one) => one.arn), nextToken: next };
      },
      CLUSTER_READS,
    ),
    DescribeClusters: operation<sdk.DescribeClustersCommandInput, sdk.DescribeClustersCommandOutput>(
      sdk.DescribeClusters$,
      'read',
      ({ clusters: names = ['default'], include = [] }) => {
        limit('clusters', names, 100);
        const { found, failures } = split(names, (name) => directory.findCluster(name), directory.arn('cluster/'));
        return { clusters: found.map((one) => showCluster(one, include.includes('TAGS'))), failures };
      },
      CLUSTER_READS,
    ),
    CreateCluster: operation<sdk.CreateClusterCommandInput, sdk.CreateClusterCommandOutput>(
      sdk.CreateCluster$,
      'write',
      ({ clusterName = 'default', tags: given = [] }) => {
        const cluster = directory.createCluster(clusterName);
        for (const tag of given) cluster.tags.set(tag.key ?? '', tag.value ?? '');
        return { cluster: showCluster(cluster, true) };
      },
    ),
  };
}

function containerInstances(model: EcsModel, directory: EcsDirectory): Record<string, OperationModel> {
  return {
    ListContainerInstances: operation<sdk.ListContainerInstancesCommandInput, sdk.ListContainerInstancesCommandOutput>(
      sdk.ListContainerInstances$,
      'read',
      ({ cluster, filter, status, nextToken, maxResults }) => {
        const matches = filter === undefined || filter === '' ? () => true : parseFilter(filter);
        const found = [...directory.cluster(cluster).instances.values()].filter(
          (one) => one.status !== 'INACTIVE' && (status === undefined || one.status === status) && matches(one),
        );
        const { items, next } = pageOf(found, nextToken, maxResults);
        return { containerInstanceArns: items.map((one) => one.arn), nextToken: next };
      },
      RESOURCE_READS,
    ),
    DescribeContainerInstances: operation<
      sdk.DescribeContainerInstancesCommandInput,
      sdk.DescribeContainerInstancesCommandOutput
    >(
      sdk.DescribeContainerInstances$,
      'read',
      ({ cluster: name, containerInstances: names = [], include = [] }) => {
        limit('containerInstances', names, 100);
        const cluster = directory.cluster(name);
        const { found, failures } = splitInstances(directory, cluster, names);
        const withTags = include.includes('TAGS');
        return { containerInstances: found.map((one) => showInstance(one, withTags)), failures };
      },
      RESOURCE_READS,
    ),
    UpdateContainerInstancesState: operation<
      sdk.UpdateContainerInstancesStateCommandInput,
      sdk.UpdateContainerInstancesStateCommandOutput
    >(
      sdk.UpdateContainerInstancesState$,
      'write',
      ({ cluster: name, containerInstances: names = [], status }) => {
        limit('containerInstances', names, 10);
        if (status !== 'ACTIVE' && status !== 'DRAINING') {
          throw invalid('Container instances status should be one of [ACTIVE,DRAINING]');
        }
        const { found, failures } = splitInstances(directory, directory.cluster(name), names);
        const registering = found.find((one) => one.status === 'REGISTERING');
        if (registering !== undefined) {
          throw invalid(`The container instance ${registering.arn} is in REGISTERING status, and cannot be changed.`);
        }
        const changeable = found.filter((one) => one.status !== 'INACTIVE');
        for (const one of found) if (one.status === 'INACTIVE') failures.push({ arn: one.arn, reason: 'INACTIVE' });
        for (const one of changeable) model.setStatus(one.arn, status);
        return { containerInstances: changeable.map((one) => showInstance(one, false)), failures };
      },
      RESOURCE_WRITES,
    ),
    DeregisterContainerInstance: operation<
      sdk.DeregisterContainerInstanceCommandInput,
      sdk.DeregisterContainerInstanceCommandOutput
    >(
      sdk.DeregisterContainerInstance$,
      'write',
      ({ cluster, containerInstance = '', force }) => {
        const instance = knownInstance(directory, directory.cluster(cluster), containerInstance);
        if (instance.status === 'INACTIVE') throw invalid('The container instance is inactive.');
        if (instance.tasks.size > 0 && force !== true) throw invalid('Found running tasks on the instance.');
        model.deregisterContainerInstance(instance.arn);
        return { containerInstance: showInstance(instance, false) };
      },
      RESOURCE_WRITES,
    ),
  };
}

function services(directory: EcsDirectory): Record<string, OperationModel> {
  return {
    ListServices: operation<sdk.ListServicesCommandInput, sdk.ListServicesCommandOutput>(
      sdk.ListServices$,
      'read',
      ({ cluster, launchType, schedulingStrategy, nextToken, maxResults = 10 }) => {
        const found = [...directory.cluster(cluster).services.values()].filter(
          (one) =>
            (launchType === undefined || launchType === 'EC2') &&
            (schedulingStrategy === undefined || one.schedulingStrategy === schedulingStrategy),
        );
        const { items, next } = pageOf(found, nextToken, maxResults);
        return { serviceArns: items.map((one) => one.arn), nextToken: next };
      },
      SERVICE_READS,
    ),
    DescribeServices: operation<sdk.DescribeServicesCommandInput, sdk.DescribeServicesCommandOutput>(
      sdk.DescribeServices$,
      'read',
      ({ cluster: name, services: names = [], include = [] }) => {
        limit('services', names, 10);
        const cluster = directory.cluster(name);
        const { found, failures } = split(
          names,
          (one) => directory.findService(cluster, one),
          directory.arn(`service/${cluster.name}/`),
        );
        return { services: found.map((one) => showService(one, include.includes('TAGS'))), failures };
      },
      SERVICE_READS,
    ),
  };
}

function tasks(model: EcsModel, directory: EcsDirectory): Record<string, OperationModel> {
  return {
    ListTasks: operation<sdk.ListTasksCommandInput, sdk.ListTasksCommandOutput>(
      sdk.ListTasks$,
      'read',
      (input) => {
        const cluster = directory.cluster(input.cluster);
        const { items, next } = pageOf(listedTasks(directory, cluster, input), input.nextToken, input.maxResults);
        return { taskArns: items.map((one) => one.arn), nextToken: next };
      },
      RESOURCE_READS,
    ),
    DescribeTasks: operation<sdk.DescribeTasksCommandInput, sdk.DescribeTasksCommandOutput>(
      sdk.DescribeTasks$,
      'read',
      ({ cluster: name, tasks: names = [], include = [] }) => {
        limit('tasks', names, 100);
        const cluster = directory.cluster(name);
        const { found, failures } = split(
          names,
          (one) => directory.findTask(cluster, one),
          directory.arn(`task/${cluster.name}/`),
        );
        return { tasks: found.map((one) => showTask(one, include.includes('TAGS'))), failures };
      },
      RESOURCE_READS,
    ),
    StopTask: operation<sdk.StopTaskCommandInput, sdk.StopTaskCommandOutput>(
      sdk.StopTask$,
      'write',
      ({ cluster, task: name = '', reason }) => {
        const task = directory.findTask(directory.cluster(cluster), name);
        if (task === undefined) throw invalid('The referenced task was not found.');
        model.stopTask(task.arn, reason ?? 'Task stopped by user');
        return { task: showTask(task, false) };
      },
      RESOURCE_WRITES,
    ),
    RunTask: operation<sdk.RunTaskCommandInput, sdk.RunTaskCommandOutput>(
      sdk.RunTask$,
      'write',
      ({ cluster: name, taskDefinition, count = 1, startedBy, group }) => {
        if (count < 1 || count > 10) throw invalid('count must be from 1 to 10.');
        const cluster = directory.cluster(name);
        const started: Task[] = [];
        const failures: sdk.Failure[] = [];
        for (let at = 0; at < count; at += 1) {
          const arn = model.runTask({ cluster: cluster.name, ...standalone(taskDefinition, startedBy, group) });
          const task = arn === undefined ? undefined : directory.findTask(cluster, arn);
          if (task === undefined) failures.push({ reason: 'RESOURCE:CPU' });
          else started.push(task);
        }
        return { tasks: started.map((one) => showTask(one, false)), failures };
      },
      RESOURCE_WRITES,
    ),
    StartTask: operation<sdk.StartTaskCommandInput, sdk.StartTaskCommandOutput>(
      sdk.StartTask$,
      'write',
      ({ cluster: name, containerInstances: names = [], taskDefinition, startedBy, group }) => {
        limit('containerInstances', names, 10);
        const cluster = directory.cluster(name);
        const { found, failures } = splitInstances(directory, cluster, names);
        const started: Task[] = [];
        for (const instance of found) {
          if (instance.status === 'INACTIVE') failures.push({ arn: instance.arn, reason: 'INACTIVE' });
          else if (!instance.agentConnected) failures.push({ arn: instance.arn, reason: 'AGENT' });
          else {
            const plan = standalone(taskDefinition, startedBy, group);
            const arn = model.startTask({ cluster: cluster.name, instance: instance.ec2InstanceId, ...plan });
            const task = directory.findTask(cluster, arn);
            if (task !== undefined) started.push(task);
          }
        }
        return { tasks: started.map((one) => showTask(one, false)), failures };
      },
      RESOURCE_WRITES,
    ),
  };
}

function tags(directory: EcsDirectory): Record<string, OperationModel> {
  return {
    ListTagsForResource: operation<sdk.ListTagsForResourceCommandInput, sdk.ListTagsForResourceCommandOutput>(
      sdk.ListTagsForResource$,
      'read',
      ({ resourceArn = '' }) => ({ tags: showTags(tagged(directory, resourceArn).tags) }),
    ),
    TagResource: operation<sdk.TagResourceCommandInput, sdk.TagResourceCommandOutput>(
      sdk.TagResource$,
      'write',
      ({ resourceArn = '', tags: given = [] }) => {
        const held = tagged(directory, resourceArn).tags;
        for (const tag of given) held.set(tag.key ?? '', tag.value ?? '');
        return {};
      },
    ),
  };
}

function listedTasks(directory: EcsDirectory, cluster: Cluster, input: sdk.ListTasksCommandInput): Task[] {
  const { containerInstance, serviceName, family, startedBy, launchType, desiredStatus = 'RUNNING' } = input;
  const service = serviceName === undefined ? undefined : directory.findService(cluster, serviceName);
  if (serviceName !== undefined && service === undefined) {
    throw new ServiceError('ServiceNotFoundException', 'Service not found.');
  }
  const all =
    containerInstance === undefined
      ? directory.tasksOf(cluster)
      : directory.tasksOn(knownInstance(directory, cluster, containerInstance));
  return all.filter(
    (task) =>
      task.desiredStatus === desiredStatus &&
      (service === undefined || task.service === service) &&
      (family === undefined || task.family === family) &&
      (startedBy === undefined || task.startedBy === startedBy) &&
      (launchType === undefined || launchType === 'EC2'),
  );
}

function standalone(taskDefinition: string | undefined, startedBy: string | undefined, group: string | undefined) {
  if (taskDefinition === undefined || taskDefinition === '') throw invalid('TaskDefinition can not be blank.');
  const family = taskDefinition.replace(/^.*:task-definition\//, '').replace(/:\d+$/, '');
  return {
    family,
    ...(startedBy === undefined ? {} : { startedBy }),
    ...(group === undefined ? {} : { group }),
  };
}

function knownInstance(directory: EcsDirectory, cluster: Cluster, name: string): ContainerInstance {
  const found = directory.findInstance(cluster, name);
  if (found === undefined) throw invalid('The referenced container instance was not found.');
  return found;
}

function splitInstances(directory: EcsDirectory, cluster: Cluster, names: readonly string[]) {
  const prefix = directory.arn(`container-instance/${cluster.name}/`);
  return split(names, (name) => directory.findInstance(cluster, name), prefix);
}

/** What is there, and a `MISSING` for what is not. */
function split<T>(names: readonly string[], find: (name: string) => T | undefined, arnPrefix: string) {
  const found: T[] = [];
  const failures: sdk.Failure[] = [];
  for (const name of names) {
    const one = find(name);
    if (one === undefined) failures.push({ arn: name.startsWith('arn:') ? name : arnPrefix + name, reason: 'MISSING' });
    else found.push(one);
  }
  return { found, failures };
}

function tagged(directory: EcsDirectory, arn: string): Cluster | ContainerInstance | Service | Task {
  const [kind = '', name = ''] = arn.split(':').slice(5).join(':').split('/');
  const cluster = directory.cluster(name);
  const found =
    kind === 'cluster'
      ? cluster
      : kind === 'container-instance'
        ? directory.findInstance(cluster, arn)
        : kind === 'service'
          ? directory.findService(cluster, arn)
          : directory.findTask(cluster, arn);
  if (found === undefined) throw invalid('The specified resource was not found.');
  return found;
}

function limit(member: string, names: readonly string[], most: number): void {
  if (names.length === 0) throw invalid(`${member} can not be empty.`);
  if (names.length > most) throw invalid(`${member} can have at most ${most} items.`);
}

function pageOf<T extends Numbered>(items: Iterable<T>, token: string | undefined, size = 100) {
  if (!Number.isInteger(size) || size < 1 || size > 100) throw invalid('maxResults must be from 1 to 100.');
  return page(items, token, size, 'InvalidParameterException');
}

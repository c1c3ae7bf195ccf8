/** Records as the API shows them. */
import type * as sdk from '@aws-sdk/client-ecs';
import { type Cluster, type ContainerInstance, countTasks, isPending, type Service, type Task } from './records.ts';

export function showCluster(cluster: Cluster, withTags: boolean): sdk.Cluster {
  const counts = countTasks(cluster.tasks.values());
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: 'ACTIVE',
    registeredContainerInstancesCount: [...cluster.instances.values()].filter((one) => one.status !== 'INACTIVE')
      .length,
    runningTasksCount: counts.running,
    pendingTasksCount: counts.pending,
    activeServicesCount: cluster.services.size,
    ...(withTags ? { tags: showTags(cluster.tags) } : {}),
  };
}

export function showInstance(instance: ContainerInstance, withTags: boolean): sdk.ContainerInstance {
  const counts = countTasks(instance.tasks);
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.ec2InstanceId,
    status: instance.status,
    agentConnected: instance.agentConnected,
    runningTasksCount: counts.running,
    pendingTasksCount: counts.pending,
    registeredAt: new Date(instance.registeredAt),
    version: instance.version,
    versionInfo: { agentVersion: '1.89.0', agentHash: '0f4e1f7a', dockerVersion: 'DockerVersion: 25.0.6' },
    attributes: [...instance.attributes].map(([name, value]) => ({ name, ...(value === undefined ? {} : { value }) })),
    ...(withTags ? { tags: showTags(instance.tags) } : {}),
  };
}

export function showTask(task: Task, withTags: boolean): sdk.Task {
  const family = task.arn.replace(/:task\/.*$/, `:task-definition/${task.family}:1`);
  return {
    taskArn: task.arn,
    clusterArn: task.cluster.arn,
    containerInstanceArn: task.instance.arn,
    taskDefinitionArn: family,
    group: task.group,
    startedBy: task.startedBy,
    launchType: 'EC2',
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    connectivity: task.instance.agentConnected ? 'CONNECTED' : 'DISCONNECTED',
    version: task.version,
    cpu: '256',
    memory: '512',
    createdAt: new Date(task.createdAt),
    startedAt: dateOf(task.startedAt),
    stoppingAt: dateOf(task.stoppingAt),
    executionStoppedAt: dateOf(task.executionStoppedAt),
    stoppedAt: dateOf(task.stoppedAt),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    attachments: showAttachments(task),
    containers: showContainers(task),
    ...(withTags ? { tags: showTags(task.tags) } : {}),
  };
}

function showContainers(task: Task): sdk.Container[] {
  const names = new Set(task.addresses.map((address) => address.containerName));
  if (names.size === 0) names.add(task.family);
  const over = task.executionStoppedAt !== undefined || task.lastStatus === 'STOPPED';
  const lastStatus = over ? 'STOPPED' : isPending(task) ? 'PENDING' : 'RUNNING';
  return [...names].map((name) => ({
    containerArn: task.arn.replace(':task/', ':container/').concat('/', name),
    taskArn: task.arn,
    name,
    lastStatus,
    exitCode: task.exitCode,
    networkBindings:
      task.eni !== undefined || isPending(task)
        ? []
        : task.addresses
            .filter((address) => address.containerName === name)
            .map(({ containerPort, port }) => ({ bindIP: '0.0.0.0', containerPort, hostPort: port, protocol: 'tcp' })),
    networkInterfaces:
      task.eni === undefined ? [] : [{ attachmentId: task.eni.attachmentId, privateIpv4Address: task.eni.address }],
  }));
}

function showAttachments(task: Task): sdk.Attachment[] {
  if (task.eni === undefined) return [];
  const status =
    task.lastStatus === 'PROVISIONING' ? 'PRECREATED' : task.lastStatus === 'STOPPED' ? 'DELETED' : 'ATTACHED';
  return [
    {
      id: task.eni.attachmentId,
      type: 'ElasticNetworkInterface',
      status,
      details: [
        { name: 'networkInterfaceId', value: task.eni.networkInterfaceId },
        { name: 'privateIPv4Address', value: task.eni.address },
      ],
    },
  ];
}

export function showService(service: Service, withTags: boolean): sdk.Service {
  const counts = countTasks(service.tasks);
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster.arn,
    status: 'ACTIVE',
    launchType: 'EC2',
    schedulingStrategy: service.schedulingStrategy,
    desiredCount: service.desiredCount,
    runningCount: counts.running,
    pendingCount: counts.pending,
    taskDefinition: service.arn.replace(/:service\/.*$/, `:task-definition/${service.family}:1`),
    createdAt: new Date(service.createdAt),
    loadBalancers: service.loadBalancers.map((one) => ({ ...one })),
    deploymentConfiguration: {
      minimumHealthyPercent: service.minimumHealthyPercent,
      maximumPercent: service.maximumPercent,
    },
    deployments: [
      {
        id: service.deploymentId,
        status: 'PRIMARY',
        desiredCount: service.desiredCount,
        runningCount: counts.running,
        pendingCount: counts.pending,
        createdAt: new Date(service.createdAt),
      },
    ],
    events: service.events
      .map((event, at) => ({
        id: `${service.deploymentId}-${at}`,
        createdAt: new Date(event.at),
        message: event.message,
      }))
      .reverse()
      .slice(0, 100),
    ...(withTags ? { tags: showTags(service.tags) } : {}),
  };
}

export function showTags(tags: ReadonlyMap<string, string>): sdk.Tag[] {
  return [...tags].map(([key, value]) => ({ key, value }));
}

function dateOf(millis: number | undefined): Date | undefined {
  return millis === undefined ? undefined : new Date(millis);
}

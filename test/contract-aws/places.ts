/** The two places that the contract tests run in: the simulated region, and moto where `npm run test:moto` has started it. */
import {
  AttachInstancesCommand,
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
  PutLifecycleHookCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateTagsCommand, DescribeSubnetsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  ECSClient,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  StartTaskCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand,
  ListNamespacesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import type { AwsAccess } from '../../src/aws/clients.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

export const REGION = 'eu-west-1';

/** What a test needs to be there. Every name is new, so that tests do not see each other. */
export interface Place {
  readonly name: 'simulated region' | 'moto';
  readonly access: AwsAccess;
  launch(tags?: Readonly<Record<string, string>>): Promise<string>;
  cluster(name: string): Promise<void>;
  /** @returns the ARN of the container instance */
  join(cluster: string, instanceId: string): Promise<string>;
  /** @returns the ARN of a task that somebody started on the container instance */
  startTask(cluster: string, containerInstance: string): Promise<string>;
  /** @returns the ARN of the target group */
  targetGroup(name: string, delaySeconds: number): Promise<string>;
  register(targetGroup: string, instanceId: string, port: number): Promise<void>;
  group(
    name: string,
    instanceId: string,
    hook: { readonly name: string; readonly heartbeatTimeout: number },
  ): Promise<void>;
  /** @returns the id of a Cloud Map service with one registration */
  service(name: string, registration: { readonly id: string; readonly address: string }): Promise<string>;
}

export function places(): Place[] {
  const endpoint = process.env.MOTO_ENDPOINT;
  return [simulated(), ...(endpoint === undefined ? [] : [moto(endpoint)])];
}

function simulated(): Place {
  const region = new SimulatedRegion({ region: REGION });
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const { ec2, ecs, elbv2, autoScaling, cloudMap } = region;
  return {
    name: 'simulated region',
    access: { requestHandler, credentials, endpoint },
    launch: async (tags = {}) => ec2.launch({ tags }),
    cluster: async (name) => void ecs.createCluster(name),
    join: async (cluster, instanceId) => ecs.registerContainerInstance(cluster, instanceId),
    startTask: async (cluster, instance) => ecs.startTask({ cluster, instance }),
    targetGroup: async (name, deregistrationDelaySeconds) =>
      elbv2.createTargetGroup({ name, deregistrationDelaySeconds }),
    register: async (group, id, port) => elbv2.registerTargets(group, [{ id, port }]),
    group: async (name, instanceId, hook) => {
      autoScaling.createGroup({ name });
      autoScaling.putLifecycleHook(name, hook);
      autoScaling.attachInstance(name, instanceId);
    },
    service: async (name, { id, address }) => {
      const service = cloudMap.createService(cloudMap.createNamespace(name), name);
      cloudMap.register(service, id, { AWS_INSTANCE_IPV4: address });
      return service;
    },
  };
}

function moto(endpoint: string): Place {
  const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' };
  const config = { endpoint, credentials, region: REGION };
  const ec2 = new EC2Client(config);
  const ecs = new ECSClient(config);
  const elbv2 = new ElasticLoadBalancingV2Client(config);
  const autoScaling = new AutoScalingClient(config);
  const cloudMap = new ServiceDiscoveryClient(config);
  const given = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('moto left out what the test needs');
    return value;
  };
  return {
    name: 'moto',
    access: { endpoint, credentials },
    async launch(tags = {}) {
      const { Instances } = await ec2.send(
        new RunInstancesCommand({ MinCount: 1, MaxCount: 1, ImageId: 'ami-12c6146b' }),
      );
      const id = given(Instances?.[0]?.InstanceId);
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      if (Tags.length > 0) await ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
      return id;
    },
    async cluster(clusterName) {
      await ecs.send(new CreateClusterCommand({ clusterName }));
    },
    async join(cluster, instanceId) {
      const instanceIdentityDocument = JSON.stringify({ instanceId, region: REGION, accountId: '123456789012' });
      const command = new RegisterContainerInstanceCommand({ cluster, instanceIdentityDocument });
      return given((await ecs.send(command)).containerInstance?.containerInstanceArn);
    },
    async startTask(cluster, containerInstance) {
      const definition = { name: 'web', image: 'web', memory: 16, cpu: 16 };
      await ecs.send(new RegisterTaskDefinitionCommand({ family: 'web', containerDefinitions: [definition] }));
      const command = new StartTaskCommand({ cluster, taskDefinition: 'web', containerInstances: [containerInstance] });
      return given((await ecs.send(command)).tasks?.[0]?.taskArn);
    },
    async targetGroup(Name, delaySeconds) {
      const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
      const command = new CreateTargetGroupCommand({ Name, Port: 80, Protocol: 'HTTP', VpcId: Subnets?.[0]?.VpcId });
      const TargetGroupArn = given((await elbv2.send(command)).TargetGroups?.[0]?.TargetGroupArn);
      const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: String(delaySeconds) }];
      await elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
      return TargetGroupArn;
    },
    async register(TargetGroupArn, Id, Port) {
      await elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id, Port }] }));
    },
    async group(AutoScalingGroupName, instanceId, { name, heartbeatTimeout }) {
      const LaunchConfigurationName = AutoScalingGroupName;
      await autoScaling.send(
        new CreateLaunchConfigurationCommand({
          LaunchConfigurationName,
          ImageId: 'ami-12c6146b',
          InstanceType: 't3.micro',
        }),
      );
      const AvailabilityZones = [`${REGION}a`];
      const sizes = { MinSize: 0, MaxSize: 5, DesiredCapacity: 0 };
      await autoScaling.send(
        new CreateAutoScalingGroupCommand({
          AutoScalingGroupName,
          LaunchConfigurationName,
          AvailabilityZones,
          ...sizes,
        }),
      );
      const transition = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' };
      const hook = { LifecycleHookName: name, HeartbeatTimeout: heartbeatTimeout, ...transition };
      await autoScaling.send(new PutLifecycleHookCommand({ AutoScalingGroupName, ...hook }));
      await autoScaling.send(new AttachInstancesCommand({ AutoScalingGroupName, InstanceIds: [instanceId] }));
    },
    async service(Name, { id: InstanceId, address }) {
      await cloudMap.send(new CreateHttpNamespaceCommand({ Name }));
      const { Namespaces } = await cloudMap.send(new ListNamespacesCommand({}));
      const NamespaceId = given(Namespaces?.find((namespace) => namespace.Name === Name)?.Id);
      const { Service } = await cloudMap.send(new CreateServiceCommand({ Name, NamespaceId }));
      const ServiceId = given(Service?.Id);
      const Attributes = { AWS_INSTANCE_IPV4: address };
      await cloudMap.send(new RegisterInstanceCommand({ ServiceId, InstanceId, Attributes }));
      return ServiceId;
    },
  };
}

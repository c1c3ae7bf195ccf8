/**
 * From what is set at the top of serverless.yml to the values that the template is made of. All faults are reported
 * together; null means that the template leaves the member out.
 */
import * as z from 'zod/mini';
import { Region } from '../src/contract/common.ts';
import { parse } from '../src/contract/parse.ts';
import { settingsSchema } from '../src/contract/settings.ts';

const Arn = (service: string) =>
  z
    .string({ error: `must be the ARN of ${service}` })
    .check(z.regex(/^arn:aws[a-z-]*:[a-z0-9-]+:[^\s]+$/, { error: `must be the ARN of ${service}` }));

const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.number({ error }).check(z.int({ error }), z.gte(least, { error }), z.lte(most, { error }));
};

const Names = z.array(z.string().check(z.minLength(1)), { error: 'must be a list of names' });
const Flag = z.boolean({ error: 'must be true or false' });

/** What one may set. Its defaults stand in serverless.yml, each with its comment. */
export const StackSettings = z.strictObject({
  allowedRegions: z
    .array(Region, { error: 'must be a list of regions' })
    .check(z.minLength(1, { error: 'must name a region' })),
  clusterArns: z.nullable(
    z.array(z.string().check(z.startsWith('arn:')), { error: 'must be a list of ARNs of ECS clusters' }),
  ),
  hookPrefix: z
    .string({ error: 'must be the beginning of a hook name' })
    .check(z.minLength(1, { error: 'must not be empty: every hook would be ours' })),
  hooks: Names,
  credentialsParameter: z
    .string({ error: 'must be the name of an SSM parameter' })
    .check(z.regex(/^\/[A-Za-z0-9_./-]+$/, { error: 'must be the name of an SSM parameter that begins with a slash' })),
  cloudMap: z.strictObject({
    enabled: Flag,
    everyMinutes: whole(1, 1440),
    services: Names,
    instancesRegions: z.array(Region, { error: 'must be a list of regions' }),
  }),
  drainTimeoutSeconds: whole(1, 2_000_000),
  targetsTimeoutSeconds: whole(1, 2_000_000),
  terminationDelaySeconds: whole(0, 2_000_000),
  terminationTag: z.nullable(settingsSchema().shape.SLUICE_TERMINATION_TAG.def.innerType),
  eventBus: z.string({ error: 'must be the name of an event bus, or "none"' }).check(z.minLength(1)),
  rebalanceRecommendations: Flag,
  snsTopics: z.array(Arn('an SNS topic'), { error: 'must be a list of ARNs of SNS topics' }),
  observingConcurrency: z.nullable(whole(1, 1_000)),
  drainDelayConcurrency: z.nullable(whole(1, 1_000)),
  alarmTopic: z.nullable(Arn('an SNS topic')),
  logRetentionDays: whole(1, 3653),
  logLevel: settingsSchema().shape.SLUICE_LOG_LEVEL.def.innerType,
  executionLogLevel: z.enum(['OFF', 'ERROR', 'FATAL', 'ALL'], { error: 'must be OFF, ERROR, FATAL or ALL' }),
  tracing: Flag,
  permissionsBoundary: z.nullable(Arn('an IAM policy')),
  kmsKeyArn: z.nullable(Arn('a KMS key')),
  vpc: z.nullable(
    z.strictObject(
      { securityGroupIds: Names.check(z.minLength(1)), subnetIds: Names.check(z.minLength(1)) },
      { error: 'must name securityGroupIds and subnetIds' },
    ),
  ),
});
export type StackSettings = z.output<typeof StackSettings>;

const allow = (sid: string, Action: readonly string[], Resource: unknown, Condition?: object) => ({
  Sid: sid,
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

const sub = (text: string) => ({ 'Fn::Sub': text });

/** @param stack name of the stack, with which every name begins. @throws InvalidInput naming every fault. */
export function derive(document: unknown, stack: string) {
  const set = parse(StackSettings, document, 'custom.settings in serverless.yml');
  const regions = { 'aws:RequestedRegion': set.allowedRegions };
  const clusters = set.clusterArns ?? [sub('arn:${AWS::Partition}:ecs:*:${AWS::AccountId}:cluster/*')];
  const bus = set.eventBus === 'none' ? 'default' : set.eventBus;
  const busName = bus.slice(bus.lastIndexOf('/') + 1);
  return {
    stack,
    environment: environment(set, stack),
    hookPatterns: [{ prefix: set.hookPrefix }, ...set.hooks],
    clusters,
    eventBus: [sub(`arn:\${AWS::Partition}:events:*:\${AWS::AccountId}:event-bus/${busName}`)],
    eventBusName: bus,
    outcomesState: set.eventBus === 'none' ? 'DISABLED' : 'ENABLED',
    rebalanceState: set.rebalanceRecommendations ? 'ENABLED' : 'DISABLED',
    conditions: {
      inAllowedRegions: { StringEquals: regions },
      inInstancesRegions: {
        StringEquals: {
          'aws:RequestedRegion': [...new Set([...set.allowedRegions, ...set.cloudMap.instancesRegions])],
        },
      },
      inClusters: { StringEquals: regions, ArnLike: { 'ecs:cluster': clusters } },
      terminable: { StringEquals: { ...regions, ...tagOf(set.terminationTag) }, ...anyValueOf(set.terminationTag) },
    },
    statements: {
      tracing: set.tracing ? allow('Tracing', ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], '*') : null,
      network: set.vpc === null ? null : allow('Network', NETWORK, '*'),
      machineKey:
        set.kmsKeyArn === null ? null : allow('MachineKey', ['kms:Decrypt', 'kms:GenerateDataKey'], set.kmsKeyArn),
      logDelivery: set.executionLogLevel === 'OFF' ? null : allow('LogDelivery', LOG_DELIVERY, '*'),
    },
    machineEncryption:
      set.kmsKeyArn === null
        ? { Type: 'AWS_OWNED_KEY' }
        : { Type: 'CUSTOMER_MANAGED_KMS_KEY', KmsKeyId: set.kmsKeyArn, KmsDataKeyReusePeriodSeconds: 900 },
    cloudMapState: set.cloudMap.enabled && set.cloudMap.services.length > 0 ? 'ENABLED' : 'DISABLED',
    cloudMapInput: {
      'Fn::Sub': JSON.stringify({
        region: '${AWS::Region}',
        services: set.cloudMap.services,
        instancesRegions: set.cloudMap.instancesRegions,
        requestedBy: 'schedule',
      }),
    },
    cloudMapRate: `rate(${set.cloudMap.everyMinutes} minute${set.cloudMap.everyMinutes === 1 ? '' : 's'})`,
    credentialsArns: [
      sub(`arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter${set.credentialsParameter}`),
    ],
    observingConcurrency: set.observingConcurrency,
    quotaShare: quotaShare(set.observingConcurrency),
    drainDelayConcurrency: set.drainDelayConcurrency,
    alarmActions: set.alarmTopic === null ? null : [set.alarmTopic],
    logRetentionDays: set.logRetentionDays,
    executionLogLevel: set.executionLogLevel,
    tracing: set.tracing,
    permissionsBoundary: set.permissionsBoundary,
    kmsKeyArn: set.kmsKeyArn,
    vpc: set.vpc,
    topics: topicResources(set.snsTopics),
  };
}

/** Lambda has no finer form of these: it makes the interfaces before it knows the function's own. */
const NETWORK = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** What Step Functions needs to write a log group: AWS knows no resource for any of it. */
const LOG_DELIVERY = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
];

/** @returns every `SLUICE_*` variable of a function: `npm run check` finds one that the code does not know. */
/** A smaller share would not do for one step. */
const LEAST_SHARE = 0.1;

/** Of the account's quotas, what each container of an observing function may take: text, as an environment has it. */
export function quotaShare(containers: number | null): string {
  return String(Math.max(LEAST_SHARE, 1 / (containers ?? Number.POSITIVE_INFINITY)));
}

function environment(set: StackSettings, stack: string): Record<string, string> {
  return {
    SLUICE_STACK: stack,
    SLUICE_HOOK_PREFIX: set.hookPrefix,
    SLUICE_HOOKS: set.hooks.join(','),
    SLUICE_ALLOWED_REGIONS: set.allowedRegions.join(','),
    SLUICE_EVENT_BUS: set.eventBus,
    SLUICE_DRAIN_TIMEOUT_SECONDS: String(set.drainTimeoutSeconds),
    SLUICE_TARGETS_TIMEOUT_SECONDS: String(set.targetsTimeoutSeconds),
    SLUICE_TERMINATION_DELAY_SECONDS: String(set.terminationDelaySeconds),
    SLUICE_TERMINATION_TAG: set.terminationTag ?? '',
    SLUICE_CREDENTIALS_PARAMETER: set.credentialsParameter,
    SLUICE_LOG_LEVEL: set.logLevel,
  };
}

function tagOf(tag: string | null): Record<string, string> {
  const [key, ...value] = (tag ?? '').split('=');
  return tag?.includes('=') === true ? { [`aws:ResourceTag/${key}`]: value.join('=') } : {};
}

function anyValueOf(tag: string | null): object {
  return tag === null || tag.includes('=') ? {} : { Null: { [`aws:ResourceTag/${tag}`]: 'false' } };
}

/** A subscription and a permission for each topic; what SNS cannot deliver goes to the same queue as what a rule cannot. */
function topicResources(topics: readonly string[]): object {
  const entries = topics.flatMap((topic, index): [string, object][] => [
    [
      `Topic${index + 1}Subscription`,
      {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: topic,
          Protocol: 'lambda',
          Endpoint: { 'Fn::GetAtt': ['OnSnsNotificationLambdaFunction', 'Arn'] },
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['UndeliveredEvents', 'Arn'] } },
        },
      },
    ],
    [
      `Topic${index + 1}Permission`,
      {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: { Ref: 'OnSnsNotificationLambdaFunction' },
          Principal: 'sns.amazonaws.com',
          SourceArn: topic,
        },
      },
    ],
  ]);
  return { Resources: Object.fromEntries(entries) };
}

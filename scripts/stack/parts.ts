/** Functions, machines, log groups and alarms: one of each kind for each file. */
import { OBSERVERS } from '../../infrastructure/triggers.ts';
import {
  capital,
  functionId,
  logGroupId,
  roleId,
  type StackFunction,
  type StackMachine,
  type StackModel,
} from './model.ts';
import { optional, setting } from './roles.ts';

const STACK = setting('stack');

export function lambdaFunctions({ functions }: StackModel): Record<string, object> {
  return Object.fromEntries(
    functions.map(({ key, file, description, timeoutSeconds, workflows, trigger }) => [
      key,
      {
        name: `${STACK}-${key}`,
        description,
        handler: `dist/functions/${file}/index.handler`,
        package: { patterns: ['!**', `dist/functions/${file}/**`] },
        role: roleId(key),
        timeout: timeoutSeconds,
        ...concurrency(key, trigger?.concurrencySetting),
        ...(OBSERVERS.includes(key) ? { environment: SHARED_QUOTAS } : {}),
        // Its log group is in log-groups.yml, with the retention and the key that are set.
        disableLogs: true,
        ...(trigger?.called === 'event'
          ? {
              maximumRetryAttempts: 2,
              destinations: { onFailure: { type: 'sqs', arn: { 'Fn::GetAtt': ['FailedEvents', 'Arn'] } } },
            }
          : {}),
        tags: { 'sluice:workflow': workflows.length === 1 ? workflows[0] : trigger === undefined ? 'several' : 'none' },
      },
    ]),
  );
}

/** They know nothing of each other: each begins with its share, and slows down when AWS says no. */
const SHARED_QUOTAS = { AWS_RETRY_MODE: 'adaptive', SLUICE_QUOTA_SHARE: '${self:custom.derived.quotaShare}' };

function concurrency(key: string, named: string | undefined): object {
  const name = named ?? (OBSERVERS.includes(key) ? 'observingConcurrency' : undefined);
  return name === undefined ? {} : { reservedConcurrency: optional(name) };
}

export function stateMachines({ machines }: StackModel): Record<string, object> {
  return Object.fromEntries(
    machines.map(({ workflow, id }) => [
      workflow,
      {
        id,
        name: `${STACK}-${workflow}`,
        type: 'STANDARD',
        role: { 'Fn::GetAtt': [`${id}MachineRole`, 'Arn'] },
        definition: `\${file(state-machines/${workflow}.asl.json)}`,
        loggingConfig: {
          level: setting('executionLogLevel'),
          includeExecutionData: false,
          destinations: [{ 'Fn::GetAtt': [`${id}MachineLogGroup`, 'Arn'] }],
        },
        tracingConfig: { enabled: setting('tracing') },
      },
    ]),
  );
}

/** The plugin always names a key, and AWS refuses one beside its own keys. */
export function encryption({ machines }: StackModel): Record<string, object> {
  return Object.fromEntries(
    machines.map(({ id }) => [id, { Properties: { EncryptionConfiguration: setting('machineEncryption') } }]),
  );
}

function logGroup(name: string): object {
  return {
    Type: 'AWS::Logs::LogGroup',
    Properties: { LogGroupName: name, RetentionInDays: setting('logRetentionDays'), KmsKeyId: optional('kmsKeyArn') },
  };
}

export function logGroups({ functions, machines }: StackModel): Record<string, object> {
  return {
    ...Object.fromEntries(functions.map(({ key }) => [logGroupId(key), logGroup(`/aws/lambda/${STACK}-${key}`)])),
    // Step Functions wants this prefix, else the policy that lets it write outgrows its limit.
    ...Object.fromEntries(
      machines.map(({ workflow, id }) => [
        `${id}MachineLogGroup`,
        logGroup(`/aws/vendedlogs/states/${STACK}-${workflow}`),
      ]),
    ),
  };
}

interface AlarmSpec {
  readonly name: string;
  readonly description: string;
  readonly metrics: readonly object[];
}

/** @param description what it means; what to do stands in docs/operations.md */
function alarm({ name, description, metrics }: AlarmSpec): object {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${STACK}-${name}`,
      AlarmDescription: `${description} See docs/operations.md.`,
      Metrics: metrics,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
      AlarmActions: optional('alarmActions'),
    },
  };
}

const metric = (id: string, namespace: string, name: string, dimension: string, value: object, shown = false) => ({
  Id: id,
  ReturnData: shown,
  MetricStat: {
    Metric: { Namespace: namespace, MetricName: name, Dimensions: [{ Name: dimension, Value: value }] },
    Period: 300,
    Stat: 'Sum',
  },
});

function machineAlarm({ workflow, id }: StackMachine): [string, object] {
  const of = (name: string, metricId: string) => metric(metricId, 'AWS/States', name, 'StateMachineArn', { Ref: id });
  return [
    `${id}MachineAlarm`,
    alarm({
      name: `${workflow}-failed`,
      description: `Executions of ${workflow} failed or timed out.`,
      metrics: [
        {
          Id: 'ended',
          Expression: 'FILL(failed, 0) + FILL(expired, 0)',
          Label: 'failed or timed out',
          ReturnData: true,
        },
        of('ExecutionsFailed', 'failed'),
        of('ExecutionsTimedOut', 'expired'),
      ],
    }),
  ];
}

function triggerAlarm({ key }: StackFunction): [string, object] {
  return [
    `${capital(key)}Alarm`,
    alarm({
      name: `${key}-errors`,
      description: `The function ${key} failed.`,
      metrics: [metric('errors', 'AWS/Lambda', 'Errors', 'FunctionName', { Ref: functionId(key) }, true)],
    }),
  ];
}

/** A step has none of its own: what it fails on fails its execution, and its machine has one. */
export function alarms({ functions, machines }: StackModel): Record<string, object> {
  return Object.fromEntries([
    ...machines.map(machineAlarm),
    ...functions.filter(({ trigger }) => trigger !== undefined).map(triggerAlarm),
  ]);
}

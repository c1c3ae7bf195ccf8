/** What there is in the account, asked of each service itself and not of CloudFormation. */
import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { GetRolePolicyCommand, IAMClient, paginateListRoles } from '@aws-sdk/client-iam';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { DescribeStateMachineCommand, paginateListStateMachines, SFNClient } from '@aws-sdk/client-sfn';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

export interface Account {
  readonly functions: Readonly<
    Record<string, { readonly variables: Readonly<Record<string, string>>; readonly runtime: string }>
  >;
  /** Definitions by name. */
  readonly machines: Readonly<Record<string, string>>;
  /** Policies by role name. */
  readonly roles: Readonly<Record<string, string>>;
  readonly rules: readonly string[];
  readonly queues: readonly string[];
  readonly logGroups: readonly string[];
}

export async function readAccount(endpoint: string, region: string): Promise<Account> {
  const config = { endpoint, region, credentials: { accessKeyId: 'moto', secretAccessKey: 'moto' } };
  const functions: Record<string, { variables: Record<string, string>; runtime: string }> = {};
  for await (const { Functions } of paginateListFunctions({ client: new LambdaClient(config) }, {})) {
    for (const { FunctionName = '', Runtime = '', Environment } of Functions ?? []) {
      functions[FunctionName] = { variables: Environment?.Variables ?? {}, runtime: Runtime };
    }
  }
  const sfn = new SFNClient(config);
  const machines: Record<string, string> = {};
  for await (const { stateMachines } of paginateListStateMachines({ client: sfn }, {})) {
    for (const { name = '', stateMachineArn } of stateMachines ?? []) {
      machines[name] = (await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }))).definition ?? '';
    }
  }
  const logGroups: string[] = [];
  for await (const page of paginateDescribeLogGroups({ client: new CloudWatchLogsClient(config) }, {})) {
    logGroups.push(...(page.logGroups ?? []).flatMap(({ logGroupName }) => logGroupName ?? []));
  }
  const rules = await new EventBridgeClient(config).send(new ListRulesCommand({}));
  const queues = await new SQSClient(config).send(new ListQueuesCommand({}));
  return {
    functions,
    machines,
    roles: await readRoles(new IAMClient(config)),
    rules: (rules.Rules ?? []).flatMap(({ Name }) => Name ?? []),
    queues: (queues.QueueUrls ?? []).map((url) => url.slice(url.lastIndexOf('/') + 1)),
    logGroups,
  };
}

async function readRoles(iam: IAMClient): Promise<Record<string, string>> {
  const roles: Record<string, string> = {};
  for await (const { Roles } of paginateListRoles({ client: iam }, {})) {
    for (const { RoleName = '' } of Roles ?? []) {
      const policies: string[] = [];
      for (const PolicyName of ['calls', 'runs', 'starts']) {
        try {
          const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
          policies.push(decodeURIComponent(PolicyDocument ?? ''));
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'NoSuchEntityException') throw error;
        }
      }
      roles[RoleName] = policies.join('\n');
    }
  }
  return roles;
}

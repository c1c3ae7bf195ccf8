/** What is asked about an installation, by `sluice doctor` alone: CloudFormation, IAM, STS and the rules. */
import {
  CloudFormationClient,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { DescribeRuleCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { NotFound } from '../contract/errors.ts';
import { batches } from './batches.ts';
import { clientFactory } from './clients.ts';
import { codeOf } from './errors.ts';

export const cloudFormationClient = clientFactory(CloudFormationClient);
export const iamClient = clientFactory(IAMClient);
export const stsClient = clientFactory(STSClient);

export interface Identity {
  readonly accountId: string;
  readonly arn: string;
}

/** @throws AccessDenied @throws Unavailable when there are no credentials */
export async function whoAmI(sts: STSClient): Promise<Identity> {
  const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
  return { accountId: Account, arn: Arn };
}

export interface DeployedStack {
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** @returns undefined when there is no such stack */
export async function describeStack(
  cloudFormation: CloudFormationClient,
  name: string,
): Promise<DeployedStack | undefined> {
  try {
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [
      OutputKey,
      OutputValue,
    ]);
    return { status: Stacks?.[0]?.StackStatus ?? 'UNKNOWN', outputs: Object.fromEntries(outputs) };
  } catch (error) {
    if (/does not exist/.test(error instanceof Error ? error.message : '')) return undefined;
    throw error;
  }
}

/** @returns `ENABLED`, `DISABLED`; `absent` when the stack has no such rule */
export async function ruleState(
  cloudFormation: CloudFormationClient,
  events: EventBridgeClient,
  stack: string,
  logicalId: string,
): Promise<string> {
  try {
    const named = new DescribeStackResourceCommand({ StackName: stack, LogicalResourceId: logicalId });
    const { StackResourceDetail } = await cloudFormation.send(named);
    const Name = StackResourceDetail?.PhysicalResourceId?.split('|').at(-1)?.split('/').at(-1);
    return (await events.send(new DescribeRuleCommand({ Name }))).State ?? 'absent';
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    if (error instanceof NotFound || /does not exist|not found/i.test(text)) return 'absent';
    throw error;
  }
}

const SIMULATED_AT_ONCE = 50;

/** @returns the actions that IAM would not allow. @throws AccessDenied where the simulation itself is not */
export async function deniedActions(
  iam: IAMClient,
  principalArn: string,
  actions: readonly string[],
): Promise<string[]> {
  const denied: string[] = [];
  for (const ActionNames of batches(actions, SIMULATED_AT_ONCE)) {
    const command = new SimulatePrincipalPolicyCommand({ PolicySourceArn: principalArn, ActionNames });
    for (const { EvalActionName = '', EvalDecision } of (await iam.send(command)).EvaluationResults ?? []) {
      if (EvalDecision !== 'allowed') denied.push(EvalActionName);
    }
  }
  return denied;
}

/** By a dry run, which EC2 refuses with another word for what would have been allowed. */
export async function mayDescribeInstances(ec2: EC2Client): Promise<boolean> {
  try {
    await ec2.send(new DescribeInstancesCommand({ DryRun: true }));
    return true;
  } catch (error) {
    if (codeOf(error) === 'DryRunOperation') return true;
    if (codeOf(error) === 'UnauthorizedOperation') return false;
    throw error;
  }
}

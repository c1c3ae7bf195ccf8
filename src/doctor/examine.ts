/** Reads what there is to know about an installation, and has it judged. Changes nothing. */
import { autoScalingClient, groupNames, hooksOfGroup } from '../aws/auto-scaling.ts';
import type { AwsAccess } from '../aws/clients.ts';
import { ec2Client } from '../aws/ec2.ts';
import { eventBridgeClient } from '../aws/events.ts';
import {
  cloudFormationClient,
  deniedActions,
  describeStack,
  type Identity,
  iamClient,
  mayDescribeInstances,
  ruleState,
  stsClient,
  whoAmI,
} from '../aws/installation.ts';
import { readParameter, ssmClient } from '../aws/ssm.ts';
import { AccessDenied, InvalidInput, NotFound, SluiceError } from '../contract/errors.ts';
import { CredentialList } from '../contract/http/credentials.ts';
import { parse } from '../contract/parse.ts';
import type { Settings } from '../contract/settings.ts';
import {
  type Finding,
  type GroupFacts,
  hookFindings,
  ok,
  type ParameterFacts,
  type PermissionFacts,
  parameterFindings,
  permissionFindings,
  type StackFacts,
  stackFindings,
} from './findings.ts';

export interface Patient {
  readonly access: AwsAccess;
  readonly region: string | undefined;
  readonly stack: string;
  readonly settings: Settings;
  /** Of this program. */
  readonly release: string;
  readonly nodeVersion: string;
}

/** What `sluice run drain-instance` asks of AWS with the credentials of whoever runs it. */
export const RUN_ACTIONS: readonly string[] = [
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:DescribeAutoScalingGroups',
  'autoscaling:DescribeAutoScalingInstances',
  'autoscaling:DescribeLifecycleHooks',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'ec2:DescribeInstances',
  'ec2:DescribeSpotInstanceRequests',
  'ecs:DescribeContainerInstances',
  'ecs:DescribeServices',
  'ecs:DescribeTasks',
  'ecs:ListClusters',
  'ecs:ListContainerInstances',
  'ecs:ListTasks',
  'ecs:StopTask',
  'ecs:UpdateContainerInstancesState',
  'elasticloadbalancing:DeregisterTargets',
  'elasticloadbalancing:DescribeTargetGroupAttributes',
  'elasticloadbalancing:DescribeTargetGroups',
  'elasticloadbalancing:DescribeTargetHealth',
  'events:PutEvents',
];

const LEAST_NODE = 24;

/** Each finding as soon as it is known; what cannot be reached ends the examination. */
export async function* examine(patient: Patient): AsyncGenerator<Finding> {
  const { access, region, stack: name, settings } = patient;
  yield toolFinding(patient.nodeVersion);
  if (region === undefined) {
    const remedy = 'set AWS_REGION, or give --aws-region';
    yield { level: 'fault', about: 'region', found: 'none is named', remedy };
    return;
  }
  let identity: Identity;
  try {
    identity = await whoAmI(stsClient(access, region));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const remedy = '`aws sso login`, or AWS_PROFILE, or the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    yield { level: 'fault', about: 'credentials', found: error.message, remedy };
    return;
  }
  yield ok('credentials', `${identity.arn} in account ${identity.accountId}`);
  yield ok('region', region);
  let stack: StackFacts | undefined;
  for (const part of [
    async () => {
      stack = await readStack(access, region, name);
      return stackFindings(name, stack, patient.release);
    },
    async () => {
      const parameter = stack?.credentialsParameter;
      return parameter === undefined
        ? []
        : parameterFindings(parameter, await readCredentials(access, region, parameter));
    },
    async () => permissionFindings(await readPermissions(access, region, identity)),
    async () => hookFindings(await readGroups(access, region), settings, stack?.rule === 'ENABLED'),
  ]) {
    try {
      yield* await part();
    } catch (error) {
      // One thing that may not be looked at hides nothing of the others.
      if (!(error instanceof SluiceError)) throw error;
      const remedy = 'the policies in examples/iam allow it';
      yield { level: 'note', about: 'a part of this', found: `could not be looked at: ${error.message}`, remedy };
    }
  }
}

function toolFinding(version: string): Finding {
  if (Number.parseInt(version, 10) >= LEAST_NODE) return ok('Node', version);
  const remedy = `\`npm ci\` brings Node ${LEAST_NODE}; run it by \`npx sluice\``;
  return { level: 'fault', about: 'Node', found: `${version} is too old`, remedy };
}

async function readStack(access: AwsAccess, region: string, name: string): Promise<StackFacts | undefined> {
  const cloudFormation = cloudFormationClient(access, region);
  const found = await describeStack(cloudFormation, name);
  if (found === undefined) return undefined;
  const { Version, CredentialsParameter, ApiUrl } = found.outputs;
  return {
    status: found.status,
    rule: await ruleState(cloudFormation, eventBridgeClient(access, region), name, 'LifecycleActionRule'),
    ...(Version === undefined ? {} : { version: Version }),
    ...(CredentialsParameter === undefined ? {} : { credentialsParameter: CredentialsParameter }),
    ...(ApiUrl === undefined ? {} : { apiUrl: ApiUrl }),
  };
}

async function readCredentials(access: AwsAccess, region: string, name: string): Promise<ParameterFacts> {
  try {
    parse(CredentialList, JSON.parse(await readParameter(ssmClient(access, region), name)), 'the list');
    return 'usable';
  } catch (error) {
    if (error instanceof NotFound) return 'absent';
    if (error instanceof AccessDenied) return 'not readable';
    if (error instanceof InvalidInput) return { wrong: error.message };
    if (error instanceof SyntaxError) return { wrong: 'are no JSON' };
    throw error;
  }
}

async function readPermissions(
  access: AwsAccess,
  region: string,
  { arn, accountId }: Identity,
): Promise<PermissionFacts> {
  if (!(await mayDescribeInstances(ec2Client(access, region)))) {
    return { denied: ['ec2:DescribeInstances'], by: 'a dry run' };
  }
  if (arn.endsWith(':root')) return { denied: [], by: 'being the root user' };
  const [, role] = /:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  const principal = role === undefined ? arn : `arn:${arn.split(':')[1]}:iam::${accountId}:role/${role}`;
  try {
    return { denied: await deniedActions(iamClient(access, region), principal, RUN_ACTIONS), by: 'simulation' };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { unknown: error.message };
  }
}

async function readGroups(access: AwsAccess, region: string): Promise<GroupFacts[]> {
  const autoScaling = autoScalingClient(access, region);
  const groups: GroupFacts[] = [];
  for (const name of await groupNames(autoScaling)) {
    groups.push({ name, hooks: await hooksOfGroup(autoScaling, name) });
  }
  return groups;
}

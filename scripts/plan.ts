/**
 * `npm run plan`: what a deployment would change, as CloudFormation sees it: a change set that is shown and deleted, never
 * executed. Where nothing is deployed yet, everything is new, and the template says what.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type Change,
  ChangeSetStatus,
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  type DescribeChangeSetOutput,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PACKAGE_FOLDER, packageStack, type Template } from './package-stack.ts';

const say = (line = '') => process.stdout.write(`${line}\n`);

const MARKS = new Map<string, string>([
  ['Add', '+'],
  ['Remove', '-'],
  ['Modify', '~'],
]);

const args = process.argv.slice(2);
const template = await packageStack({ args });
const stage = /--stage[= ](\S+)/.exec(args.join(' '))?.[1] ?? 'prod';
const stack = stage === 'prod' ? 'sluice' : `sluice-${stage}`;
const region =
  /--region[= ](\S+)/.exec(args.join(' '))?.[1] ??
  process.env.AWS_REGION ??
  process.env.AWS_DEFAULT_REGION ??
  'eu-west-1';
const cloudFormation = new CloudFormationClient({ region });

if (await isDeployed()) await showChanges();
else showAll();

async function isDeployed(): Promise<boolean> {
  try {
    await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
    return true;
  } catch (error) {
    if (error instanceof Error && /does not exist/.test(error.message)) return false;
    throw error;
  }
}

function showAll(): void {
  const counts = new Map<string, number>();
  for (const { Type } of Object.values(template.Resources)) counts.set(Type, (counts.get(Type) ?? 0) + 1);
  say(`${stack} is not deployed in ${region}: all of this would be made.`);
  for (const [type, count] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) say(`  + ${count} ${type}`);
}

async function showChanges(): Promise<void> {
  const s3 = new S3Client({ region });
  const bucket = new DescribeStackResourceCommand({
    StackName: stack,
    LogicalResourceId: 'ServerlessDeploymentBucket',
  });
  const { StackResourceDetail } = await cloudFormation.send(bucket);
  const Bucket = StackResourceDetail?.PhysicalResourceId ?? '';
  const Key = `serverless/plan/${Date.now()}.json`;
  const Body = JSON.stringify(await withDeployedCode());
  await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json' }));
  const ChangeSetName = `plan-${Date.now()}`;
  const named = { StackName: stack, ChangeSetName };
  try {
    await cloudFormation.send(
      new CreateChangeSetCommand({
        ...named,
        TemplateURL: `https://${Bucket}.s3.${region}.amazonaws.com/${Key}`,
        Capabilities: ['CAPABILITY_NAMED_IAM'],
      }),
    );
    const { changes, reason } = await changesOf(named);
    say(
      `${stack} in ${region}: ${changes.length === 0 ? (reason ?? 'nothing would change') : `${changes.length} changes`}`,
    );
    for (const { ResourceChange: change } of changes) {
      const mark = MARKS.get(change?.Action ?? '') ?? '?';
      const replaced = change?.Replacement === 'True' ? ', replaced' : '';
      say(`  ${mark} ${change?.LogicalResourceId} (${change?.ResourceType}${replaced})`);
    }
  } finally {
    await cloudFormation.send(new DeleteChangeSetCommand(named));
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  }
}

/** A zip is the same from build to build: what is deployed already keeps its place, so that only what differs is shown. */
async function withDeployedCode(): Promise<Template> {
  const answer = await cloudFormation.send(new GetTemplateCommand({ StackName: stack }));
  const deployed = JSON.parse(answer.TemplateBody ?? '{}') as Template;
  const lambda = new LambdaClient({ region });
  const resources: Record<string, Template['Resources'][string]> = {};
  for (const [id, resource] of Object.entries(template.Resources)) {
    const before = deployed.Resources[id]?.Properties?.Code;
    const name = String(resource.Properties?.FunctionName);
    const same = resource.Type === 'AWS::Lambda::Function' && before !== undefined && (await isSame(lambda, name));
    resources[id] = same ? { ...resource, Properties: { ...resource.Properties, Code: before } } : resource;
  }
  return { ...template, Resources: resources };
}

async function isSame(lambda: LambdaClient, name: string): Promise<boolean> {
  const zip = readFileSync(`${PACKAGE_FOLDER}/${name.slice(stack.length + 1)}.zip`);
  const { CodeSha256 } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  return CodeSha256 === createHash('sha256').update(zip).digest('base64');
}

async function changesOf(named: {
  readonly StackName: string;
  readonly ChangeSetName: string;
}): Promise<{ readonly changes: readonly Change[]; readonly reason?: string }> {
  let page: DescribeChangeSetOutput;
  do {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    page = await cloudFormation.send(new DescribeChangeSetCommand(named));
  } while (page.Status === ChangeSetStatus.CREATE_PENDING || page.Status === ChangeSetStatus.CREATE_IN_PROGRESS);
  if (page.Status === ChangeSetStatus.FAILED)
    return { changes: [], ...(page.StatusReason === undefined ? {} : { reason: page.StatusReason }) };
  const changes = [...(page.Changes ?? [])];
  while (page.NextToken !== undefined) {
    page = await cloudFormation.send(new DescribeChangeSetCommand({ ...named, NextToken: page.NextToken }));
    changes.push(...(page.Changes ?? []));
  }
  return { changes };
}

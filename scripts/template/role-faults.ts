/** Least privilege, as far as a template shows it. */
import type { Template } from '../package-stack.ts';
import { members, reference, text } from './read.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

interface Policy {
  readonly PolicyName: string;
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

/** Actions for which IAM knows no resource. Looking changes nothing; the others are AWS's own doing in a role's name. */
const NO_RESOURCE = [
  /^(autoscaling|ec2|elasticloadbalancing):Describe/,
  /^ecs:ListClusters$/,
  /^tag:GetResources$/,
  /^servicediscovery:(List(Services|Namespaces|Operations)|GetOperation)$/,
  /^xray:Put(TelemetryRecords|TraceSegments)$/,
  /^logs:(Create|Get|Update|Delete|List)LogDeliver(y|ies)$/,
  /^logs:(PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$/,
  /^ec2:(Assign|Unassign)PrivateIpAddresses$/,
  /^ec2:(Create|Delete)NetworkInterface$/,
];

export function statementsOf(template: Template, role: string): readonly Statement[] {
  const policies = (template.Resources[role]?.Properties?.Policies ?? []) as readonly Policy[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

export function actionsOf({ Action }: Statement): readonly string[] {
  return typeof Action === 'string' ? [Action] : Action;
}

export function roleFaults(template: Template): string[] {
  const users = Object.values(template.Resources).flatMap(({ Properties }) =>
    [Properties?.Role, Properties?.RoleArn, Object(Properties?.Target).RoleArn].flatMap(
      (value) => reference(value) ?? [],
    ),
  );
  return members(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) => {
    const faults: string[] = [];
    const count = users.filter((user) => user === id).length;
    if (count !== 1) faults.push(`${id} is used ${count} times, and every role is for one`);
    if (Properties?.ManagedPolicyArns !== undefined) faults.push(`${id} has managed policies, which others may change`);
    if (text(Properties?.AssumeRolePolicyDocument).includes('"AWS"')) faults.push(`${id} may be assumed by an account`);
    return [...faults, ...statementsOf(template, id).flatMap((statement) => statementFaults(id, statement))];
  });
}

function statementFaults(role: string, statement: Statement): string[] {
  const everything = JSON.stringify(statement.Resource).includes('"*"');
  return actionsOf(statement).flatMap((action) => {
    const faults: string[] = [];
    if (action.includes('*')) faults.push(`${role} allows ${action}`);
    if (everything && !NO_RESOURCE.some((pattern) => pattern.test(action)))
      faults.push(`${role} allows ${action} on everything`);
    return faults;
  });
}

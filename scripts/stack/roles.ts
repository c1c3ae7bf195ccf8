/** One role a function and a machine. */
import { type Grant, PERMISSIONS, SERVICE_SIDE } from '../../infrastructure/permissions.ts';
import { capital, functionId, logGroupId, roleId, type StackFunction, type StackMachine } from './model.ts';

/** Made by infrastructure/settings.ts. */
export const setting = (name: string) => `\${self:custom.derived.${name}}`;
/** Likewise, of what may be null there: it is then left out of the template. */
export const optional = (name: string) => `\${self:custom.derived.${name}, null}`;

const STACK = setting('stack');
const sub = (text: string) => ({ 'Fn::Sub': text.replaceAll('${Stack}', STACK) });
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

function statement(grant: Grant, sid: string): object {
  const resources =
    'setting' in grant.on
      ? setting(grant.on.setting)
      : grant.on.map((resource) => (resource.includes('${') ? sub(resource) : resource));
  return {
    Sid: sid,
    Effect: 'Allow',
    Action: grant.actions,
    Resource: resources,
    ...condition(grant),
  };
}

function condition({ where, own }: Grant): { readonly Condition?: unknown } {
  if (where === undefined) return own === true ? {} : { Condition: setting('conditions.inAllowedRegions') };
  if ('setting' in where) return { Condition: setting(`conditions.${String(where.setting)}`) };
  return { Condition: where };
}

function trust(service: string, source?: object): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: `${service}.amazonaws.com` },
        Action: 'sts:AssumeRole',
        ...(source === undefined
          ? {}
          : {
              Condition: {
                StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
                ArnLike: { 'aws:SourceArn': source },
              },
            }),
      },
    ],
  };
}

function role(name: string, description: string, assume: object, statements: readonly unknown[]): object {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Description: description,
      AssumeRolePolicyDocument: assume,
      PermissionsBoundary: optional('permissionsBoundary'),
      Policies: [{ PolicyName: name, PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  };
}

export function functionRole({ key, trigger }: StackFunction): Record<string, object> {
  const grants = PERMISSIONS[key] ?? [];
  const statements = [
    {
      Sid: 'Logs',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: arnOf(logGroupId(key)),
    },
    ...(trigger?.called === 'event'
      ? [{ Sid: 'OnFailure', Effect: 'Allow', Action: ['sqs:SendMessage'], Resource: arnOf('FailedEvents') }]
      : []),
    ...grants.map((grant, index) => statement(grant, `Calls${index + 1}`)),
    ...(SERVICE_SIDE[key] ?? []).map((grant, index) => statement(grant, `Service${index + 1}`)),
    ...(grants.some(({ actions }) => actions.some((action) => action.startsWith('states:')))
      ? [optional('statements.machineKey')]
      : []),
    optional('statements.tracing'),
    optional('statements.network'),
  ];
  return { [roleId(key)]: role('calls', `Sluice: the function ${key}`, trust('lambda'), statements) };
}

export function machineRole(machine: StackMachine): Record<string, object> {
  const { workflow, functions, children, describes } = machine;
  const statements = [
    {
      Sid: 'Steps',
      Effect: 'Allow',
      Action: ['lambda:InvokeFunction'],
      Resource: functions.map((key) => arnOf(functionId(key))),
    },
    ...children.flatMap(childStatements),
    ...(describes ? [readsAnswers([workflow, ...children])] : []),
    optional('statements.machineKey'),
    optional('statements.logDelivery'),
    optional('statements.tracing'),
  ];
  const source = sub(
    `arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:stateMachine:\${Stack}-${workflow}`,
  );
  return {
    [`${machine.id}MachineRole`]: role(
      'runs',
      `Sluice: the state machine ${workflow}`,
      trust('states', source),
      statements,
    ),
  };
}

const OWN = 'arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}';

/** `startExecution.sync:2` watches its child by a rule that Step Functions manages, and stops it with its parent. */
function childStatements(child: string): object[] {
  const name = capital(child.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  return [
    {
      Sid: `Start${name}`,
      Effect: 'Allow',
      Action: ['states:StartExecution'],
      Resource: sub(`${OWN}:stateMachine:\${Stack}-${child}`),
    },
    {
      Sid: `Follow${name}`,
      Effect: 'Allow',
      Action: ['states:DescribeExecution', 'states:StopExecution'],
      Resource: sub(`${OWN}:execution:\${Stack}-${child}:*`),
    },
    {
      Sid: `Await${name}`,
      Effect: 'Allow',
      Action: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'],
      Resource: sub(
        'arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule',
      ),
    },
  ];
}

/** A step of the definition asks Step Functions what an execution of before has answered. */
function readsAnswers(workflows: readonly string[]): object {
  return {
    Sid: 'ReadAnswers',
    Effect: 'Allow',
    Action: ['states:DescribeExecution'],
    Resource: workflows.map((workflow) => sub(`${OWN}:execution:\${Stack}-${workflow}:*`)),
  };
}

/** The packaged stack: what the checks find in it, that they find what is broken, and that nobody gets in without a credential. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { DEFINITIONS, STEPS } from '../../functions/registry.ts';
import { TRIGGERS } from '../../infrastructure/triggers.ts';
import { reduced } from '../../scripts/moto/prepare.ts';
import { packageStack, type Resource, type Template } from '../../scripts/package-stack.ts';
import { templateFaults } from '../../scripts/template/faults.ts';
import { members } from '../../scripts/template/read.ts';
import { openApiDocument } from '../../src/http/openapi/document.ts';

const FOLDER = '.serverless-test';
jest.setTimeout(180_000);

let template: Template;
beforeAll(async () => {
  template = await packageStack({ folder: FOLDER });
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

type Change = (resource: Resource & { Properties: Record<string, unknown> }) => Resource;

/** The template with one resource changed, or left out. */
function changed(id: string, change?: Change): Template {
  const resource = template.Resources[id];
  if (resource?.Properties === undefined) throw new Error(`there is no ${id}`);
  const { [id]: _, ...others } = template.Resources;
  const copy = structuredClone({ ...resource, Properties: { ...resource.Properties } });
  return { ...template, Resources: change === undefined ? others : { ...others, [id]: change(copy) } };
}

const without =
  (property: string): Change =>
  ({ Properties, ...resource }) => {
    const { [property]: _, ...rest } = Properties;
    return { ...resource, Properties: rest };
  };

const withAction =
  (action: string, resource = '*'): Change =>
  ({ Properties, ...rest }) => {
    const statement = { Effect: 'Allow', Action: [action], Resource: resource };
    const policy = { PolicyName: 'more', PolicyDocument: { Statement: [statement] } };
    return { ...rest, Properties: { ...Properties, Policies: [policy] } };
  };

test('the stack has nothing that the checks find fault with', () => {
  expect(templateFaults(template)).toEqual([]);
});

test('every step, every door and every machine of the repository is in it', () => {
  const names = (type: string, property: string) =>
    members(template, type).map(([, { Properties }]) => String(Properties?.[property]).replace(/^sluice-/, ''));
  expect(names('AWS::Lambda::Function', 'FunctionName').toSorted()).toEqual(
    [...Object.keys(STEPS), ...Object.keys(TRIGGERS)].toSorted(),
  );
  expect(names('AWS::StepFunctions::StateMachine', 'StateMachineName').toSorted()).toEqual(
    Object.keys(DEFINITIONS).toSorted(),
  );
});

test.each<[string, string, Change | undefined, string]>([
  [
    'a function without a role',
    'ObserveDrainLambdaFunction',
    without('Role'),
    'ObserveDrainLambdaFunction has no role of this stack',
  ],
  ['a log group that is missing', 'ObserveDrainLogGroup', undefined, 'ObserveDrainLambdaFunction has no log group'],
  [
    'logs that are kept for ever',
    'ObserveDrainLogGroup',
    without('RetentionInDays'),
    'ObserveDrainLogGroup keeps its logs for ever',
  ],
  [
    'a function that a definition names and that is missing',
    'ObserveDrainLambdaFunction',
    undefined,
    'DrainInstance: Observe Drain calls ObserveDrainLambdaFunction, which is not there',
  ],
  ['a door without an alarm', 'SweepAlarm', undefined, 'SweepLambdaFunction has no alarm'],
  ['a machine without an alarm', 'DrainInstanceMachineAlarm', undefined, 'DrainInstance has no alarm'],
  [
    'a machine that does not say how it is encrypted',
    'DrainInstance',
    without('EncryptionConfiguration'),
    'DrainInstance does not say how it is encrypted',
  ],
  ['a machine without a log', 'DrainInstance', without('LoggingConfiguration'), 'DrainInstance has no log group'],
  ['a wildcard', 'SweepRole', withAction('autoscaling:*'), 'SweepRole allows autoscaling:*'],
  [
    'an action on everything that could be narrowed',
    'SweepRole',
    withAction('ec2:TerminateInstances'),
    'SweepRole allows ec2:TerminateInstances on everything',
  ],
  ['a queue that nobody watches', 'FailedEventsAlarm', undefined, 'FailedEvents has no alarm'],
  [
    'a permission for everybody',
    'EndedPermission',
    without('SourceArn'),
    'EndedPermission lets anything of its service call the function: it has no SourceArn',
  ],
])('the checks find %s', (_, id, change, fault) => {
  expect(templateFaults(changed(id, change))).toContain(fault);
});

test('the checks find a variable that the code does not know', () => {
  const broken = changed('SweepLambdaFunction', ({ Properties, ...rest }) => ({
    ...rest,
    Properties: { ...Properties, Environment: { Variables: { SLUICE_HOOKPREFIX: 'x' } } },
  }));
  expect(templateFaults(broken)).toContainEqual(expect.stringContaining('SLUICE_HOOKPREFIX is no setting'));
});

test('what moto has no model of leaves no reference behind', () => {
  const left = reduced(template);
  expect(Object.keys(left.Resources)).not.toContain('ApiPermission');
  expect(JSON.stringify(left)).not.toContain('"Ref":"Api"');
  expect(Object.keys(left.Resources).length).toBeGreaterThan(150);
});

describe('the packaged API, called without a credential', () => {
  const OPEN = ['GET /delayed-termination', 'GET /health', 'GET /healthcheck'];

  /** Every route of the description, with something in the place of each parameter. */
  const routes = Object.entries(openApiDocument().paths ?? {}).flatMap(([route, operations]) =>
    ['get', 'post', 'delete', 'put'].flatMap((method) =>
      method in Object(operations) ? [`${method.toUpperCase()} ${route.replaceAll(/\{\w+\}/g, 'x')}`] : [],
    ),
  );

  test.each([
    ['api', 200],
    // Nothing leads to it but its own route.
    ['drain-delay', 404],
  ])('refuses every route but those that say whether it is there, in %s', (name, health) => {
    const script = `
      process.env.AWS_REGION = 'eu-west-1';
      const { handler } = await import(process.cwd() + '/dist/functions/${name}/index.mjs');
      const context = { invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:sluice-${name}' };
      const answers = {};
      for (const route of JSON.parse(process.argv[1])) {
        const [method, path] = route.split(' ');
        const requestContext = { http: { method, path, sourceIp: '192.0.2.1' }, domainName: 'api.example', stage: '$default' };
        const event = { version: '2.0', routeKey: '$default', rawPath: path, rawQueryString: '', headers: { host: 'api.example' }, requestContext, isBase64Encoded: false };
        answers[route] = (await handler(event, context)).statusCode;
      }
      process.stderr.write(JSON.stringify(answers));`;
    const asked = [...routes, 'GET /docs/swagger-ui.css', 'PUT /anything', 'GET /'];
    const credentials = JSON.stringify([{ id: 'test', sha256: 'a'.repeat(64) }]);
    const answered = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `${script.replace('process.stderr', 'process.stdout')}`, JSON.stringify(asked)],
      { encoding: 'utf8', env: { PATH: process.env.PATH, SLUICE_CREDENTIALS: credentials } },
    );
    const answers = JSON.parse(answered.trim().split('\n').at(-1) ?? '') as Record<string, number>;

    expect(routes.length).toBeGreaterThan(10);
    const closed = Object.entries(answers).filter(([route]) => !OPEN.includes(route));
    expect(closed.filter(([, status]) => status !== 401)).toEqual([]);
    for (const route of ['GET /health', 'GET /healthcheck']) expect(answers[route]).toBe(health);
  });
});

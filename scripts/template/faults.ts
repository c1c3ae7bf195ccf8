/** What a platform team would look for in the packaged template before letting it into an account. */
import { readSettings } from '../../src/contract/settings.ts';
import type { Resource, Template } from '../package-stack.ts';
import { definitionsOf, type MachineDefinition, members, type Properties, reference, text } from './read.ts';
import { roleFaults } from './role-faults.ts';

export function templateFaults(template: Template): readonly string[] {
  const definitions = definitionsOf(template);
  return [
    ...members(template, 'AWS::Lambda::Function').flatMap(([id, resource]) =>
      functionFaults(template, definitions, id, resource),
    ),
    ...members(template, 'AWS::StepFunctions::StateMachine').flatMap(([id, resource]) =>
      machineFaults(template, definitions, id, resource),
    ),
    ...roleFaults(template),
    ...deliveryFaults(template),
    ...members(template, 'AWS::Logs::LogGroup')
      .filter(([, { Properties }]) => Properties?.RetentionInDays === undefined)
      .map(([id]) => `${id} keeps its logs for ever`),
    ...members(template, 'AWS::Lambda::Permission')
      .filter(([, { Properties }]) => Properties?.SourceArn === undefined)
      .map(([id]) => `${id} lets anything of its service call the function: it has no SourceArn`),
    ...outputFaults(template),
  ];
}

function functionFaults(
  template: Template,
  definitions: readonly MachineDefinition[],
  id: string,
  { Properties = {} }: Resource,
): string[] {
  const name = text(Properties.FunctionName);
  const faults: string[] = [];
  const role = reference(Properties.Role);
  if (role === undefined || template.Resources[role]?.Type !== 'AWS::IAM::Role')
    faults.push(`${id} has no role of this stack`);
  const groups = members(template, 'AWS::Logs::LogGroup').map(([, group]) => text(group.Properties?.LogGroupName));
  if (!groups.includes(`/aws/lambda/${name}`)) faults.push(`${id} has no log group`);
  if (Properties.Runtime !== 'nodejs24.x') faults.push(`${id} runs on ${text(Properties.Runtime)}`);
  if (JSON.stringify(Properties.Architectures) !== '["arm64"]') faults.push(`${id} is not for arm64`);
  faults.push(...environmentFaults(id, Properties));
  const callers = definitions.filter(({ tasks }) => tasks.some(({ called }) => called === id));
  if (callers.length > 0) {
    const uncaught = callers.flatMap(({ tasks }) => tasks).filter((task) => task.called === id && !task.failsVisibly);
    return [...faults, ...uncaught.map(({ state }) => `${id} has no failure path: ${state} does not catch States.ALL`)];
  }
  if (!isAlarmed(template, id)) faults.push(`${id} has no alarm`);
  if (!hasDestination(template, id) && !isIntegrated(template, id)) faults.push(`${id} has no failure path`);
  return faults;
}

/** A variable that the code does not know would stop the function at its first call. */
function environmentFaults(id: string, Properties: Properties): string[] {
  const { Variables } = (Properties.Environment ?? {}) as { readonly Variables?: Record<string, string> };
  try {
    readSettings(Variables ?? {});
    return [];
  } catch (error) {
    return [`${id}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function hasDestination(template: Template, id: string): boolean {
  return members(template, 'AWS::Lambda::EventInvokeConfig').some(
    ([, { Properties }]) =>
      reference(Properties?.FunctionName) === id &&
      JSON.stringify(Properties?.DestinationConfig ?? '').includes('OnFailure'),
  );
}

/** Its caller waits for the answer, and sees a failure. */
function isIntegrated(template: Template, id: string): boolean {
  return members(template, 'AWS::ApiGatewayV2::Integration').some(
    ([, { Properties }]) => reference(Properties?.IntegrationUri) === id,
  );
}

function isAlarmed(template: Template, id: string): boolean {
  return members(template, 'AWS::CloudWatch::Alarm').some(([, { Properties }]) =>
    JSON.stringify(Properties).includes(`{"Ref":"${id}"}`),
  );
}

function machineFaults(
  template: Template,
  definitions: readonly MachineDefinition[],
  id: string,
  { Properties = {} }: Resource,
): string[] {
  const faults: string[] = [];
  const { Type } = (Properties.EncryptionConfiguration ?? {}) as { readonly Type?: string };
  if (Type === undefined) faults.push(`${id} does not say how it is encrypted`);
  const logging = JSON.stringify(Properties.LoggingConfiguration ?? {});
  const destination = members(template, 'AWS::Logs::LogGroup').find(([group]) => logging.includes(`"${group}"`));
  if (destination === undefined) faults.push(`${id} has no log group`);
  if (logging.includes('"IncludeExecutionData":true')) faults.push(`${id} writes its data to the log`);
  if (Properties.StateMachineType !== 'STANDARD') faults.push(`${id} is not a Standard machine`);
  if (!isAlarmed(template, id)) faults.push(`${id} has no alarm`);
  const definition = definitions.find((known) => known.id === id);
  if (definition?.timeoutSeconds === undefined) faults.push(`${id} has no TimeoutSeconds`);
  const functions = members(template, 'AWS::Lambda::Function').map(([known]) => known);
  const machines = members(template, 'AWS::StepFunctions::StateMachine').map(([machine]) => machine);
  for (const { state, called, machine } of definition?.tasks ?? []) {
    if (called !== undefined && !functions.includes(called))
      faults.push(`${id}: ${state} calls ${called}, which is not there`);
    if (machine !== undefined && !machines.includes(machine))
      faults.push(`${id}: ${state} starts ${machine}, which is not there`);
  }
  return faults;
}

/** Whatever AWS delivers has somewhere to go when it cannot be delivered. */
function deliveryFaults(template: Template): string[] {
  const rules = members(template, 'AWS::Events::Rule').flatMap(([id, { Properties }]) =>
    ((Properties?.Targets ?? []) as readonly Properties[])
      .filter(({ DeadLetterConfig }) => DeadLetterConfig === undefined)
      .map(({ Id }) => `${id}: the target ${text(Id)} has no dead letter queue`),
  );
  const schedules = members(template, 'AWS::Scheduler::Schedule')
    .filter(([, { Properties }]) => (Properties?.Target as Properties | undefined)?.DeadLetterConfig === undefined)
    .map(([id]) => `${id} has no dead letter queue`);
  const subscriptions = members(template, 'AWS::SNS::Subscription')
    .filter(([, { Properties }]) => Properties?.RedrivePolicy === undefined)
    .map(([id]) => `${id} has no dead letter queue`);
  const queues = members(template, 'AWS::SQS::Queue').flatMap(([id]) => {
    const watched = members(template, 'AWS::CloudWatch::Alarm').some(([, { Properties }]) =>
      JSON.stringify(Properties?.Dimensions ?? '').includes(`"${id}"`),
    );
    return watched ? [] : [`${id} has no alarm`];
  });
  return [...rules, ...schedules, ...subscriptions, ...queues];
}

function outputFaults({ Outputs, Resources }: Template): string[] {
  const machines = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine');
  const wanted = ['ApiUrl', 'Version', ...machines.map(([id]) => `${id}Arn`)];
  return wanted.filter((name) => Outputs[name] === undefined).map((name) => `there is no output ${name}`);
}

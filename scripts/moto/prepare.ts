/** The packaged stack, less what moto has no model of. Everything else is deployed as it is. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readTemplate, TEMPLATE, type Template } from '../package-stack.ts';

/** What is asserted on the template alone, because moto does not make it. */
export const NOT_MODELLED: Readonly<Record<string, string>> = {
  'AWS::ApiGatewayV2::Api': 'moto has no model of HTTP APIs in CloudFormation',
  'AWS::ApiGatewayV2::Stage': 'likewise',
  'AWS::ApiGatewayV2::Integration': 'likewise',
  'AWS::ApiGatewayV2::Route': 'likewise',
  'AWS::Scheduler::Schedule': 'moto has no model of schedules in CloudFormation',
  'AWS::SNS::Subscription': 'moto has no model of subscriptions in CloudFormation',
};

/**
 * moto stumbles over DependsOn, and over references to what it skips.
 * @param change what another release would have otherwise
 * @returns the template as it is deployed
 */
export function prepareForMoto(folder: string, change = (text: string): string => text): Template {
  const state = JSON.parse(readFileSync(`${folder}/serverless-state.json`, 'utf8'));
  const { service } = state as {
    readonly service: { readonly provider: { compiledCloudFormationTemplate: Template } };
  };
  const template = JSON.parse(change(JSON.stringify(reduced(readTemplate(folder))))) as Template;
  service.provider.compiledCloudFormationTemplate = template;
  writeFileSync(`${folder}/serverless-state.json`, JSON.stringify(state));
  writeFileSync(`${folder}/${TEMPLATE}`, JSON.stringify(template));
  return template;
}

export function reduced(template: Template): Template {
  const left = Object.entries(template.Resources).filter(([, { Type }]) => NOT_MODELLED[Type] === undefined);
  const dropped = Object.keys(template.Resources).filter((id) => !left.some(([known]) => known === id));
  const refers = (value: unknown) => {
    const text = JSON.stringify(value);
    return dropped.some(
      (id) => text.includes(`"Ref":"${id}"`) || text.includes(`["${id}",`) || text.includes(`\${${id}`),
    );
  };
  return {
    ...template,
    Resources: Object.fromEntries(
      left.filter(([, resource]) => !refers(resource)).map(([id, { DependsOn: _, ...resource }]) => [id, resource]),
    ),
    Outputs: Object.fromEntries(Object.entries(template.Outputs).filter(([, output]) => !refers(output))),
  };
}

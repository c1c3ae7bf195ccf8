/**
 * A plugin of the deployment that leaves out of the template what is null, because it was not set, and each DependsOn that
 * a reference says already: cfn-lint counts those as faults (W3005).
 */
class Tidy {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const template = serverless.service.provider.compiledCloudFormationTemplate;
        prune(template);
        for (const resource of Object.values(template.Resources)) withoutRedundant(resource);
      },
    };
  }
}

function prune(node) {
  for (const [key, value] of Object.entries(node)) {
    if (value === null || value === undefined) delete node[key];
    else if (typeof value === 'object') {
      prune(value);
      if (Array.isArray(value)) node[key] = value.filter((member) => member !== undefined && member !== null);
    }
  }
}

function withoutRedundant(resource) {
  if (resource.DependsOn === undefined) return;
  const { DependsOn, ...rest } = resource;
  const text = JSON.stringify(rest);
  const needed = [DependsOn]
    .flat()
    .filter(
      (id) =>
        !text.includes(`{"Ref":"${id}"}`) && !text.includes(`{"Fn::GetAtt":["${id}",`) && !text.includes(`\${${id}`),
    );
  if (needed.length > 0) resource.DependsOn = needed;
  else delete resource.DependsOn;
}

module.exports = Tidy;

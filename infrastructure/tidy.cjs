/**
 * A plugin of the deployment that makes the template fit to be read: what is null, because it was not set, is left out; so is
 * each DependsOn that a reference says already (cfn-lint's W3005); and definitions name functions by their logical ids.
 */
class Tidy {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const template = serverless.service.provider.compiledCloudFormationTemplate;
        prune(template);
        for (const resource of Object.values(template.Resources)) {
          nameInPlace(resource.Properties?.DefinitionString);
          withoutRedundant(resource);
        }
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

/** The plugin of the state machines puts a hash in the text, and what it stands for beside it. */
function nameInPlace(definition) {
  const sub = definition?.['Fn::Sub'];
  if (!Array.isArray(sub)) return;
  definition['Fn::Sub'] = Object.entries(sub[1]).reduce((text, [hash, reference]) => {
    const name = reference.Ref ?? reference['Fn::GetAtt'].join('.');
    return text.replaceAll(`\${${hash}}`, `\${${name}}`);
  }, sub[0]);
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

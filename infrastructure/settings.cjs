/** What `${file(infrastructure/settings.cjs)}` in serverless.yml resolves to. */
module.exports = async ({ resolveVariable }) => {
  const { derive } = require('./settings.ts');
  return derive(await resolveVariable('self:custom.settings'), await resolveVariable('self:custom.stack'));
};

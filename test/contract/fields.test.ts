import { expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { fieldsOf, fieldValue, withValues } from '../../src/contract/fields.ts';
import { INPUTS } from '../../src/contract/inputs.ts';

const schema = z.strictObject({
  region: z.string().check(z.describe('Where.')),
  timeoutSeconds: z.optional(z.int()),
  dryRun: z._default(z.boolean(), false),
  names: z.optional(z.array(z.string())),
  targets: z.optional(z.array(z.strictObject({ id: z.string(), port: z.optional(z.int()) }))),
  hook: z.optional(z.strictObject({ hookName: z.string(), region: z.optional(z.string()) })),
});
const fields = fieldsOf(schema);
const value = (option: string, ...texts: readonly string[]) => {
  const field = fields.find((one) => one.option === option);
  if (field === undefined) throw new Error(`no option ${option}`);
  return fieldValue(field, texts);
};

test('names every field in kebab-case, a nested one by its own name unless that is taken', () => {
  expect(fields.map(({ option, path, required }) => [option, path.join('.'), required])).toEqual([
    ['region', 'region', true],
    ['timeout-seconds', 'timeoutSeconds', false],
    ['dry-run', 'dryRun', false],
    ['names', 'names', false],
    ['targets', 'targets', false],
    ['hook-name', 'hook.hookName', false],
    ['hook-region', 'hook.region', false],
  ]);
});

test.each([
  { option: 'timeout-seconds', texts: ['90'], expected: 90 },
  { option: 'timeout-seconds', texts: ['1h'], expected: '1h' },
  { option: 'timeout-seconds', texts: [''], expected: '' },
  { option: 'dry-run', texts: ['true'], expected: true },
  { option: 'dry-run', texts: ['yes'], expected: 'yes' },
  { option: 'region', texts: ['eu-west-1', 'eu-west-2'], expected: 'eu-west-2' },
  { option: 'names', texts: ['a, b', 'c'], expected: ['a', 'b', 'c'] },
  { option: 'targets', texts: ['i-1', 'i-2,port=80'], expected: [{ id: 'i-1' }, { id: 'i-2', port: 80 }] },
  { option: 'targets', texts: ['id=fe80::1,port=http'], expected: [{ id: 'fe80::1', port: 'http' }] },
  { option: 'targets', texts: ['{"id": "i-1", "port": 8080}'], expected: [{ id: 'i-1', port: 8080 }] },
  { option: 'targets', texts: ['{"id": '], expected: ['{"id": '] },
  { option: 'targets', texts: ['i-1,prot=80'], expected: [{ id: 'i-1', prot: '80' }] },
])('reads --$option $texts', ({ option, texts, expected }) => {
  expect(value(option, ...texts)).toEqual(expected);
});

test('puts values at their paths and changes nothing else', () => {
  const hookName = fields.find(({ option }) => option === 'hook-name');
  if (hookName === undefined) throw new Error('no hook-name');
  const document = { region: 'eu-west-1', hook: { region: 'eu-west-2' } };
  expect(withValues(document, [[hookName, 'mine']])).toEqual({
    region: 'eu-west-1',
    hook: { region: 'eu-west-2', hookName: 'mine' },
  });
  expect(document.hook).toEqual({ region: 'eu-west-2' });
});

test.each(Object.entries(INPUTS))('%s has an option of its own for every field', (_workflow, input) => {
  const options = fieldsOf(input).map(({ option }) => option);
  expect(options.length).toBeGreaterThan(0);
  expect(new Set(options).size).toBe(options.length);
  for (const option of options) expect(option).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
});

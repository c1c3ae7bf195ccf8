import { afterEach, describe, expect, test } from '@jest/globals';
import { WORKFLOWS } from '../../src/contract/http/credentials.ts';
import { INPUTS } from '../../src/contract/inputs.ts';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { ApiLab } from './support/api-lab.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: readonly unknown[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly type?: string } }>>;
  };
}

let api: ApiLab | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

const document = openApiDocument() as { openapi: string; paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('describes every route that is served, and no other', () => {
  api = new ApiLab();
  const served = api.app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/docs/'))
    .flatMap(({ method, path }) =>
      path === '/workflows/:workflow'
        ? Object.keys(INPUTS).map((workflow) => `${method} /workflows/${workflow}`)
        : [`${method} ${path.replace(/:(\w+)/g, '{$1}')}`],
    );
  const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  expect(described.sort()).toEqual([...new Set(served)].sort());
  expect(Object.keys(INPUTS).every((workflow) => WORKFLOWS.some((name) => name === workflow))).toBe(true);
});

describe.each(operations)('$method $path', ({ path, operation }) => {
  test('names the parameters of its path, an answer that is good, and what may go wrong', () => {
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name, required }) => [name, required])).toEqual(
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]),
    );
    const statuses = Object.keys(operation.responses);
    expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
    expect(statuses).toEqual(expect.arrayContaining(['429', '503']));
    expect(statuses.includes('401')).toBe(operation.security === undefined);
  });
});

test('has one id for each operation, and no reference that leads nowhere', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(document.openapi).toBe('3.1.1');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
  expect(new Set(references)).toEqual(new Set(['#/components/schemas/Error']));
});

test('is served, and rendered by a page whose every file is served here', async () => {
  api = new ApiLab();
  expect((await api.ask('GET', '/openapi.json')).body).toEqual(JSON.parse(JSON.stringify(document)));
  const page = await api.ask('GET', '/docs');
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.text).not.toMatch(/https?:/);
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => `/${file}`);
  expect(files).toHaveLength(3);
  for (const file of files) expect((await api.ask('GET', file)).status).toBe(200);
  expect((await api.ask('GET', '/docs/start.js')).text).toContain("url: 'openapi.json'");
  expect((await api.ask('GET', '/docs/package.json')).status).toBe(404);
});

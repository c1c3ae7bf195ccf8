/** The OpenAPI description, generated from the schemas that the routes themselves parse with. */
import * as z from 'zod/mini';
import packageJson from '../../../package.json' with { type: 'json' };
import { ERROR_CODES, ErrorBody, type ErrorCode } from '../../contract/http/error.ts';
import { type Answer, OPERATIONS, type Operation } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

let made: Json | undefined;

/** @returns the document, the same each time */
export function openApiDocument(): Json {
  made ??= {
    openapi: '3.1.1',
    info: {
      title: 'Sluice',
      version: packageJson.version,
      description: packageJson.description,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    paths: paths(),
    components: {
      schemas: { Error: schemaOf(ErrorBody, 'output') },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } },
    },
    security: [{ bearer: [] }, { basic: [] }],
  };
  return made;
}

function paths(): Json {
  const byPath: Record<string, Record<string, Json>> = {};
  for (const operation of OPERATIONS) {
    byPath[operation.path] = { ...byPath[operation.path], [operation.method]: described(operation) };
  }
  return byPath;
}

function described(operation: Operation): Json {
  const { method, path, summary, description, body } = operation;
  const parameters = parametersOf(operation);
  return {
    operationId: `${method}${path.replace(/[^A-Za-z]+([A-Za-z]?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(operation.open ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: responsesOf(operation),
  };
}

function parametersOf({ parameters = {}, query, idempotent }: Operation): Json[] {
  const inPath = Object.entries(parameters).map(([name, schema]) =>
    parameter(name, 'path', true, schemaOf(schema, 'input')),
  );
  const { properties = {}, required = [] } = query === undefined ? {} : (schemaOf(query, 'input') as Queried);
  const inQuery = Object.entries(properties).map(([name, schema]) =>
    parameter(name, 'query', required.includes(name), schema),
  );
  const key = { type: 'string', minLength: 1, maxLength: 255 };
  const description = 'The same key stands for the same request: it is carried out once, however often it is sent.';
  const inHeader = { name: 'Idempotency-Key', in: 'header', required: false, description, schema: key };
  return [...inPath, ...inQuery, ...(idempotent ? [inHeader] : [])];
}

interface Queried {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

function parameter(name: string, place: 'path' | 'query', required: boolean, { description, ...schema }: Json): Json {
  return { name, in: place, required, ...(description === undefined ? {} : { description }), schema };
}

const EVERYWHERE: readonly (readonly [ErrorCode, string])[] = [
  ['throttled', 'AWS asks for fewer calls; try again after Retry-After.'],
  ['unavailable', 'AWS, the engine or the list of credentials does not answer; try again after Retry-After.'],
];

function responsesOf({ answers, problems = {}, open }: Operation): Json {
  const responses: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(answers)) responses[status] = responseOf(answer);
  const all: (readonly [ErrorCode, string])[] = [
    ...(Object.entries(problems) as [ErrorCode, string][]),
    ...(open ? [] : [['unauthenticated', 'No credential, or one that is not known.'] as const]),
    ...EVERYWHERE,
  ];
  for (const [code, text] of all) {
    const status = String(ERROR_CODES[code]);
    const before = responses[status]?.description;
    const description = before === undefined ? `\`${code}\`: ${text}` : `${String(before)} \`${code}\`: ${text}`;
    responses[status] = {
      description,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  }
  return responses;
}

function responseOf({ description, schema, contentType, headers = {} }: Answer): Json {
  const content =
    schema === undefined
      ? contentType === undefined
        ? {}
        : { content: { [contentType]: {} } }
      : { content: { [contentType ?? 'application/json']: { schema: schemaOf(schema, 'output') } } };
  const named = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ]);
  return { description, ...content, ...(named.length === 0 ? {} : { headers: Object.fromEntries(named) }) };
}

function schemaOf(schema: z.ZodMiniType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** Whatever is asked, there is an answer of the documented kind, in the one shape, in time. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ERROR_CODES } from '../../src/contract/http/error.ts';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { ApiLab, BEARER } from './support/api-lab.ts';

let api: ApiLab;
let known: string[];

beforeAll(async () => {
  api = new ApiLab();
  const { elbv2, ec2 } = api.lab.region;
  const balancer = elbv2.createLoadBalancer({ name: 'web' });
  const group = elbv2.createTargetGroup({ name: 'web', deregistrationDelaySeconds: 30 });
  elbv2.attach(balancer, group);
  const instances = [ec2.launch(), ec2.launch({ terminationProtection: true })];
  elbv2.registerTargets(group, [{ id: instances[0] ?? '', port: 80 }]);
  known = ['web', group, balancer, ...instances, 'eu-west-1', 'true', '10.0.7.1', 'default'];
  await api.lab.pass(60);
});
afterAll(() => api.close());

const { paths } = openApiDocument() as {
  paths: Record<
    string,
    Record<string, { responses: Record<string, unknown>; parameters?: { in: string; name: string }[] }>
  >;
};
const routes = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { responses, parameters = [] }]) => ({
    method: method.toUpperCase(),
    path,
    statuses: Object.keys(responses).map(Number),
    query: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
  })),
);

const junk = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e3',
    '9'.repeat(30),
    'null',
    '../..',
    '%00',
    '\u0000',
    '\ud800',
    "' OR 1=1",
    '{{7*7}}',
  ),
  fc.constant('x'.repeat(3_000)),
);
const value = fc.oneof(
  junk,
  fc.nat(70).map((index) => known[index % known.length] ?? ''),
  fc.constantFrom('5', '20', 'drained', 'all', 'leave', 'running'),
);
const names = ['max-delay', 'max-wait', 'ip', 'namespace', 'namespaace', 'ingress', 'since', 'wait', 'fail-fast', 'x'];
const fields = [
  'region',
  'instanceId',
  'instanceIds',
  'ec2_instance_id',
  'ec2_instance_ids',
  'ip_address',
  'user_data',
];
const document = fc.oneof(
  fc.dictionary(
    fc.oneof(fc.constantFrom(...fields, 'targets', 'ec2_region', 'timeoutSeconds', 'dryRun', '__proto__'), junk),
    fc.oneof(value, fc.jsonValue(), fc.array(value, { maxLength: 4 })),
    { maxKeys: 5 },
  ),
  fc.jsonValue(),
);
const body = fc.oneof(
  document.map((one) => JSON.stringify(one)),
  junk,
  fc.constant('['.repeat(10_000)),
);
const header = fc.oneof(
  fc.constantFrom('application/json', BEARER, 'a', '', '*/*'),
  fc.string({ maxLength: 20 }).filter(isHeader),
);

function isHeader(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text);
}

const request = fc
  .record({ route: fc.constantFrom(...routes), pieces: fc.array(value, { minLength: 1, maxLength: 1 }) })
  .chain(({ route, pieces }) =>
    fc.record({
      route: fc.constant(route),
      path: fc.constant(route.path.replace(/\{\w+\}/, encodeURIComponent(well(pieces[0] ?? '')))),
      query: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names, ...route.query), junk), value), { maxLength: 5 }),
      body: fc.option(body, { nil: undefined }),
      headers: fc.dictionary(fc.constantFrom('content-type', 'idempotency-key', 'x-request-id', 'accept'), header, {
        maxKeys: 3,
      }),
    }),
  );

/** A lone surrogate cannot be encoded in an address at all. */
function well(text: string): string {
  return text.toWellFormed();
}

const LONGEST_HOLD_SECONDS = 3_600;

test('every route answers every request as its description says', async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ route, path, query, body: sent, headers }) => {
      const text = query
        .map(([name, one]) => `${encodeURIComponent(well(name))}=${encodeURIComponent(well(one))}`)
        .join('&');
      const carries = sent !== undefined && route.method !== 'GET';
      const answer = await api.ask(route.method, `${path}${text === '' ? '' : `?${text}`}`, {
        headers: { 'content-type': 'application/json', ...headers },
        ...(carries ? { body: well(sent) } : {}),
      });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      // A piece that is empty, or a dot, makes the address of another route.
      const possible = path === route.path || answer.status !== 404 ? [...route.statuses, 404] : [404];
      expect(possible).toContain(answer.status);
      expect(answer.status).not.toBe(500);
      expect(answer.headers.get('x-request-id')).not.toBeNull();
      if (answer.status >= 400) {
        expect(answer.body).toMatchObject({ error: expect.any(String), message: expect.stringMatching(/.{10}/) });
        expect(ERROR_CODES[String(answer.body?.error) as keyof typeof ERROR_CODES]).toBe(answer.status);
      }
      const asked = query.filter(([name]) => name === 'max-delay' || name === 'max-wait').map(([, one]) => Number(one));
      const longest = route.path === '/drain-delay' ? (asked[0] ?? 60) : LONGEST_HOLD_SECONDS;
      if (answer.seconds > 0) expect(answer.seconds).toBeLessThanOrEqual(longest);
    }),
    { numRuns: 1_500, interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false },
  );
  expect(seen.get(400)).toBeGreaterThan(20);
  expect(api.errors).toEqual([]);
}, 60_000);

import { afterEach, describe, expect, test } from '@jest/globals';
import { ApiLab } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

describe('a body', () => {
  const json = { 'content-type': 'application/json' };
  const post = async (body: string, headers: Record<string, string> = json) => {
    api = new ApiLab();
    return api.ask('POST', '/workflows/drain-instance', { body, headers });
  };

  test('of 64 KiB is read, and one byte more is not', async () => {
    const fill = (size: number) => `{"requestedBy":"${'x'.repeat(size - '{"requestedBy":""}'.length)}"}`;
    expect((await post(fill(65_536))).status).toBe(400);
    await api.close();
    const large = await post(fill(65_537));
    expect([large.status, large.body?.error]).toEqual([413, 'too-large']);
  });

  test('is counted as it comes, whatever its length is said to be', async () => {
    const large = await post('x'.repeat(100_000), { ...json, 'content-length': '5' });
    expect([large.status, large.body?.error]).toEqual([413, 'too-large']);
  });

  test.each([
    ['that is empty', '', json],
    ['that is no JSON', '{"instanceId":', json],
    ['that is a list', '[]', json],
    ['that is null', 'null', json],
    ['that is text', '"i-0123456789abcdef0"', json],
    ['that is a form', 'instanceId=i-0123456789abcdef0', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['that is text/plain', '{}', { 'content-type': 'text/plain' }],
    ['with members that nobody knows', '{"__proto__":{"region":"eu-west-1"},"constructor":1}', json],
    ['nested without end', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, json],
  ])('%s is refused', async (_what, body, headers) => {
    const answer = await post(body, headers);
    expect([answer.status, answer.body?.error]).toEqual([400, 'invalid-request']);
    expect(answer.body?.message).toEqual(expect.any(String));
  });

  test('that is not UTF-8 is refused', async () => {
    api = new ApiLab();
    const response = await api.app.request('/workflows/drain-instance', {
      method: 'POST',
      headers: { ...json, authorization: 'Bearer correct-horse-battery-staple-0123456789' },
      body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: 'invalid-request',
      message: expect.stringContaining('UTF-8'),
    });
  });

  test.each([['application/json; charset=utf-8'], ['Application/JSON'], ['application/merge-patch+json']])(
    'may be called %s',
    async (type) => {
      const answer = await post('{}', { 'content-type': type });
      expect(answer.body?.message).toContain('instanceId');
    },
  );
});

test('gives every request an id, and takes a proper one from the client', async () => {
  api = new ApiLab();
  const own = (await api.ask('GET', '/health')).headers.get('x-request-id');
  expect(own).toMatch(/^[0-9a-f-]{36}$/);
  const theirs = await api.ask('GET', '/health', { headers: { 'x-request-id': 'trace_42' } });
  expect(theirs.headers.get('x-request-id')).toBe('trace_42');
  const junk = await api.ask('GET', '/health', { headers: { 'x-request-id': 'a b"; drop' } });
  expect(junk.headers.get('x-request-id')).not.toBe('a b"; drop');
  expect(api.log.map(({ requestId }) => requestId)).toEqual([own, 'trace_42', junk.headers.get('x-request-id')]);
});

test('does not know a route, and says where they are described', async () => {
  api = new ApiLab();
  const answer = await api.ask('PATCH', '/elb/web');
  expect([answer.status, answer.body]).toEqual([
    404,
    { error: 'not-found', message: 'there is no PATCH /elb/web here; GET /openapi.json tells what there is' },
  ]);
});

test.each([['cross-site'], ['same-site']])('lets no %s page change anything', async (site) => {
  api = new ApiLab();
  const answer = await api.ask('POST', '/workflows/drain-instance', { body: {}, headers: { 'sec-fetch-site': site } });
  expect([answer.status, answer.body?.error]).toEqual([403, 'forbidden']);
});

describe('without a credential configured', () => {
  const open = { services: { authenticator: undefined } };
  test.each([
    ['localhost:8000', 200],
    ['127.0.0.1', 200],
    ['[::1]:8000', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
  ])('a request to %s answers %d', async (host, status) => {
    api = new ApiLab(open);
    const answer = await api.ask('GET', '/executions', { authorization: null, headers: { host } });
    expect(answer.status).toBe(status);
  });
});

describe('a fault of the service', () => {
  test('is logged with its stack, and answered with the id under which it was', async () => {
    const docsFile = async () => {
      throw new TypeError('nobody expected this');
    };
    api = new ApiLab({ services: { docsFile } });
    const answer = await api.ask('GET', '/docs/swagger-ui.css', { headers: { 'x-request-id': 'r-1' } });
    expect([answer.status, answer.body?.error]).toEqual([500, 'internal']);
    expect(answer.body?.message).toContain('r-1');
    expect(answer.text).not.toContain('nobody expected');
    expect(api.errors[0]).toMatch(/r-1.*nobody expected this/);
  });

  test('an engine that is closed answers 503, and is not available', async () => {
    api = new ApiLab();
    expect((await api.ask('GET', '/delayed-termination')).status).toBe(200);
    await api.lab.engine.close();
    expect((await api.ask('GET', '/delayed-termination')).status).toBe(200);
    await api.lab.pass(5);
    const answer = await api.ask('GET', '/delayed-termination');
    expect([answer.status, answer.body?.error]).toEqual([503, 'unavailable']);
    const instanceId = api.lab.region.ec2.launch();
    const started = await api.ask('POST', '/workflows/drain-instance', { body: { instanceId } });
    expect([started.status, started.body?.error]).toEqual([503, 'unavailable']);
  });
});

describe('trouble with AWS', () => {
  test.each([
    ['throttle', 429, 'throttled', '5'],
    ['unavailable', 503, 'unavailable', '5'],
    ['internal-error', 503, 'unavailable', '5'],
    ['connection-reset', 503, 'unavailable', '5'],
    ['timeout', 503, 'unavailable', '5'],
    ['access-denied', 502, 'aws-refused', null],
  ] as const)('%s is answered with %d', async (kind, status, error, retryAfter) => {
    api = new ApiLab();
    api.lab.region.faults.inject({ kind });
    const answer = await api.ask('GET', '/elb/web');
    expect([answer.status, answer.body?.error, answer.headers.get('retry-after')]).toEqual([status, error, retryAfter]);
    expect(String(answer.body?.message).length).toBeGreaterThan(20);
  });
});

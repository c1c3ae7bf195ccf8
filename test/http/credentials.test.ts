import { afterEach, describe, expect, test } from '@jest/globals';
import { ALL, ApiLab, type ApiLabOptions, BEARER, SECRET, sha256 } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const start = (options: ApiLabOptions = {}) => {
  api = new ApiLab(options);
  return api;
};

describe('without a credential', () => {
  test.each([
    ['GET', '/delayed-termination'],
    ['GET', '/health'],
    ['GET', '/healthcheck'],
    ['HEAD', '/health'],
  ])('%s %s is open', async (method, path) => {
    start();
    expect((await api.ask(method, path, { authorization: null })).status).toBe(200);
  });

  test.each([
    ['POST', '/delayed-termination'],
    ['GET', '/drain-delay?ip=10.0.0.1&namespace=a&ingress=b'],
    ['GET', '/elb/web'],
    ['POST', '/elb/web'],
    ['DELETE', '/elb/web'],
    ['POST', '/workflows/drain-instance'],
    ['GET', '/executions'],
    ['GET', '/executions/drain-instance-1'],
    ['DELETE', '/executions/drain-instance-1'],
    ['GET', '/openapi.json'],
    ['GET', '/docs'],
    ['GET', '/docs/swagger-ui.css'],
    ['GET', '/metrics'],
    ['GET', '/'],
    ['PUT', '/health'],
    ['GET', '//health'],
    ['GET', '/delayed-termination/x'],
    ['POST', '/health'],
  ])('%s %s answers 401 and says how to send one', async (method, path) => {
    start();
    const answer = await api.ask(method, path, { authorization: null });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: 'unauthenticated', message: expect.stringContaining('Bearer') });
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="sluice", charset="UTF-8", Bearer realm="sluice"');
    expect(api.lab.region.calls.count()).toBe(0);
  });
});

test.each([
  ['the secret as a Bearer token', BEARER],
  ['the secret with its id as Basic', basic('tests', SECRET)],
  ['a scheme in capitals', `BEARER ${SECRET}`],
])('lets in %s', async (_what, authorization) => {
  start({ credentials: () => JSON.stringify([{ ...ALL, sha256: ALL.sha256.toUpperCase() }]) });
  expect((await api.ask('GET', '/executions', { authorization })).status).toBe(200);
  expect(api.log[0]?.credential).toBe('tests');
});

test.each([
  ['another secret', 'Bearer not-it'],
  ['the hash itself', `Bearer ${ALL.sha256}`],
  ['an empty token', 'Bearer '],
  ['the right secret under another id', basic('root', SECRET)],
  ['Basic without a colon', `Basic ${Buffer.from(SECRET).toString('base64')}`],
  ['Basic that is no base64', 'Basic %%%'],
  ['an unknown scheme', `Digest ${SECRET}`],
  ['the bare secret', SECRET],
  ['an empty header', ''],
])('refuses %s', async (_what, authorization) => {
  start();
  const answer = await api.ask('GET', '/executions', { authorization });
  expect([answer.status, answer.body?.error]).toEqual([401, 'unauthenticated']);
});

test('takes a new secret within a minute, both while they overlap, and the old one no longer after', async () => {
  const renewed = { id: 'tests', sha256: sha256('new') };
  let list: unknown = [ALL];
  start({ credentials: () => JSON.stringify(list) });
  const status = async (secret: string) =>
    (await api.ask('GET', '/executions', { authorization: `Bearer ${secret}` })).status;
  expect([await status(SECRET), await status('new')]).toEqual([200, 401]);
  list = [ALL, renewed];
  await api.lab.pass(60);
  expect([await status(SECRET), await status('new')]).toEqual([200, 200]);
  list = [renewed];
  expect(await status(SECRET)).toBe(200);
  await api.lab.pass(60);
  expect([await status(SECRET), await status('new')]).toEqual([401, 200]);
});

test('stays with what it has read while the source cannot be read, and says so in the log', async () => {
  let broken = false;
  start({
    credentials: () => {
      if (broken) throw new Error('the parameter store is away');
      return JSON.stringify([ALL]);
    },
  });
  expect((await api.ask('GET', '/executions')).status).toBe(200);
  broken = true;
  await api.lab.pass(61);
  expect((await api.ask('GET', '/executions')).status).toBe(200);
  expect(api.errors).toEqual([expect.stringContaining('the parameter store is away')]);
});

test.each([
  ['no JSON', `{ ${SECRET}`],
  ['no list', '{}'],
  ['an empty list', '[]'],
  ['a secret in place of its hash', JSON.stringify([{ id: 'a', sha256: SECRET }])],
  ['an unknown workflow', JSON.stringify([{ ...ALL, workflows: ['destroy-everything'] }])],
])('lets nobody in while the list is %s, and repeats none of it', async (_what, list) => {
  start({ credentials: () => list });
  const answer = await api.ask('GET', '/executions');
  expect([answer.status, answer.body?.error]).toEqual([503, 'unavailable']);
  expect(answer.headers.get('retry-after')).toBe('5');
  expect(JSON.stringify([answer.text, api.errors, api.log])).not.toContain(SECRET);
  expect(api.errors[0]).toContain('the list of credentials cannot be used');
});

describe('a credential for some workflows', () => {
  const limited = [{ ...ALL, workflows: ['await-drained', 'deregister-targets'] }];
  test.each([
    ['GET', '/drain-delay', 400],
    ['GET', '/elb/web', 404],
    ['DELETE', '/elb/web', 400],
    ['GET', '/executions?workflow=await-drained', 200],
    ['GET', '/executions', 200],
    ['GET', '/executions/await-drained-x', 404],
    ['POST', '/delayed-termination', 403],
    ['POST', '/elb/web', 403],
    ['POST', '/workflows/drain-instance', 403],
    ['GET', '/executions?workflow=drain-instance', 403],
    ['GET', '/executions/drain-instance-x', 403],
    ['DELETE', '/executions/drain-instance-x', 403],
  ])('%s %s answers %d', async (method, path, status) => {
    start({ credentials: () => JSON.stringify(limited) });
    const answer = await api.ask(method, path);
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body?.message).toContain('The credential tests is not for');
  });

  test('sees only the executions of its workflows', async () => {
    let list: unknown = [ALL];
    start({ credentials: () => JSON.stringify(list) });
    const instanceId = api.lab.region.ec2.launch();
    await api.ask('POST', '/workflows/drain-instance', { body: { instanceId } });
    expect((await api.ask('GET', '/executions')).body?.executions).toHaveLength(1);
    list = limited;
    await api.lab.pass(60);
    expect((await api.ask('GET', '/executions')).body?.executions).toEqual([]);
  });
});

test('logs one line a request, with no credential in it, wherever somebody puts one', async () => {
  start();
  const secrets = [SECRET, encodeURIComponent(SECRET)];
  await api.ask('GET', `/executions?workflow=${encodeURIComponent(SECRET)}`);
  await api.ask('GET', `/executions/${encodeURIComponent(SECRET)}`, { authorization: basic('tests', SECRET) });
  await api.ask('POST', '/delayed-termination', { body: { ec2_instance_id: SECRET } });
  expect(api.log.map(({ method, status, credential }) => [method, status, credential])).toEqual([
    ['GET', 400, 'tests'],
    ['GET', 404, 'tests'],
    ['POST', 400, 'tests'],
  ]);
  for (const secret of secrets) expect(JSON.stringify(api.log)).not.toContain(secret);
  expect(new Set(api.log.map(({ requestId }) => requestId)).size).toBe(3);
});

import { afterEach, describe, expect, test } from '@jest/globals';
import type { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.ts';
import { ApiLab, type ApiLabOptions, type Asked } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

const start = (options: ApiLabOptions = {}) => {
  api = new ApiLab(options);
  return api.lab.region.ec2;
};
const post = (body: unknown, more: Asked = {}) => api.ask('POST', '/delayed-termination', { body, ...more });
const stateOf = (instanceId: string) => api.lab.region.ec2.instances.get(instanceId)?.state;
const running = async () => (await api.lab.engine.list({ workflow: 'delayed-termination' })).executions;

/** As Skopos' ec2-asg plugin sends it. */
const document = (instanceId: string, more: Readonly<Record<string, unknown>> = {}) => ({
  ec2_region: 'eu-west-1',
  ec2_instance_id: instanceId,
  ip_address: api.lab.region.ec2.instances.get(instanceId)?.privateIpAddresses[0],
  project: 'shop',
  component: 'front',
  user_data: null,
  ...more,
});

test('accepts with an empty body and the execution in a header, and terminates after 10 s', async () => {
  const instanceId = start().launch();
  const answer = await post(document(instanceId));
  expect([answer.status, answer.text]).toEqual([202, '']);
  const location = answer.headers.get('location') ?? '';
  expect(location).toBe(`/executions/${answer.headers.get('x-sluice-execution')}`);
  await api.lab.pass(8);
  expect(stateOf(instanceId)).toBe('running');
  await api.lab.pass(10);
  expect(stateOf(instanceId)).toBe('shutting-down');
  const ended = await api.ask('GET', `${location}?wait=true`);
  expect([ended.status, ended.body?.status, stateOf(instanceId)]).toEqual([200, 'succeeded', 'terminated']);
  expect(ended.body?.receipt).toMatchObject({ requestedBy: 'shop/front' });
});

test.each([
  ['seconds in it', { delaySeconds: 120 }, 120],
  ['none in it', { anything: ['goes', 1] }, 10],
  ['text', 'opaque', 10],
  ['a list', [1, 2], 10],
])('takes the delay from user_data: %s', async (_what, userData, seconds) => {
  const instanceId = start().launch();
  expect((await post(document(instanceId, { user_data: userData }))).status).toBe(202);
  await api.lab.pass(seconds - 2);
  expect(stateOf(instanceId)).toBe('running');
  await api.lab.pass(12);
  expect(stateOf(instanceId)).not.toBe('running');
});

test('takes several ids, and they go before the one', async () => {
  const ec2 = start();
  const [one, two, three] = [ec2.launch(), ec2.launch(), ec2.launch()];
  const answer = await post({ ec2_instance_ids: [one, two, one], ec2_instance_id: three });
  expect(answer.status).toBe(202);
  await api.lab.pass(60);
  expect([one, two].map(stateOf)).not.toContain('running');
  expect(stateOf(three)).toBe('running');
});

test('takes what the plugin leaves out or leaves empty', async () => {
  const instanceId = start().launch();
  expect((await post({ ec2_instance_id: instanceId, ip_address: '', project: null })).status).toBe(202);
});

describe('refuses, names each instance, and accepts none', () => {
  const unknown = 'i-0123456789abcdef0';
  test('one that is unknown among good ones', async () => {
    const good = start().launch();
    const answer = await post({ ec2_instance_ids: [good, unknown] });
    expect([answer.status, answer.body?.error]).toEqual([404, 'not-found']);
    expect(answer.body?.message).toContain(`${unknown} does not exist in eu-west-1`);
    await api.lab.pass(60);
    expect([stateOf(good), await running()]).toEqual(['running', []]);
  });

  test('one that is protected, and one with another address', async () => {
    const ec2 = start();
    const held = ec2.launch({ terminationProtection: true });
    const refused = await post(document(held));
    expect([refused.status, refused.body?.error]).toEqual([409, 'refused']);
    expect(refused.body?.message).toContain(`${held} is protected`);
    const free = ec2.launch();
    const mismatched = await post(document(free, { ip_address: '10.255.0.1' }));
    expect([mismatched.status, mismatched.body?.error]).toEqual([409, 'refused']);
    expect(mismatched.body?.message).toContain('10.255.0.1');
  });

  test('one without the tag that is asked for, and one in a region that is not allowed', async () => {
    const settings = { SLUICE_TERMINATION_TAG: 'sluice:terminate', SLUICE_ALLOWED_REGIONS: 'eu-west-1' };
    const ec2 = start({ settings });
    const bare = ec2.launch();
    const unguarded = await post(document(bare));
    expect([unguarded.status, unguarded.body?.message]).toEqual([409, expect.stringContaining(bare)]);
    const elsewhere = await post(document(bare, { ec2_region: 'us-east-1' }));
    expect([elsewhere.status, elsewhere.body?.message]).toEqual([409, expect.stringContaining('us-east-1')]);
    const tagged = ec2.launch({ tags: { 'sluice:terminate': 'yes' } });
    expect((await post(document(tagged))).status).toBe(202);
  });

  test('300 of which all are unknown', async () => {
    start();
    const ids = Array.from({ length: 300 }, (_, index) => `i-${(index + 1).toString(16).padStart(17, '0')}`);
    const answer = await post({ ec2_instance_ids: ids });
    expect(answer.status).toBe(404);
    for (const id of ids) expect(answer.body?.message).toContain(id);
  });

  test.each([
    ['no instance', {}, 'ec2_instance_id'],
    ['an empty list', { ec2_instance_ids: [] }, 'ec2_instance_id'],
    ['an id that is none', { ec2_instance_id: 'web-1' }, '"web-1"'],
    ['a list of one bad id', { ec2_instance_ids: ['i-0123456789abcdef0', 'x'] }, 'ec2_instance_ids[1]'],
    ['a list that is text', { ec2_instance_ids: 'i-0123456789abcdef0' }, 'list'],
    ['no region', { ec2_instance_id: unknown, ec2_region: 'mars' }, 'ec2_region'],
    ['no address', { ec2_instance_id: unknown, ip_address: '10.0.0.300' }, 'ip_address'],
    ['30 days', { ec2_instance_id: unknown, user_data: { delaySeconds: 2_592_000 } }, '2000000'],
    ['a delay that is text', { ec2_instance_id: unknown, user_data: { delaySeconds: '60' } }, 'user_data.delaySeconds'],
    ['a delay before now', { ec2_instance_id: unknown, user_data: { delaySeconds: -1 } }, 'user_data.delaySeconds'],
    ['a list', [], 'object'],
  ])('%s', async (_what, body, word) => {
    start();
    const answer = await post(body);
    expect([answer.status, answer.body?.error]).toEqual([400, 'invalid-request']);
    expect(answer.body?.message).toContain(word);
    expect(api.lab.region.calls.count()).toBe(0);
  });
});

test('takes 300 instances in one request, within half a minute', async () => {
  const ec2 = start({ enforceBuckets: true });
  const ids = Array.from({ length: 300 }, () => ec2.launch());
  const answer = await post({ ec2_instance_ids: ids });
  expect(answer.status).toBe(202);
  expect(answer.seconds).toBeLessThan(25);
  await api.lab.pass(60);
  expect(ids.filter((id) => stateOf(id) === 'running')).toEqual([]);
}, 30_000);

test('takes no more behind API Gateway than it can ask about in time', async () => {
  start({ services: { holdSeconds: 25 } });
  const ids = Array.from({ length: 381 }, (_, index) => `i-${(index + 1).toString(16).padStart(17, '0')}`);
  const answer = await post({ ec2_instance_ids: ids });
  expect([answer.status, answer.body?.message]).toEqual([400, expect.stringContaining('at most 380')]);
});

describe('the same request twice', () => {
  test('is one termination, at once or later, in whatever order its ids stand', async () => {
    const ec2 = start();
    const [one, two] = [ec2.launch(), ec2.launch()];
    const asked = [
      api.begin('POST', '/delayed-termination', { body: { ec2_instance_ids: [one, two] } }),
      api.begin('POST', '/delayed-termination', { body: { ec2_instance_ids: [one, two] } }),
    ];
    await api.ask('GET', '/health');
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([202, 202]);
    expect((await post({ ec2_instance_ids: [one, two] })).status).toBe(202);
    expect(await running()).toHaveLength(1);
    await api.lab.pass(5_000);
    expect(stateOf(one)).toBeUndefined();
    expect((await post({ ec2_instance_ids: [one, two] })).status).toBe(202);
    const terminations = api.lab.region.calls.all.filter(({ operation }) => operation === 'TerminateInstances');
    expect(terminations.length).toBeLessThanOrEqual(2);
    expect(await running()).toHaveLength(1);
  });

  test('after a refusal is looked at anew', async () => {
    const instanceId = start().launch();
    expect((await post(document(instanceId, { ip_address: '10.255.0.1' }))).status).toBe(409);
    expect((await post(document(instanceId))).status).toBe(202);
  });
});

test('a delay of 20 days is not fired early', async () => {
  const instanceId = start().launch();
  await post(document(instanceId, { user_data: { delaySeconds: 20 * 86_400 } }));
  await api.lab.pass(20 * 86_400 - 5);
  expect(stateOf(instanceId)).toBe('running');
  await api.lab.pass(30);
  expect(stateOf(instanceId)).not.toBe('running');
});

test('what cannot be written to the journal is not accepted', async () => {
  const instanceId = start().launch();
  const { engine }: { engine: EmbeddedEngine } = api.lab;
  await engine.close();
  const answer = await post(document(instanceId));
  expect([answer.status, answer.body?.error]).toEqual([503, 'unavailable']);
});

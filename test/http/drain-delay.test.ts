import { afterEach, describe, expect, test } from '@jest/globals';
import { ApiLab, type ApiLabOptions } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

const IP = '10.0.7.1';

interface World {
  readonly arn: string;
  readonly query: string;
}

/** One address in a target group, healthy by the time that anybody asks. */
async function world(delaySeconds: number, options: ApiLabOptions = {}): Promise<World> {
  api = new ApiLab(options);
  const { elbv2 } = api.lab.region;
  const balancer = elbv2.createLoadBalancer({ name: 'web' });
  const arn = elbv2.createTargetGroup({ name: 'web', type: 'ip', deregistrationDelaySeconds: delaySeconds });
  elbv2.attach(balancer, arn);
  elbv2.registerTargets(arn, [{ id: IP, port: 80 }]);
  await api.lab.pass(300);
  return { arn, query: `ip=${IP}&target-group-arn=${encodeURIComponent(arn)}` };
}

test('holds the request until the address is drained, and says how long that took', async () => {
  const { arn, query } = await world(120);
  api.lab.region.elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
  const answer = await api.ask('GET', `/drain-delay?max-delay=600&${query}`);
  expect(answer.status).toBe(200);
  expect(answer.seconds).toBeGreaterThanOrEqual(119);
  expect(answer.seconds).toBeLessThanOrEqual(132);
  expect(answer.body).toMatchObject({ status: 'drained', ip: IP, waitedSeconds: Math.round(answer.seconds) });
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('answers an address that is nowhere at once', async () => {
  const { arn } = await world(120);
  const answer = await api.ask('GET', `/drain-delay?ip=10.9.9.9&target-group-arn=${encodeURIComponent(arn)}`);
  expect([answer.status, answer.seconds]).toEqual([200, 0]);
});

test('is content with the beginning of the drain where the caller is', async () => {
  const { arn, query } = await world(300);
  api.lab.region.elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
  const answer = await api.ask('GET', `/drain-delay?max-delay=600&until=draining&${query}`);
  expect(answer.status).toBe(200);
  expect(answer.seconds).toBeLessThan(15);
});

test('answers 504 at max-delay to the second, with the deregistration delay and what would have been enough', async () => {
  const { arn, query } = await world(300);
  api.lab.region.elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
  const answer = await api.ask('GET', `/drain-delay?max-delay=45&${query}`);
  expect([answer.status, answer.seconds]).toEqual([504, 45]);
  expect(answer.body).toEqual({
    error: 'timed-out',
    message: `${IP} was not drained within max-delay (45 s): the deregistration delay is 300 s; max-delay=330 would have been enough, counted from the beginning of the deregistration`,
    execution: expect.stringMatching(/^await-drained-10\.0\.7\.1-/),
  });
});

test('takes max-wait and namespaace, as the old example script spells them', async () => {
  api = new ApiLab();
  const { elbv2 } = api.lab.region;
  const tags = { 'ingress.k8s.aws/stack': 'shop/web', 'ingress.k8s.aws/resource': 'shop/web-pods:80' };
  const group = elbv2.createTargetGroup({ name: 'pods', type: 'ip', deregistrationDelaySeconds: 300, tags });
  elbv2.attach(elbv2.createLoadBalancer({ name: 'k8s' }), group);
  elbv2.registerTargets(group, [{ id: IP, port: 80 }]);
  const answer = await api.ask('GET', `/drain-delay?max-wait=40&ip=${IP}&namespaace=shop&ingress=web`);
  expect([answer.status, answer.seconds]).toEqual([504, 40]);
  expect(answer.body?.message).toContain('the deregistration delay is 300 s');
});

test('waits 60 s where max-delay is not given, as the old program did', async () => {
  const { query } = await world(300);
  const answer = await api.ask('GET', `/drain-delay?${query}`);
  expect([answer.status, answer.seconds]).toEqual([504, 60]);
});

describe('a look-up that cannot succeed', () => {
  const gone = encodeURIComponent(
    'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/gone/0123456789abcdef',
  );
  test('is answered only after max-delay, so that a caller who looks at nothing stays safe', async () => {
    await world(300);
    const answer = await api.ask('GET', `/drain-delay?ip=${IP}&max-delay=90&target-group-arn=${gone}`);
    expect([answer.status, answer.seconds, answer.body?.error]).toEqual([404, 90, 'not-found']);
  });

  test('is answered at once with fail-fast=true', async () => {
    await world(300);
    const answer = await api.ask('GET', `/drain-delay?ip=${IP}&max-delay=90&fail-fast=true&target-group-arn=${gone}`);
    expect([answer.status, answer.body?.error]).toEqual([404, 'not-found']);
    expect(answer.seconds).toBeLessThan(10);
  });

  test('counts a region that is not allowed', async () => {
    await world(300, { settings: { SLUICE_ALLOWED_REGIONS: 'eu-west-1' } });
    const answer = await api.ask('GET', `/drain-delay?ip=${IP}&max-delay=20&region=us-east-1&load-balancer=web`);
    expect([answer.status, answer.seconds, answer.body?.error]).toEqual([409, 20, 'refused']);
  });
});

test('waits out an outage of AWS', async () => {
  const { arn, query } = await world(60);
  api.lab.region.elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
  api.lab.region.faults.inject({ service: 'elasticloadbalancing', kind: 'unavailable' });
  setTimeout(() => api.lab.region.faults.clear(), 100_000);
  const answer = await api.ask('GET', `/drain-delay?max-delay=600&${query}`);
  expect(answer.status).toBe(200);
  expect(answer.seconds).toBeGreaterThan(100);
});

test('refuses a query with every fault named, at once', async () => {
  await world(60);
  const answer = await api.ask('GET', '/drain-delay?max-delay=1h&ip=nowhere&until=never&max-dely=3');
  expect([answer.status, answer.seconds]).toEqual([400, 0]);
  for (const word of ['max-delay', '1 to 3600', '"1h"', 'ip', '"nowhere"', 'until', 'max-dely']) {
    expect(answer.body?.message).toContain(word);
  }
});

test.each([
  ['no ip', 'namespace=a&ingress=b', 'ip'],
  ['no namespace', 'ip=10.0.0.1&ingress=b', 'namespace'],
  ['no ingress', 'ip=10.0.0.1&namespace=a', 'ingress'],
  ['max-delay twice', 'ip=10.0.0.1&namespace=a&ingress=b&max-delay=1&max-delay=2', 'max-delay'],
  ['max-delay under both its names', 'ip=10.0.0.1&namespace=a&ingress=b&max-delay=1&max-wait=2', 'max-delay'],
  ['more than an hour', 'ip=10.0.0.1&namespace=a&ingress=b&max-delay=3601', '1 to 3600'],
  ['none at all', 'ip=10.0.0.1&namespace=a&ingress=b&max-delay=0', '1 to 3600'],
  ['a time to come', 'ip=10.0.0.1&namespace=a&ingress=b&since=9999999999999', 'since'],
  ['two ways to say where', 'ip=10.0.0.1&namespace=a&ingress=b&load-balancer=web', 'load-balancer'],
])('refuses %s', async (_what, query, word) => {
  await world(60);
  const answer = await api.ask('GET', `/drain-delay?${query}`);
  expect([answer.status, answer.seconds, answer.body?.error]).toEqual([400, 0, 'invalid-request']);
  expect(answer.body?.message).toContain(word);
});

test('lets callers for one address who come together share one execution', async () => {
  const { arn, query } = await world(60);
  api.lab.region.elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
  const others = Array.from({ length: 20 }, () => api.begin('GET', `/drain-delay?max-delay=600&${query}`));
  await api.ask('GET', `/drain-delay?max-delay=600&${query}`);
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(others.map(() => 200));
  const { executions } = await api.lab.engine.list({ workflow: 'await-drained' });
  expect(executions).toHaveLength(1);
});

test('does not take the end of an earlier drain for that of an address that came back', async () => {
  const { arn, query } = await world(2);
  const { elbv2 } = api.lab.region;
  elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
  expect((await api.ask('GET', `/drain-delay?max-delay=600&${query}`)).status).toBe(200);
  elbv2.registerTargets(arn, [{ id: IP, port: 80 }]);
  await api.lab.pass(3);
  const again = await api.ask('GET', `/drain-delay?max-delay=30&${query}`);
  expect([again.status, again.seconds]).toEqual([504, 30]);
});

test('tells whoever waits when the execution is stopped by hand', async () => {
  const { query } = await world(300);
  const waiting = api.begin('GET', `/drain-delay?max-delay=600&${query}`);
  await api.lab.pass(5);
  const { executions } = (await api.ask('GET', '/executions')).body as { executions: { execution: string }[] };
  const stopped = await api.ask('DELETE', `/executions/${executions[0]?.execution}`);
  expect(stopped.status).toBe(200);
  const answer = await waiting;
  expect([answer.status, answer.body?.error]).toEqual([410, 'stopped']);
});

test('sends whoever is held to the same address when the server is about to end', async () => {
  const closing = new AbortController();
  const { query } = await world(300, { services: { closing: closing.signal } });
  const waiting = api.begin('GET', `/drain-delay?max-wait=600&${query}`);
  await api.lab.pass(5);
  const since = Date.now() - 5_000;
  closing.abort();
  const answer = await waiting;
  expect(answer.status).toBe(307);
  const location = new URL(answer.headers.get('location') ?? '', 'http://host');
  expect(location.pathname).toBe('/drain-delay');
  expect(Object.fromEntries(location.searchParams)).toMatchObject({ 'max-delay': '600', ip: IP, since: String(since) });
});

test('leaves no timer behind when the caller goes', async () => {
  const { query } = await world(300);
  const gone = new AbortController();
  const waiting = api.begin('GET', `/drain-delay?max-delay=3600&${query}`, { signal: gone.signal });
  await api.lab.pass(5);
  const timers = api.lab.clock.countTimers();
  gone.abort();
  await waiting;
  // His limit, and that of the watch for the end.
  expect(api.lab.clock.countTimers()).toBe(timers - 2);
});

describe('behind API Gateway', () => {
  const brief = { services: { holdSeconds: 25 } };

  test('goes on by redirect, with max-delay counted from the first request', async () => {
    const { query } = await world(300, brief);
    let path = `/drain-delay?max-delay=60&${query}`;
    const began = Date.now();
    const hops: [number, number][] = [];
    for (let status = 307; status === 307; ) {
      const answer = await api.ask('GET', path);
      status = answer.status;
      hops.push([status, answer.seconds]);
      path = answer.headers.get('location') ?? '';
    }
    expect(hops).toEqual([
      [307, 25],
      [307, 25],
      [504, 10],
    ]);
    expect(Date.now() - began).toBeLessThanOrEqual(60_010);
    expect((await api.lab.engine.list({ workflow: 'await-drained' })).executions).toHaveLength(1);
  });

  test('answers 200 in the hop in which the drain ends', async () => {
    const { arn, query } = await world(40, brief);
    api.lab.region.elbv2.deregisterTargets(arn, [{ id: IP, port: 80 }]);
    const first = await api.ask('GET', `/drain-delay?max-delay=120&${query}`);
    expect([first.status, first.seconds]).toEqual([307, 25]);
    const second = await api.ask('GET', first.headers.get('location') ?? '');
    expect(second.status).toBe(200);
    expect(second.body?.waitedSeconds).toBeLessThan(52);
  });

  test('a forged since only shortens the wait, and never makes an address drained', async () => {
    const { query } = await world(300, brief);
    const answer = await api.ask('GET', `/drain-delay?max-delay=60&since=1000000000000&${query}`);
    expect([answer.status, answer.seconds]).toEqual([504, 0]);
  });
});

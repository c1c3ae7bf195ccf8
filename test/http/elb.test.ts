import { afterEach, describe, expect, test } from '@jest/globals';
import { ApiLab, type ApiLabOptions } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

interface World {
  readonly on: string;
  readonly off: string;
  readonly group: string;
  readonly balancer: string;
}

/** `web` with one target group: one instance in it, one not. */
async function world(options: ApiLabOptions = {}): Promise<World> {
  api = new ApiLab(options);
  const { elbv2, ec2 } = api.lab.region;
  const group = elbv2.createTargetGroup({ name: 'web', deregistrationDelaySeconds: 60 });
  const balancer = elbv2.createLoadBalancer({ name: 'web' });
  elbv2.attach(balancer, group);
  const [on, off] = [ec2.launch(), ec2.launch()];
  for (const id of [on, off]) api.lab.region.traffic.startProcess(id, 80);
  elbv2.registerTargets(group, [{ id: on, port: 80 }]);
  await api.lab.pass(300);
  return { on, off, group, balancer };
}

const target = (group: string, id: string) => api.lab.region.elbv2.registrations(group, id)[0]?.state;
const machine = (instanceId: string) => ({
  instanceId,
  instanceType: 'm5.large',
  launchDate: '2026-03-02T12:00:00.000Z',
});

describe('GET /elb/{name}', () => {
  test('lists its instances, each with its type and launch date', async () => {
    const { on } = await world();
    const answer = await api.ask('GET', '/elb/web');
    expect([answer.status, answer.body]).toEqual([200, [machine(on)]]);
  });

  test('leaves addresses out unless all are asked for', async () => {
    const { on, group, balancer } = await world();
    const { elbv2 } = api.lab.region;
    const pods = elbv2.createTargetGroup({ name: 'pods', type: 'ip' });
    elbv2.attach(balancer, pods);
    elbv2.registerTargets(pods, [{ id: '10.0.7.1', port: 8080 }]);
    expect((await api.ask('GET', '/elb/web')).body).toEqual([machine(on)]);
    const all = await api.ask('GET', '/elb/web?targets=all');
    expect(all.body).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ targetId: on, port: 80, targetGroupArn: group }),
        expect.objectContaining({ targetId: '10.0.7.1', port: 8080, targetGroupArn: pods }),
      ]),
    );
  });

  test('tells two with the same prefix apart', async () => {
    const { on, off } = await world();
    const { elbv2 } = api.lab.region;
    const second = elbv2.createTargetGroup({ name: 'web-2' });
    elbv2.attach(elbv2.createLoadBalancer({ name: 'web-2' }), second);
    elbv2.registerTargets(second, [{ id: off, port: 80 }]);
    expect((await api.ask('GET', '/elb/web')).body).toEqual([machine(on)]);
    expect((await api.ask('GET', '/elb/web-2')).body).toEqual([machine(off)]);
  });

  test.each([
    ['/elb/none', 404, 'not-found', 'none'],
    ['/elb/we', 404, 'not-found', 'we'],
    ['/elb/a%20b', 400, 'invalid-request', 'name'],
    ['/elb/web?targets=some', 400, 'invalid-request', 'targets'],
    ['/elb/web?region=mars', 400, 'invalid-request', 'region'],
  ])('%s answers %d', async (path, status, error, word) => {
    await world();
    const answer = await api.ask('GET', path);
    expect([answer.status, answer.body?.error]).toEqual([status, error]);
    expect(answer.body?.message).toContain(word);
  });

  test('is an empty list for a load balancer without target groups', async () => {
    await world();
    api.lab.region.elbv2.createLoadBalancer({ name: 'empty' });
    const answer = await api.ask('GET', '/elb/empty');
    expect([answer.status, answer.body]).toEqual([200, []]);
  });
});

describe('POST /elb/{name}', () => {
  test('answers 201 once RegisterTargets was accepted, and names the execution that waits for health', async () => {
    const { off, group } = await world();
    const answer = await api.ask('POST', '/elb/web', { body: { instanceId: off } });
    expect([answer.status, answer.body]).toEqual([201, machine(off)]);
    expect(answer.seconds).toBeLessThan(5);
    expect(target(group, off)).toBe('initial');
    const path = answer.headers.get('location') ?? '';
    expect((await api.ask('GET', path)).body).toMatchObject({ workflow: 'register-targets', status: 'running' });
    const ended = await api.ask('GET', `${path}?wait=true`);
    expect([ended.status, ended.body?.status, target(group, off)]).toEqual([200, 'succeeded', 'healthy']);
  });

  test('waits for its health with wait=true', async () => {
    const { off, group } = await world();
    const answer = await api.ask('POST', '/elb/web?wait=true', { body: { instanceId: off } });
    expect([answer.status, answer.body, target(group, off)]).toEqual([201, machine(off), 'healthy']);
  });

  test('answers 409 for one that is on already, and 201 for one that is on its way out', async () => {
    const { on, group } = await world();
    const refused = await api.ask('POST', '/elb/web', { body: { instanceId: on } });
    expect([refused.status, refused.body?.error]).toEqual([409, 'conflict']);
    expect(refused.body?.message).toContain(`${on} is already registered with web`);
    api.lab.region.elbv2.deregisterTargets(group, [{ id: on, port: 80 }]);
    expect((await api.ask('POST', '/elb/web', { body: { instanceId: on } })).status).toBe(201);
  });

  test('answers 409 with the candidates where several target groups could be meant, and takes a named one', async () => {
    const { off, group, balancer } = await world();
    const { elbv2 } = api.lab.region;
    const second = elbv2.createTargetGroup({ name: 'second' });
    elbv2.attach(balancer, second);
    const refused = await api.ask('POST', '/elb/web', { body: { instanceId: off } });
    expect([refused.status, refused.body?.error]).toEqual([409, 'conflict']);
    for (const arn of [group, second]) expect(refused.body?.message).toContain(arn);
    const path = `/elb/web?target-group=${encodeURIComponent(second)}`;
    expect((await api.ask('POST', path, { body: { instanceId: off } })).status).toBe(201);
    expect([target(group, off), target(second, off)]).toEqual([undefined, 'initial']);
  });

  test('answers 409 where none of its target groups takes instances', async () => {
    const { off } = await world();
    const { elbv2 } = api.lab.region;
    elbv2.attach(elbv2.createLoadBalancer({ name: 'pods' }), elbv2.createTargetGroup({ name: 'pods', type: 'ip' }));
    const answer = await api.ask('POST', '/elb/pods', { body: { instanceId: off } });
    expect([answer.status, answer.body?.error]).toEqual([409, 'conflict']);
    expect(answer.body?.message).toContain('takes instances');
  });

  test.each([
    ['an unknown load balancer', '/elb/none', (off: string) => ({ instanceId: off }), 404],
    ['an unknown instance', '/elb/web', () => ({ instanceId: 'i-0123456789abcdef0' }), 404],
    [
      'a target group of another load balancer',
      '/elb/web?target-group=arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/x/0123456789abcdef',
      (off: string) => ({ instanceId: off }),
      404,
    ],
    ['no instance', '/elb/web', () => ({}), 400],
    ['an id that is none', '/elb/web', () => ({ instanceId: 'web-1' }), 400],
    ['a number', '/elb/web', () => ({ instanceId: 7 }), 400],
    ['an unknown member', '/elb/web', (off: string) => ({ instanceId: off, port: 80 }), 400],
  ])('%s is refused', async (_what, path, body, status) => {
    const { off } = await world();
    const answer = await api.ask('POST', path, { body: body(off) });
    expect([answer.status, answer.body]).toEqual([status, { error: expect.any(String), message: expect.any(String) }]);
    expect((await api.lab.engine.list({ workflow: 'register-targets' })).executions).toEqual([]);
  });

  test('is one execution for one Idempotency-Key', async () => {
    const { off } = await world();
    const ask = () => api.ask('POST', '/elb/web', { body: { instanceId: off }, headers: { 'idempotency-key': 'k' } });
    const [first, second] = [await ask(), await ask()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
  });

  test('goes on trying where AWS throttles, and says so with 202', async () => {
    const { off, group } = await world();
    api.lab.region.faults.inject({ kind: 'throttle', operation: 'RegisterTargets', until: Date.now() + 60_000 });
    const answer = await api.ask('POST', '/elb/web', { body: { instanceId: off } });
    expect([answer.status, answer.body]).toEqual([202, machine(off)]);
    expect(answer.seconds).toBeLessThan(20);
    await api.lab.pass(120);
    expect(target(group, off)).toBeDefined();
  });
});

describe('DELETE /elb/{name}', () => {
  test('answers 201 once it is on its way out of every group and port, and 409 for one that is not on', async () => {
    const { on, off, group, balancer } = await world();
    const { elbv2 } = api.lab.region;
    const second = elbv2.createTargetGroup({ name: 'second', deregistrationDelaySeconds: 30 });
    elbv2.attach(balancer, second);
    elbv2.registerTargets(second, [
      { id: on, port: 8080 },
      { id: on, port: 8081 },
    ]);
    await api.lab.pass(300);
    const answer = await api.ask('DELETE', '/elb/web', { body: { instanceId: on } });
    expect([answer.status, answer.body]).toEqual([201, machine(on)]);
    await api.lab.pass(5);
    const states = [group, second].flatMap((arn) => elbv2.registrations(arn, on).map(({ state }) => state));
    expect(states).toEqual(['draining', 'draining', 'draining']);
    expect((await api.ask('GET', '/elb/web')).body).toEqual([]);
    const again = await api.ask('DELETE', '/elb/web', { body: { instanceId: on } });
    expect([again.status, again.body?.error]).toEqual([409, 'conflict']);
    const never = await api.ask('DELETE', '/elb/web', { body: { instanceId: off } });
    expect(never.body?.message).toContain(`${off} is not registered with web`);
    const ended = await api.ask('GET', `${answer.headers.get('location')}?wait=true`);
    expect(ended.body).toMatchObject({ status: 'succeeded', receipt: { counts: { done: 3, open: 0 } } });
  });

  test('the same host goes out and in again every day for a week', async () => {
    const { on, group } = await world();
    for (let day = 0; day < 7; day += 1) {
      const out = await api.ask('DELETE', '/elb/web?wait=true', { body: { instanceId: on } });
      expect([day, out.status, target(group, on)]).toEqual([day, 201, undefined]);
      const back = await api.ask('POST', '/elb/web?wait=true', { body: { instanceId: on } });
      expect([day, back.status]).toEqual([day, 201]);
      await api.lab.pass(86_400);
    }
    expect((await api.lab.engine.list({ workflow: 'register-targets' })).executions).toHaveLength(7);
  });
});

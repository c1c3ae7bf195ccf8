import { afterEach, describe, expect, test } from '@jest/globals';
import { ALL, ApiLab, type ApiLabOptions } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

const start = (options: ApiLabOptions = {}) => {
  api = new ApiLab(options);
  return api.lab.region;
};

/** An instance that takes two minutes to drain. @returns the input of its drain */
async function slowInstance(options: ApiLabOptions = {}): Promise<{ instanceId: string; targetGroups: string[] }> {
  const { elbv2, ec2 } = start(options);
  const balancer = elbv2.createLoadBalancer({ name: 'web' });
  const group = elbv2.createTargetGroup({ name: 'web', deregistrationDelaySeconds: 120 });
  elbv2.attach(balancer, group);
  const instanceId = ec2.launch();
  elbv2.registerTargets(group, [{ id: instanceId, port: 80 }]);
  await api.lab.pass(300);
  return { instanceId, targetGroups: [group] };
}

const idOf = (answer: { body: Readonly<Record<string, unknown>> | undefined }) => String(answer.body?.execution);

describe('POST /workflows/{workflow}', () => {
  test('accepts, names the execution, and fills in the region', async () => {
    const body = await slowInstance();
    const answer = await api.ask('POST', '/workflows/drain-instance', { body });
    expect(answer.status).toBe(202);
    const id = idOf(answer);
    expect(id).toMatch(new RegExp(`^drain-instance-${body.instanceId}-[0-9a-f]{16}$`));
    expect(answer.body).toEqual({ execution: id, workflow: 'drain-instance', status: 'running' });
    expect(answer.headers.get('location')).toBe(`/executions/${id}`);
    expect(answer.headers.get('x-sluice-execution')).toBe(id);
    expect(api.log.at(-1)).toMatchObject({ execution: id, credential: 'tests' });
    const shown = await api.ask('GET', `/executions/${id}`);
    expect(shown.body?.input).toMatchObject({ region: 'eu-west-1', instanceId: body.instanceId });
  });

  test('answers with the receipt when it is asked to wait', async () => {
    const body = await slowInstance();
    const answer = await api.ask('POST', '/workflows/drain-instance?wait=true', { body });
    expect(answer.status).toBe(200);
    expect(answer.seconds).toBeGreaterThanOrEqual(119);
    expect(answer.body).toMatchObject({
      status: 'succeeded',
      receipt: { workflow: 'drain-instance', status: 'succeeded' },
    });
  });

  test('answers the outcome in its status when it is asked to wait: 504 for a deadline', async () => {
    const body = { ...(await slowInstance()), timeoutSeconds: 30 };
    const answer = await api.ask('POST', '/workflows/drain-instance?wait=true', { body });
    expect([answer.status, answer.body?.error]).toEqual([504, 'timed-out']);
    expect(answer.body).toMatchObject({ execution: expect.any(String), receipt: { status: 'timed-out' } });
  });

  test('answers 202 behind API Gateway when 25 s were not enough', async () => {
    const body = await slowInstance({ services: { holdSeconds: 25 } });
    const answer = await api.ask('POST', '/workflows/drain-instance?wait=true', { body });
    expect([answer.status, answer.seconds, answer.body?.status]).toEqual([202, 25, 'running']);
  });

  test('names every fault of a document', async () => {
    start();
    const body = { region: 'nowhere', instanceId: 7, timeoutSeconds: '60', dryRun: 'yes', colour: 'blue' };
    const answer = await api.ask('POST', '/workflows/drain-instance', { body });
    expect([answer.status, answer.body?.error]).toEqual([400, 'invalid-request']);
    for (const word of ['region', 'instanceId', '7', 'timeoutSeconds', '"60"', 'dryRun', 'colour']) {
      expect(answer.body?.message).toContain(word);
    }
  });

  test('knows its workflows, and says which there are', async () => {
    start();
    const answer = await api.ask('POST', '/workflows/destroy', { body: {} });
    expect([answer.status, answer.body?.error]).toEqual([404, 'not-found']);
    expect(answer.body?.message).toContain('drain-instance, delayed-termination');
  });

  test('refuses a region that is not allowed', async () => {
    const body = await slowInstance({ settings: { SLUICE_ALLOWED_REGIONS: 'us-east-1,us-east-2' } });
    const answer = await api.ask('POST', '/workflows/drain-instance', { body });
    expect([answer.status, answer.body?.error]).toEqual([409, 'refused']);
    expect(answer.body?.message).toContain('us-east-1, us-east-2');
  });
});

describe('Idempotency-Key', () => {
  const key = (value: string) => ({ headers: { 'idempotency-key': value } });

  test('stands for one execution, while it runs and after', async () => {
    const body = await slowInstance();
    const ask = () => api.ask('POST', '/workflows/drain-instance', { body, ...key('deploy-42') });
    const [first, second] = [await ask(), await ask()];
    expect(second.body).toEqual(first.body);
    await api.lab.pass(400);
    const third = await ask();
    expect(third.body).toEqual({ ...first.body, status: 'succeeded' });
    expect((await api.lab.engine.list({ workflow: 'drain-instance' })).executions).toHaveLength(1);
  });

  test('answers simultaneous duplicates alike', async () => {
    const body = await slowInstance();
    const asked = Array.from({ length: 20 }, () =>
      api.begin('POST', '/workflows/drain-instance', { body, ...key('deploy-42') }),
    );
    await api.ask('GET', '/health');
    const ids = (await Promise.all(asked)).map((answer) => `${answer.status} ${idOf(answer)}`);
    expect(new Set(ids).size).toBe(1);
    expect((await api.lab.engine.list({ workflow: 'drain-instance' })).executions).toHaveLength(1);
  });

  test('is refused for another document', async () => {
    const body = await slowInstance();
    const first = await api.ask('POST', '/workflows/drain-instance', { body, ...key('k') });
    const other = { ...body, timeoutSeconds: 60 };
    const second = await api.ask('POST', '/workflows/drain-instance', { body: other, ...key('k') });
    expect([second.status, second.body?.error, second.body?.execution]).toEqual([409, 'conflict', idOf(first)]);
  });

  test('is another one for another caller', async () => {
    const second = { ...ALL, id: 'other', sha256: 'a'.repeat(64) };
    const body = await slowInstance({ credentials: () => JSON.stringify([ALL, second]) });
    const secret = 'other-secret';
    const { createHash } = await import('node:crypto');
    Object.assign(second, { sha256: createHash('sha256').update(secret).digest('hex') });
    await api.lab.pass(60);
    const one = await api.ask('POST', '/workflows/drain-instance', { body, ...key('k') });
    const two = await api.ask('POST', '/workflows/drain-instance', {
      body,
      ...key('k'),
      authorization: `Bearer ${secret}`,
    });
    expect([two.status, idOf(one) === idOf(two)]).toEqual([202, false]);
  });

  test.each([[''], ['a b'], ['x'.repeat(256)]])('is refused as %j', async (value) => {
    const body = await slowInstance();
    const answer = await api.ask('POST', '/workflows/drain-instance', { body, ...key(value) });
    expect([answer.status, answer.body?.error]).toEqual([400, 'invalid-request']);
  });

  test('needs none where the client repeats its request id', async () => {
    const body = await slowInstance();
    const headers = { 'x-request-id': 'retry-of-7' };
    const [first, second] = [
      await api.ask('POST', '/workflows/drain-instance', { body, headers }),
      await api.ask('POST', '/workflows/drain-instance', { body, headers }),
    ];
    expect(idOf(second)).toBe(idOf(first));
    expect(second.headers.get('x-request-id')).toBe('retry-of-7');
  });
});

describe('GET /executions/{id}', () => {
  test('shows how far it has come, by name and by ARN', async () => {
    const body = await slowInstance();
    const id = idOf(await api.ask('POST', '/workflows/drain-instance', { body }));
    await api.lab.pass(20);
    const arn = api.lab.engine.executionArn('drain-instance', id);
    for (const path of [id, encodeURIComponent(arn)]) {
      const { status, body: shown } = await api.ask('GET', `/executions/${path}`);
      expect(status).toBe(200);
      expect(shown).toMatchObject({
        execution: id,
        status: 'running',
        state: expect.stringMatching(/^Wait/),
        progress: { polls: expect.any(Number), targets: [{ id: body.instanceId, state: 'draining' }] },
      });
      expect(shown).not.toHaveProperty('receipt');
    }
  });

  test('is 200 with the receipt however it ended by itself, and its outcome with wait=true', async () => {
    const body = { ...(await slowInstance()), timeoutSeconds: 30 };
    const id = idOf(await api.ask('POST', '/workflows/drain-instance', { body }));
    await api.lab.pass(60);
    const shown = await api.ask('GET', `/executions/${id}`);
    expect([shown.status, shown.body?.status]).toEqual([200, 'timed-out']);
    expect(shown.body?.receipt).toMatchObject({ status: 'timed-out', reason: expect.any(String) });
    expect((await api.ask('GET', `/executions/${id}?wait=true`)).status).toBe(504);
  });

  test.each([
    ['drain-instance-nobody'],
    ['nobody'],
    ['%2e%2e'],
    ['drain-instance-%00'],
    ['arn:aws:states:eu-west-1:999999999999:execution:other:drain-instance-x'],
    ['x'.repeat(500)],
  ])('does not know %s', async (id) => {
    start();
    const answer = await api.ask('GET', `/executions/${id}`);
    expect([answer.status, answer.body?.error]).toEqual([404, 'not-found']);
  });
});

describe('DELETE /executions/{id}', () => {
  /** A drain with a lifecycle action, under way. */
  async function drainOfHook() {
    const body = await slowInstance();
    const { autoScaling } = api.lab.region;
    autoScaling.createGroup({ name: 'web', maxSize: 5 });
    autoScaling.putLifecycleHook('web', { name: 'sluice-drain', heartbeatTimeout: 300 });
    autoScaling.attachInstance('web', body.instanceId);
    autoScaling.scaleIn('web', body.instanceId);
    await api.lab.pass(1);
    const event = api.lab.region.outbox.events.find((one) => one['detail-type'].includes('terminate Lifecycle Action'));
    const detail = event?.detail as { LifecycleActionToken: string };
    const lifecycle = {
      autoScalingGroupName: 'web',
      lifecycleHookName: 'sluice-drain',
      lifecycleActionToken: detail.LifecycleActionToken,
      startedAt: event?.time,
    };
    const started = await api.ask('POST', '/workflows/drain-instance', { body: { ...body, lifecycle } });
    await api.lab.pass(20);
    return { id: idOf(started), instanceId: body.instanceId };
  }

  test('stops it: the action is left to its hook, nothing more is done, and it is 410 from then on', async () => {
    const { id, instanceId } = await drainOfHook();
    const answer = await api.ask('DELETE', `/executions/${id}`);
    expect([answer.status, answer.body]).toEqual([200, { execution: id, status: 'stopped', lifecycle: 'left' }]);
    const calls = api.lab.region.calls.count();
    await api.lab.pass(200);
    expect(api.lab.region.calls.count()).toBe(calls);
    expect(api.lab.region.ec2.instances.get(instanceId)?.state).toBe('running');
    for (const path of [`/executions/${id}`, `/executions/${id}?wait=true`]) {
      const shown = await api.ask('GET', path);
      expect([shown.status, shown.body?.error, shown.body?.execution]).toEqual([410, 'stopped', id]);
      expect(shown.body?.message).toContain('by tests');
    }
  });

  test.each([
    ['continue', 'continued', 'CONTINUE'],
    ['abandon', 'abandoned', 'ABANDON'],
  ])('completes the lifecycle action with lifecycle=%s', async (word, outcome, result) => {
    const { id, instanceId } = await drainOfHook();
    const answer = await api.ask('DELETE', `/executions/${id}?lifecycle=${word}`);
    expect([answer.status, answer.body?.lifecycle]).toEqual([200, outcome]);
    const completed = api.lab.region.calls.all.filter(({ operation }) => operation === 'CompleteLifecycleAction');
    expect(completed.map(({ input }) => (input as Record<string, unknown>).LifecycleActionResult)).toEqual([result]);
    await api.lab.pass(120);
    expect(api.lab.region.ec2.instances.get(instanceId)?.state).not.toBe('running');
    expect((await api.ask('DELETE', `/executions/${id}?lifecycle=${word}`)).body?.lifecycle).toBe('gone');
  });

  test('refuses to complete what is not there, and to stop what has ended', async () => {
    const body = await slowInstance();
    const id = idOf(await api.ask('POST', '/workflows/drain-instance', { body }));
    const answer = await api.ask('DELETE', `/executions/${id}?lifecycle=continue`);
    expect([answer.status, answer.body?.error]).toEqual([400, 'invalid-request']);
    await api.lab.pass(400);
    const late = await api.ask('DELETE', `/executions/${id}`);
    expect([late.status, late.body?.message]).toEqual([409, 'it has ended already: succeeded']);
  });
});

describe('GET /executions', () => {
  test('pages through one workflow, newest first', async () => {
    const { ec2 } = start();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const answer = await api.ask('POST', '/workflows/drain-instance', { body: { instanceId: ec2.launch() } });
      ids.unshift(idOf(answer));
      await api.lab.pass(1);
    }
    const seen: unknown[] = [];
    for (let token = ''; ; ) {
      const page = await api.ask('GET', `/executions?workflow=drain-instance&max-results=2${token}`);
      const { executions, nextToken } = page.body as { executions: { execution: string }[]; nextToken?: string };
      seen.push(...executions.map(({ execution }) => execution));
      if (nextToken === undefined) break;
      token = `&next-token=${encodeURIComponent(nextToken)}`;
    }
    expect(seen).toEqual(ids);
    const all = (await api.ask('GET', '/executions?status=succeeded&max-results=3')).body?.executions;
    expect(all).toMatchObject(ids.slice(0, 3).map((execution) => ({ execution, status: 'succeeded' })));
    expect((await api.ask('GET', '/executions?status=running')).body?.executions).toEqual([]);
  });

  test.each([
    ['workflow=none'],
    ['status=RUNNING'],
    ['max-results=0'],
    ['max-results=1001'],
    ['next-token=x'],
    ['a=b'],
  ])('refuses %s', async (query) => {
    start();
    expect((await api.ask('GET', `/executions?${query}`)).status).toBe(400);
  });

  test('refuses a token that it never gave', async () => {
    start();
    expect((await api.ask('GET', '/executions?workflow=drain-instance&next-token=x')).status).toBe(400);
  });
});

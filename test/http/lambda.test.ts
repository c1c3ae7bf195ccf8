/** The two functions behind API Gateway: its own event documents, the real Step Functions client, virtual time. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { LambdaEvent } from 'hono/aws-lambda';
import { readSettings } from '../../src/contract/settings.ts';
import { type LambdaHandler, lambdaHandler } from '../../src/http/lambda.ts';
import { ALL_ROUTES } from '../../src/http/routes/all.ts';
import { Lab } from '../support/lab.ts';
import { deployIn, event } from './support/deployed.ts';

let lab: Lab;
afterEach(() => lab.close());

function deploy(): { readonly handler: LambdaHandler; readonly lines: readonly string[] } {
  lab = new Lab();
  const deployment = deployIn(lab);
  return { handler: deployment.instance(), lines: deployment.lines };
}

async function ask(handler: LambdaHandler, asked: LambdaEvent) {
  const began = Date.now();
  let answered = false;
  const answer = handler(asked).finally(() => {
    answered = true;
  });
  await lab.until(() => answered);
  const { statusCode, headers = {}, body } = await answer;
  return { status: statusCode, headers, body, seconds: Math.round((Date.now() - began) / 10) / 100 };
}

test('asks for a credential, and refuses to start where none is configured', async () => {
  const { handler, lines } = deploy();
  expect((await ask(handler, event('GET', '/executions', undefined, null))).status).toBe(401);
  expect((await ask(handler, event('GET', '/delayed-termination', undefined, null))).status).toBe(200);
  expect((await ask(handler, event('GET', '/executions'))).status).toBe(200);
  expect(lines.map((line) => JSON.parse(line).status)).toEqual([401, 200, 200]);
  const none = () =>
    lambdaHandler({
      settings: readSettings({}),
      region: 'eu-west-1',
      aws: {},
      engine: lab.engine,
      write: () => undefined,
      routes: ALL_ROUTES,
      now: Date.now,
    });
  expect(none).toThrow('SLUICE_CREDENTIALS_PARAMETER or SLUICE_CREDENTIALS must say who may call');
});

test('starts, shows and stops an execution of Step Functions', async () => {
  const { handler } = deploy();
  const body = { targets: [{ id: '10.0.7.1' }], targetGroups: [addressIn(300)] };
  await lab.pass(300);
  const started = await ask(handler, event('POST', '/workflows/await-drained', body));
  expect(started.status).toBe(202);
  const { location } = started.headers as { location: string };
  await lab.pass(20);
  const shown = await ask(handler, event('GET', location));
  expect(JSON.parse(shown.body)).toMatchObject({ status: 'running', progress: { polls: expect.any(Number) } });
  expect((await ask(handler, event('DELETE', location))).status).toBe(200);
  expect((await ask(handler, event('GET', location))).status).toBe(410);
  expect(JSON.parse((await ask(handler, event('GET', '/executions?status=stopped'))).body).executions).toHaveLength(1);
});

test('serves the page that renders its description, compressed', async () => {
  const { handler } = deploy();
  const script = await handler(event('GET', '/docs/swagger-ui-bundle.js'));
  expect([script.statusCode, script.isBase64Encoded]).toEqual([200, true]);
  // API Gateway takes 6 MB from a function.
  expect(script.body.length).toBeLessThan(1_000_000);
});

/** @returns the ARN of a target group with 10.0.7.1 in it */
function addressIn(deregistrationDelaySeconds: number, name = 'pods'): string {
  const { elbv2 } = lab.region;
  const group = elbv2.createTargetGroup({ name, type: 'ip', deregistrationDelaySeconds });
  elbv2.attach(elbv2.createLoadBalancer({ name }), group);
  elbv2.registerTargets(group, [{ id: '10.0.7.1', port: 80 }]);
  return group;
}

describe('GET /drain-delay', () => {
  /** Follows redirects as curl -L does. */
  async function follow(handler: LambdaHandler, first: string) {
    const began = Date.now();
    const holds: number[] = [];
    for (let address = first; ; ) {
      const { status, headers, body, seconds } = await ask(handler, event('GET', address));
      holds.push(seconds);
      if (status !== 307)
        return { status, body: JSON.parse(body), holds, seconds: Math.round((Date.now() - began) / 10) / 100 };
      address = String((headers as { location?: string }).location);
    }
  }

  test('is held 25 s at a time, and goes on by redirect until the address is drained', async () => {
    const { handler } = deploy();
    const group = addressIn(120);
    await lab.pass(300);
    lab.region.elbv2.deregisterTargets(group, [{ id: '10.0.7.1', port: 80 }]);
    const answer = await follow(
      handler,
      `/drain-delay?max-delay=600&ip=10.0.7.1&target-group-arn=${encodeURIComponent(group)}`,
    );
    expect(answer.status).toBe(200);
    expect(answer.seconds).toBeGreaterThanOrEqual(119);
    expect(answer.seconds).toBeLessThan(160);
    for (const held of answer.holds) expect(held).toBeLessThanOrEqual(25);
  });

  test('keeps max-delay across its redirects', async () => {
    const { handler } = deploy();
    const group = addressIn(300);
    await lab.pass(300);
    const answer = await follow(
      handler,
      `/drain-delay?max-delay=70&ip=10.0.7.1&target-group-arn=${encodeURIComponent(group)}`,
    );
    expect([answer.status, answer.seconds, answer.holds]).toEqual([504, 70, [25, 25, 20]]);
    expect(answer.body.message).toContain('the deregistration delay is 300 s');
  });

  test('asks Step Functions no more than three times in 25 s, and stays when it is throttled', async () => {
    const { handler } = deploy();
    const group = addressIn(300);
    await lab.pass(300);
    const describes = () => lab.region.calls.all.filter(({ operation }) => operation === 'DescribeExecution').length;
    const address = `/drain-delay?max-delay=600&ip=10.0.7.1&target-group-arn=${encodeURIComponent(group)}`;
    expect((await ask(handler, event('GET', address))).status).toBe(307);
    expect(describes()).toBeLessThanOrEqual(3);
    lab.region.faults.inject({ kind: 'throttle', service: 'states', until: Date.now() + 40_000 });
    const throttled = await ask(handler, event('GET', address));
    expect([throttled.status, throttled.seconds]).toEqual([307, 25]);
  });

  test('callers for one address in twenty target groups are one execution', async () => {
    const { handler } = deploy();
    const { elbv2 } = lab.region;
    const balancer = elbv2.createLoadBalancer({ name: 'shared' });
    for (let index = 0; index < 20; index += 1) {
      const group = elbv2.createTargetGroup({ name: `shared-${index}`, type: 'ip', deregistrationDelaySeconds: 20 });
      elbv2.attach(balancer, group);
      elbv2.registerTargets(group, [{ id: '10.0.7.1', port: 80 }]);
      elbv2.deregisterTargets(group, [{ id: '10.0.7.1', port: 80 }]);
    }
    const asked = event('GET', `/drain-delay?max-delay=600&ip=10.0.7.1&load-balancer=shared`);
    const others = Array.from({ length: 200 }, () => handler(asked));
    await ask(handler, asked);
    expect((await Promise.all(others)).every(({ statusCode }) => statusCode === 200 || statusCode === 307)).toBe(true);
    expect((await lab.engine.list({ workflow: 'await-drained' })).executions).toHaveLength(1);
  });
});

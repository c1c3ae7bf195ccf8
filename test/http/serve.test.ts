/** `sluice serve` as a process: its address, its credential, its end, and every route by curl. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { SECRET, sha256 } from './support/api-lab.ts';
import { killAll, run, ServeProcess } from './support/process.ts';

const CREDENTIALS = JSON.stringify([{ id: 'tests', sha256: sha256(SECRET) }]);
const folder = mkdtempSync(join(tmpdir(), 'sluice-serve-'));
afterAll(() => {
  killAll();
  rmSync(folder, { recursive: true });
});
// Processes start in a second, on a machine that does nothing else.
jest.setTimeout(60_000);

describe('the address', () => {
  test.each([['0.0.0.0'], ['localhost.example']])(
    '%s is refused without a credential, and nothing listens',
    async (host) => {
      await expect(ServeProcess.start(['--simulate', '--host', host])).rejects.toThrow(
        /ended with 2: [\s\S]*--host is reachable for others: set SLUICE_CREDENTIALS/,
      );
    },
  );

  test('is refused where no region is known', async () => {
    await expect(ServeProcess.start([])).rejects.toThrow(/ended with 2: [\s\S]*--aws-region or AWS_REGION/);
  });

  test('is refused with a list of credentials that cannot be used', async () => {
    const environment = { SLUICE_CREDENTIALS: '[{"id":"a","sha256":"secret-in-clear"}]' };
    const started = ServeProcess.start(['--simulate'], environment);
    await expect(started).rejects.toThrow(/ended with 2: [\s\S]*sha256/);
    await expect(started).rejects.not.toThrow(/secret-in-clear/);
  });
});

describe('with a credential', () => {
  let served: ServeProcess;
  beforeAll(async () => {
    served = await ServeProcess.start(['--simulate', '--host', '0.0.0.0'], { SLUICE_CREDENTIALS: CREDENTIALS });
  });
  afterAll(() => served.end());

  const port = () => new URL(served.url).port;
  const curl = (...args: string[]) => run('curl', ['-s', '-o', '-', '-w', '\n%{http_code}', ...args]);
  const status = async (...args: string[]) => Number((await curl(...args)).stdout.split('\n').at(-1));

  test.each([
    ['GET', '/delayed-termination', undefined, 200],
    ['POST', '/delayed-termination', '{"ec2_instance_id":"i-00000000000000000"}', 404],
    ['GET', '/drain-delay?ip=10.9.9.9&namespace=default&ingress=web', undefined, 200],
    ['GET', '/elb/default-alb', undefined, 200],
    ['POST', '/elb/default-alb', '{"instanceId":"i-06060a1e235608888"}', 201],
    ['DELETE', '/elb/default-alb', '{"instanceId":"i-06060a1e235609999"}', 201],
    ['POST', '/workflows/drain-instance', '{"instanceId":"i-06060a1e235608888","dryRun":true}', 202],
    ['GET', '/executions', undefined, 200],
    ['GET', '/executions/drain-instance-none', undefined, 404],
    ['DELETE', '/executions/drain-instance-none', undefined, 404],
    ['GET', '/health', undefined, 200],
    ['GET', '/healthcheck', undefined, 200],
    ['GET', '/metrics', undefined, 200],
    ['GET', '/openapi.json', undefined, 200],
    ['GET', '/docs', undefined, 200],
    ['GET', '/docs/swagger-ui-bundle.js', undefined, 200],
  ])('curl -X %s %s', async (method, path, body, expected) => {
    const data = body === undefined ? [] : ['-H', 'Content-Type: application/json', '-d', body];
    const url = `http://127.0.0.1:${port()}${path}`;
    const bearer = ['-H', `Authorization: Bearer ${SECRET}`];
    expect(await status('-X', method, ...bearer, ...data, url)).toBe(expected);
  });

  test('takes the credential from the address, as Skopos carries it', async () => {
    expect(await status(`http://tests:${SECRET}@127.0.0.1:${port()}/executions`)).toBe(200);
    expect(await status(`http://tests:wrong@127.0.0.1:${port()}/executions`)).toBe(401);
  });

  test('counts what it does for Prometheus', async () => {
    const { stdout } = await curl('-u', `tests:${SECRET}`, `http://127.0.0.1:${port()}/metrics`);
    expect(stdout).toMatch(/sluice_http_request_duration_seconds_count\{method="GET",route="\/elb",status="200"\} \d/);
    expect(stdout).toMatch(/sluice_executions_open \d/);
    expect(stdout).toMatch(/sluice_executions_ended_total\{workflow="drain-instance",status="succeeded"\} 1/);
  });

  test('answers in its own shape what is hardly HTTP', async () => {
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port()), '127.0.0.1', () => socket.end(text));
        let answer = '';
        socket.on('data', (chunk) => {
          answer += chunk.toString();
        });
        socket.on('close', () => resolve(answer)).on('error', reject);
      });
    expect(await raw('GET /executions HTTP/1.1\r\nHost: a b\r\n\r\n')).toMatch(
      /^HTTP\/1.1 400 [\s\S]*"error":"invalid-request"/,
    );
    expect(await raw('no http at all\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  });

  test('writes nothing but lines of JSON, and no credential', async () => {
    expect(served.lines.filter(({ message }) => message === 'request').length).toBeGreaterThan(10);
    expect(JSON.stringify(served.lines)).not.toContain(SECRET);
  });
});

describe('the end', () => {
  let served: ServeProcess | undefined;
  afterEach(() => served?.end('SIGKILL'));

  test('by SIGTERM: gives the answers that are due, sends on who is held, and exits with 0', async () => {
    const journal = join(folder, 'end.db');
    served = await ServeProcess.start(['--simulate', '--journal', journal]);
    const path = '/drain-delay?ip=10.0.7.2&namespace=default&ingress=web&max-delay=600';
    const held = served.fetch(path, { redirect: 'manual' });
    await served.fetch('/health');
    expect(await served.end()).toBe(0);
    const answer = await held;
    expect(answer.status).toBe(307);
    expect(answer.headers.get('location')).toMatch(/^\/drain-delay\?.*since=\d{13}$/);
    expect(served.lines.map(({ message }) => message)).toEqual(expect.arrayContaining(['ending', 'request']));
    expect(served.lines.at(-1)?.message).toContain('what is unfinished stays in the journal');
  });

  test('leaves executions to the journal, and the next process takes them up', async () => {
    const journal = join(folder, 'next.db');
    const path = '/workflows/await-drained';
    const input = { targets: [{ id: '10.0.7.2' }], namespace: 'default', ingress: 'web' };
    served = await ServeProcess.start(['--simulate', '--journal', journal]);
    const headers = { 'content-type': 'application/json' };
    const started = await served.fetch(path, { method: 'POST', headers, body: JSON.stringify(input) });
    const { execution } = (await started.json()) as { execution: string };
    expect(await served.end('SIGKILL')).toBe('SIGKILL');
    served = await ServeProcess.start(['--simulate', '--journal', journal]);
    const shown = (await (await served.fetch(`/executions/${execution}`)).json()) as { status: string };
    expect(shown.status).toBe('running');
  });

  test('a second process cannot use the same journal', async () => {
    const journal = join(folder, 'one.db');
    served = await ServeProcess.start(['--simulate', '--journal', journal]);
    await expect(ServeProcess.start(['--simulate', '--journal', journal])).rejects.toThrow(
      /another process is using it; one journal serves one process/,
    );
  });
});

test('reads a file of credentials, as Kubernetes mounts a secret', async () => {
  const file = join(folder, 'credentials.json');
  writeFileSync(file, CREDENTIALS);
  const served = await ServeProcess.start(['--simulate'], { SLUICE_CREDENTIALS_FILE: file });
  expect((await served.fetch('/executions')).status).toBe(401);
  expect((await served.fetch('/executions', { headers: { authorization: `Bearer ${SECRET}` } })).status).toBe(200);
  await served.end();
});

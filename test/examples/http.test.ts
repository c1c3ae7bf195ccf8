/** The examples of the HTTP API as their users take them: commands as printed, manifests as applied, steps as built. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { bundleCli } from '../../scripts/bundle-cli.ts';
import { CredentialList } from '../../src/contract/http/credentials.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { SECRET, sha256 } from '../http/support/api-lab.ts';
import { killAll, run, ServeProcess } from '../http/support/process.ts';

jest.setTimeout(90_000);
afterAll(() => killAll());

const text = (file: string) => readFileSync(file, 'utf8');

test('every command of the curl examples does what it says, as printed', async () => {
  const served = await ServeProcess.start(['--simulate'], {
    SLUICE_CREDENTIALS: JSON.stringify([{ id: 'me', sha256: sha256(SECRET) }]),
  });
  const blocks = [...text('examples/curl/README.md').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);
  expect(blocks.length).toBeGreaterThan(5);
  const script = `set -e\n${blocks.join('\n')}`;
  const ran = await run('bash', ['--norc', '-c', script], { SLUICE: served.url, SLUICE_SECRET: SECRET });
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const asked = served.lines.filter(({ message }) => message === 'request');
  expect(asked.map(({ status }) => Number(status)).filter((status) => status >= 400)).toEqual([]);
  const routes = new Set(asked.map(({ method, path }) => `${method} /${String(path).split('/')[1]}`));
  for (const [method, path] of [
    ['GET', 'health'],
    ['GET', 'healthcheck'],
    ['GET', 'delayed-termination'],
    ['POST', 'delayed-termination'],
    ['GET', 'elb'],
    ['POST', 'elb'],
    ['DELETE', 'elb'],
    ['GET', 'drain-delay'],
    ['POST', 'workflows'],
    ['GET', 'executions'],
    ['DELETE', 'executions'],
    ['GET', 'openapi.json'],
    ['GET', 'docs'],
    ['GET', 'metrics'],
  ]) {
    expect(routes).toContain(`${method} /${path}`);
  }
  await served.end();
});

describe('the Kubernetes manifest', () => {
  interface Resource {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly annotations?: Record<string, string>;
    };
    readonly stringData?: Record<string, string>;
    readonly spec?: {
      readonly selector?: { readonly matchLabels?: Record<string, string> } & Record<string, unknown>;
      readonly ports?: readonly { readonly targetPort: string }[];
      readonly template?: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: PodSpec };
    };
  }
  interface PodSpec {
    readonly serviceAccountName: string;
    readonly securityContext: { readonly runAsNonRoot: boolean };
    readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
    readonly containers: readonly {
      readonly args: readonly string[];
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly livenessProbe: Probe;
      readonly readinessProbe: Probe;
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
      readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
    }[];
  }
  interface Probe {
    readonly httpGet: { readonly path: string; readonly port: string };
  }
  const resources = parseAllDocuments(text('examples/kubernetes/sluice.yaml')).map((one) => one.toJS() as Resource);
  const of = (kind: string) => resources.find((one) => one.kind === kind);

  test('needs no access to the Kubernetes API, and its parts fit together', () => {
    expect(resources.map(({ kind }) => kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'Secret',
      'Deployment',
      'Service',
    ]);
    expect(of('ServiceAccount')?.metadata.annotations).toHaveProperty(['eks.amazonaws.com/role-arn']);
    const template = of('Deployment')?.spec?.template;
    const [container] = template?.spec.containers ?? [];
    expect(template?.spec.serviceAccountName).toBe(of('ServiceAccount')?.metadata.name);
    expect(template?.metadata.labels).toMatchObject(of('Service')?.spec?.selector ?? {});
    expect(container?.ports[0]?.name).toBe(of('Service')?.spec?.ports?.[0]?.targetPort);
    expect(template?.spec.volumes.find(({ secret }) => secret)?.secret?.secretName).toBe(of('Secret')?.metadata.name);
    expect([template?.spec.securityContext.runAsNonRoot, container?.securityContext.readOnlyRootFilesystem]).toEqual([
      true,
      true,
    ]);
    const environment = Object.fromEntries(container?.env.map(({ name, value }) => [name, value]) ?? []);
    expect(readSettings(environment).credentials).toEqual({ file: '/etc/sluice/credentials.json' });
    expect(CredentialList.parse(JSON.parse(of('Secret')?.stringData?.['credentials.json'] ?? ''))).toHaveLength(1);
  });

  test('its arguments start a server on which both probes succeed without a credential', async () => {
    const [container] = of('Deployment')?.spec?.template?.spec.containers ?? [];
    const [, ...given] = container?.args ?? [];
    const folder = mkdtempSync(join(tmpdir(), 'sluice-pod-'));
    const args = given.map((arg) => (arg === '8000' ? '0' : arg.replace('/var/lib/sluice', folder)));
    const served = await ServeProcess.start([...args, '--simulate'], {
      SLUICE_CREDENTIALS: of('Secret')?.stringData?.['credentials.json'] ?? '',
    });
    const base = `http://127.0.0.1:${new URL(served.url).port}`;
    for (const probe of [container?.livenessProbe, container?.readinessProbe]) {
      expect((await fetch(`${base}${probe?.httpGet.path}`)).status).toBe(200);
    }
    expect((await fetch(`${base}/executions`)).status).toBe(401);
    expect(existsSync(join(folder, 'journal.db'))).toBe(true);
    await served.end();
    rmSync(folder, { recursive: true });
  });
});

test('the Skopos model and environment: the gate is open, and the credential in the URI is the one that is known', async () => {
  const environment = parse(text('examples/skopos/env.yaml')) as {
    plugin_config: { 'ec2-asg': { delegated_destroy: { uri: string; components: string[] } } };
  };
  const model = parse(text('examples/skopos/model.yaml')) as {
    components: {
      sluice: {
        environment: Record<string, string>;
        lifecycle: { quality_probe: { steps: { probe: { arguments: { path: string } } }[] } };
      };
    };
  };
  const { uri } = environment.plugin_config['ec2-asg'].delegated_destroy;
  const { sluice } = model.components;
  const address = new URL(uri);
  const digest = createHash('sha256').update(address.password).digest('hex');
  expect(JSON.parse(sluice.environment.SLUICE_CREDENTIALS ?? '')).toMatchObject([
    { id: address.username, sha256: digest },
  ]);
  const served = await ServeProcess.start(['--simulate'], sluice.environment);
  const gate = sluice.lifecycle.quality_probe.steps[0]?.probe.arguments.path ?? '';
  expect((await served.fetch(gate)).status).toBe(200);
  const document = {
    ec2_region: 'eu-west-1',
    ec2_instance_id: 'i-06060a1e235608888',
    project: 'shop',
    component: 'front',
    user_data: {},
  };
  const there = uri.replace(address.host, new URL(served.url).host);
  const posted = await run('curl', [
    '-s',
    '-i',
    '-H',
    'Content-type: application/json',
    '-d',
    JSON.stringify(document),
    there,
  ]);
  expect(posted.stdout).toMatch(/^HTTP\/1.1 202 /);
  await served.end();
});

describe('the Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');
  const hasEngine = (() => {
    try {
      execFileSync('docker', ['info'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  test('copies only what there is, runs as nobody, and keeps secrets and modules out', () => {
    for (const line of lines.filter((one) => one.startsWith('COPY ') && !one.includes('--from'))) {
      for (const source of line.split(' ').slice(1, -1)) expect([source, existsSync(source)]).toEqual([source, true]);
    }
    expect(lines.filter((one) => one.startsWith('USER '))).toEqual(['USER node']);
    expect(lines.indexOf('USER node')).toBeLessThan(lines.findIndex((one) => one.startsWith('ENTRYPOINT')));
    expect(text('.dockerignore').split('\n')).toEqual(expect.arrayContaining(['.git', 'node_modules', 'dist']));
  });

  // Without a container engine its steps are carried out in a folder: the bundle alone must serve.
  test(`its last stage serves (${hasEngine ? 'an engine is at hand, and the steps are the same' : 'no engine is at hand'})`, async () => {
    const root = mkdtempSync(join(tmpdir(), 'sluice-image-'));
    await bundleCli(join(root, 'dist', 'cli'));
    const image = join(root, 'image');
    mkdirSync(image);
    cpSync(join(root, 'dist', 'cli'), join(image, 'opt', 'sluice'), { recursive: true });
    const entry = JSON.parse(lines.find((one) => one.startsWith('CMD'))?.slice(4) ?? '[]') as string[];
    expect(entry).toEqual(['serve', '--host', '0.0.0.0']);
    const served = await ServeProcess.start(
      [...entry.slice(1), '--simulate'],
      { SLUICE_CREDENTIALS: JSON.stringify([{ id: 'me', sha256: sha256(SECRET) }]), XDG_STATE_HOME: root },
      { script: join(image, 'opt', 'sluice', 'sluice.mjs'), cwd: image, node: resolve('node_modules/.bin/node') },
    );
    const base = `http://127.0.0.1:${new URL(served.url).port}`;
    const authorization = `Bearer ${SECRET}`;
    for (const path of [
      '/health',
      '/delayed-termination',
      '/docs',
      '/docs/swagger-ui.css',
      '/openapi.json',
      '/elb/default-alb',
    ]) {
      expect([path, (await fetch(`${base}${path}`, { headers: { authorization } })).status]).toEqual([path, 200]);
    }
    expect(await served.end()).toBe(0);
    rmSync(root, { recursive: true });
  });
});

/** The preStop hooks, run by the shells of small images against a real `sluice serve`. */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { localEngine } from '../../src/cli/local-engine.ts';
import { simulatedRegion } from '../../src/cli/serve/simulated.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { lambdaHandler } from '../../src/http/lambda.ts';
import { ALL_ROUTES } from '../../src/http/routes/all.ts';
import { SECRET, sha256 } from '../http/support/api-lab.ts';
import { serveGateway } from '../http/support/gateway.ts';
import { killAll, run, ServeProcess } from '../http/support/process.ts';

jest.setTimeout(60_000);

const CREDENTIALS = JSON.stringify([{ id: 'prestop', sha256: sha256(SECRET), workflows: ['await-drained'] }]);
const OLD_SCRIPT = readFileSync('test/examples/old-prestop.sh', 'utf8');

const BUSYBOX = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'busybox'))
  .find(existsSync);
if (BUSYBOX === undefined) {
  process.stderr.write(
    '\nbusybox is not on the PATH: the preStop hooks are NOT tried under it (apt-get install busybox)\n\n',
  );
}

let served: ServeProcess;
beforeAll(async () => {
  served = await ServeProcess.start(['--simulate'], { SLUICE_CREDENTIALS: CREDENTIALS });
});
afterAll(async () => {
  await served?.end();
  killAll();
});

/** Where a hook would sleep it says so, and for how long, instead. */
const NO_SLEEP = 'sleep() { echo "slept $1"; }\n';
const SHELLS: [string, string[]][] = [
  ...(BUSYBOX === undefined ? [] : [['busybox', ['sh', '-c']] satisfies [string, string[]]]),
  ['bash', ['--norc', '-c']],
];

const hook = () => ({ SLUICE_URL: served.url, SLUICE_SECRET: SECRET, POD_NAMESPACE: 'default', INGRESS: 'web' });

const underBusybox = BUSYBOX === undefined ? describe.skip : describe;
underBusybox('the script for images without curl, under busybox sh with busybox wget', () => {
  const script = readFileSync('examples/kubernetes/prestop.sh', 'utf8');
  // Applets of busybox alone are within its reach.
  const applets = mkdtempSync(join(tmpdir(), 'sluice-applets-'));
  for (const applet of ['wget', 'date']) symlinkSync(BUSYBOX ?? '', join(applets, applet));
  afterAll(() => rmSync(applets, { recursive: true }));
  const busybox = (environment: Record<string, string>) =>
    run(BUSYBOX ?? '', ['sh', '-c', NO_SLEEP + script], { ...environment, PATH: applets });

  test('ends at once for an address that is drained', async () => {
    expect(await busybox({ ...hook(), POD_IP: '10.9.9.9' })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('is held until the address is drained', async () => {
    const { code, stdout } = await busybox({ ...hook(), POD_IP: '10.0.7.1', MAX_DELAY: '30' });
    expect([code, stdout]).toEqual([0, '']);
    const request = served.lines.findLast(({ path }) => path === '/drain-delay');
    expect(request).toMatchObject({ status: 200, query: { 'max-delay': '30', ip: '10.0.7.1' }, credential: 'prestop' });
  });

  test('does not sleep again when max-delay has passed', async () => {
    const { code, stdout } = await busybox({ ...hook(), POD_IP: '10.0.7.2', MAX_DELAY: '2' });
    expect([code, stdout]).toEqual([0, '']);
    expect(served.lines.findLast(({ path }) => path === '/drain-delay')).toMatchObject({ status: 504 });
  });

  test.each([
    ['a wrong credential', { SLUICE_SECRET: 'wrong' }],
    ['nobody there', { SLUICE_URL: 'http://127.0.0.1:1' }],
  ])('waits out max-delay by itself with %s', async (_what, environment) => {
    const { code, stdout, stderr } = await busybox({ ...hook(), POD_IP: '10.0.7.2', MAX_DELAY: '40', ...environment });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^slept (40|39)\n$/)]);
    expect(stderr).toContain('no good answer');
  });
});

describe('the line with curl', () => {
  interface Manifest {
    readonly kind: string;
    readonly spec: {
      readonly template: {
        readonly spec: { readonly containers: readonly Container[]; readonly terminationGracePeriodSeconds: number };
      };
    };
  }
  interface Container {
    readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  }
  const [deployment] = parseAllDocuments(readFileSync('examples/kubernetes/app-with-curl.yaml', 'utf8')).map(
    (one) => one.toJS() as Manifest,
  );
  const { containers, terminationGracePeriodSeconds } = deployment?.spec.template.spec ?? {
    containers: [],
    terminationGracePeriodSeconds: 0,
  };
  const command = containers[0]?.lifecycle.preStop.exec.command.at(-1) ?? '';

  test.each(SHELLS)('is held until the address is drained, under %s', async (shell, args) => {
    const { code, stdout, stderr } = await run(shell, [...args, NO_SLEEP + command], { ...hook(), POD_IP: '10.9.9.9' });
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(served.lines.findLast(({ path }) => path === '/drain-delay')).toMatchObject({ status: 200 });
  });

  test.each(SHELLS)('waits by itself where nobody answers, under %s', async (shell, args) => {
    const environment = { ...hook(), POD_IP: '10.0.7.2', SLUICE_URL: 'http://127.0.0.1:1' };
    const { code, stdout } = await run(shell, [...args, NO_SLEEP + command], environment);
    expect([code, stdout]).toEqual([0, 'slept 60\n']);
  });

  test('has the grace period that goes with it', () => {
    const maxDelay = Number(/max-delay=(\d+)/.exec(command)?.[1]);
    const asleep = Number(/sleep (\d+)/.exec(command)?.[1]);
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(maxDelay + asleep + 30);
  });
});

describe('the example script of aws-load-balancer-drain-wait, verbatim', () => {
  const at = (address: string) =>
    OLD_SCRIPT.replace('http://<domain>:8080', address).replace('<namespace>', 'default').replace('<ingress>', 'web');

  test.each(SHELLS)('has no credential: it waits its 60 s by itself, under %s', async (shell, args) => {
    const { code, stdout } = await run(shell, [...args, NO_SLEEP + at(served.url)], { MY_IP: '10.9.9.9' });
    expect(code).toBe(0);
    expect(stdout).toContain('slept 60\n');
    expect(served.lines.findLast(({ path }) => path === '/drain-delay')).toMatchObject({ status: 401 });
  });

  test.each(SHELLS)(
    'with the credential in its address it ends once the address is drained, under %s',
    async (shell, args) => {
      const address = served.url.replace('http://', `http://prestop:${SECRET}@`);
      const { code, stdout } = await run(shell, [...args, NO_SLEEP + at(address)], { MY_IP: '10.9.9.9' });
      expect([code, stdout]).toEqual([0, '']);
    },
  );

  test.each(SHELLS)('waits by itself at what the deployed form answers, under %s', async (shell, args) => {
    const { region, access } = simulatedRegion('eu-west-1');
    const settings = readSettings({ SLUICE_CREDENTIALS: CREDENTIALS });
    const engine = localEngine({ journal: ':memory:', region, accountId: '123456789012', access, settings });
    const around = { settings, region, aws: access, engine, routes: ALL_ROUTES, write: () => undefined, now: Date.now };
    const gateway = await serveGateway(lambdaHandler(around));
    try {
      const without = await run(shell, [...args, NO_SLEEP + at(gateway.url)], { MY_IP: '10.0.7.2' });
      expect([without.code, without.stdout, gateway.statuses]).toEqual([0, expect.stringContaining('slept 60'), [401]]);
      const address = gateway.url.replace('http://', `http://prestop:${SECRET}@`);
      const drained = await run(shell, [...args, NO_SLEEP + at(address)], { MY_IP: '10.9.9.9' });
      expect([drained.code, drained.stdout, gateway.statuses]).toEqual([0, '', [401, 200]]);
      // What would take longer than a request may is redirected, and the script does not follow: curl says 307.
      const redirected = `curl() { echo 307; }\n${NO_SLEEP}${at(address)}`;
      expect((await run(shell, [...args, redirected], { MY_IP: '10.0.7.2' })).stdout).toContain('slept 60');
    } finally {
      await gateway.close();
      await engine.close();
    }
  });
});

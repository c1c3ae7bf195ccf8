/** What the Action costs: the time until the execution has started, what has to be loaded, and how often fifty jobs ask. */
import { execFile, spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { DeployedEngine } from '../src/action/deployed.ts';
import { stateMachineArn } from '../src/engine/arns.ts';
import { EmbeddedEngine } from '../src/engine/embedded/embedded-engine.ts';
import { executionName } from '../src/engine/names.ts';
import { SimulatedRegion } from '../src/simulated-region/region.ts';
import { stepFunctionsService } from '../src/simulated-region/step-functions.ts';
import { VirtualTime } from '../src/simulated-region/virtual-time.ts';
import type { Bench, Result } from './support/bench.ts';

const DEFINITION = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 3_600, End: true } } } as const;
const ROUNDS = 9;
const JOBS = 50;

const BARE = `
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
const client = new SFNClient({ region: 'eu-west-1' });
await client.send(new StartExecutionCommand({ stateMachineArn: process.env.MACHINE, name: process.env.NAME, input: '{}' }));
`;

function deployed() {
  const region = new SimulatedRegion();
  const { accountId } = region;
  const arn = stateMachineArn({ region: region.region, accountId, stack: 'sluice' }, 'await-drained');
  const engine = new EmbeddedEngine({
    definitions: { 'await-drained': DEFINITION },
    handlers: {},
    journal: ':memory:',
    region: region.region,
    accountId,
  });
  region.use(
    stepFunctionsService(engine, { stateMachines: [{ arn, workflow: 'await-drained', definition: DEFINITION }] }),
  );
  return { region, engine, arn };
}

/** The two programs take turns, so that what else the machine does strikes both. */
async function measureStart(): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
  const { region, engine, arn } = deployed();
  const server = await region.listen();
  try {
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    await promisify(execFile)(process.execPath, ['scripts/build-action.ts', path.join(folder, 'action')]);
    await build({
      stdin: { contents: BARE, resolveDir: process.cwd() },
      outfile: path.join(folder, 'bare.js'),
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      mainFields: ['module', 'main'],
      banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    });
    const taken: Record<'bare' | 'action', number[]> = { bare: [], action: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const way of ['bare', 'action'] as const) {
        const file = path.join(folder, way === 'bare' ? 'bare.js' : 'action/index.js');
        taken[way].push(await untilStarted(region, file, arn, server.url, `${way}-${round}`, folder));
      }
    }
    const best = { bare: Math.min(...taken.bare), action: Math.min(...taken.action) };
    const more = (best.action - best.bare) / 1000;
    const files = globSync(`${folder}/action/**/*.js`).filter((file) => !/(embedded|github-[A-Z0-9]+)\.js$/.test(file));
    const megabytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
    const size = (file: string) => statSync(file).size / 1e6;
    const figures = (ms: readonly number[]) => ({
      'least ms to StartExecution': Math.round(Math.min(...ms)),
      'median ms': Math.round([...ms].sort((a, b) => a - b)[Math.floor(ms.length / 2)] ?? 0),
    });
    return {
      lines: [
        { way: 'bare script', figures: { ...figures(taken.bare), MB: size(path.join(folder, 'bare.js')) } },
        { way: 'Action', figures: { ...figures(taken.action), MB: megabytes } },
        {
          way: 'embedded engine (only without a stack)',
          figures: { MB: size(path.join(folder, 'action/embedded.js')) },
        },
      ],
      bars: [
        { text: `at most 0.1 s more than a bare script: ${more.toFixed(3)} s`, holds: more <= 0.1 },
        { text: `at most 1 MB for a deployed stack: ${megabytes.toFixed(2)} MB`, holds: megabytes <= 1 },
      ],
      notes: [
        `${ROUNDS} runs of each, in turns; measured from the start of the process to the arrival of StartExecution.`,
        'MB: every file that a job with a deployed stack may load, whatever its credentials.',
      ],
    };
  } finally {
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  }
}

/** @returns ms until StartExecution arrived */
async function untilStarted(
  region: SimulatedRegion,
  file: string,
  machine: string,
  url: string,
  name: string,
  home: string,
) {
  const arrived = Promise.withResolvers<number>();
  region.calls.onCall(({ operation, input }) => {
    if (operation === 'StartExecution' && JSON.stringify(input).includes(`"${name}"`))
      arrived.resolve(performance.now());
  });
  const output = path.join(home, 'output');
  writeFileSync(output, '');
  const started = performance.now();
  const child = spawn(process.execPath, [file], {
    stdio: 'ignore',
    env: {
      HOME: home,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIASIMULATED',
      AWS_SECRET_ACCESS_KEY: 'simulated',
      AWS_ENDPOINT_URL: url,
      MACHINE: machine,
      NAME: name,
      GITHUB_OUTPUT: output,
      INPUT_WORKFLOW: 'await-drained',
      INPUT_TARGETS: '10.0.0.7',
      'INPUT_LOAD-BALANCER': 'web',
      'INPUT_STATE-MACHINE-ARN': machine,
      INPUT_WAIT: 'false',
      INPUT_NAME: name,
    },
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const dead = ended.then(() => {
    throw new Error(`${file} ended without starting anything: ${readFileSync(output, 'utf8')}`);
  });
  const at = await Promise.race([arrived.promise, dead]);
  await ended;
  dead.catch(() => undefined);
  return at - started;
}

/** Real clients against the served API, on virtual time: all jobs begin at the same moment, and wait an hour. */
async function measureWaiting(): Promise<Result> {
  const clock = new VirtualTime();
  try {
    const { region, engine, arn } = deployed();
    clock.watch(region);
    let over = 0;
    const { signal } = new AbortController();
    const jobs = Array.from({ length: JOBS }, async (_, host) => {
      const name = executionName('await-drained', `10.0.0.${host}`, `run 4711 ${host}`);
      const job = new DeployedEngine(region.clientConfig(), 'await-drained', arn);
      const { executionArn } = await job.engine.start({ workflow: 'await-drained', name, input: {} });
      await job.watch({ executionArn, name, dryRun: false, signal, say: () => undefined });
      over += 1;
    });
    await clock.until(() => over === JOBS, 4_000);
    await Promise.all(jobs);
    const looks = region.calls.all.filter(({ operation }) => operation === 'DescribeExecution').map(({ at }) => at);
    const most = mostInASecond(looks);
    await engine.close();
    return {
      lines: [
        {
          way: `${JOBS} jobs for an hour`,
          figures: {
            DescribeExecution: looks.length,
            'a second, on average': looks.length / 3_600,
            'most in one second': most,
          },
        },
      ],
      bars: [{ text: `at most 10 DescribeExecution calls a second together: ${most}`, holds: most <= 10 }],
      notes: [
        'Jobs do not know of each other: of five hundred such fleets, about one has a second with more than ten.',
      ],
    };
  } finally {
    clock.end();
  }
}

function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [index, time] of sorted.entries()) {
    while (time - (sorted[first] ?? 0) >= 1_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

export const bench: Bench = {
  rows: [
    { name: 'action-start', title: 'The Action: until the execution has started', run: measureStart },
    { name: 'action-waiting', title: 'The Action: fifty jobs that wait at once', run: measureWaiting },
  ],
};

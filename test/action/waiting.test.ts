import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Clock, install } from '@sinonjs/fake-timers';
import { DeployedEngine, findStateMachine } from '../../src/action/deployed.ts';
import { nextLook } from '../../src/action/pace.ts';
import { stateMachineArn } from '../../src/engine/arns.ts';
import { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.ts';
import { executionName } from '../../src/engine/names.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import { stepFunctionsService } from '../../src/simulated-region/step-functions.ts';

const JOBS = 50;
const NOON = Date.parse('2026-03-02T12:00:00Z');
const definition = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 1500, End: true } } } as const;

let clock: Clock;

beforeEach(() => {
  clock = install({
    now: NOON,
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  }) as Clock;
});

afterEach(() => clock.uninstall());

/** @returns the most that lie within any one second */
function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let first = 0;
  return sorted.reduce((most, time, index) => {
    while (time - (sorted[first] ?? 0) >= 1000) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

/** Lets time pass until the work is done. */
async function settled<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  await clock.tickAsync(0);
  while (!done && Date.now() < NOON + 3_600_000) await clock.nextAsync();
  return finished;
}

function deploy(region: SimulatedRegion) {
  const { accountId } = region;
  const arn = stateMachineArn({ region: region.region, accountId, stack: 'sluice' }, 'await-drained');
  const engine = new EmbeddedEngine({
    definitions: { 'await-drained': definition },
    handlers: {},
    journal: ':memory:',
    region: region.region,
    accountId,
  });
  region.use(stepFunctionsService(engine, { stateMachines: [{ arn, workflow: 'await-drained', definition }] }));
  return { engine, arn };
}

test('fifty jobs that wait at once make at most ten DescribeExecution calls a second together', async () => {
  const region = new SimulatedRegion({ enforceBuckets: true });
  const { engine, arn } = deploy(region);
  const names = Array.from({ length: JOBS }, (_, host) =>
    executionName('await-drained', `10.0.0.${host}`, `run 4711 ${host}`),
  );
  const { signal } = new AbortController();
  const jobs = names.map(async (name) => {
    const job = new DeployedEngine(region.clientConfig(), 'await-drained', arn);
    const { executionArn } = await job.engine.start({ workflow: 'await-drained', name, input: {} });
    const watched = await job.watch({ executionArn, name, dryRun: false, signal, say: () => undefined });
    return { watched, endedAt: Date.now() };
  });
  const ended = await settled(Promise.all(jobs));

  expect(ended.map(({ watched }) => (watched.kind === 'ended' ? watched.description.status : watched.kind))).toEqual(
    Array.from({ length: JOBS }, () => 'SUCCEEDED'),
  );
  const looks = region.calls.all.filter(({ operation }) => operation === 'DescribeExecution');
  expect(mostInASecond(looks.map(({ at }) => at))).toBeLessThanOrEqual(10);
  // Every twenty seconds for ten minutes, then every forty.
  expect(looks.length / JOBS).toBeGreaterThan(45);
  expect(looks.length / JOBS).toBeLessThan(56);
  expect(region.calls.count({ outcome: 'ThrottlingException' })).toBe(0);
  for (const { endedAt } of ended) expect(endedAt - NOON - 1_500_000).toBeLessThanOrEqual(41_000);
  await engine.close();
}, 20_000);

test('hardly any fleet of fifty has a second with more than ten, however their names fall', () => {
  const crowded = Array.from({ length: 300 }, (_, run) => {
    const startedAt = NOON + run * 777;
    const looks = Array.from({ length: JOBS }, (_, host) => {
      const name = executionName('deregister-targets', `i-${host}`, `${run} ${host}`);
      const first = nextLook({ name, dryRun: false, startedAt, now: startedAt });
      return [first, nextLook({ name, dryRun: false, startedAt, now: first })];
    });
    return mostInASecond(looks.flat());
  }).filter((most) => most > 10);
  expect(crowded.length).toBeLessThanOrEqual(3);
});

test('looks again in the same second of each round, and in fewer rounds the longer it takes', () => {
  const looks: number[] = [];
  for (let now = NOON; now < NOON + 7_200_000; now = looks.at(-1) ?? 0) {
    looks.push(nextLook({ name: 'drain-instance-i-1', dryRun: false, startedAt: NOON, now }));
  }
  const gaps = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
  expect(new Set(gaps)).toEqual(new Set([20_000, 40_000, 80_000]));
  expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
});

test('a dry run is looked for at once', () => {
  const look = (now: number) => nextLook({ name: 'x', dryRun: true, startedAt: NOON, now });
  expect([look(NOON), look(NOON + 2_000), look(NOON + 4_000)].map((at) => at - NOON)).toEqual([2_000, 4_000, 8_000]);
  expect(look(NOON + 8_000)).toBeGreaterThan(NOON + 8_000);
});

test('waits on through an outage and through throttling, and says once that it does', async () => {
  const region = new SimulatedRegion();
  const { engine, arn } = deploy(region);
  const job = new DeployedEngine(region.clientConfig(), 'await-drained', arn);
  const { executionArn } = await job.engine.start({ workflow: 'await-drained', name: 'patient', input: {} });
  region.faults.inject({ kind: 'throttle', operation: 'DescribeExecution', until: NOON + 200_000 });
  region.faults.inject({ kind: 'connection-reset', from: NOON + 200_000, until: NOON + 400_000 });
  const lines: string[] = [];
  const { signal } = new AbortController();
  const watching = job.watch({ executionArn, name: 'patient', dryRun: false, signal, say: (line) => lines.push(line) });
  expect(await settled(watching)).toMatchObject({ kind: 'ended', description: { status: 'SUCCEEDED' } });
  expect(lines.filter((line) => line.startsWith('Waiting on'))).toHaveLength(2);
  expect(lines.at(-1)).not.toContain('Waiting on');
  expect(lines).toContain('Step Functions answers again.');
  await engine.close();
}, 20_000);

test('tells a change once: the state that is waited in', async () => {
  const region = new SimulatedRegion();
  const { engine, arn } = deploy(region);
  const job = new DeployedEngine(region.clientConfig(), 'await-drained', arn);
  const { executionArn } = await job.engine.start({ workflow: 'await-drained', name: 'told', input: {} });
  const lines: string[] = [];
  const { signal } = new AbortController();
  const watching = job.watch({ executionArn, name: 'told', dryRun: false, signal, say: (line) => lines.push(line) });
  await settled(watching);
  expect(lines).toEqual(['12:00:00  Wait']);
  await engine.close();
}, 20_000);

test('stops asking for progress where the role may not, and goes on waiting', async () => {
  const region = new SimulatedRegion();
  const { engine, arn } = deploy(region);
  region.faults.inject({ kind: 'access-denied', operation: 'GetExecutionHistory' });
  const job = new DeployedEngine(region.clientConfig(), 'await-drained', arn);
  const { executionArn } = await job.engine.start({ workflow: 'await-drained', name: 'untold', input: {} });
  const lines: string[] = [];
  const { signal } = new AbortController();
  const watching = job.watch({ executionArn, name: 'untold', dryRun: false, signal, say: (line) => lines.push(line) });
  expect(await settled(watching)).toMatchObject({ kind: 'ended' });
  expect(lines).toEqual([expect.stringContaining('states:GetExecutionHistory')]);
  expect(region.calls.count({ operation: 'GetExecutionHistory' })).toBe(1);
  await engine.close();
}, 20_000);

test('the policy of the example allows what the Action calls, and nothing else', async () => {
  const region = new SimulatedRegion();
  const { engine } = deploy(region);
  const arn = await findStateMachine(region.clientConfig(), 'sluice', 'await-drained');
  const job = new DeployedEngine(region.clientConfig(), 'await-drained', arn);
  const { signal } = new AbortController();
  const watch = { dryRun: false, signal, say: () => undefined };
  const { executionArn } = await job.engine.start({ workflow: 'await-drained', name: 'allowed', input: {} });
  await settled(job.watch({ ...watch, executionArn, name: 'allowed' }));
  await job.engine.stop(executionArn);
  const called = new Set(region.calls.all.map(({ service, operation }) => `${service}:${operation}`));
  const policy = JSON.parse(readFileSync('examples/workflows/iam/start-and-wait.json', 'utf8')) as {
    readonly Statement: readonly { readonly Action: readonly string[] }[];
  };
  expect(called).toEqual(new Set(policy.Statement.flatMap(({ Action }) => Action)));
  await engine.close();
}, 20_000);

test('a stack that is not deployed is named, with the machine that was looked for', async () => {
  const region = new SimulatedRegion();
  const { engine } = deploy(region);
  await expect(findStateMachine(region.clientConfig(), 'elsewhere', 'await-drained')).rejects.toThrow(
    'no state machine is called elsewhere-await-drained, got "elsewhere"',
  );
  await engine.close();
});

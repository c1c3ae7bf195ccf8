/** Behind API Gateway, those who wait at one place share one execution that watches it. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { BucketName } from '../../src/simulated-region/service.ts';
import { Lab, NOON } from '../support/lab.ts';
import { goneAt, place, serve, sizes } from '../support/places.ts';
import { deployIn, type FinalAnswer, followed } from './support/deployed.ts';

// A busy machine takes its time.
jest.setTimeout(120_000);

let lab: Lab;
afterEach(() => lab.close());

const executions = async () => (await lab.engine.list({ workflow: 'await-drained' })).executions;

/** In steps: what is answered within one is answered by its end, a latency that AWS has, too. */
async function untilDone<T>(work: Promise<T>, withinSeconds = 4_000): Promise<T> {
  let done = false;
  const marked = work.finally(() => {
    done = true;
  });
  for (const limit = Date.now() + withinSeconds * 1000; !done && Date.now() < limit; ) {
    await lab.clock.tickAsync(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(done).toBe(true);
  return marked;
}

const after = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));

interface Caller {
  readonly pod: string;
  readonly groups: readonly string[];
  /** Seconds after the beginning. */
  readonly comes: number;
  readonly deregistered: number;
}

async function call(
  { pod, groups, comes, deregistered }: Caller,
  instance: () => ReturnType<ReturnType<typeof deployIn>['instance']>,
  where: string,
  maxDelay = 1200,
) {
  setTimeout(() => {
    for (const group of groups) lab.region.elbv2.deregisterTargets(group, [{ id: pod }]);
  }, deregistered * 1000);
  await after(comes);
  const since = Date.now();
  const answer = await followed(instance, `/drain-delay?max-delay=${maxDelay}&ip=${pod}&${where}`);
  return { ...answer, since };
}

/** Seconds after the true end, and how many the law allows; callers who came after the end count from when they came. */
function lateness({ pod, groups }: Caller, { at, since }: FinalAnswer & { since: number }) {
  const end = Math.max(...groups.map((group) => goneAt(lab, group, pod)));
  const by = (at - Math.max(end, since)) / 1000;
  return { by, early: at < end, allowed: Math.max(10, (Math.max(end, since) - since) / 10_000) };
}

const READ_INTERVAL_SECONDS = 10;

const OTHERS: readonly BucketName[] = ['elbv2-describes', 'states-start-execution', 'states-describe-execution'];

/** GetExecutionHistory has 300, and five a second, in the smaller regions; 400, and twenty a second, in the larger ones. */
test.each([
  ['300 s, in a small region', 300, [...OTHERS, 'states-get-execution-history'] as const, { burst: 300, refill: 5 }],
  ['20 s, in a large region', 20, OTHERS, { burst: 400, refill: 20 }],
])(
  '200 callers with 200 addresses in twenty target groups are one execution: delay %s',
  async (what, delaySeconds, enforceBuckets, quota) => {
    lab = new Lab({ engine: { historyBytes: 4096 }, enforceBuckets });
    lab.region.calls.keep(1_000_000);
    const { groups } = place(lab, { groups: 20, delaySeconds });
    const deployment = deployIn(lab);
    const callers = Array.from({ length: 200 }, (_caller, n): Caller => {
      const own = Array.from({ length: 4 }, (_group, i) => groups[(n * 4 + i) % 20] ?? '');
      // Most come before they are deregistered, some long after, some when all is over.
      const comes = n % 50 === 49 ? delaySeconds * 0.7 + n / 10 : (n * 30) / 200;
      return { pod: `10.1.${Math.floor(n / 100)}.${n % 100}`, groups: own, comes, deregistered: (n * 60) / 200 };
    });
    for (const { pod, groups: own } of callers) for (const group of own) serve(lab, group, pod);
    await lab.pass(60);
    lab.region.calls.clear();
    // Every caller has a function of his own, as in Lambda.
    const answers = await untilDone(
      Promise.all(
        callers.map((caller) => {
          const instance = deployment.instance();
          return call(caller, () => instance, 'load-balancer=web');
        }),
      ),
    );
    // Nothing drains any more: it ends, and what it has written is complete.
    const [execution] = await executions();
    const ended = await lab.end(execution?.executionArn ?? '', 200);
    const late = callers.map((caller, n) =>
      lateness(caller, answers[n] ?? { status: 0, body: {}, at: 0, requests: 0, since: 0 }),
    );
    const count = (operation: string) => lab.region.calls.count({ operation });
    const seconds = (Math.max(...answers.map(({ at }) => at)) - Math.min(...answers.map(({ since }) => since))) / 1000;
    const histories = count('GetExecutionHistory');
    const figures = {
      latest: Math.max(...late.map(({ by }) => by)),
      beyondLaw: Math.max(...late.map(({ by, allowed }) => by - allowed)),
      seconds,
      starts: count('StartExecution'),
      histories,
      throttled: lab.region.calls.count({ operation: 'GetExecutionHistory', outcome: 'ThrottlingException' }),
      describes: count('DescribeExecution'),
      healths: count('DescribeTargetHealth'),
      ...(await sizes(lab, execution?.executionArn ?? '')),
    };
    process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
    expect(await executions()).toHaveLength(1);
    expect(ended.status).toBe('SUCCEEDED');
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(histories).toBeLessThanOrEqual(quota.burst + quota.refill * seconds);
    expect(late.filter(({ early }) => early)).toEqual([]);
    expect(late.filter(({ by, allowed }) => by > allowed + READ_INTERVAL_SECONDS)).toEqual([]);
  },
);

const own = (groups: readonly string[], pod: string, times: Partial<Caller> = {}): Caller => ({
  pod,
  groups,
  comes: 0,
  deregistered: 0,
  ...times,
});

test('another place, and another end that is waited for, are executions of their own', async () => {
  lab = new Lab();
  const [one, other] = [place(lab, { name: 'one', delaySeconds: 60 }), place(lab, { name: 'other', delaySeconds: 60 })];
  const deployment = deployIn(lab);
  serve(lab, one.groups[0] ?? '', '10.0.7.1');
  serve(lab, other.groups[0] ?? '', '10.0.7.2');
  await lab.pass(60);
  const ask = (caller: Caller, where: string) => {
    const instance = deployment.instance();
    return call(caller, () => instance, where);
  };
  const answers = await untilDone(
    Promise.all([
      ask(own(one.groups, '10.0.7.1'), 'load-balancer=one'),
      ask(own(one.groups, '10.0.7.1', { comes: 40 }), 'load-balancer=one'),
      ask(own(one.groups, '10.0.7.1'), 'load-balancer=one&until=draining'),
      ask(own(other.groups, '10.0.7.2'), 'load-balancer=other'),
    ]),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const names = answers.map(({ body }) => body.execution);
  expect(names[1]).toBe(names[0]);
  expect(new Set(names).size).toBe(3);
  expect(await executions()).toHaveLength(3);
});

test('an address that was never there is answered at once, also by a watch that runs', async () => {
  lab = new Lab();
  const { groups } = place(lab, { delaySeconds: 300 });
  const deployment = deployIn(lab);
  serve(lab, groups[0] ?? '', '10.0.7.1');
  await lab.pass(60);
  const ask = (pod: string) => call(own([], pod), () => deployment.instance(), 'load-balancer=web');
  const first = await untilDone(ask('10.9.9.9'));
  await lab.pass(20);
  const second = await untilDone(ask('10.9.9.8'));
  expect([first.status, second.status]).toEqual([200, 200]);
  expect((first.at - first.since) / 1000).toBeLessThanOrEqual(4);
  expect((second.at - second.since) / 1000).toBeLessThanOrEqual(14);
  expect(await executions()).toHaveLength(1);
});

test('goes on with the next watch where the one before has ended, and sees a target group that is new', async () => {
  lab = new Lab();
  const { balancer, groups } = place(lab, { delaySeconds: 30 });
  const deployment = deployIn(lab);
  const [group = ''] = groups;
  serve(lab, group, '10.0.7.1');
  serve(lab, group, '10.0.7.2');
  await lab.pass(60);
  // Nothing drains for three minutes: the watch ends, and the next one is begun, for the same caller.
  const slow = call(own([group], '10.0.7.1', { deregistered: 180 }), () => deployment.instance(), 'load-balancer=web');
  setTimeout(() => {
    const added = lab.region.elbv2.createTargetGroup({ name: 'new', type: 'ip', deregistrationDelaySeconds: 60 });
    lab.region.elbv2.attach(balancer, added);
    serve(lab, added, '10.0.7.3');
  }, 140_000);
  const late = call(
    own([group], '10.0.7.2', { comes: 170, deregistered: 200 }),
    () => deployment.instance(),
    'load-balancer=web',
  );
  const standing = call(own([], '10.0.7.3', { comes: 190 }), () => deployment.instance(), 'load-balancer=web', 60);
  const [first, second, third] = await untilDone(Promise.all([slow, late, standing]));
  expect([first.status, second.status, third.status]).toEqual([200, 200, 504]);
  expect(first.at).toBeGreaterThanOrEqual(goneAt(lab, group, '10.0.7.1'));
  expect((await executions()).length).toBeGreaterThanOrEqual(2);
  expect(second.body.execution).toBe(first.body.execution);
});

describe('a look-up that cannot succeed', () => {
  const GONE = 'load-balancer=gone';
  const ask = (more: string) =>
    followed(() => deployment.instance(), `/drain-delay?ip=10.0.7.1&max-delay=60&${GONE}${more}`);
  let deployment: ReturnType<typeof deployIn>;
  beforeEach(() => {
    lab = new Lab();
    deployment = deployIn(lab);
  });

  test('is answered after max-delay, and is one execution for all requests of a chain', async () => {
    const began = Date.now();
    const answer = await untilDone(ask(''));
    expect([answer.status, answer.body.error, answer.requests]).toEqual([404, 'not-found', 3]);
    expect(Math.round((answer.at - began) / 1000)).toBe(60);
    expect(await executions()).toHaveLength(1);
  });

  test('is answered at once with fail-fast=true, and looked up anew for whoever comes later', async () => {
    const began = Date.now();
    const first = await untilDone(ask('&fail-fast=true'));
    const others = [];
    for (let n = 0; n < 9; n += 1) others.push(await untilDone(ask('&fail-fast=true')));
    expect([first, ...others].map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 404));
    expect((Date.now() - began) / 1000).toBeLessThan(60);
    expect(await executions()).toHaveLength(10);
  });
});

test('tells everybody who waits when the watch is stopped by hand', async () => {
  lab = new Lab();
  const { groups } = place(lab, { delaySeconds: 300 });
  const deployment = deployIn(lab);
  serve(lab, groups[0] ?? '', '10.0.7.1');
  await lab.pass(60);
  setTimeout(async () => {
    const [execution] = await executions();
    await lab.engine.stop(execution?.executionArn ?? '', { cause: 'enough' });
  }, 60_000);
  const instance = deployment.instance();
  const answer = await untilDone(call(own(groups, '10.0.7.1'), () => instance, 'load-balancer=web'));
  expect([answer.status, answer.body.error]).toEqual([410, 'stopped']);
});

test('asks for an instance by its id where the load balancer may be a Classic one', async () => {
  lab = new Lab();
  const { groups } = place(lab, { delaySeconds: 20, type: 'instance' });
  const deployment = deployIn(lab);
  const id = lab.region.ec2.launch();
  serve(lab, groups[0] ?? '', id);
  await lab.pass(60);
  const answer = await untilDone(call(own(groups, id), () => deployment.instance(), 'load-balancer=web'));
  expect(answer.status).toBe(200);
  expect(answer.body.execution).toContain(id);
});

test('waits out an outage of Elastic Load Balancing, and takes it for no end', async () => {
  lab = new Lab();
  const { groups } = place(lab, { groups: 3, delaySeconds: 60 });
  const deployment = deployIn(lab);
  for (const group of groups) serve(lab, group, '10.0.7.1');
  await lab.pass(60);
  setTimeout(() => {
    lab.region.faults.inject({ service: 'elasticloadbalancing', kind: 'unavailable', until: Date.now() + 100_000 });
  }, 20_000);
  const caller = own(groups, '10.0.7.1');
  const answer = await untilDone(call(caller, () => deployment.instance(), 'load-balancer=web'));
  expect(answer.status).toBe(200);
  expect((answer.at - answer.since) / 1000).toBeGreaterThan(120);
  expect((answer.at - answer.since) / 1000).toBeLessThan(160);
  expect(await executions()).toHaveLength(1);
});

test('goes on over the end of the hour, at which a watch ends', async () => {
  lab = new Lab({ now: NOON + 58 * 60_000 });
  const { groups } = place(lab, { delaySeconds: 200 });
  const deployment = deployIn(lab);
  serve(lab, groups[0] ?? '', '10.0.7.1');
  await lab.pass(60);
  const caller = own(groups, '10.0.7.1');
  const answer = await untilDone(call(caller, () => deployment.instance(), 'load-balancer=web'));
  const { by, early, allowed } = lateness(caller, answer);
  expect([answer.status, early]).toEqual([200, false]);
  expect(by).toBeLessThanOrEqual(allowed + READ_INTERVAL_SECONDS);
  expect(await executions()).toHaveLength(2);
});

test('does not take the end of an earlier drain for that of an address that came back', async () => {
  lab = new Lab();
  const { groups } = place(lab, { delaySeconds: 2 });
  const [group = ''] = groups;
  const deployment = deployIn(lab);
  serve(lab, group, '10.0.7.1');
  await lab.pass(60);
  // One function for both, which remembers what it has read.
  const instance = deployment.instance();
  const first = await untilDone(call(own(groups, '10.0.7.1'), () => instance, 'load-balancer=web'));
  serve(lab, group, '10.0.7.1');
  const again = own([], '10.0.7.1');
  const second = await untilDone(call(again, () => instance, 'load-balancer=web', 30));
  expect([first.status, second.status, (second.at - second.since) / 1000]).toEqual([200, 504, 30]);
  expect(await executions()).toHaveLength(1);
});

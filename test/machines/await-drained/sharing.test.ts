import { afterEach, expect, jest, test } from '@jest/globals';
import { Lab } from '../../support/lab.ts';
import { goneAt, place, serve, start } from '../../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(180_000);

let lab: Lab;
afterEach(() => lab.close());

const CALLERS = 200;
const GROUPS = 20;

/** The most calls to Elastic Load Balancing that fell into any one second. */
function busiestSecond(times: readonly number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to += 1) {
    while ((times[to] ?? 0) - (times[from] ?? 0) >= 1000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

test.each([
  ['one target group each', 1, 300],
  ['four target groups each, with a short delay', 4, 20],
])('200 waits at once on 20 target groups, %s: five calls a second, and all end in time', async (_, each, delay) => {
  lab = new Lab({ engine: { historyBytes: 4096 } });
  lab.region.calls.keep(1_000_000);
  const { groups } = place(lab, { groups: GROUPS, delaySeconds: delay });
  const pods = Array.from({ length: CALLERS }, (_pod, n) => `10.1.${Math.floor(n / 100)}.${n % 100}`);
  const groupsOf = (n: number) => Array.from({ length: each }, (_group, i) => groups[(n + i) % GROUPS] ?? '');
  for (const [n, pod] of pods.entries()) for (const group of groupsOf(n)) serve(lab, group, pod);
  await lab.pass(60);
  lab.region.calls.clear();
  const asked = Date.now();
  const ended: Promise<number>[] = [];
  for (const [n, pod] of pods.entries()) {
    const arn = await start(lab, 'await-drained', {
      targets: [{ id: pod }],
      loadBalancer: 'web',
      timeoutSeconds: 1800,
    });
    ended.push(
      lab.engine
        .waitFor(arn)
        .then(({ status, stopDate }) => (status === 'SUCCEEDED' ? (stopDate?.getTime() ?? 0) : Number.NaN)),
    );
    // Some controllers are quick, some are slow: from before the first look to a minute later.
    setTimeout(
      () => {
        for (const group of groupsOf(n)) lab.region.elbv2.deregisterTargets(group, [{ id: pod }]);
      },
      (n * 60_000) / CALLERS,
    );
  }
  let all: number[] | undefined;
  void Promise.all(ended).then((times) => {
    all = times;
  });
  // In steps: a call that is answered within one is answered by its end, a latency that AWS has, too.
  while (all === undefined && Date.now() < asked + 3_000_000) {
    await lab.clock.tickAsync(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const late = pods.map((pod, n) => {
    const end = Math.max(...groupsOf(n).map((group) => goneAt(lab, group, pod)));
    const waited = (end - asked) / 1000;
    return { by: ((all?.[n] ?? Number.NaN) - end) / 1000, allowed: Math.max(10, waited / 10) };
  });
  const calls = lab.region.calls.all
    .filter(({ service }) => service === 'elasticloadbalancing')
    .filter(({ operation }) => operation.startsWith('Describe'));
  expect(late.filter(({ by, allowed }) => !(by >= 0 && by <= allowed))).toEqual([]);
  expect(busiestSecond(calls.map(({ at }) => at))).toBeLessThanOrEqual(5);
});

import { afterEach, expect, jest, test } from '@jest/globals';
import { ApiLab } from './support/api-lab.ts';

jest.setTimeout(120_000);

let api: ApiLab;
afterEach(() => api.close());

const CALLERS = 200;
const GROUPS = 20;
const DELAY_SECONDS = 120;
const MOST_CALLS_PER_SECOND = 5;

test('200 callers on one load balancer with 20 target groups cost five calls a second, and none waits long after his end', async () => {
  api = new ApiLab();
  const { elbv2, calls } = api.lab.region;
  const balancer = elbv2.createLoadBalancer({ name: 'shared' });
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const arn = elbv2.createTargetGroup({
      name: `shared-${index}`,
      type: 'ip',
      deregistrationDelaySeconds: DELAY_SECONDS,
    });
    elbv2.attach(balancer, arn);
    return arn;
  });
  const addresses = Array.from({ length: CALLERS }, (_, index) => `10.0.8.${index + 1}`);
  for (const [index, id] of addresses.entries()) {
    elbv2.registerTargets(groups[index % GROUPS] ?? '', [{ id, port: 80 }]);
  }
  await api.lab.pass(300);
  // A client reads its configuration before its first call, in real time: virtual time must not pass meanwhile.
  const first = api.begin('GET', '/elb/shared?targets=all');
  let read = false;
  void first.finally(() => {
    read = true;
  });
  await api.lab.until(() => read, 60);
  calls.clear();
  // Pods go one after the other within half a minute, and each asks as it goes.
  const ends = new Map<string, number>();
  const answers: Promise<{
    readonly ip: string;
    readonly status: number;
    readonly late: number;
    readonly waited: number;
  }>[] = [];
  for (const [index, ip] of addresses.entries()) {
    const began = Date.now() / 1000;
    elbv2.deregisterTargets(groups[index % GROUPS] ?? '', [{ id: ip, port: 80 }]);
    ends.set(ip, began + DELAY_SECONDS);
    answers.push(
      api.begin('GET', `/drain-delay?max-delay=600&ip=${ip}&load-balancer=shared`).then(({ status, seconds }) => ({
        ip,
        status,
        late: seconds - (ends.get(ip) ?? 0),
        waited: seconds - began,
      })),
    );
    await api.lab.pass(0.15);
  }
  let done = false;
  const all = Promise.all(answers).finally(() => {
    done = true;
  });
  await api.lab.until(() => done, 1_000);
  for (const { ip, status, late, waited } of await all) {
    expect([ip, status]).toEqual([ip, 200]);
    expect(late).toBeGreaterThanOrEqual(-1);
    expect(late).toBeLessThanOrEqual(Math.max(10, waited / 10));
  }
  const elb = calls.all.filter(({ service }) => service === 'elasticloadbalancing').map(({ at }) => at);
  const mostInASecond = Math.max(...elb.map((at) => elb.filter((other) => other >= at && other < at + 1_000).length));
  expect(mostInASecond).toBeLessThanOrEqual(MOST_CALLS_PER_SECOND);
  // The old program: four a second for each caller and target group.
  expect(elb.length).toBeLessThan(CALLERS * GROUPS);
});

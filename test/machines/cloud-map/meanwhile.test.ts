/** What others do meanwhile, what fails, and what a crash leaves. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { CloudMapLab, warmUp } from './cloud-map-lab.ts';

let lab: CloudMapLab;
// A machine that does much else at the same time.
jest.setTimeout(120_000);
beforeAll(warmUp);
afterEach(() => lab.close());

/** Two that live and some that are proven terminated. */
async function service(stale: number) {
  const id = lab.service();
  const alive = lab.alive(id, 2);
  const terminated = lab.terminated(id, stale);
  await lab.settle();
  return { id, alive, terminated, first: terminated[0] ?? '' };
}

const CONFIRM_SECONDS = 60;

test('an instance launched between the two observations keeps its registration', async () => {
  lab = new CloudMapLab();
  const { id, alive } = await service(1);
  const run = await lab.start({ services: [id] });
  await lab.pass(30);
  const young = lab.registered(id);
  expect((await lab.end(run)).line).toMatchObject({ registrations: 4, alive: 3, removed: 1 });
  expect(lab.left(id)).toEqual([...alive, young]);
});

test('an instance that EC2 does not show yet in its first seconds keeps its registration', async () => {
  lab = new CloudMapLab({ ec2: { visibleAfterSeconds: 40 } });
  const { id, alive } = await service(1);
  const young = lab.registered(id);
  const { line } = await lab.run({ services: [id] });
  expect(line).toMatchObject({ alive: 3, absent: 0, confirmed: 1, removed: 1 });
  expect(lab.left(id)).toEqual([...alive, young]);
});

test('what became stale only at the second observation is left to the next run', async () => {
  lab = new CloudMapLab();
  const { id, first } = await service(1);
  const victim = lab.registered(id);
  const run = await lab.start({ services: [id] });
  await lab.pass(50);
  lab.home.ec2.terminate(victim);
  expect((await lab.end(run)).line).toMatchObject({ terminated: 2, confirmed: 1, removed: 1, retained: { count: 1 } });
  expect(lab.deregistered()).toEqual([first]);
  expect((await lab.run({ services: [id] })).line).toMatchObject({ removed: 1 });
});

test('a registration that moved to another address in between is not the one that was observed', async () => {
  lab = new CloudMapLab();
  const { id } = await service(0);
  const instance = lab.home.ec2.launch();
  lab.register(id, instance, '192.168.0.1');
  const run = await lab.start({ services: [id] });
  await lab.pass(30);
  lab.register(id, instance, '192.168.0.2');
  expect((await lab.end(run)).line).toMatchObject({ status: 'succeeded', mismatched: 1, confirmed: 0, removed: 0 });
});

test('a registration removed by somebody else in between is gone, and not removed again', async () => {
  lab = new CloudMapLab();
  const { id, terminated, first } = await service(2);
  const run = await lab.start({ services: [id] });
  await lab.pass(30);
  lab.home.cloudMap.deregister(id, first);
  expect((await lab.end(run)).line).toMatchObject({ status: 'succeeded', confirmed: 1, removed: 1, gone: 1 });
  expect(lab.deregistered()).toEqual(terminated.slice(1));
});

test('an operation that fails is told, and the rest goes on', async () => {
  lab = new CloudMapLab();
  const { id, alive, first } = await service(3);
  lab.home.cloudMap.failNextOperation(id, first, 'Route 53 refused the change');
  const { ended, line } = await lab.run({ services: [id] });
  expect(ended.error).toBe('CleanUpFailed');
  expect(line).toMatchObject({
    status: 'failed',
    reason: `1 of 3 removals failed: ${first}: Route 53 refused the change`,
    removed: 2,
    failed: 1,
  });
  expect(lab.left(id)).toEqual([...alive, first]);
});

test('a DuplicateRequest follows the operation that it names', async () => {
  lab = new CloudMapLab({ cloudMap: { operationSeconds: [90, 90] } });
  const { id, alive, first } = await service(2);
  const run = await lab.start({ services: [id] });
  await lab.pass(30);
  // Submitted by somebody else, and still under way when the removals begin.
  await deregisterByHand(id, first);
  const { line } = await lab.end(run);
  expect(line).toMatchObject({ status: 'succeeded', removed: 1, gone: 1, failed: 0 });
  expect(lab.account.calls.count({ operation: 'DeregisterInstance', outcome: 'DuplicateRequest' })).toBe(1);
  expect(lab.left(id)).toEqual(alive);
});

test('a DuplicateRequest that names a registration is no removal: it stays, and that is told', async () => {
  lab = new CloudMapLab({ cloudMap: { operationSeconds: [90, 90] } });
  const { id, alive, first } = await service(1);
  const run = await lab.start({ services: [id] });
  await lab.pass(30);
  await registerByHand(id, first, '10.9.9.9');
  const { line } = await lab.end(run);
  expect(line).toMatchObject({
    status: 'failed',
    removed: 0,
    reason: expect.stringMatching(/was being registered anew/),
  });
  expect(lab.left(id)).toEqual([...alive, first]);
});

test.each([
  ['between the observations', 30],
  ['while its removals are under way', CONFIRM_SECONDS + 1],
])('a service deleted %s needs no more cleaning', async (_, seconds) => {
  lab = new CloudMapLab();
  const { id } = await service(2);
  const run = await lab.start({ services: [id] });
  await lab.pass(seconds);
  lab.home.cloudMap.deleteService(id);
  const { ended } = await lab.end(run);
  expect(ended.status).toBe('SUCCEEDED');
});

test('a service that never was fails, and the others are cleaned', async () => {
  lab = new CloudMapLab();
  const { id, alive } = await service(1);
  const { receipt } = await lab.run({ services: ['srv-0000000000000000', id] });
  expect(receipt).toMatchObject({ status: 'failed', byStatus: { failed: 1, succeeded: 1 }, totals: { removed: 1 } });
  expect(receipt.services.first[0]).toMatchObject({ service: 'srv-0000000000000000', error: 'NotFound' });
  expect(lab.left(id)).toEqual(alive);
});

test('operations that are under way at the deadline are reported as such', async () => {
  lab = new CloudMapLab({ cloudMap: { operationSeconds: [4000, 4000] } });
  const { id } = await service(2);
  const { ended, line } = await lab.run({ services: [id], timeoutSeconds: 600 });
  expect(ended.error).toBe('CleanUpTimedOut');
  expect(line).toMatchObject({
    status: 'timed-out',
    removed: 0,
    reason: expect.stringMatching(/2 removals are under way/),
  });
  expect(ended.stopDate?.getTime()).toBeLessThanOrEqual((ended.startDate.getTime() ?? 0) + 601_000);
});

test('removals that AWS denies fail, and are not tried for each registration', async () => {
  lab = new CloudMapLab();
  const { id } = await service(40);
  lab.home.faults.inject({ kind: 'access-denied', operation: 'DeregisterInstance' });
  const { line } = await lab.run({ services: [id] });
  expect(line).toMatchObject({ status: 'failed', removed: 0, failed: 40 });
  expect(lab.account.calls.count({ operation: 'DeregisterInstance' })).toBeLessThanOrEqual(4);
});

test('removals that are throttled are submitted when they can be', async () => {
  lab = new CloudMapLab();
  const { id, alive } = await service(30);
  lab.home.faults.inject({
    kind: 'throttle',
    operation: 'DeregisterInstance',
    probability: 0.7,
    until: Date.now() + 90_000,
  });
  const { line } = await lab.run({ services: [id] });
  expect(line).toMatchObject({ status: 'succeeded', removed: 30 });
  expect(lab.left(id)).toEqual(alive);
});

test('what other services do may fill the pages of ListOperations: each removal is still followed to its end', async () => {
  lab = new CloudMapLab();
  const { id, alive } = await service(3);
  const busy = lab.service('busy');
  const run = await lab.start({ services: [id] });
  await lab.pass(CONFIRM_SECONDS + 1);
  for (let index = 0; index < 150; index += 1) await registerByHand(busy, `task-${index}`, '10.0.0.1');
  expect((await lab.end(run)).line).toMatchObject({ removed: 3, status: 'succeeded' });
  expect(lab.account.calls.count({ operation: 'GetOperation' })).toBeGreaterThan(0);
  expect(lab.left(id)).toEqual(alive);
});

test('stopping it stops the removals that have not begun', async () => {
  lab = new CloudMapLab();
  const { id } = await service(2);
  const run = await lab.start({ services: [id] });
  await lab.pass(30);
  await lab.engine.stop(run);
  await lab.pass(600);
  expect((await lab.engine.describe(run)).status).toBe('ABORTED');
  expect(lab.deregistered()).toEqual([]);
});

test('SIGKILL in the middle of removals, then a new run: nothing is removed twice, nothing wrongly', async () => {
  lab = new CloudMapLab();
  const { id, alive, terminated } = await service(50);
  await killedAfter(id, 20);
  // Some of what the dead process had submitted is done meanwhile, and some is still under way.
  await lab.pass(5);
  lab.engine = lab.newEngine();
  const { line } = await lab.run({ services: [id] });
  expect(line.status).toBe('succeeded');
  expect(lab.left(id)).toEqual(alive);
  expect(lab.deregistered().sort()).toEqual([...terminated].sort());
});

test('SIGKILL in the middle of removals, then the journal is resumed: nothing is removed twice, nothing wrongly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cloud-map-'));
  const journal = join(folder, 'journal');
  lab = new CloudMapLab({ engine: { journal } });
  const { id, alive } = await service(0);
  const moved = Array.from({ length: 50 }, () => lab.home.ec2.launch());
  for (const each of moved) lab.register(id, each, '192.168.0.1');
  const run = await killedAfter(id, 20, journal);
  await lab.pass(300);
  // While nobody ran, one that had been removed and one that had not were registered anew, where they live.
  const removed = moved.find((each) => !lab.left(id).includes(each)) ?? '';
  const waiting = moved.find((each) => lab.left(id).includes(each)) ?? '';
  for (const each of [removed, waiting]) lab.register(id, each, lab.address(each));
  lab.engine = lab.newEngine({ journal: `${journal}-found` });
  void lab.engine.resume();
  const { line } = await lab.end(run);
  expect(line.status).toBe('succeeded');
  expect(lab.left(id).sort()).toEqual([...alive, removed, waiting].sort());
  expect(lab.deregistered().sort()).toEqual(moved.filter((each) => each !== waiting).sort());
  rmSync(folder, { recursive: true });
});

/** Runs until so many removals were submitted, and then nothing more arrives: neither at AWS nor in the journal. */
async function killedAfter(id: string, submissions: number, journal?: string): Promise<string> {
  const { home, engine } = lab;
  let dead = false;
  home.faults.inject({
    kind: 'timeout',
    when: ({ operation }) => {
      dead ||= operation === 'DeregisterInstance' && lab.deregistered().length >= submissions;
      return dead;
    },
  });
  const run = await lab.start({ services: [id], maxAbsentPercent: 100 });
  for (let second = 0; second < 100 && !dead; second += 1) await lab.pass(1);
  expect(lab.deregistered().length).toBeGreaterThanOrEqual(submissions);
  if (journal !== undefined) {
    for (const part of ['', '-wal']) copyFileSync(`${journal}${part}`, `${journal}-found${part}`);
  }
  const closing = engine.close();
  await lab.pass(60);
  await closing;
  home.faults.clear();
  return run;
}

async function deregisterByHand(service: string, instanceId: string): Promise<void> {
  await cloudMapByHand('DeregisterInstance', { ServiceId: service, InstanceId: instanceId });
}

async function registerByHand(service: string, instanceId: string, address: string): Promise<void> {
  const Attributes = { AWS_INSTANCE_IPV4: address };
  await cloudMapByHand('RegisterInstance', { ServiceId: service, InstanceId: instanceId, Attributes });
}

/** Somebody else's call, of which the log of calls knows nothing. */
async function cloudMapByHand(operation: 'DeregisterInstance' | 'RegisterInstance', input: object): Promise<void> {
  await lab.home.cloudMap.service.operations[operation]?.handle(input as never);
}

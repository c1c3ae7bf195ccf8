import { describe, expect, test } from '@jest/globals';
import { CleanCloudMapReceipt } from '../../../src/contract/clean-cloud-map.ts';
import { planCleanUp, withServices } from '../../../src/core/cloud-map/plan.ts';
import { reportCleanUp } from '../../../src/core/cloud-map/receipt.ts';
import { at, data, outcome, plan, time } from './runs.ts';

type Given = Parameters<typeof reportCleanUp>[0];

const empty: Given = { open: [], settled: [], notes: [] };
const report = (given: Partial<Given>) => {
  const written = reportCleanUp({ ...empty, ...given }, at(100));
  expect(CleanCloudMapReceipt.parse(written.receipt)).toEqual(JSON.parse(written.cause));
  return written;
};

const first = outcome({
  service: 'srv-1',
  reason: 'removed 2 of 3 confirmed',
  registrations: 1,
  skipped: { noIpv4: 2, noInstanceId: 3 },
  alive: 4,
  terminated: 5,
  mismatched: 6,
  absent: 7,
  confirmed: 8,
  removed: 9,
  gone: 10,
  failed: 11,
  retained: { count: 12 },
});

describe('the receipt', () => {
  test('of a clean run: sums over all services, those with most to tell first', () => {
    const second = outcome({ service: 'srv-2', reason: 'nothing is stale', alive: 1, removed: 1 });
    const { ending, receipt } = report({
      plan: plan({ namespace: 'prod', requestedBy: 'schedule' }),
      settled: [second, first],
      notes: ['a note'],
    });
    expect(ending).toBe('clean');
    expect(receipt).toEqual({
      workflow: 'clean-cloud-map',
      subject: 'prod',
      region: 'eu-west-1',
      instancesRegions: ['eu-west-1', 'us-east-1'],
      status: 'succeeded',
      reason: '2 services are clean; removed 10 registrations',
      execution: plan().execution,
      requestedBy: 'schedule',
      dryRun: false,
      startedAt: time(0),
      finishedAt: time(100),
      deadline: time(960),
      totals: {
        registrations: 1,
        skipped: 5,
        alive: 5,
        terminated: 5,
        mismatched: 6,
        absent: 7,
        confirmed: 8,
        removed: 10,
        gone: 10,
        failed: 11,
        retained: 12,
      },
      services: { count: 2, first: [first, second] },
      byStatus: { succeeded: 2 },
      notes: { count: 1, first: ['a note'] },
    });
  });

  test('of a service that was stopped is a failure, and comes before what was in time', () => {
    const settled = (['timed-out', 'stopped', 'failed'] as const).map((status) => outcome({ service: status, status }));
    expect(report({ plan: plan(), settled }).receipt.services.first.map(({ status }) => status)).toEqual([
      'failed',
      'stopped',
      'timed-out',
    ]);
    expect(report({ plan: plan(), settled: settled.slice(1, 2) }).ending).toBe('failed');
  });

  test('of several ends is that of the worst, which comes first', () => {
    const of = (status: 'succeeded' | 'refused' | 'timed-out' | 'failed', service: string) =>
      outcome({ service, status, reason: `${status} it is` });
    const settled = [
      of('succeeded', 'a'),
      of('refused', 'b'),
      of('timed-out', 'c'),
      of('failed', 'd'),
      of('failed', 'e'),
    ];
    const { ending, receipt } = report({ plan: plan(), settled });
    expect(receipt.services.first.map(({ service }) => service)).toEqual(['d', 'e', 'c', 'b', 'a']);
    expect(receipt).toMatchObject({
      subject: '5 services',
      status: 'failed',
      reason: 'd (and 1 more): failed it is',
      byStatus: { succeeded: 1, refused: 1, 'timed-out': 1, failed: 2 },
    });
    expect(ending).toBe('failed');
    expect(report({ plan: plan(), settled: settled.slice(0, 3) })).toMatchObject({
      ending: 'timed-out',
      receipt: { reason: 'c: timed-out it is' },
    });
    expect(report({ plan: plan(), settled: settled.slice(0, 2) }).ending).toBe('refused');
  });

  test('of equal ends: those with more removed, gone or retained come first', () => {
    const told = (service: string, more: Parameters<typeof outcome>[0]) => outcome({ service, ...more });
    const settled = [
      told('none', {}),
      told('gone', { gone: 2 }),
      told('retained', { retained: { count: 3 } }),
      told('removed', { removed: 4 }),
    ];
    const { receipt } = report({ plan: plan(), settled });
    expect(receipt.services.first.map(({ service }) => service)).toEqual(['removed', 'retained', 'gone', 'none']);
  });

  test('names the region that did not answer, whichever service comes first', () => {
    const failed = outcome({ service: 'a', status: 'failed', reason: 'nothing was removed', retained: { count: 9 } });
    const silent = outcome({ service: 'b', status: 'failed', reason: 'EC2 is silent', unanswered: 'us-east-1' });
    expect(report({ plan: plan(), settled: [failed, silent] }).receipt.reason).toBe(
      'nothing was removed from any service: b (and 1 more): EC2 is silent',
    );
    const before = outcome({ service: 'c', removed: 1 });
    expect(report({ plan: plan(), settled: [silent, before] }).receipt.reason).toBe('b: EC2 is silent');
  });

  test('of a dry run says what would be done', () => {
    const would = outcome({ service: 'a', registrations: 9, wouldRemove: { count: 7, first: ['i-1', 'i-2'] } });
    const all = outcome({ service: 'b', registrations: 2, wouldRemove: { count: 1, first: ['i-3'] } });
    const { receipt } = report({ plan: plan({ dryRun: true }), settled: [would, all, outcome({ service: 'c' })] });
    expect(receipt).toMatchObject({ dryRun: true, reason: 'looked once and touched nothing' });
    expect(receipt.wouldDo).toEqual([
      'deregister 7 of 9 from a, if they still look stale: i-1, i-2 and 5 more',
      'deregister 1 of 2 from b, if they still look stale: i-3',
    ]);
  });

  test('of a failure: what was open was not finished', () => {
    const failure = { Error: 'AccessDenied', Cause: '{"errorMessage":"not allowed"}' };
    const open = [
      { outcome: outcome({ service: 'a', reason: '' }), from: '' },
      { outcome: outcome({ service: 'b', reason: '2 look stale' }), from: '' },
    ];
    const { ending, receipt } = report({ plan: plan(), open, failure });
    expect(ending).toBe('failed');
    expect(receipt).toMatchObject({
      status: 'failed',
      reason: 'not allowed',
      error: { name: 'AccessDenied', message: 'not allowed' },
      services: {
        first: [
          { status: 'failed', reason: 'it was not looked at' },
          { status: 'failed', reason: '2 look stale' },
        ],
      },
    });
  });

  test.each(['Refused', 'InvalidInput'])('of an input that is refused by %s, without a plan', (name) => {
    const { ending, receipt } = report({
      failure: { Error: name, Cause: 'no such region' },
      input: { region: 'mars', namespace: 'n'.repeat(200) },
      execution: { id: 'arn', startTime: time(-1) },
    });
    expect(ending).toBe('refused');
    expect(receipt).toMatchObject({
      subject: 'n'.repeat(100),
      region: 'mars',
      instancesRegions: [],
      status: 'refused',
      reason: 'no such region',
      execution: 'arn',
      startedAt: time(-1),
      dryRun: false,
    });
    expect(receipt).not.toHaveProperty('deadline');
    expect(receipt).not.toHaveProperty('requestedBy');
  });

  test.each([[null], ['text'], [{ region: 7 }]])('of the input %j is still a receipt', (input) => {
    const { receipt } = report({ input, failure: { Error: 'Boom', Cause: '' } });
    expect(receipt).toMatchObject({ subject: 'unknown', region: 'unknown', status: 'failed', reason: 'Boom' });
  });

  test('without a plan or a failure says so; without services, too', () => {
    expect(report({}).receipt).toMatchObject({ status: 'failed', reason: 'there is no plan to report on' });
    expect(report({ plan: plan() }).receipt).toMatchObject({
      status: 'succeeded',
      reason: 'there are no services to clean',
      subject: 'unknown',
    });
    expect(report({ plan: plan(), settled: [outcome({ service: 'srv-9' })] }).receipt.subject).toBe('srv-9');
  });

  test('that could not be announced has a note', () => {
    expect(report({ plan: plan(), unannounced: true }).receipt.notes.first).toEqual([
      'the outcome could not be announced on the event bus',
    ]);
  });

  test('holds forty lines at most, and counts all', () => {
    const settled = Array.from({ length: 41 }, (_, n) =>
      outcome({ service: `srv-${n}`, wouldRemove: { count: 1, first: [] } }),
    );
    const { receipt } = report({ plan: plan({ dryRun: true }), settled });
    expect(receipt.services).toMatchObject({ count: 41 });
    expect(receipt.services.first).toHaveLength(40);
    expect(receipt.wouldDo).toHaveLength(40);
  });
});

describe('the plan', () => {
  const input = {
    region: 'eu-west-1',
    services: ['srv-1', 'srv-2', 'srv-1'],
    instancesRegions: ['eu-west-1', 'us-east-1', 'eu-west-1'],
    confirmAfterSeconds: 60,
    minRemaining: 1,
    maxAbsentPercent: 50,
    dryRun: false,
  };
  const execution = { id: 'arn', startTime: time(0) };
  const planned = (more: object = {}, allowedRegions: string[] = []) =>
    planCleanUp({ ...input, ...more }, execution, { allowedRegions });

  test('fixes every time, and names each thing once', () => {
    expect(planned()).toEqual({
      plan: {
        region: 'eu-west-1',
        instancesRegions: ['eu-west-1', 'us-east-1'],
        confirmAfterSeconds: 60,
        minRemaining: 1,
        maxAbsentPercent: 50,
        dryRun: false,
        execution: 'arn',
        startedAt: time(0),
        deadline: time(960),
      },
      phase: 'observe',
      open: ['srv-1', 'srv-2'].map((service) => ({ outcome: outcome({ service }), from: '' })),
      settled: [],
      next: 'observe',
      notes: [],
    });
    expect(planned({ timeoutSeconds: 30 }).plan.deadline).toBe(time(30));
    expect(planned({ confirmAfterSeconds: 0 }).plan.deadline).toBe(time(900));
  });

  test('lists a namespace first, unless its services are named, too', () => {
    expect(planned({ namespace: 'prod', services: undefined })).toMatchObject({ next: 'list', open: [] });
    expect(planned({ namespace: 'prod' }).next).toBe('observe');
  });

  test('adds what was listed, each once', () => {
    const before = planned({ services: ['srv-1'], namespace: 'prod' });
    const listed = withServices({ ...before, next: 'list' }, ['srv-1', 'srv-3']);
    expect(listed.open.map(({ outcome: { service } }) => service)).toEqual(['srv-1', 'srv-3']);
    expect(listed.next).toBe('observe');
    expect(withServices(data({ next: 'list' }), []).next).toBe('list');
    expect(withServices(data({ next: 'observe' }), []).next).toBe('observe');
  });

  test('is refused in a region that may not be touched', () => {
    expect(() => planned({}, ['us-east-1', 'us-west-2'])).toThrow(
      expect.objectContaining({
        name: 'Refused',
        message: 'eu-west-1 is not one of the allowed regions (us-east-1, us-west-2)',
      }),
    );
    expect(planned({}, ['eu-west-1']).next).toBe('observe');
  });

  test('is refused for more services than one run takes', () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => `srv-${n}`);
    expect(planned({ services: many(400) }).open).toHaveLength(400);
    expect(() => planned({ services: many(401) })).toThrow(
      /there are 401 services, and one run takes at most 400: name them in parts/,
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import { newOutcome, settleFailedService, settleService } from '../../../src/core/cloud-map/outcome.ts';
import { NOTHING_REMOVED } from '../../../src/core/cloud-map/removal.ts';
import { weighObservations } from '../../../src/core/cloud-map/weigh.ts';
import { at, data, observation, outcome, plan, run, time } from './runs.ts';

type Given = Parameters<typeof run>[0];

const settled = (given: Given, seconds = 10) => settleService(run(given), at(seconds));
const under: [string, string, boolean][] = [
  ['op-1', 'i-1', false],
  ['op-2', 'i-2', false],
];

describe('how a service ended', () => {
  const stale = outcome({ registrations: 10, alive: 8, terminated: 2 });

  test.each<[string, Given, string]>([
    ['nothing in it', { outcome: outcome() }, 'it has no registrations'],
    ['something stale', { outcome: stale, queue: ['a', 'b'] }, '2 look stale'],
    [
      'only what cannot be checked',
      { outcome: outcome({ registrations: 3 }), observation: observation({ alive: 0, terminated: 0 }) },
      'none of its registrations can be checked',
    ],
    ['nothing stale', { outcome: stale, observation: observation() }, 'nothing is stale'],
    ['nothing stale, and no observation', { outcome: stale }, 'nothing is stale'],
  ])('observed with %s', (_, given, reason) => {
    const { ending, report, cause } = settled(given);
    expect(ending).toBe('settled');
    expect(report.outcome).toMatchObject({ status: 'succeeded', reason });
    expect(report.outcome).not.toHaveProperty('wouldRemove');
    expect(JSON.parse(cause)).toEqual(JSON.parse(JSON.stringify(report)));
  });

  test('a dry run names five of what it would remove', () => {
    const queue = Array.from({ length: 7 }, (_, n) => `i-${n}@10.0.0.${n}`);
    const dry = { plan: plan({ dryRun: true }), outcome: stale };
    expect(settled({ ...dry, queue }).report.outcome.wouldRemove).toEqual({
      count: 7,
      first: ['i-0', 'i-1', 'i-2', 'i-3', 'i-4'],
    });
    expect(settled(dry).report.outcome).not.toHaveProperty('wouldRemove');
  });

  test('hands its candidates on, with when they were seen', () => {
    const queue = ['a', 'b'];
    const earlier = { report: { candidates: [], observedAt: time(-5) } };
    expect(settled({ queue, observation: observation() }).report).toMatchObject({
      candidates: queue,
      observedAt: time(0),
    });
    expect(settled({ queue, earlier }).report.observedAt).toBe(time(-5));
    expect(settled({ plan: plan({ startedAt: time(-9) }) }).report).toMatchObject({
      candidates: [],
      observedAt: time(-9),
    });
    expect(settled({ queue, phase: 'remove' }).report.candidates).toEqual([]);
    const failure = { Error: 'AccessDenied', Cause: 'not allowed' };
    expect(settled({ queue, failure }).report.candidates).toEqual([]);
  });

  test('what a guard held back is as the guard says', () => {
    const guarded = outcome({ status: 'refused', reason: 'all look stale', retained: { count: 0 } });
    const { ending, report } = settled({
      phase: 'confirm',
      outcome: guarded,
      guard: { count: 4, guard: 'minRemaining' },
    });
    expect(ending).toBe('refused');
    expect(report.outcome).toMatchObject({
      reason: 'all look stale',
      retained: { count: 4, guard: 'minRemaining' },
    });
  });

  test('confirmed: what was stale only once is said to be left', () => {
    const confirmed = (count: number) =>
      settled({
        phase: 'confirm',
        outcome: outcome({ confirmed: count, retained: { count: 1 } }),
        observation: observation(),
      });
    expect(confirmed(1).report.outcome).toMatchObject({
      reason: 'what is stale was not stale in both observations: left to the next run',
      retained: { count: 1 },
    });
    expect(confirmed(2).report.outcome.reason).toBe('nothing is stale');
    const unseen = settled({ phase: 'confirm', outcome: outcome() });
    expect(unseen.report.outcome.reason).toBe('nothing is stale');
  });

  test('removed: counts what went, and what is left of it', () => {
    const removal = { ...NOTHING_REMOVED, removed: 3, gone: 1, ids: ['i-1'] };
    const done = settled({
      phase: 'remove',
      outcome: outcome({ confirmed: 4, gone: 2, retained: { count: 5 } }),
      removal,
    });
    expect(done).toMatchObject({ ending: 'settled', report: { removed: { count: 3, first: ['i-1'] } } });
    expect(done.report.outcome).toMatchObject({
      reason: 'removed 3 of 4 confirmed',
      removed: 3,
      gone: 3,
      failed: 0,
      retained: { count: 5 },
    });
    const gone = settled({ phase: 'remove', removal: { ...NOTHING_REMOVED, gone: 1 } });
    expect(gone.report.outcome.reason).toBe('removed 0 of 0 confirmed');
    expect(settled({ phase: 'remove', observation: observation() }).report.outcome.reason).toBe('nothing is stale');
  });

  test('failed removals fail the service, with what was said of them', () => {
    const removal = { ...NOTHING_REMOVED, removed: 2, gone: 1, failed: 2, reasons: ['i-1: no', 'i-2: never'] };
    const { ending, report } = settled({ phase: 'remove', outcome: outcome({ retained: { count: 1 } }), removal });
    expect(ending).toBe('failed');
    expect(report.outcome).toMatchObject({
      status: 'failed',
      reason: '2 of 5 removals failed: i-1: no; i-2: never',
      retained: { count: 1 },
    });
    const long = settled({ phase: 'remove', removal: { ...removal, reasons: ['x'.repeat(500)] } });
    expect(long.report.outcome.reason).toHaveLength(220);
  });

  test('the deadline came first: what is under way, what was not begun, and what had failed', () => {
    const removal = { ...NOTHING_REMOVED, operations: under };
    const given: Given = { phase: 'remove', queue: ['a'], removal, outcome: outcome({ retained: { count: 1 } }) };
    expect(settled(given, 960)).toMatchObject({
      ending: 'failed',
      report: {
        outcome: {
          status: 'timed-out',
          reason: 'the deadline came first: 2 removals are under way and 1 were not begun',
          retained: { count: 4 },
        },
      },
    });
    expect(settled({ ...given, faults: 1, lastFault: 'slow down' }, 960).report.outcome.reason).toBe(
      'the deadline came first: 2 removals are under way and 1 were not begun (1 fault was waited out, the last: slow down)',
    );
    expect(settled({ phase: 'remove', removal }, 960).report.outcome.reason).toContain('and 0 were not begun');
    expect(settled({ phase: 'remove', queue: ['a'] }, 960).report.outcome.status).toBe('timed-out');
    // Not before, not in another phase, and not where nothing is left.
    expect(settled(given, 959).report.outcome.status).toBe('succeeded');
    expect(settled({ ...given, phase: 'confirm' }, 960).report.outcome.status).toBe('succeeded');
    expect(settled({ phase: 'remove' }, 960).report.outcome.status).toBe('succeeded');
  });

  test('a service that was deleted meanwhile has nothing left', () => {
    const failure = { Error: 'NotFound', Cause: 'no such service' };
    const removal = { ...NOTHING_REMOVED, operations: under, gone: 1 };
    const gone = settled({ phase: 'remove', queue: ['a', 'b', 'c'], removal, failure, outcome: outcome({ gone: 2 }) });
    expect(gone).toMatchObject({ ending: 'settled' });
    expect(gone.report.outcome).toMatchObject({ gone: 2 + 1 + 3 + 2, reason: 'the service was deleted meanwhile' });
    const earlier = { report: { candidates: ['a', 'b'], observedAt: time(0) } };
    expect(settled({ phase: 'confirm', earlier, failure }).report.outcome.gone).toBe(2);
    expect(settled({ phase: 'confirm', failure }).report.outcome.gone).toBe(0);
    expect(settled({ failure }).report.outcome).toMatchObject({ status: 'failed', error: 'NotFound' });
    const told = { ...NOTHING_REMOVED, serviceGone: true };
    expect(settled({ phase: 'remove', removal: told }).report.outcome.reason).toBe('the service was deleted meanwhile');
    const late = { ...told, operations: under };
    expect(settled({ phase: 'remove', removal: late }, 960).report.outcome.reason).toBe(
      'the service was deleted meanwhile',
    );
  });

  test('a failure is told in its words, with the region that did not answer', () => {
    const failure = { Error: 'Unavailable', Cause: 'EC2 in us-east-1 did not answer: reset' };
    const of = (more: Given) => settled({ failure, outcome: stale, ...more }).report.outcome;
    expect(of({})).toMatchObject({
      status: 'failed',
      reason: failure.Cause,
      error: 'Unavailable',
      unanswered: 'us-east-1',
      retained: { count: 0 },
    });
    expect(of({ phase: 'confirm' }).retained).toEqual({ count: 2 });
    expect(of({ phase: 'remove', queue: ['a'], removal: { ...NOTHING_REMOVED, operations: under } }).retained).toEqual({
      count: 3,
    });
    const each = outcome({ terminated: 1, mismatched: 2, absent: 4 });
    expect(of({ phase: 'confirm', outcome: each }).retained).toEqual({ count: 7 });
    expect(settled({ failure: { Error: 'Boom', Cause: '' } }).report.outcome.reason).toBe('Boom');
    expect(settled({ failure: { Error: 'Boom', Cause: '' } }).report.outcome).not.toHaveProperty('unanswered');
    expect(settled({ failure: { Error: 'Boom', Cause: 'x'.repeat(300) } }).report.outcome.reason).toHaveLength(220);
  });
});

describe('a child that failed', () => {
  const line = { outcome: outcome({ alive: 3 }), from: 'child' };
  const settle = (Cause: string) =>
    settleFailedService({ plan: plan(), line, caught: { Error: 'States.TaskFailed', Cause } });

  test('has said why in the cause within its cause', () => {
    const told = settled({ failure: { Error: 'AccessDenied', Cause: 'not allowed' } });
    expect(settle(JSON.stringify({ Cause: told.cause }))).toEqual({
      outcome: JSON.parse(JSON.stringify(told.report.outcome)),
      from: '',
    });
  });

  test.each([
    ['no JSON', 'it was stopped'],
    ['a text', '"stopped"'],
    ['nothing', 'null'],
    ['no cause', '{"Status":"ABORTED"}'],
    ['a cause that is no report', JSON.stringify({ Cause: '{"outcome":1}' })],
    ['a cause that is no JSON', JSON.stringify({ Cause: 'stopped' })],
  ])('that says %s is told as it was caught', (_, cause) => {
    expect(settle(cause)).toEqual({
      outcome: { ...line.outcome, status: 'failed', reason: cause, error: 'States.TaskFailed' },
      from: '',
    });
  });
});

describe('all observations together', () => {
  const line = (service: string, more: Parameters<typeof outcome>[0] = {}, from = 'child') => ({
    outcome: { ...newOutcome(service), ...more },
    from,
  });
  const stale = line('srv-stale', { terminated: 1, mismatched: 2, absent: 3 });
  const clean = line('srv-clean');

  test('first: what is clean is settled, the rest waits to be confirmed', () => {
    expect(weighObservations(data({ open: [clean, stale] }), at(10))).toEqual(
      data({ open: [stale], settled: [clean.outcome], phase: 'confirm', next: 'wait', waitUntil: time(70) }),
    );
  });

  test('then: what is confirmed is removed', () => {
    const confirmed = line('srv-stale', { terminated: 1, confirmed: 1 });
    expect(weighObservations(data({ phase: 'confirm', open: [confirmed, stale] }), at(80))).toMatchObject({
      open: [confirmed],
      settled: [stale.outcome],
      phase: 'remove',
      next: 'remove',
    });
  });

  test('last: all are settled, and it is announced', () => {
    const before = [outcome({ service: 'srv-before' })];
    expect(weighObservations(data({ phase: 'remove', open: [stale], settled: before }), at(90))).toMatchObject({
      open: [],
      settled: [...before, stale.outcome],
      next: 'announce',
    });
    expect(weighObservations(data(), at(90)).next).toBe('announce');
  });

  test('last: what was confirmed and removed is settled, too, and not begun again', () => {
    const removed = line('srv-1', { terminated: 2, confirmed: 2, removed: 2 });
    expect(weighObservations(data({ phase: 'remove', open: [removed] }), at(90))).toMatchObject({
      open: [],
      settled: [removed.outcome],
      next: 'announce',
    });
  });

  test('last: one that failed costs no other its outcome', () => {
    const removed = line('srv-1', { terminated: 1, confirmed: 1, removed: 1 });
    const failed = line('srv-2', { status: 'failed', error: 'Throttled', reason: 'EC2 said no' });
    expect(weighObservations(data({ phase: 'remove', open: [failed, removed] }), at(90))).toMatchObject({
      settled: [failed.outcome, removed.outcome],
      next: 'announce',
    });
  });

  test.each([
    [
      'that failed',
      line('srv-1', { status: 'failed', terminated: 1, reason: 'ServiceDiscovery said no', error: 'Rejected' }),
    ],
    ['that was never looked at', line('srv-1', { terminated: 1 }, '')],
    ['of which one kind is stale, but the run is dry', line('srv-1', { terminated: 1 })],
  ])('a service %s is finished', (_, finished) => {
    const dryRun = finished.outcome.status === 'succeeded' && finished.from !== '';
    expect(weighObservations(data({ plan: plan({ dryRun }), open: [finished] }), at(10))).toMatchObject({
      open: [],
      settled: [finished.outcome],
      next: 'announce',
    });
  });

  test.each(['terminated', 'mismatched', 'absent'])('one %s registration is enough to go on', (kind) => {
    expect(weighObservations(data({ open: [line('srv-1', { [kind]: 1 })] }), at(10)).next).toBe('wait');
  });

  describe('one that blocks', () => {
    const unanswered = line('srv-0', { status: 'failed', unanswered: 'us-east-1', error: 'Throttled', reason: 'x' });

    test.each([
      ['a region that did not answer', unanswered, 'us-east-1 did not answer (Throttled)'],
      [
        'a region that did not answer, without an error',
        line('srv-0', { status: 'failed', unanswered: 'us-east-1', reason: 'x' }),
        'us-east-1 did not answer (no error)',
      ],
      [
        'trouble that is not of the service',
        line('srv-0', { status: 'failed', error: 'Boom', reason: 'EC2 said no' }),
        'srv-0 could not be observed',
      ],
      [
        'trouble elsewhere that speaks of the service',
        line('srv-0', { status: 'failed', error: 'Boom', reason: 'EC2 said no, as ServiceDiscovery did' }),
        'srv-0 could not be observed',
      ],
    ])('%s: nothing is removed from any service', (_, blocking, cause) => {
      for (const phase of ['observe', 'confirm'] as const) {
        const confirmed = { ...stale, outcome: { ...stale.outcome, confirmed: 1 } };
        expect(weighObservations(data({ phase, open: [confirmed, blocking] }), at(10))).toMatchObject({
          open: [],
          next: 'announce',
          settled: [
            blocking.outcome,
            { status: 'failed', reason: `nothing was removed from any service: ${cause}`, retained: { count: 6 } },
          ],
        });
      }
    });

    test.each([
      [
        'trouble with the service itself',
        line('srv-0', { status: 'failed', error: 'Throttled', reason: 'ServiceDiscovery ListInstances: no' }),
      ],
      ['a failure without an error', line('srv-0', { status: 'failed', reason: 'EC2 said no' })],
      ['a guard', line('srv-0', { status: 'refused', error: 'x', reason: 'all look stale' })],
    ])('not %s', (_, failed) => {
      expect(weighObservations(data({ open: [stale, failed] }), at(10))).toMatchObject({ open: [stale], next: 'wait' });
    });

    test('not while removing: then it is too late', () => {
      expect(weighObservations(data({ phase: 'remove', open: [stale, unanswered] }), at(10)).settled).toEqual([
        stale.outcome,
        unanswered.outcome,
      ]);
    });
  });

  test('the deadline comes before the confirmation', () => {
    const late = data({ open: [stale], plan: plan({ deadline: time(70) }) });
    expect(weighObservations(late, at(10))).toMatchObject({
      open: [],
      next: 'announce',
      settled: [
        {
          status: 'timed-out',
          reason: 'the deadline comes before what is stale could be confirmed',
          retained: { count: 6 },
        },
      ],
    });
    expect(weighObservations(late, at(9)).next).toBe('wait');
  });
});

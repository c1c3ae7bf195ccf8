import { describe, expect, test } from '@jest/globals';
import {
  NOTHING_REMOVED,
  type OperationEnd,
  type Submission,
  toSubmit,
  withEnds,
  withSubmissions,
} from '../../../src/core/cloud-map/removal.ts';
import { at, plan, run, time } from './runs.ts';

const queueOf = (count: number) => Array.from({ length: count }, (_, index) => `i-${index}@10.0.0.${index}`);
const operations = (count: number): [string, string, boolean][] =>
  Array.from({ length: count }, (_, index) => [`op-${index}`, `i-${index}`, false]);

describe('what is submitted', () => {
  test.each([
    [5, 0, 5],
    [100, 0, 100],
    [101, 0, 100],
    [300, 450, 50],
    [300, 500, 0],
  ])('of %i with %i under way: %i', (queued, underWay, expected) => {
    const removal = { ...NOTHING_REMOVED, operations: operations(underWay) };
    expect(toSubmit(run({ queue: queueOf(queued), removal }), at(0))).toEqual(queueOf(queued).slice(0, expected));
  });

  test('is nothing from the deadline on, and nothing where nothing is stale', () => {
    expect(toSubmit(run({ queue: queueOf(2) }), at(960))).toEqual([]);
    expect(toSubmit(run({ queue: queueOf(2) }), at(959))).toEqual(queueOf(2));
    expect(toSubmit(run(), at(0))).toEqual([]);
  });
});

describe('after a submission', () => {
  const submissions: readonly [string, Submission][] = [
    ['i-0@10.0.0.0', { kind: 'submitted', operationId: 'op-0' }],
    ['i-1@10.0.0.1', { kind: 'under-way', operationId: 'op-1' }],
    ['i-2@10.0.0.2', { kind: 'under-way', operationId: undefined }],
    ['i-3@10.0.0.3', { kind: 'absent' }],
    ['i-4@10.0.0.4', { kind: 'refused', message: 'x'.repeat(200) }],
  ];

  test('each answer is kept as what it is, and the first look comes two seconds later', () => {
    const after = withSubmissions(run({ queue: queueOf(5) }), new Map(submissions), at(10), 0);
    expect(after.removal).toEqual({
      operations: [
        ['op-0', 'i-0', false],
        ['op-1', 'i-1', true],
      ],
      removed: 0,
      gone: 2,
      failed: 1,
      ids: [],
      reasons: [`i-4: ${'x'.repeat(120)}`],
      looks: 0,
      serviceGone: false,
      submittedAt: time(10),
    });
    expect(after).toMatchObject({ queue: [], next: 'wait', waitUntil: time(13) });
  });

  test('what was done before is not forgotten', () => {
    const before = { ...NOTHING_REMOVED, removed: 1, failed: 1, ids: ['i-8'], reasons: ['i-9: no'] };
    const after = withSubmissions(run({ queue: queueOf(5), removal: before }), new Map(submissions), at(10), 0);
    expect(after.removal).toMatchObject({
      removed: 1,
      failed: 2,
      ids: ['i-8'],
      reasons: ['i-9: no', expect.stringMatching(/^i-4: x/)],
    });
    expect(before).toMatchObject({ failed: 1, ids: ['i-8'], reasons: ['i-9: no'] });
  });

  test('what was not tried stays in the queue, and is next', () => {
    const after = withSubmissions(run({ queue: queueOf(5) }), new Map(submissions.slice(0, 1)), at(10), 0);
    expect(after).toMatchObject({ queue: queueOf(5).slice(1), next: 'remove' });
  });

  test('500 under way are enough', () => {
    const removal = { ...NOTHING_REMOVED, operations: operations(499) };
    const more = withSubmissions(run({ queue: queueOf(2), removal }), new Map(submissions.slice(0, 1)), at(10), 0);
    expect(more.removal?.operations).toHaveLength(500);
    expect(more).toMatchObject({ next: 'wait', queue: ['i-1@10.0.0.1'] });
  });

  test('nothing left and nothing under way is the end; so is the deadline', () => {
    const absent = new Map<string, Submission>([['i-0@10.0.0.0', { kind: 'absent' }]]);
    expect(withSubmissions(run({ queue: queueOf(1) }), absent, at(10), 0).next).toBe('settle');
    const late = withSubmissions(run({ queue: queueOf(2) }), new Map(submissions.slice(0, 1)), at(960), 0);
    expect(late).toMatchObject({ next: 'settle', queue: ['i-1@10.0.0.1'] });
  });

  test('with the service everything in it has gone', () => {
    const removal = { ...NOTHING_REMOVED, operations: operations(3), gone: 1 };
    const gone = new Map<string, Submission>([['i-0@10.0.0.0', { kind: 'service-absent' }]]);
    const after = withSubmissions(run({ queue: queueOf(4), removal }), gone, at(10), 0);
    expect(after).toMatchObject({ queue: [], next: 'settle' });
    expect(after.removal).toMatchObject({ serviceGone: true, gone: 1 + 1 + 3 + 3, operations: [] });
  });

  test('at most three reasons are kept, and every failure is counted', () => {
    const refused = new Map(queueOf(5).map((one) => [one, { kind: 'refused', message: 'no' } as const]));
    const { removal } = withSubmissions(run({ queue: queueOf(5) }), refused, at(10), 0);
    expect(removal).toMatchObject({ failed: 5, reasons: ['i-0: no', 'i-1: no', 'i-2: no'] });
  });

  test('what was there before is left as it was', () => {
    const before = { ...NOTHING_REMOVED, operations: operations(1) };
    withSubmissions(run({ queue: queueOf(1), removal: before }), new Map(submissions.slice(0, 1)), at(10), 0);
    withEnds(run({ removal: before }), new Map([['op-0', { kind: 'failed', message: 'no' }]]), at(10), 0);
    expect(before).toEqual({ ...NOTHING_REMOVED, operations: operations(1) });
  });
});

describe('the ends of operations', () => {
  const ends: ReadonlyMap<string, OperationEnd> = new Map<string, OperationEnd>([
    ['op-0', { kind: 'succeeded' }],
    ['op-1', { kind: 'failed', message: 'throttled' }],
    ['op-2', { kind: 'other' }],
    ['op-3', { kind: 'open' }],
    ['op-5', { kind: 'succeeded' }],
  ]);

  test('count only where they were seen; one that somebody else had begun is not ours', () => {
    const under: [string, string, boolean][] = [...operations(5), ['op-5', 'i-5', true]];
    const removal = { ...NOTHING_REMOVED, operations: under, submittedAt: time(0), looks: 2 };
    const after = withEnds(run({ removal }), ends, at(30), 0);
    expect(after.removal).toEqual({
      ...removal,
      operations: [
        ['op-3', 'i-3', false],
        ['op-4', 'i-4', false],
      ],
      removed: 1,
      gone: 1,
      failed: 2,
      ids: ['i-0'],
      reasons: ['i-1: throttled', 'i-2: it was being registered anew'],
      looks: 3,
    });
    // The pause after a look is twenty seconds at least.
    expect(after).toMatchObject({ next: 'wait', waitUntil: time(50) });
  });

  test('all of them is the end', () => {
    const removal = { ...NOTHING_REMOVED, operations: operations(1), submittedAt: time(0) };
    expect(withEnds(run({ removal }), ends, at(30), 0)).toMatchObject({ next: 'settle', removal: { removed: 1 } });
    expect(withEnds(run(), ends, at(30), 0)).toMatchObject({ next: 'settle', removal: { looks: 1, removed: 0 } });
  });

  test('of many removed ones only the first are named', () => {
    const all = new Map(operations(60).map(([id]) => [id, { kind: 'succeeded' } as const]));
    const removal = { ...NOTHING_REMOVED, operations: operations(60), submittedAt: time(0) };
    const after = withEnds(run({ removal }), all, at(30), 0);
    expect(after.removal?.removed).toBe(60);
    expect(after.removal?.ids).toEqual(operations(20).map(([, id]) => id));
  });

  test('a wait grows with the time since the submission, to two minutes, and stops at the deadline', () => {
    const waiting = (seconds: number, deadline = 5_000) => {
      const removal = { ...NOTHING_REMOVED, operations: operations(1), submittedAt: time(0), looks: 5 };
      const after = withEnds(run({ removal, plan: plan({ deadline: time(deadline) }) }), new Map(), at(seconds), 0);
      return (Date.parse(after.waitUntil ?? '') - at(seconds)) / 1000;
    };
    expect(waiting(100)).toBe(20);
    expect(waiting(1_000)).toBe(80);
    expect(waiting(4_000)).toBe(120);
    expect(waiting(1_000, 1_010)).toBe(10);
  });
});

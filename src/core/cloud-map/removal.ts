/** The bookkeeping of removals: what was submitted, what became of it, and when to look again. */
import type { OpenOperation, Removal, ServiceRun } from '../../contract/clean-cloud-map-data.ts';
import { CAPPED_AT } from '../../contract/common.ts';
import { nextLook } from '../pace.ts';
import { iso, millis, SECOND } from '../time.ts';
import { idOf } from './registrations.ts';

/** Removals that one step submits, and those that are under way at once: their ids travel in the payload. */
export const SUBMIT_AT_A_TIME = 100;
const MOST_UNDER_WAY = 500;
/** Cloud Map promises no time: without DNS records it takes seconds, with them up to a minute. */
const FIRST_LOOK_SECONDS = 2;
const LEAST_PAUSE_SECONDS = 20;
const LONGEST_PAUSE_SECONDS = 120;
const REASONS_KEPT = 3;

export type Submission =
  | { readonly kind: 'submitted'; readonly operationId: string }
  /** Somebody else, or an attempt of ours that was interrupted, had submitted it. */
  | { readonly kind: 'under-way'; readonly operationId: string | undefined }
  | { readonly kind: 'absent' }
  | { readonly kind: 'service-absent' }
  | { readonly kind: 'refused'; readonly message: string };

export type OperationEnd =
  | { readonly kind: 'open' }
  | { readonly kind: 'succeeded' }
  /** Ended well, but it was no removal. */
  | { readonly kind: 'other' }
  | { readonly kind: 'failed'; readonly message: string };

export const NOTHING_REMOVED: Removal = {
  operations: [],
  removed: 0,
  gone: 0,
  failed: 0,
  ids: [],
  reasons: [],
  looks: 0,
  serviceGone: false,
};

/** @returns what to submit now; nothing once the deadline has come. */
export function toSubmit(run: ServiceRun, now: number): readonly string[] {
  if (now >= millis(run.plan.deadline)) return [];
  const room = MOST_UNDER_WAY - (run.removal?.operations.length ?? 0);
  return (run.queue ?? []).slice(0, Math.min(SUBMIT_AT_A_TIME, room));
}

/** @param submitted what was asked for and answered, by candidate; what is missing was not tried */
export function withSubmissions(
  run: ServiceRun,
  submitted: ReadonlyMap<string, Submission>,
  now: number,
  random: number,
): ServiceRun {
  const removal = copyOf(run.removal ?? NOTHING_REMOVED);
  for (const [candidate, submission] of submitted) {
    const id = idOf(candidate);
    switch (submission.kind) {
      case 'submitted':
        removal.operations.push([submission.operationId, id, false]);
        break;
      case 'under-way':
        if (submission.operationId === undefined) removal.gone += 1;
        else removal.operations.push([submission.operationId, id, true]);
        break;
      case 'absent':
        removal.gone += 1;
        break;
      case 'service-absent':
        removal.serviceGone = true;
        removal.gone += 1;
        break;
      case 'refused':
        fail(removal, id, submission.message);
    }
  }
  const queue = (run.queue ?? []).filter((candidate) => !submitted.has(candidate));
  if (removal.serviceGone) {
    // With the service everything in it has gone.
    removal.gone += queue.length + removal.operations.length;
    return { ...run, queue: [], removal: { ...removal, operations: [] }, next: 'settle' };
  }
  return decideNext({ ...run, queue, removal: { ...removal, submittedAt: iso(now), looks: 0 } }, now, random);
}

/** @param ends by operation; an operation that is missing is still under way */
export function withEnds(
  run: ServiceRun,
  ends: ReadonlyMap<string, OperationEnd>,
  now: number,
  random: number,
): ServiceRun {
  const removal = copyOf(run.removal ?? NOTHING_REMOVED);
  const open: OpenOperation[] = [];
  for (const operation of removal.operations) {
    const [operationId, id, foreign] = operation;
    const end = ends.get(operationId) ?? { kind: 'open' };
    if (end.kind === 'open') open.push(operation);
    else if (end.kind === 'failed') fail(removal, id, end.message);
    else if (end.kind === 'other') fail(removal, id, 'it was being registered anew');
    else if (foreign) removal.gone += 1;
    else {
      removal.removed += 1;
      if (removal.ids.length < CAPPED_AT) removal.ids.push(id);
    }
  }
  return decideNext({ ...run, removal: { ...removal, operations: open, looks: removal.looks + 1 } }, now, random);
}

function decideNext(run: ServiceRun, now: number, random: number): ServiceRun {
  const { removal = NOTHING_REMOVED, queue = [] } = run;
  const over = now >= millis(run.plan.deadline);
  const left = over ? 0 : queue.length;
  if (left > 0 && removal.operations.length < MOST_UNDER_WAY) return { ...run, next: 'remove' };
  if (removal.operations.length === 0 || over) return { ...run, next: 'settle' };
  return { ...run, next: 'wait', waitUntil: iso(lookAt(run, now, random)) };
}

function lookAt({ plan, removal }: ServiceRun, now: number, random: number): number {
  const { submittedAt = iso(now), looks } = removal ?? NOTHING_REMOVED;
  const startedAt = millis(submittedAt);
  return nextLook({
    startedAt,
    now,
    knownEnd: startedAt + FIRST_LOOK_SECONDS * SECOND,
    minIntervalSeconds: looks === 0 ? FIRST_LOOK_SECONDS : LEAST_PAUSE_SECONDS,
    maxIntervalSeconds: LONGEST_PAUSE_SECONDS,
    landmarks: [millis(plan.deadline)],
    random,
  });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function copyOf(removal: Removal): Mutable<Removal> {
  return {
    ...removal,
    operations: [...removal.operations],
    ids: [...removal.ids],
    reasons: [...removal.reasons],
  };
}

function fail(removal: Mutable<Removal>, id: string, message: string): void {
  removal.failed += 1;
  if (removal.reasons.length < REASONS_KEPT) removal.reasons.push(`${id}: ${message.slice(0, 120)}`);
}

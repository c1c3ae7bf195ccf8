/** When a caller of `/drain-delay` reads what the watch of his place has seen, and what that means for his address. */
import { standingOf } from '../../core/targets/watch.ts';
import { passing } from '../ends.ts';
import { problemOf } from '../problem.ts';
import type { Attached, Reading, Watches } from '../watches.ts';

/** Before the first observation, and around the end of a drain. */
const SOON_MS = 3_000;
/** The account has five GetExecutionHistory a second for everybody where it has least. */
const OFTEN_MS = 10_000;
const SHARE_OF_WAITED = 0.08;
const SELDOM_MS = 120_000;
const MARGIN_MS = 1_000;
/** The end of a drain that was seen to begin comes so soon after it can. */
const END_IS_NEAR_MS = 40_000;
const AFTER_END_MS = 8_000;
/** Two looks lie between what is known of the beginning, and two more may pass until the end is written down. */
const LONGEST_AFTER_END_MS = 20_000;
/** Reading must not begin too late to be answered. */
export const LAST_READ_MS = 1_000;

export interface Waiting {
  /** As Elastic Load Balancing writes it. */
  readonly id: string;
  /** When the caller came, ms. */
  readonly since: number;
  /** Until when he is held by this request, ms. */
  readonly until: number;
  /** There is no request after this one: the last moment is for a last look. */
  readonly isLast: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** `open`: the time of this request is up; `nextAt`: before this there is nothing to be learnt, ms. */
export type Seen =
  | { readonly state: 'gone' }
  | { readonly state: 'ended' }
  | { readonly state: 'open'; readonly nextAt: number };

/** @throws what the engine throws, but for what passes */
export async function follow(watches: Watches, { executionArn }: Attached, waiting: Waiting): Promise<Seen> {
  const { id, since, now, signal } = waiting;
  for (;;) {
    const reading = await readOn(watches, executionArn);
    const { observed } = reading ?? {};
    // What was observed before the caller came says nothing of an address that may have come back since.
    const current = observed !== undefined && Date.parse(observed.at) >= since;
    if (current && !standingOf(id, observed).open) return { state: 'gone' };
    if (reading?.ended === true) return { state: 'ended' };
    const nextAt = reading === undefined ? now() + OFTEN_MS : nextRead(reading, waiting, current);
    if (!(await sleep(nextAt, waiting)) || signal.aborted) return { state: 'open', nextAt };
  }
}

/** @returns whether there is time left to read */
export async function sleep(until: number, waiting: Waiting): Promise<boolean> {
  const { now, signal, isLast } = waiting;
  const last = waiting.until - LAST_READ_MS;
  if (until > last && (!isLast || now() >= last)) return false;
  await passing(Math.min(until, last) - now(), signal);
  return true;
}

/** What fails for a moment is read the next time. */
async function readOn(watches: Watches, executionArn: string): Promise<Reading | undefined> {
  try {
    return await watches.read(executionArn);
  } catch (error) {
    const code = problemOf(error)?.code;
    if (code === 'throttled' || code === 'unavailable') return undefined;
    throw error;
  }
}

/** @param current whether the observation is one that counts for the caller. @returns ms */
export function nextRead({ observed, nextAt }: Reading, { id, since, now: clock }: Waiting, current: boolean): number {
  const now = clock();
  const due = nextAt === undefined ? 0 : nextAt + MARGIN_MS;
  const soon = Math.max(now + SOON_MS, Math.min(due, now + OFTEN_MS));
  if (observed === undefined) return soon;
  const standing = standingOf(id, observed);
  const notBefore = standing.open ? standing.notBefore : undefined;
  // Also of an observation from before he came: a drain has its length.
  if (notBefore !== undefined && notBefore > now)
    return Math.min(Math.max(notBefore + afterwards(notBefore - since), soon), now + SELDOM_MS);
  if (!current) return soon;
  const often = now + Math.min(Math.max(OFTEN_MS, (now - since) * SHARE_OF_WAITED), SELDOM_MS);
  if (notBefore === undefined) return often;
  return standing.open && !standing.active && now - notBefore < END_IS_NEAR_MS ? soon : often;
}

/** So long after the earliest end it has mostly come, and been seen: one reading instead of three. */
function afterwards(waitedMs: number): number {
  return Math.min(Math.max(AFTER_END_MS, waitedMs * SHARE_OF_WAITED), LONGEST_AFTER_END_MS);
}

/** What the redirect carries is the service's own, and still nobody may be kept from looking by it for long. */
export function resumed(next: number | undefined, now: number): number {
  return next === undefined ? now : Math.min(next, now + SELDOM_MS);
}

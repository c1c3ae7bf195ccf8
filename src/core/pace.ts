/**
 * The one place that decides when to look again.
 *
 * Two laws hold, and are tested as properties: the look after the true end comes within the larger of 10 s and 10 % of
 * the time waited; and the history of a 48-hour wait stays under 25,000 events. A share of the time already waited gives
 * both: the wait grows as the drain does, so there are a few hundred looks in 48 hours, and none is far from the last.
 */
import { SECOND } from './time.ts';

/** Less than the 10 % of the law: what is left over is for the look itself and for short retries. */
const SHARE = 0.08;
const JITTER = 0.15;
const LAW_SECONDS = 10;
const LAW_SHARE = 0.1;
const AFTER_KNOWN_END = SECOND;
/** However short a caller wants the longest wait: the looks of a long drain must fit into one history. */
const LEAST_SHARE = 1 / 200;

export interface Pace {
  /** When the waiting began, ms. */
  readonly startedAt: number;
  readonly now: number;
  /** The end cannot come before this, ms: a target that began to drain is not gone before its delay is over. */
  readonly knownEnd?: number;
  readonly minIntervalSeconds: number;
  readonly maxIntervalSeconds: number;
  /** Points that a wait must not sleep through, ms: the heartbeat that falls due, the deadline. Past ones do not count. */
  readonly landmarks: readonly number[];
  /** Uniform in [0, 1). */
  readonly random: number;
  /** How late what a look sees may be: the wait leaves so much of the law's time over. A second or so when absent. */
  readonly slackSeconds?: number;
}

/** @returns when to look again, ms; later than `now` by at least a second. */
export function nextLook(pace: Pace): number {
  const { now } = pace;
  const least = pace.minIntervalSeconds * SECOND;
  const waited = Math.max(0, now - pace.startedAt);
  const most = Math.max(pace.maxIntervalSeconds * SECOND, waited * LEAST_SHARE);
  const share = waited * SHARE * (1 - JITTER * pace.random);
  const interval = Math.min(Math.max(Math.min(share, lawful(pace)), least), most);
  const known = pace.knownEnd !== undefined && pace.knownEnd > now ? pace.knownEnd + AFTER_KNOWN_END : undefined;
  const wanted = known === undefined ? now + interval : Math.min(Math.max(known, now + least), now + most);
  const landmark = Math.min(...pace.landmarks.filter((at) => at > now));
  return Math.max(Math.min(wanted, landmark), now + SECOND);
}

/** The longest wait that, with the slack, keeps to the law. ms */
function lawful({ now, startedAt, slackSeconds }: Pace): number {
  if (slackSeconds === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(LAW_SECONDS * SECOND, (now - startedAt) * LAW_SHARE) - slackSeconds * SECOND;
}

/** The longest wait of a drain whose spot instance may be taken with two minutes' notice. */
export const SPOT_INTERVAL_SECONDS = 30;

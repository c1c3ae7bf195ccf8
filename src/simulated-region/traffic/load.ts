/**
 * One load through one target group, as a fluid: requests arrive at a constant rate and spread evenly over the targets
 * that the balancer routes to. What each routed target has received is one curve for all of them, piecewise linear with
 * a corner at every change of routing; a target only notes where on the curve it joined and left. So a change costs the
 * same with ten targets and with ten thousand, and an hour without changes costs nothing.
 */
import type { Millis } from '../world.ts';

/** How long requests stay in flight: a share of them (of 1) for so many seconds. */
export interface RequestClass {
  readonly share: number;
  readonly seconds: number;
}

export type DropReason =
  | 'the backend died while it was in flight'
  | 'sent to a backend that does not answer'
  | 'the balancer closed the connection'
  | 'no target to send it to';

export interface Drop {
  /** When the first of these was dropped. */
  readonly at: Millis;
  /** `id:port`, or empty where there was no target. */
  readonly target: string;
  readonly count: number;
  readonly why: DropReason;
}

interface Stay {
  readonly from: Millis;
  to?: Millis;
}

interface Stream {
  readonly target: string;
  /** Requests are received while the target is routed to; several stays when it left and came back. */
  stays: Stay[];
  /** Since when requests sent here find nobody. */
  deadSince?: Millis;
  deadSinceVolume: number;
}

interface Corner {
  readonly at: Millis;
  readonly volume: number;
  /** Requests per millisecond and routed target from here on. */
  readonly slope: number;
}

export class Load {
  readonly requestsPerSecond: number;
  readonly classes: readonly RequestClass[];
  readonly startedAt: Millis;
  stoppedAt: Millis | undefined;
  readonly #longest: Millis;
  readonly #streams = new Map<string, Stream>();
  #routed = 0;
  #corners: Corner[];
  #drops: Drop[] = [];
  #targetlessSince: Millis | undefined;

  constructor(requestsPerSecond: number, classes: readonly RequestClass[], now: Millis) {
    this.requestsPerSecond = requestsPerSecond;
    this.classes = classes;
    this.startedAt = now;
    this.#longest = Math.max(...classes.map((one) => one.seconds)) * 1000;
    this.#corners = [{ at: now, volume: 0, slope: 0 }];
    this.#targetlessSince = now;
  }

  /** The balancer begins or ceases to send new requests to a target. */
  route(target: string, on: boolean, alive: boolean, now: Millis): void {
    if (this.stoppedAt !== undefined) return;
    let stream = this.#streams.get(target);
    const open = stream !== undefined && isOpen(stream);
    if (open === on) return;
    if (stream === undefined) {
      stream = { target, stays: [], deadSinceVolume: 0 };
      this.#streams.set(target, stream);
    }
    this.#turn(this.#routed + (on ? 1 : -1), now);
    if (on) {
      stream.stays.push({ from: now });
      if (!alive) this.#beginLoss(stream, now);
    } else {
      this.#endLoss(stream, now);
      const last = stream.stays.at(-1);
      if (last !== undefined) last.to = now;
    }
    this.#forgetOld(stream, now);
  }

  /** A backend dies: what is in flight at it is lost, and so is what is sent to it from now on. */
  died(target: string, now: Millis): void {
    const stream = this.#streams.get(target);
    if (stream === undefined || stream.deadSince !== undefined) return;
    this.#lose(stream, 'the backend died while it was in flight', now);
    if (isOpen(stream) && this.stoppedAt === undefined) this.#beginLoss(stream, now);
  }

  started(target: string, now: Millis): void {
    const stream = this.#streams.get(target);
    if (stream?.deadSince === undefined) return;
    this.#endLoss(stream, now);
    // What was sent before belongs to the dead: it has been counted.
    stream.stays = [{ from: now }];
  }

  /** The balancer closes its connections to a target. */
  disconnected(target: string, now: Millis): void {
    const stream = this.#streams.get(target);
    if (stream !== undefined && stream.deadSince === undefined) {
      this.#lose(stream, 'the balancer closed the connection', now);
    }
  }

  /** No new requests from now on; those in flight go on, and can still be dropped. */
  stop(now: Millis): void {
    if (this.stoppedAt !== undefined) return;
    for (const stream of this.#streams.values()) {
      this.#endLoss(stream, now);
      const last = stream.stays.at(-1);
      if (last !== undefined && last.to === undefined) last.to = now;
    }
    this.#turn(0, now);
    this.#endTargetless(now);
    this.stoppedAt = now;
  }

  sent(now: Millis): number {
    return ((this.stoppedAt ?? now) - this.startedAt) * (this.requestsPerSecond / 1000);
  }

  /** Everything lost so far, what is being lost at this moment included. Changes nothing. */
  drops(now: Millis): Drop[] {
    const all = [...this.#drops];
    for (const stream of this.#streams.values()) {
      if (stream.deadSince !== undefined) all.push(this.#lossOf(stream, stream.deadSince, now));
    }
    if (this.#targetlessSince !== undefined) all.push(this.#targetlessLoss(this.#targetlessSince, now));
    return all.filter((drop) => drop.count > 0);
  }

  /** Requests that a target is working on. */
  inFlight(now: Millis, target?: string): number {
    const streams = target === undefined ? [...this.#streams.values()] : [this.#streams.get(target)];
    let sum = 0;
    for (const stream of streams) {
      if (stream === undefined || stream.deadSince !== undefined) continue;
      for (const one of this.classes) sum += one.share * this.#received(stream, now - one.seconds * 1000, now);
    }
    return sum;
  }

  #lose(stream: Stream, why: DropReason, now: Millis): void {
    const count = this.inFlight(now, stream.target);
    if (count > 0) this.#drops.push({ at: now, target: stream.target, count, why });
    stream.stays = isOpen(stream) ? [{ from: now }] : [];
    if (stream.stays.length === 0) this.#streams.delete(stream.target);
  }

  #received(stream: Stream, from: Millis, to: Millis): number {
    let sum = 0;
    for (const stay of stream.stays) {
      const begin = Math.max(from, stay.from);
      const end = Math.min(to, stay.to ?? to);
      if (begin < end) sum += this.#volumeAt(end) - this.#volumeAt(begin);
    }
    return sum;
  }

  #volumeAt(time: Millis): number {
    let low = 0;
    let high = this.#corners.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#corners[middle]?.at ?? 0) <= time) low = middle;
      else high = middle - 1;
    }
    const corner = this.#corners[low];
    return corner === undefined ? 0 : corner.volume + Math.max(0, time - corner.at) * corner.slope;
  }

  #turn(routed: number, now: Millis): void {
    const volume = this.#volumeAt(now);
    if (this.#routed === 0) this.#endTargetless(now);
    this.#routed = routed;
    if (routed === 0) this.#targetlessSince = now;
    const last = this.#corners.at(-1);
    if (last?.at === now) this.#corners.pop();
    this.#corners.push({ at: now, volume, slope: routed === 0 ? 0 : this.requestsPerSecond / 1000 / routed });
    this.#forgetCorners(now);
  }

  // Corners older than the longest request cannot be asked for again. Halving keeps the cost of forgetting linear.
  #forgetCorners(now: Millis): void {
    const middle = this.#corners.length >> 1;
    if (middle > 64 && (this.#corners[middle]?.at ?? now) < now - this.#longest) this.#corners.splice(0, middle);
  }

  #forgetOld(stream: Stream, now: Millis): void {
    stream.stays = stream.stays.filter((stay) => stay.to === undefined || stay.to > now - this.#longest);
    if (stream.stays.length === 0) this.#streams.delete(stream.target);
  }

  #beginLoss(stream: Stream, now: Millis): void {
    stream.deadSince = now;
    stream.deadSinceVolume = this.#volumeAt(now);
  }

  #endLoss(stream: Stream, now: Millis): void {
    if (stream.deadSince === undefined) return;
    const drop = this.#lossOf(stream, stream.deadSince, now);
    if (drop.count > 0) this.#drops.push(drop);
    delete stream.deadSince;
    // Nothing of what was sent to the dead is in flight.
    stream.stays = stream.stays.length === 0 ? [] : [{ from: now }];
  }

  #lossOf(stream: Stream, since: Millis, now: Millis): Drop {
    const count = this.#volumeAt(now) - stream.deadSinceVolume;
    return { at: since, target: stream.target, count, why: 'sent to a backend that does not answer' };
  }

  #endTargetless(now: Millis): void {
    if (this.#targetlessSince === undefined) return;
    const drop = this.#targetlessLoss(this.#targetlessSince, now);
    if (drop.count > 0) this.#drops.push(drop);
    this.#targetlessSince = undefined;
  }

  #targetlessLoss(since: Millis, now: Millis): Drop {
    const count = (now - since) * (this.requestsPerSecond / 1000);
    return { at: since, target: '', count, why: 'no target to send it to' };
  }
}

function isOpen(stream: Stream): boolean {
  const last = stream.stays.at(-1);
  return last !== undefined && last.to === undefined;
}

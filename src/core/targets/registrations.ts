/** What an observation means for the registrations that a target workflow is about. */
import type { PlannedGroup, Registration, TargetsPlan } from '../../contract/targets-data.ts';
import { isDrained, type TargetHealthFacts } from '../targets.ts';
import { iso, millis, SECOND } from '../time.ts';

/** What one target group answered. */
export interface GroupHealth {
  /** When the call began, ms: what is true may have changed since, but not before. */
  readonly at: number;
  readonly targets: readonly TargetHealthFacts[];
}

/** By the group's index in the plan. Groups that were not asked are absent. */
export type HealthByGroup = ReadonlyMap<number, GroupHealth>;

/** A few seconds of the old state are AWS catching up. */
export const CATCHING_UP_SECONDS = 30;

const keyOf = (target: { readonly id: string; readonly port: number }): string => `${target.id}:${target.port}`;

/** Whether the workflow is about this registration. */
export function concerns(plan: TargetsPlan, group: PlannedGroup, target: TargetHealthFacts): boolean {
  return plan.input.targets.some(
    ({ id, port }) => id === target.id && (port === undefined || port === target.port || group.type === 'classic'),
  );
}

/**
 * Carries the registrations forward by one observation. In registering they are those that are to be made; otherwise
 * new ones appear as they are seen.
 */
export function carryForward(
  before: readonly Registration[],
  plan: TargetsPlan,
  health: HealthByGroup,
): Registration[] {
  const carried = before.map((registration) => {
    const answer = health.get(registration.group);
    if (answer === undefined) return registration;
    return seenAgain(
      registration,
      answer.targets.find((target) => keyOf(target) === keyOf(registration)),
      answer.at,
    );
  });
  if (plan.workflow === 'register-targets') return carried;
  const known = new Set(carried.map((registration) => `${registration.group} ${keyOf(registration)}`));
  for (const [index, { at, targets }] of health) {
    const group = plan.groups?.[index];
    if (group === undefined) continue;
    for (const target of targets) {
      if (isDrained(target) || known.has(`${index} ${keyOf(target)}`) || !concerns(plan, group, target)) continue;
      carried.push(seenAgain({ group: index, id: target.id, port: target.port, state: 'absent' }, target, at));
    }
  }
  return carried;
}

function seenAgain(before: Registration, seen: TargetHealthFacts | undefined, at: number): Registration {
  const { reason: _, hopelessAt, ...kept } = before;
  if (seen === undefined || seen.reason === 'Target.NotRegistered') {
    const wasThere = before.state !== 'absent';
    return { ...kept, state: 'absent', ...(wasThere ? { drainedAt: before.drainedAt ?? iso(at) } : {}) };
  }
  const hopeless = seen.state === 'unused';
  const draining = seen.state === 'draining';
  const { drainedAt: __, ...standing } = kept;
  return {
    ...standing,
    state: seen.state,
    ...(seen.reason === undefined ? {} : { reason: seen.reason }),
    ...(hopeless ? { hopelessAt: hopelessAt ?? iso(at) } : {}),
    ...(draining ? { drainingAt: before.drainingAt ?? iso(at) } : { activeAt: iso(at) }),
    ...(seen.state === 'healthy' ? { healthyAt: before.healthyAt ?? iso(at) } : {}),
    ...(isDrained(seen) ? { drainedAt: before.drainedAt ?? iso(at) } : {}),
  };
}

/** Whether it has reached what the workflow waits for. */
export function isDone(plan: TargetsPlan, registration: Registration): boolean {
  if (plan.workflow === 'register-targets') return registration.state === 'healthy';
  if (isGone(registration)) return true;
  return plan.input.until === 'draining' && registration.state === 'draining';
}

/** Not registered any more, or its instance is gone. */
export function isGone(registration: Pick<Registration, 'state' | 'reason'>): boolean {
  return registration.state === 'absent' || isDrained(registration);
}

/** Registrations that still have to be made, or taken away. */
export function toChange(plan: TargetsPlan, registrations: readonly Registration[]): Registration[] {
  return registrations.filter((registration) => isToBeChanged(plan, registration));
}

function isToBeChanged(plan: TargetsPlan, registration: Registration): boolean {
  const { state, registeredAt, deregisteredAt } = registration;
  switch (plan.workflow) {
    case 'register-targets':
      return registeredAt === undefined && (state === 'absent' || state === 'draining');
    case 'deregister-targets':
      // `unhealthy.draining` is a registration that stands: its balancer drains it for bad health alone.
      return deregisteredAt === undefined && state !== 'draining' && state !== 'absent';
    case 'await-drained':
      return false;
  }
}

/**
 * What somebody else undid: a target that is being registered and is gone or draining, one that was deregistered and
 * stands. @param changedAt our own latest change, ms
 */
export function undone(plan: TargetsPlan, registrations: readonly Registration[], changedAt: number, now: number) {
  if (plan.workflow === 'await-drained' || now - changedAt <= CATCHING_UP_SECONDS * SECOND) return [];
  return registrations.filter(({ state, reason, deregisteredAt }) => {
    if (plan.workflow === 'register-targets') return state === 'draining' || state === 'absent';
    if (state === 'draining' || isGone({ state, reason })) return false;
    return deregisteredAt === undefined || now - millis(deregisteredAt) > CATCHING_UP_SECONDS * SECOND;
  });
}

/** Those that can never become healthy, and have been so for longer than AWS takes to catch up. */
export function hopeless(plan: TargetsPlan, registrations: readonly Registration[], now: number): Registration[] {
  if (plan.workflow !== 'register-targets') return [];
  return registrations.filter(
    ({ state, hopelessAt }) =>
      state === 'unused' && hopelessAt !== undefined && now - millis(hopelessAt) > CATCHING_UP_SECONDS * SECOND,
  );
}

/** Between the last moment at which a target was seen in service and the first at which it was seen draining. */
const CLOSE_SECONDS = 5;

/**
 * When the drain of one is over, as far as it is known: not before `earliest`, and by a balancer that keeps to its delay
 * at `latest`. @returns ms
 */
export function drainEnd(
  { state, group, deregisteredAt, activeAt, drainingAt }: Registration,
  groups: readonly PlannedGroup[],
): { readonly earliest: number | undefined; readonly latest: number } | undefined {
  const { delaySeconds: delay, type } = groups[group] ?? {};
  const to = deregisteredAt ?? drainingAt;
  if (state !== 'draining' || delay === undefined || to === undefined) return undefined;
  const latest = millis(to) + delay * SECOND;
  // A Classic load balancer lets go of an instance as soon as its requests are done: its delay is an upper bound only.
  const from = type === 'classic' ? undefined : (deregisteredAt ?? activeAt);
  if (from === undefined) return { earliest: undefined, latest };
  const earliest = millis(from) + delay * SECOND;
  return { earliest: latest - earliest <= CLOSE_SECONDS * SECOND ? latest : earliest, latest };
}

/** Before this no drain of these can be over. @returns ms; undefined when nothing is known */
export function knownEnd(registrations: readonly Registration[], groups: readonly PlannedGroup[]): number | undefined {
  const known = registrations.flatMap((one) => drainEnd(one, groups)?.earliest ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

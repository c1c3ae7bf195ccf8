/** What a registering or deregistering step takes on, and what follows from it. */
import type { Registration, TargetsData, TargetsPlan, TargetsProgress } from '../../contract/targets-data.ts';
import { iso, millis } from '../time.ts';
import { nextRound } from './progress.ts';
import { toChange } from './registrations.ts';

/** RegisterTargets and DeregisterTargets together: 20 calls at once and 4 a second, for the whole account. */
const GROUPS_AT_A_TIME = 15;

export interface GroupChange {
  /** Index in the plan's groups. */
  readonly group: number;
  readonly registrations: readonly Registration[];
}

/** @returns none past the deadline: a step that runs late changes nothing */
export function nextChanges({ plan, progress }: TargetsData, now: number): GroupChange[] {
  if (now >= millis(plan.deadline)) return [];
  const changes = toChange(plan, progress.registrations);
  const groups = [...new Set(changes.map(({ group }) => group))].slice(0, GROUPS_AT_A_TIME);
  return groups.map((group) => ({ group, registrations: changes.filter((one) => one.group === group) }));
}

/**
 * @param changed what was accepted
 * @returns on with the rest, or to the next round of looks
 */
export function afterChanges(
  { plan, progress }: TargetsData,
  changed: readonly GroupChange[],
  now: number,
  random: number,
): Pick<TargetsData, 'plan' | 'progress' | 'decision'> {
  const at = iso(now);
  const field = plan.workflow === 'register-targets' ? 'registeredAt' : 'deregisteredAt';
  const accepted = new Set(changed.flatMap(({ registrations }) => registrations));
  const registrations = progress.registrations.map((one) => (accepted.has(one) ? { ...one, [field]: at } : one));
  const next = { ...progress, registrations };
  const expired = now >= millis(plan.deadline);
  if (toChange(plan, registrations).length > 0 && !expired) {
    const decision = {
      next: changeOf(plan),
      reason: 'registrations are left to be changed',
      waitUntil: at,
      resume: 'look',
    } as const;
    return { plan, progress: next, decision };
  }
  return { plan, progress: settled(plan, next, at), decision: rest(plan, next, now, random) };
}

function settled(plan: TargetsPlan, progress: TargetsProgress, changedAt: string): TargetsProgress {
  return { ...progress, changedAt, pending: (plan.groups ?? []).map((_group, index) => index) };
}

function rest(plan: TargetsPlan, progress: TargetsProgress, now: number, random: number) {
  const waitUntil = iso(nextRound(plan, progress, now, random));
  return { next: 'wait', reason: 'the change was accepted', waitUntil, resume: 'look' } as const;
}

function changeOf(plan: TargetsPlan): 'register' | 'deregister' {
  return plan.workflow === 'register-targets' ? 'register' : 'deregister';
}

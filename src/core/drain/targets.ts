/** What an observation of target groups means for the targets of one instance. */
import type { Location, PlannedTargetGroup, TargetRecord } from '../../contract/drain-data.ts';
import { isDrained, isDraining, type TargetHealthFacts } from '../targets.ts';
import { iso, millis, SECOND } from '../time.ts';

/** Answers of DescribeTargetHealth, by the group's index in the plan. Groups that were not asked are absent. */
export type HealthByGroup = ReadonlyMap<number, readonly TargetHealthFacts[]>;

const keyOf = (target: { readonly id: string; readonly port: number }): string => `${target.id}:${target.port}`;

/**
 * A group's targets by their id. Thousands of drains look at one answer for a few of its targets each, so that it is
 * indexed once: an answer is never changed.
 */
function byId(facts: readonly TargetHealthFacts[]): ReadonlyMap<string, readonly TargetHealthFacts[]> {
  let index = indexes.get(facts);
  if (index === undefined) {
    index = new Map();
    for (const target of facts) {
      const those = index.get(target.id);
      if (those === undefined) index.set(target.id, [target]);
      else those.push(target);
    }
    indexes.set(facts, index);
  }
  return index;
}
const indexes = new WeakMap<readonly TargetHealthFacts[], Map<string, TargetHealthFacts[]>>();

/** Ids under which targets of this instance appear in a group: its own, and those of the tasks on it. */
export function concerns(location: Location, group: PlannedTargetGroup, target: TargetHealthFacts): boolean {
  return location.ids.includes(target.id) || group.ownedByEcs.includes(keyOf(target));
}

/**
 * Carries the records of targets forward by one observation: new ones appear, those that are gone keep the time at which
 * that was first seen, and one that came back after it was gone stands again with its new state.
 * @param at ms
 */
export function updateTargets(
  records: readonly TargetRecord[],
  location: Location,
  health: HealthByGroup,
  at: number,
): TargetRecord[] {
  const updated = records.map((record) => {
    const facts = health.get(record.group);
    if (facts === undefined) return record;
    const seen = byId(facts)
      .get(record.id)
      ?.find(({ port }) => port === record.port);
    if (seen === undefined || isDrained(seen)) {
      return { ...record, state: 'drained', drainedAt: record.drainedAt ?? iso(at) };
    }
    const { drainedAt: _, ...standing } = record;
    return { ...standing, state: seen.state, ...(isDraining(seen.state) ? {} : { activeAt: iso(at) }) };
  });
  const known = new Set(updated.map((record) => `${record.group} ${keyOf(record)}`));
  for (const [group, facts] of health) {
    const planned = location.targetGroups[group];
    if (planned === undefined) continue;
    const owned = planned.ownedByEcs.map((key) => key.slice(0, key.lastIndexOf(':')));
    for (const target of [...new Set([...location.ids, ...owned])].flatMap((id) => byId(facts).get(id) ?? [])) {
      if (isDrained(target) || known.has(`${group} ${keyOf(target)}`) || !concerns(location, planned, target)) continue;
      updated.push({
        group,
        id: target.id,
        port: target.port,
        owner: planned.ownedByEcs.includes(keyOf(target)) ? 'ecs' : 'instance',
        state: target.state,
        ...(isDraining(target.state) ? {} : { activeAt: iso(at) }),
      });
    }
  }
  return updated;
}

export const isOpen = (record: TargetRecord): boolean => record.state !== 'drained';

/** Standing registrations that are ours to deregister and that we have not deregistered yet. */
export function toDeregister(records: readonly TargetRecord[]): TargetRecord[] {
  return records.filter(
    (record) =>
      record.owner === 'instance' && isOpen(record) && !isDraining(record.state) && record.deregisteredAt === undefined,
  );
}

/**
 * Registrations that we took away and that stand again. A few seconds of the old state are AWS catching up.
 * @param now ms
 */
export function registeredAgain(records: readonly TargetRecord[], now: number): TargetRecord[] {
  return records.filter(
    (record) =>
      record.deregisteredAt !== undefined &&
      isOpen(record) &&
      !isDraining(record.state) &&
      now - millis(record.deregisteredAt) > CATCHING_UP,
  );
}
const CATCHING_UP = 30 * SECOND;

/**
 * Before this no drain of these targets can be over: each one's last known moment in service plus its delay. Only a
 * target that has been seen draining counts: one that was out of use goes at once.
 * @returns ms; undefined when nothing is known
 */
export function targetsKnownEnd(records: readonly TargetRecord[], location: Location): number | undefined {
  const draining = records.filter((record) => isDraining(record.state));
  const ends = draining.flatMap((record) => {
    const from = record.deregisteredAt ?? record.activeAt;
    const delay = location.targetGroups[record.group]?.delaySeconds;
    return from === undefined || delay === undefined ? [] : [millis(from) + delay * SECOND];
  });
  return ends.length === 0 ? undefined : Math.max(...ends);
}

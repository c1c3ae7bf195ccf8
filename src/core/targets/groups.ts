/** In which of the target groups that were found the targets can stand, and where they are to be registered. */
import { isIP } from 'node:net';
import { AmbiguousTargetGroup, Refused } from '../../contract/errors.ts';
import { MOST_TARGET_GROUPS } from '../../contract/targets.ts';
import type { PlannedGroup, Registration, TargetsPlan, TargetsProgress } from '../../contract/targets-data.ts';
import { isWatch } from './watch.ts';

/** What was found at a place; Classic load balancers by name. */
export interface Found {
  readonly classic: readonly string[];
  readonly loadBalancers: readonly string[];
  readonly groups: readonly {
    readonly arn: string;
    readonly name: string;
    readonly targetType: 'instance' | 'ip' | 'lambda' | 'alb';
    readonly port?: number;
  }[];
}

type Kind = 'instance' | 'ip';
type Target = TargetsPlan['input']['targets'][number];

/** State and history hold so many, each with its times. */
export const MOST_REGISTRATIONS = 500;

const kindOf = ({ id }: Pick<Target, 'id'>): Kind => (isIP(id) === 0 ? 'instance' : 'ip');

/**
 * The plan with its groups, and the registrations that are to be made.
 * @throws AmbiguousTargetGroup, Refused
 */
export function withGroups(
  plan: TargetsPlan,
  progress: TargetsProgress,
  found: Found,
): { plan: TargetsPlan; progress: TargetsProgress } {
  const watch = isWatch(plan);
  const kinds = new Set<Kind>(watch ? ['instance', 'ip'] : plan.input.targets.map(kindOf));
  const possible: PlannedGroup[] = [
    ...found.groups.flatMap(({ arn, targetType: type, port }): PlannedGroup[] =>
      (type === 'instance' || type === 'ip') && kinds.has(type)
        ? [{ at: arn, type, ...(port === undefined ? {} : { port }) }]
        : [],
    ),
    // What a Classic load balancer drains is told for sure only of instances that are asked for by their ids.
    ...(kinds.has('instance') && !watch ? found.classic.map((at): PlannedGroup => ({ at, type: 'classic' })) : []),
  ];
  const registering = plan.workflow === 'register-targets';
  const wanted = registering ? chosen(plan, possible, found, kinds) : possible;
  // What was at the place when the watch began is watched to its end.
  const groups = watch ? joined(plan.groups ?? [], wanted) : wanted;
  if (groups.length > MOST_TARGET_GROUPS) {
    throw new Refused(`${groups.length} target groups are more than ${MOST_TARGET_GROUPS}; name those that are meant`);
  }
  const registrations = registering ? toBeMade(plan, groups) : [];
  checkNumber(registrations.length);
  // By ARN they are in the plan's groups now, and a long list would travel twice.
  const { targetGroups: _, ...input } = plan.input;
  const loadBalancers = found.loadBalancers.length === 0 ? plan.loadBalancers : [...found.loadBalancers];
  return {
    // A watch looks the place up again.
    plan: { ...plan, input: watch ? plan.input : input, groups, loadBalancers },
    progress: {
      ...progress,
      ...(watch ? { notes: notesOf(found) } : {}),
      registrations,
      groupsFound: groups.length,
      pending: groups.map((_group, index) => index),
    },
  };
}

function notesOf({ classic }: Found): string[] {
  return classic.map((name) => `the Classic load balancer ${name} is not watched: name the instances to wait for`);
}

function joined(before: readonly PlannedGroup[], found: readonly PlannedGroup[]): PlannedGroup[] {
  const known = new Set(before.map(({ at }) => at));
  return [...before, ...found.filter(({ at }) => !known.has(at))];
}

/** @throws Refused */
export function checkNumber(registrations: number): void {
  if (registrations <= MOST_REGISTRATIONS) return;
  throw new Refused(
    `${registrations} registrations are more than ${MOST_REGISTRATIONS}; name fewer targets or target groups at once`,
  );
}

/** All that were named; else the one group that takes this kind of target. */
function chosen(
  plan: TargetsPlan,
  possible: readonly PlannedGroup[],
  found: Found,
  kinds: ReadonlySet<Kind>,
): PlannedGroup[] {
  const named = plan.input.targetGroups !== undefined;
  for (const kind of kinds) {
    const taking = possible.filter(({ type }) => type === kind || (kind === 'instance' && type === 'classic'));
    const target = plan.input.targets.find((one) => kindOf(one) === kind)?.id ?? '';
    if (taking.length === 0) throw nobodyTakes(kind, target, found);
    if (taking.length > 1 && !named) {
      throw new AmbiguousTargetGroup(
        `${taking.length} target groups take ${target}; name one of ${taking.map(({ at }) => at).join(', ')}`,
        taking.map(({ at }) => at),
      );
    }
  }
  return [...possible];
}

function nobodyTakes(kind: Kind, target: string, { groups, classic }: Found): AmbiguousTargetGroup {
  const there = groups.map(({ name, targetType }) => `${name} takes ${targetType}`);
  const others = [...there, ...classic.map((name) => `the Classic load balancer ${name} takes instances`)];
  return new AmbiguousTargetGroup(
    `no target group here takes ${kind === 'ip' ? 'the address' : 'the instance'} ${target}: ` +
      `${others.length === 0 ? 'the load balancer has no target group' : others.join(', ')}`,
    groups.map(({ arn }) => arn),
  );
}

function toBeMade(plan: TargetsPlan, groups: readonly PlannedGroup[]): Registration[] {
  return groups.flatMap((group, index) =>
    plan.input.targets.flatMap((target): Registration[] => {
      const kind = kindOf(target);
      if (group.type !== kind && !(group.type === 'classic' && kind === 'instance')) return [];
      if (group.type === 'classic' && target.port !== undefined) {
        throw new Refused(
          `${target.id} cannot be registered on port ${target.port}: in a Classic load balancer the listeners have the ports`,
        );
      }
      return [{ group: index, id: target.id, port: target.port ?? group.port ?? 0, state: 'absent' }];
    }),
  );
}

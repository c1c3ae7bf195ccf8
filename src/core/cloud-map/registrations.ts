/** What a registration is worth: the evidence for and against its instance. */
import { InstanceId } from '../../contract/common.ts';

export interface Registration {
  readonly id: string;
  /** AWS_INSTANCE_IPV4. */
  readonly address?: string | undefined;
}

/** What EC2 says of an instance, in one region. */
export interface Sighting {
  readonly instanceId: string;
  readonly state: string;
  /** Every address of every interface, public ones too. */
  readonly addresses: readonly string[];
}

/** By instance id, from all regions. */
export type Sightings = ReadonlyMap<string, readonly Sighting[]>;

export type Evidence = 'alive' | 'terminated' | 'mismatched' | 'absent';

/** @returns why nothing can be said of it: EC2 does not know what else is registered, such as ECS tasks. */
export function skipReason({ id, address }: Registration): 'noIpv4' | 'noInstanceId' | undefined {
  if (address === undefined || address === '') return 'noIpv4';
  return InstanceId.safeParse(id).success ? undefined : 'noInstanceId';
}

const ENDED = ['shutting-down', 'terminated'];

/** Stopped and stopping instances are alive: they may start again, at the same address. */
export function classify({ id, address }: Registration, sightings: Sightings): Evidence {
  const seen = sightings.get(id) ?? [];
  const living = seen.filter(({ state }) => !ENDED.includes(state));
  if (living.some(({ addresses }) => addresses.some((each) => each === address))) return 'alive';
  if (living.length > 0) return 'mismatched';
  return seen.length > 0 ? 'terminated' : 'absent';
}

/** The same registration in two observations: an id that was registered anew, at another address, is another one. */
export function candidateOf({ id, address }: Registration): string {
  return `${id}@${address ?? ''}`;
}

export function idOf(candidate: string): string {
  return candidate.slice(0, candidate.indexOf('@'));
}

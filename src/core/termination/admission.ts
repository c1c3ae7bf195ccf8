/** Whether instances may be terminated as asked. Pure: what EC2 says of them goes in. */
import type { AdmissionFault } from '../../contract/errors.ts';
import type { Settings } from '../../contract/settings.ts';

/** What EC2 says of one instance. */
export interface InstanceFacts {
  readonly instanceId: string;
  /** EC2's word for it. */
  readonly state: string;
  readonly addresses: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined where it was not asked. */
  readonly protected?: boolean;
}

export interface TerminationRequest {
  readonly region: string;
  readonly instanceIds: readonly string[];
  readonly ipAddress?: string | undefined;
}

export type Guards = Pick<Settings, 'allowedRegions' | 'terminationTag'>;

const GOING = ['shutting-down', 'terminated'];

/** It is on its way already: nothing is left to be refused, and it has no addresses to be compared. */
export function isGoing(facts: InstanceFacts): boolean {
  return GOING.includes(facts.state);
}

/** @returns what is wrong with each instance; empty when all may be terminated. An unknown instance has only that. */
export function admissionFaults(
  request: TerminationRequest,
  facts: readonly InstanceFacts[],
  guards: Guards,
): AdmissionFault[] {
  const { region, instanceIds } = request;
  const { allowedRegions } = guards;
  if (allowedRegions.length > 0 && !allowedRegions.includes(region)) {
    return instanceIds.map((instanceId) => ({
      instanceId,
      kind: 'region',
      message: `${instanceId} is in ${region}, which is not one of the allowed regions (${allowedRegions.join(', ')})`,
    }));
  }
  const byId = new Map(facts.map((each) => [each.instanceId, each]));
  const faults = instanceIds.flatMap((instanceId) => {
    const found = byId.get(instanceId);
    return found === undefined
      ? [fault(instanceId, 'not-found', `${instanceId} does not exist in ${region}`)]
      : guardFaults(found, guards.terminationTag);
  });
  return [...faults, ...addressFault(request, facts)];
}

function guardFaults(found: InstanceFacts, tag: string | undefined): AdmissionFault[] {
  if (isGoing(found)) return [];
  const { instanceId } = found;
  return [
    ...(found.protected === true
      ? [fault(instanceId, 'protected', `${instanceId} is protected from termination (disableApiTermination)`)]
      : []),
    ...(tag === undefined || carries(found.tags, tag)
      ? []
      : [
          fault(
            instanceId,
            'unguarded',
            `${instanceId} does not carry the tag ${tag}, which SLUICE_TERMINATION_TAG asks for`,
          ),
        ]),
  ];
}

/** The address tells a host that was replaced meanwhile from the one that is meant. */
function addressFault(
  { ipAddress, instanceIds }: TerminationRequest,
  facts: readonly InstanceFacts[],
): AdmissionFault[] {
  const [first] = instanceIds;
  if (ipAddress === undefined || first === undefined || facts.length < instanceIds.length) return [];
  if (facts.some((found) => found.addresses.includes(ipAddress)) || facts.every(isGoing)) return [];
  const has =
    facts.length === 1 ? `it has ${facts[0]?.addresses.join(', ') || 'none'}` : 'none of the instances has it';
  return [fault(first, 'mismatch', `${ipAddress} is no address of ${instanceIds.slice(0, 3).join(', ')}: ${has}`)];
}

/** @param tag a key, or key=value */
function carries(tags: Readonly<Record<string, string>>, tag: string): boolean {
  const equals = tag.indexOf('=');
  if (equals < 0) return tags[tag] !== undefined;
  return tags[tag.slice(0, equals)] === tag.slice(equals + 1);
}

function fault(instanceId: string, kind: AdmissionFault['kind'], message: string): AdmissionFault {
  return { instanceId, kind, message };
}

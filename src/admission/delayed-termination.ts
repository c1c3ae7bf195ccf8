/** What a delayed termination is held against before it is accepted, and by the machine again before it acts. */
import type { AwsAccess } from '../aws/clients.ts';
import { ec2Client } from '../aws/ec2.ts';
import { readInstances, withProtection } from '../aws/termination-facts.ts';
import type { AdmissionFault } from '../contract/errors.ts';
import { admissionFaults, type Guards, type TerminationRequest } from '../core/termination/admission.ts';

/**
 * All instances, every fault. Asks EC2 once for every 200 of them, and once for each about its protection.
 * @returns empty when all may be terminated
 * @throws Throttled, Unavailable, AccessDenied
 */
export async function checkTermination(
  access: AwsAccess,
  guards: Guards,
  request: TerminationRequest,
): Promise<AdmissionFault[]> {
  const region = admissionFaults({ ...request, ipAddress: undefined }, [], guards).filter(
    ({ kind }) => kind === 'region',
  );
  if (region.length > 0) return region;
  const ec2 = ec2Client(access, request.region);
  const facts = await readInstances(ec2, request.instanceIds);
  return admissionFaults(request, await withProtection(ec2, facts), guards);
}

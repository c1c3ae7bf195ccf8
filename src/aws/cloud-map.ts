/** AWS Cloud Map: services, what is registered in them, and the operations that remove it. */
import {
  DeregisterInstanceCommand,
  GetOperationCommand,
  ListInstancesCommand,
  ListOperationsCommand,
  paginateListNamespaces,
  paginateListServices,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { NotFound, Rejected, SluiceError } from '../contract/errors.ts';
import type { Registration } from '../core/cloud-map/registrations.ts';
import type { OperationEnd, Submission } from '../core/cloud-map/removal.ts';
import { clientFactory } from './clients.ts';
import { codeOf } from './errors.ts';

export const cloudMapClient = clientFactory(ServiceDiscoveryClient);

/**
 * The services of a namespace, by its id or name, in the order of the API.
 * @throws NotFound when no namespace has this name
 */
export async function servicesOfNamespace(cloudMap: ServiceDiscoveryClient, namespace: string): Promise<string[]> {
  const namespaceIds = namespace.startsWith('ns-') ? [namespace] : await namespacesNamed(cloudMap, namespace);
  const ids: string[] = [];
  for (const namespaceId of namespaceIds) {
    const Filters = [{ Name: 'NAMESPACE_ID' as const, Values: [namespaceId], Condition: 'EQ' as const }];
    for await (const page of paginateListServices({ client: cloudMap }, { Filters })) {
      ids.push(...(page.Services ?? []).flatMap(({ Id }) => Id ?? []));
    }
  }
  return ids;
}

/** A public and a private namespace may share a name: all of them are meant. */
async function namespacesNamed(cloudMap: ServiceDiscoveryClient, name: string): Promise<string[]> {
  const Filters = [{ Name: 'NAME' as const, Values: [name], Condition: 'EQ' as const }];
  const ids: string[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap }, { Filters })) {
    ids.push(...(page.Namespaces ?? []).flatMap(({ Id }) => Id ?? []));
  }
  if (ids.length === 0) throw new NotFound(`there is no Cloud Map namespace "${name}" in this region`);
  return ids;
}

/**
 * So many pages of a service's registrations, from a cursor.
 * @returns the cursor of the next page, if there is one
 * @throws NotFound when there is no such service
 */
export async function registrationsFrom(
  cloudMap: ServiceDiscoveryClient,
  serviceId: string,
  cursor: string | undefined,
  pages: number,
): Promise<{ registrations: Registration[]; cursor: string | undefined }> {
  const byId = new Map<string, Registration>();
  let token = cursor;
  for (let page = 0; page < pages; page += 1) {
    const answer = await cloudMap.send(
      new ListInstancesCommand({ ServiceId: serviceId, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    for (const { Id: id = '', Attributes } of answer.Instances ?? []) {
      byId.set(id, { id, address: Attributes?.AWS_INSTANCE_IPV4 });
    }
    token = answer.NextToken;
    if (token === undefined) break;
  }
  return { registrations: [...byId.values()], cursor: token };
}

/** @throws Throttled, Unavailable and AccessDenied; what concerns this registration alone is an answer */
export async function deregister(
  cloudMap: ServiceDiscoveryClient,
  serviceId: string,
  instanceId: string,
): Promise<Submission> {
  try {
    const answer = await cloudMap.send(new DeregisterInstanceCommand({ ServiceId: serviceId, InstanceId: instanceId }));
    return { kind: 'submitted', operationId: answer.OperationId ?? '' };
  } catch (error) {
    switch (codeOf(error)) {
      case 'InstanceNotFound':
        return { kind: 'absent' };
      case 'ServiceNotFound':
        return { kind: 'service-absent' };
      case 'DuplicateRequest':
        return { kind: 'under-way', operationId: duplicateOf(error) };
      default:
        if (error instanceof Rejected) return { kind: 'refused', message: error.message };
        throw error;
    }
  }
}

function duplicateOf(error: unknown): string | undefined {
  const source = error instanceof SluiceError ? error.cause : error;
  if (typeof source !== 'object' || source === null || !('DuplicateOperationId' in source)) return undefined;
  return typeof source.DuplicateOperationId === 'string' ? source.DuplicateOperationId : undefined;
}

/** @returns how a removal stands; one that is not known any more has failed for all that can be said */
export async function operationEnd(cloudMap: ServiceDiscoveryClient, operationId: string): Promise<OperationEnd> {
  try {
    const { Operation } = await cloudMap.send(new GetOperationCommand({ OperationId: operationId }));
    switch (Operation?.Status) {
      case 'SUCCESS':
        return { kind: Operation.Type === 'DEREGISTER_INSTANCE' ? 'succeeded' : 'other' };
      case 'FAIL':
        return { kind: 'failed', message: Operation.ErrorMessage ?? Operation.ErrorCode ?? 'the operation failed' };
      default:
        return { kind: 'open' };
    }
  } catch (error) {
    if (error instanceof NotFound) return { kind: 'failed', message: `the operation ${operationId} is not known` };
    throw error;
  }
}

/** A page of the removals of one service that changed since a time, in whatever state. */
export async function removalsPage(
  cloudMap: ServiceDiscoveryClient,
  serviceId: string,
  window: { readonly from: number; readonly to: number },
  cursor: string | undefined,
): Promise<{ statuses: ReadonlyMap<string, string>; cursor: string | undefined }> {
  const seconds = [window.from, window.to].map((at) => String(Math.floor(at / 1000)));
  const answer = await cloudMap.send(
    new ListOperationsCommand({
      Filters: [
        { Name: 'SERVICE_ID', Values: [serviceId.slice(serviceId.lastIndexOf('/') + 1)], Condition: 'EQ' },
        { Name: 'TYPE', Values: ['DEREGISTER_INSTANCE'], Condition: 'EQ' },
        { Name: 'UPDATE_DATE', Values: seconds, Condition: 'BETWEEN' },
      ],
      ...(cursor === undefined ? {} : { NextToken: cursor }),
    }),
  );
  const statuses = new Map((answer.Operations ?? []).map(({ Id, Status }) => [Id ?? '', Status ?? '']));
  return { statuses, cursor: answer.NextToken };
}

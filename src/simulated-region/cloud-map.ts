import type {
  DeregisterInstanceCommandInput,
  DeregisterInstanceCommandOutput,
  GetInstanceCommandInput,
  GetInstanceCommandOutput,
  GetOperationCommandInput,
  GetOperationCommandOutput,
  GetServiceCommandInput,
  GetServiceCommandOutput,
  ListInstancesCommandInput,
  ListInstancesCommandOutput,
  ListNamespacesCommandInput,
  ListNamespacesCommandOutput,
  ListOperationsCommandInput,
  ListOperationsCommandOutput,
  ListServicesCommandInput,
  ListServicesCommandOutput,
  NamespaceType,
  RegisterInstanceCommandInput,
  RegisterInstanceCommandOutput,
} from '@aws-sdk/client-servicediscovery';
import {
  DeregisterInstance$,
  GetInstance$,
  GetOperation$,
  GetService$,
  ListInstances$,
  ListNamespaces$,
  ListOperations$,
  ListServices$,
  RegisterInstance$,
} from '@aws-sdk/client-servicediscovery';
import { matcher, operationMatcher } from './cloud-map/filters.ts';
import type { NamespaceRecord, ServiceRecord } from './cloud-map/records.ts';
import { type OperationSeconds, Registry } from './cloud-map/registry.ts';
import { page } from './cursor.ts';
import { pageOf } from './paging.ts';
import { operation, ServiceError, type ServiceModel } from './service.ts';
import type { World } from './world.ts';

const LARGEST_PAGE = 100;

export interface CloudMapOptions {
  /** How long a submitted operation takes, least and most; 2 to 20 s when absent. */
  readonly operationSeconds?: OperationSeconds;
}

/** AWS publishes no quotas of its calls for Cloud Map, so there are no token buckets. */
export class CloudMapModel {
  readonly service: ServiceModel;
  readonly #registry: Registry;
  readonly #world: World;

  constructor(world: World, options: CloudMapOptions = {}) {
    this.#world = world;
    this.#registry = new Registry(world, options.operationSeconds ?? [2, 20]);
    this.service = this.#service();
  }

  /** @returns its id. */
  createNamespace(name: string, type: NamespaceType = 'HTTP'): string {
    return this.#registry.createNamespace(name, type).id;
  }

  /** @returns its id. */
  createService(namespaceId: string, name: string): string {
    return this.#registry.createService(namespaceId, name).id;
  }

  /** Deletes it with its registrations, as if these had been deregistered before. */
  deleteService(serviceId: string): void {
    this.#registry.services.delete(serviceId);
  }

  /** Registers at once, or changes a registration. */
  register(serviceId: string, instanceId: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.#registry.put(this.#registry.service(serviceId), instanceId, attributes);
  }

  /** Deregisters at once. */
  deregister(serviceId: string, instanceId: string): void {
    this.#registry.service(serviceId).registrations.delete(instanceId);
  }

  /** The next operation on this registration, which may be under way already, ends with FAIL. */
  failNextOperation(serviceId: string, instanceId: string, message: string): void {
    this.#registry.failNext(serviceId, instanceId, message);
  }

  /** The attributes of each registration, by its id. */
  registrations(serviceId: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
    const { registrations } = this.#registry.service(serviceId);
    return new Map([...registrations.values()].map(({ id, attributes }) => [id, attributes]));
  }

  #service(): ServiceModel {
    return {
      id: 'servicediscovery',
      protocol: 'json-1.1',
      target: 'Route53AutoNaming_v20170314',
      operations: {
        ListNamespaces: operation<ListNamespacesCommandInput, ListNamespacesCommandOutput>(
          ListNamespaces$,
          'read',
          (input) => this.#listNamespaces(input),
        ),
        ListServices: operation<ListServicesCommandInput, ListServicesCommandOutput>(ListServices$, 'read', (input) =>
          this.#listServices(input),
        ),
        GetService: operation<GetServiceCommandInput, GetServiceCommandOutput>(GetService$, 'read', (input) => {
          const record = this.#registry.service(input.Id);
          return { Service: { ...this.#summary(record), NamespaceId: record.namespaceId } };
        }),
        ListInstances: operation<ListInstancesCommandInput, ListInstancesCommandOutput>(
          ListInstances$,
          'read',
          (input) => this.#listInstances(input),
        ),
        GetInstance: operation<GetInstanceCommandInput, GetInstanceCommandOutput>(GetInstance$, 'read', (input) => {
          const { id, attributes } = this.#registration(this.#registry.service(input.ServiceId), input.InstanceId);
          return { Instance: { Id: id, Attributes: { ...attributes } } };
        }),
        RegisterInstance: operation<RegisterInstanceCommandInput, RegisterInstanceCommandOutput>(
          RegisterInstance$,
          'write',
          (input) => this.#registerInstance(input),
        ),
        DeregisterInstance: operation<DeregisterInstanceCommandInput, DeregisterInstanceCommandOutput>(
          DeregisterInstance$,
          'write',
          (input) => this.#deregisterInstance(input),
        ),
        GetOperation: operation<GetOperationCommandInput, GetOperationCommandOutput>(GetOperation$, 'read', (input) =>
          this.#getOperation(input),
        ),
        ListOperations: operation<ListOperationsCommandInput, ListOperationsCommandOutput>(
          ListOperations$,
          'read',
          (input) => this.#listOperations(input),
        ),
      },
    };
  }

  #arn(kind: string, id: string): string {
    return `arn:aws:servicediscovery:${this.#world.region}:${this.#world.accountId}:${kind}/${id}`;
  }

  #summary(record: ServiceRecord) {
    return {
      Id: record.id,
      Arn: this.#arn('service', record.id),
      Name: record.name,
      InstanceCount: record.registrations.size,
      CreateDate: new Date(record.createdAt),
    };
  }

  #registration(service: ServiceRecord, instanceId: string | undefined) {
    const registration = service.registrations.get(instanceId ?? '');
    if (registration) return registration;
    throw new ServiceError('InstanceNotFound', `Instance "${instanceId}" not found in service "${service.id}".`);
  }

  #listNamespaces(input: ListNamespacesCommandInput): Omit<ListNamespacesCommandOutput, '$metadata'> {
    const matches = matcher<NamespaceRecord>(input.Filters, {
      NAME: (namespace) => namespace.name,
      HTTP_NAME: (namespace) => namespace.name,
      TYPE: (namespace) => namespace.type,
    });
    const { items, next } = page(
      [...this.#registry.namespaces.values()].filter(matches),
      input.NextToken,
      sizeOf(input),
      'InvalidInput',
    );
    const Namespaces = items.map(({ id, name, type, createdAt }) => ({
      Id: id,
      Arn: this.#arn('namespace', id),
      Name: name,
      Type: type,
      CreateDate: new Date(createdAt),
    }));
    return { Namespaces, ...(next === undefined ? {} : { NextToken: next }) };
  }

  #listServices(input: ListServicesCommandInput): Omit<ListServicesCommandOutput, '$metadata'> {
    const matches = matcher<ServiceRecord>(input.Filters, { NAMESPACE_ID: (service) => service.namespaceId });
    const services = [...this.#registry.services.values()].filter(matches);
    const { items, next } = page(services, input.NextToken, sizeOf(input), 'InvalidInput');
    return {
      Services: items.map((record) => this.#summary(record)),
      ...(next === undefined ? {} : { NextToken: next }),
    };
  }

  #listInstances(input: ListInstancesCommandInput): Omit<ListInstancesCommandOutput, '$metadata'> {
    const { registrations } = this.#registry.service(input.ServiceId);
    const { items, next } = page(registrations.values(), input.NextToken, sizeOf(input), 'InvalidInput');
    return {
      Instances: items.map(({ id, attributes }) => ({ Id: id, Attributes: { ...attributes } })),
      ...(next === undefined ? {} : { NextToken: next }),
    };
  }

  #registerInstance(input: RegisterInstanceCommandInput): Omit<RegisterInstanceCommandOutput, '$metadata'> {
    const service = this.#registry.service(input.ServiceId);
    const { InstanceId: id = '', Attributes: attributes = {} } = input;
    if (id === '' || id.length > 64) throw new ServiceError('InvalidInput', 'An instance id has 1 to 64 characters.');
    const { id: OperationId } = this.#registry.submit('REGISTER_INSTANCE', service, id, () =>
      this.#registry.put(service, id, attributes),
    );
    return { OperationId };
  }

  #deregisterInstance(input: DeregisterInstanceCommandInput): Omit<DeregisterInstanceCommandOutput, '$metadata'> {
    const service = this.#registry.service(input.ServiceId);
    const { id } = this.#registration(service, input.InstanceId);
    const { id: OperationId } = this.#registry.submit('DEREGISTER_INSTANCE', service, id, () => {
      service.registrations.delete(id);
    });
    return { OperationId };
  }

  #getOperation(input: GetOperationCommandInput): Omit<GetOperationCommandOutput, '$metadata'> {
    const found = this.#registry.operations.get(input.OperationId ?? '');
    if (!found) throw new ServiceError('OperationNotFound', `Operation "${input.OperationId}" not found.`);
    return {
      Operation: {
        Id: found.id,
        Type: found.type,
        Status: found.status,
        ...(found.errorMessage === undefined ? {} : { ErrorMessage: found.errorMessage, ErrorCode: 'CLIENT_ERROR' }),
        CreateDate: new Date(found.createdAt),
        UpdateDate: new Date(found.updatedAt),
        Targets: { SERVICE: found.serviceId, INSTANCE: found.instanceId },
      },
    };
  }

  /**
   * A page is taken first and then filtered, as the API's description says, so it may be empty although more follow.
   * It does not say in what order: here the newest come first.
   */
  #listOperations(input: ListOperationsCommandInput): Omit<ListOperationsCommandOutput, '$metadata'> {
    const matches = operationMatcher(input.Filters);
    const newestFirst = [...this.#registry.operations.values()].reverse();
    const { items, nextToken } = pageOf(newestFirst, sizeOf(input), input.NextToken, 'InvalidInput');
    return {
      Operations: items.filter(matches).map(({ id, status }) => ({ Id: id, Status: status })),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  }
}

/** @throws ServiceError InvalidInput */
function sizeOf({ MaxResults: size = LARGEST_PAGE }: { readonly MaxResults?: number | undefined }): number {
  if (size >= 1 && size <= LARGEST_PAGE) return size;
  throw new ServiceError('InvalidInput', `MaxResults must be from 1 to ${LARGEST_PAGE}, got ${size}`);
}

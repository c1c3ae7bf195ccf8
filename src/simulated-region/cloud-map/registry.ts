import type { NamespaceType } from '@aws-sdk/client-servicediscovery';
import { later } from '../later.ts';
import { ServiceError } from '../service.ts';
import type { World } from '../world.ts';
import type { NamespaceRecord, OperationRecord, RegistrationRecord, ServiceRecord } from './records.ts';

/** From the call to the end of what it submitted, in seconds, least and most. */
export type OperationSeconds = readonly [number, number];

/** AWS's limit for one service, which it does not raise. */
const MOST_REGISTRATIONS = 1000;

/** Namespaces, services and registrations, and the operations that change these. */
export class Registry {
  readonly namespaces = new Map<string, NamespaceRecord>();
  readonly services = new Map<string, ServiceRecord>();
  readonly operations = new Map<string, OperationRecord>();
  /** By service and registration: at most one is under way. */
  readonly #open = new Map<string, OperationRecord>();
  readonly #failing = new Map<string, string>();
  readonly #world: World;
  readonly #operationSeconds: OperationSeconds;
  #made = 0;

  constructor(world: World, operationSeconds: OperationSeconds) {
    this.#world = world;
    this.#operationSeconds = operationSeconds;
  }

  createNamespace(name: string, type: NamespaceType): NamespaceRecord {
    const record = { id: this.#id('ns'), sequence: this.#next(), name, type, createdAt: Date.now() };
    this.namespaces.set(record.id, record);
    return record;
  }

  createService(namespaceId: string, name: string): ServiceRecord {
    const namespace = this.namespaces.get(namespaceId);
    if (!namespace) throw new Error(`There is no namespace ${namespaceId}`);
    const record: ServiceRecord = {
      id: this.#id('srv'),
      sequence: this.#next(),
      namespaceId,
      name,
      createdAt: Date.now(),
      registrations: new Map(),
    };
    this.services.set(record.id, record);
    return record;
  }

  /** @param reference an id or an ARN @throws ServiceError */
  service(reference: string | undefined): ServiceRecord {
    const id = (reference ?? '').replace(/^arn:.*:service\//, '');
    const record = this.services.get(id);
    if (!record) throw new ServiceError('ServiceNotFound', `Service "${id}" not found.`);
    return record;
  }

  put(service: ServiceRecord, id: string, attributes: Readonly<Record<string, string>>): void {
    const known = service.registrations.get(id);
    if (!known && service.registrations.size >= MOST_REGISTRATIONS) {
      throw new ServiceError('ResourceLimitExceeded', `Service "${service.id}" has ${MOST_REGISTRATIONS} instances.`);
    }
    const registration: RegistrationRecord = { id, sequence: known?.sequence ?? this.#next(), attributes };
    service.registrations.set(id, registration);
  }

  /** The next operation on this registration ends with FAIL. */
  failNext(serviceId: string, instanceId: string, message: string): void {
    this.#failing.set(`${serviceId}/${instanceId}`, message);
  }

  /**
   * Submits an operation; what it does is done at its end.
   * @throws ServiceError DuplicateRequest, naming the operation that is under way.
   */
  submit(
    type: 'REGISTER_INSTANCE' | 'DEREGISTER_INSTANCE',
    service: ServiceRecord,
    instanceId: string,
    carryOut: () => void,
  ): OperationRecord {
    const key = `${service.id}/${instanceId}`;
    const pending = this.#open.get(key);
    if (pending) {
      throw new ServiceError('DuplicateRequest', 'Another operation of this instance is already in progress.', 400, {
        DuplicateOperationId: pending.id,
      });
    }
    const now = Date.now();
    const record: OperationRecord = {
      id: this.#world.uuid(),
      sequence: this.#next(),
      type,
      serviceId: service.id,
      namespaceId: service.namespaceId,
      instanceId,
      createdAt: now,
      updatedAt: now,
      status: 'SUBMITTED',
      errorMessage: undefined,
    };
    this.operations.set(record.id, record);
    this.#open.set(key, record);
    const [least, most] = this.#operationSeconds;
    const seconds = least + this.#world.random() * (most - least);
    const enter = (status: OperationRecord['status']) => {
      record.status = status;
      record.updatedAt = Date.now();
    };
    later(seconds / 4, () => enter('PENDING'));
    later(seconds, () => {
      this.#open.delete(key);
      const failure = this.#failing.get(key);
      this.#failing.delete(key);
      record.errorMessage = failure;
      if (failure === undefined) carryOut();
      enter(failure === undefined ? 'SUCCESS' : 'FAIL');
    });
    return record;
  }

  #next(): number {
    this.#made += 1;
    return this.#made;
  }

  #id(prefix: string): string {
    return `${prefix}-${this.#world.uuid().replaceAll('-', '').slice(0, 17)}`;
  }
}

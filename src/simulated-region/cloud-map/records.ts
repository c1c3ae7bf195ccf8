import type { NamespaceType, OperationStatus, OperationType } from '@aws-sdk/client-servicediscovery';
import type { Millis } from '../world.ts';

export interface NamespaceRecord {
  readonly id: string;
  readonly sequence: number;
  readonly name: string;
  readonly type: NamespaceType;
  readonly createdAt: Millis;
}

export interface ServiceRecord {
  readonly id: string;
  readonly sequence: number;
  readonly namespaceId: string;
  readonly name: string;
  readonly createdAt: Millis;
  readonly registrations: Map<string, RegistrationRecord>;
}

export interface RegistrationRecord {
  readonly id: string;
  readonly sequence: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface OperationRecord {
  readonly id: string;
  readonly sequence: number;
  readonly type: OperationType;
  readonly serviceId: string;
  readonly namespaceId: string;
  readonly instanceId: string;
  readonly createdAt: Millis;
  updatedAt: Millis;
  status: OperationStatus;
  errorMessage: string | undefined;
}

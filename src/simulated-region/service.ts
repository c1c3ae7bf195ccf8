/**
 * How a model of an AWS service offers its operations to the wire. An operation is written in the SDK's own input and
 * output types; the wire codec turns them to and from AWS's protocols by the schema that the SDK's client ships.
 */
import type { StaticOperationSchema } from '@smithy/types';

export type Protocol = 'json-1.0' | 'json-1.1' | 'query' | 'ec2-query';

/** A token bucket's name. Operations with the same name share it; AWS's figures are in `token-buckets.ts`. */
export type BucketName = string;

export interface OperationModel {
  readonly schema: StaticOperationSchema;
  /** Buckets that one call takes a token from; `cost` is the number of tokens, from the input where it depends on it. */
  readonly buckets?: readonly { readonly name: BucketName; readonly cost?: (input: never) => number }[];
  /** False for calls that change something: `stale read` faults apply to reads, `response lost` matters for writes. */
  readonly read: boolean;
  handle(input: never): unknown;
}

export interface ServiceModel {
  /** SigV4 signing name: `ecs`, `ec2`, `autoscaling`, `elasticloadbalancing`, `states`, `events`. */
  readonly id: string;
  readonly protocol: Protocol;
  /** X-Amz-Target prefix of a JSON service, or Version of a Query service (which also tells ELBv2 from Classic). */
  readonly target: string;
  readonly xmlNamespace?: string;
  readonly operations: Readonly<Record<string, OperationModel>>;
}

/** An error as the service would answer it. `code` is the wire's: `ClusterNotFoundException`, `InvalidInstanceID.NotFound`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

/** Ties a handler's types to an operation: `operation<ListTasksCommandInput, ListTasksCommandOutput>(ListTasks$, …)`. */
export function operation<I, O extends { $metadata: unknown }>(
  schema: StaticOperationSchema,
  kind: 'read' | 'write',
  handle: (input: I) => Omit<O, '$metadata'> | Promise<Omit<O, '$metadata'>>,
  buckets: readonly { readonly name: BucketName; readonly cost?: (input: I) => number }[] = [],
): OperationModel {
  return { schema, read: kind === 'read', handle: handle as OperationModel['handle'], buckets } as OperationModel;
}

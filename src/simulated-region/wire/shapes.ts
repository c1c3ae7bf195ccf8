/**
 * The parts of an SDK schema that every protocol needs, and the faults that an input can have against it.
 */
import { NormalizedSchema } from '@smithy/core/schema';
import type { $SchemaRef, StaticOperationSchema } from '@smithy/types';
import type { Protocol } from '../service.ts';
import { ServiceError } from '../service.ts';

export type Shape = NormalizedSchema;
export type Structure = Record<string, unknown>;

const shapes = new WeakMap<StaticOperationSchema, { input: Shape; output: Shape }>();

/** The input and output shapes of an operation, normalised once. */
export function operationShapes(schema: StaticOperationSchema): { input: Shape; output: Shape } {
  let known = shapes.get(schema);
  if (!known) {
    known = { input: shapeOf(schema[4]), output: shapeOf(schema[5]) };
    shapes.set(schema, known);
  }
  return known;
}

function shapeOf(ref: $SchemaRef): Shape {
  return NormalizedSchema.of(ref);
}

/** Timestamp sentinels of the SDK's schemas: 4 is the protocol's default, the others are spelt out by the model. */
export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

export function timestampFormat(shape: Shape, protocolDefault: TimestampFormat): TimestampFormat {
  switch (shape.getSchema()) {
    case 5:
      return 'date-time';
    case 6:
      return 'http-date';
    case 7:
      return 'epoch-seconds';
    default:
      return protocolDefault;
  }
}

/** Members come with the required ones first, and a structure's seventh element says how many those are. */
function requiredMembers(shape: Shape): readonly string[] {
  const schema = shape.getSchema();
  if (!Array.isArray(schema) || !shape.isStructSchema()) return [];
  const names = schema[4] as readonly string[];
  const count = (schema as readonly unknown[])[6];
  return typeof count === 'number' ? names.slice(0, count) : [];
}

/** A member that AWS requires and the input lacks, answered as the service answers it. */
export function missingMember(service: string, protocol: Protocol, path: string): ServiceError {
  const leaf = path.slice(path.lastIndexOf('.') + 1);
  const lower = leaf.charAt(0).toLowerCase() + leaf.slice(1);
  const upper = leaf.charAt(0).toUpperCase() + leaf.slice(1);
  if (protocol === 'ec2-query') {
    return new ServiceError('MissingParameter', `The request must contain the parameter ${upper}`);
  }
  const constraint = `1 validation error detected: Value null at '${lower}' failed to satisfy constraint: Member must not be null`;
  if (protocol === 'query') return new ServiceError('ValidationError', constraint);
  // ECS checks by hand and has an exception of its own for it.
  if (service === 'ecs') return new ServiceError('InvalidParameterException', `${upper} cannot be empty.`);
  return new ServiceError('ValidationException', constraint);
}

/** A value of another type than the schema's. */
export function wrongType(protocol: Protocol, path: string, expected: string, found: unknown): ServiceError {
  const shown = typeof found === 'string' ? found : JSON.stringify(found);
  if (protocol === 'ec2-query') {
    return new ServiceError(
      'InvalidParameterValue',
      `Value (${shown}) for parameter ${path} is invalid. Expected: ${expected}`,
    );
  }
  if (protocol === 'query') return new ServiceError('MalformedInput', `Invalid ${expected} at '${path}': ${shown}`);
  return new ServiceError('SerializationException', `Expected ${expected} at '${path}', found ${shown}`);
}

export function checkRequired(
  shape: Shape,
  value: Structure,
  fault: (path: string) => ServiceError,
  path: string,
): void {
  for (const name of requiredMembers(shape)) {
    if (value[name] === undefined) throw fault(path ? `${path}.${name}` : name);
  }
}

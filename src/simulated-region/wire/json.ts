/** AWS's JSON protocols, 1.0 and 1.1: they differ in the content type only. */
import type { Protocol } from '../service.ts';
import { ServiceError } from '../service.ts';
import type { Shape, Structure } from './shapes.ts';
import { checkRequired, missingMember, timestampFormat, wrongType } from './shapes.ts';

interface Context {
  readonly service: string;
  readonly protocol: Protocol;
}

/** @throws ServiceError SerializationException, or what the service calls a missing member. */
export function decodeJson(context: Context, shape: Shape, body: string): Structure {
  let parsed: unknown;
  try {
    parsed = body.trim() === '' ? {} : JSON.parse(body);
  } catch {
    throw new ServiceError('SerializationException', 'The request body is not valid JSON');
  }
  if (shape.isUnitSchema()) return {};
  return readStructure(context, shape, parsed, '');
}

function readStructure(context: Context, shape: Shape, value: unknown, path: string): Structure {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(context.protocol, path || 'body', 'structure', value);
  }
  const result: Structure = {};
  const source = value as Structure;
  for (const [name, member] of shape.structIterator()) {
    const found = source[name];
    // JSON's null is "not given".
    if (found !== undefined && found !== null) {
      result[name] = read(context, member, found, path ? `${path}.${name}` : name);
    }
  }
  checkRequired(shape, result, (missing) => missingMember(context.service, context.protocol, missing), path);
  return result;
}

function read(context: Context, shape: Shape, value: unknown, path: string): unknown {
  if (shape.isStructSchema()) return readStructure(context, shape, value, path);
  if (shape.isListSchema()) {
    if (!Array.isArray(value)) throw wrongType(context.protocol, path, 'list', value);
    const member = shape.getValueSchema();
    return value.map((item, index) => read(context, member, item, `${path}.${index + 1}`));
  }
  if (shape.isMapSchema()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrongType(context.protocol, path, 'map', value);
    }
    const member = shape.getValueSchema();
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, read(context, member, item, `${path}.${key}`)]),
    );
  }
  return readScalar(context, shape, value, path);
}

function readScalar(context: Context, shape: Shape, value: unknown, path: string): unknown {
  if (shape.isBooleanSchema() && typeof value !== 'boolean') throw wrongType(context.protocol, path, 'boolean', value);
  if (shape.isNumericSchema() && typeof value !== 'number') throw wrongType(context.protocol, path, 'number', value);
  if (shape.isStringSchema() && typeof value !== 'string') throw wrongType(context.protocol, path, 'string', value);
  if (shape.isBlobSchema()) {
    if (typeof value !== 'string') throw wrongType(context.protocol, path, 'blob', value);
    return new Uint8Array(Buffer.from(value, 'base64'));
  }
  if (shape.isTimestampSchema()) {
    const date = typeof value === 'number' ? new Date(value * 1000) : new Date(String(value));
    if (Number.isNaN(date.getTime())) throw wrongType(context.protocol, path, 'timestamp', value);
    return date;
  }
  return value;
}

export function encodeJson(shape: Shape, output: unknown): string {
  return JSON.stringify(shape.isUnitSchema() ? {} : (write(shape, output) ?? {}));
}

function write(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (shape.isStructSchema()) {
    const result: Structure = {};
    for (const [name, member] of shape.structIterator()) {
      const written = write(member, (value as Structure)[name]);
      if (written !== undefined) result[name] = written;
    }
    return result;
  }
  if (shape.isListSchema()) {
    const member = shape.getValueSchema();
    return (value as readonly unknown[]).map((item) => write(member, item));
  }
  if (shape.isMapSchema()) {
    const member = shape.getValueSchema();
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, write(member, item)]));
  }
  if (value instanceof Date) {
    const format = timestampFormat(shape, 'epoch-seconds');
    if (format === 'epoch-seconds') return value.getTime() / 1000;
    return format === 'http-date' ? value.toUTCString() : value.toISOString();
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}

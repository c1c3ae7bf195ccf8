/**
 * The input side of the Query protocols. A form's keys are paths; `awsQuery` writes lists as `Names.member.1`, EC2 as
 * `InstanceId.1`, with EC2's own names for members. What names a list or a member takes comes from the schema's traits.
 */
import type { Protocol } from '../service.ts';
import { ServiceError } from '../service.ts';
import type { Shape, Structure } from './shapes.ts';
import { checkRequired, missingMember, wrongType } from './shapes.ts';

interface Node {
  value?: string;
  readonly children: Map<string, Node>;
  used: boolean;
}

interface Context {
  readonly service: string;
  readonly protocol: Protocol;
}

/** @throws ServiceError for a missing, mistyped or (EC2 only) unknown parameter. */
export function decodeQuery(context: Context, shape: Shape, form: URLSearchParams): Structure {
  const root: Node = { children: new Map(), used: true };
  for (const [key, value] of form) {
    if (key === 'Action' || key === 'Version') continue;
    let node = root;
    for (const step of key.split('.')) {
      let next = node.children.get(step);
      if (!next) {
        next = { children: new Map(), used: false };
        node.children.set(step, next);
      }
      node = next;
    }
    node.value = value;
  }
  const input = shape.isUnitSchema() ? {} : readStructure(context, shape, root, '');
  if (context.protocol === 'ec2-query') refuseUnknown(root);
  return input;
}

/** EC2 names a parameter that it does not know; the other Query services pass over it. */
function refuseUnknown(root: Node): void {
  for (const [name, node] of root.children) {
    if (!node.used) throw new ServiceError('UnknownParameter', `The parameter ${name} is not recognized`);
  }
}

function memberKey(context: Context, name: string, shape: Shape): string {
  const traits = shape.getMergedTraits();
  if (context.protocol !== 'ec2-query') return traits.xmlName ?? name;
  const ec2 = traits.ec2QueryName;
  if (typeof ec2 === 'string') return ec2;
  const key = traits.xmlName ?? name;
  return key.charAt(0).toUpperCase() + key.slice(1);
}

function readStructure(context: Context, shape: Shape, node: Node, path: string): Structure {
  const result: Structure = {};
  for (const [name, member] of shape.structIterator()) {
    const key = memberKey(context, name, member);
    const child = node.children.get(key);
    if (!child) continue;
    child.used = true;
    const found = read(context, member, child, path ? `${path}.${key}` : key);
    if (found !== undefined) result[name] = found;
  }
  checkRequired(
    shape,
    result,
    (missing) => {
      const leaf = missing.slice(missing.lastIndexOf('.') + 1);
      const key = memberKey(context, leaf, shape.getMemberSchema(leaf));
      return missingMember(context.service, context.protocol, key);
    },
    path,
  );
  return result;
}

function read(context: Context, shape: Shape, node: Node, path: string): unknown {
  if (shape.isStructSchema()) return readStructure(context, shape, node, path);
  if (shape.isListSchema()) {
    const member = shape.getValueSchema();
    const flat = context.protocol === 'ec2-query' || Boolean(shape.getMergedTraits().xmlFlattened);
    const holder = flat ? node : node.children.get(member.getMergedTraits().xmlName ?? 'member');
    return numbered(holder).map(([index, item]) => read(context, member, item, `${path}.${index}`));
  }
  if (shape.isMapSchema()) {
    const key = shape.getKeySchema().getMergedTraits().xmlName ?? 'key';
    const value = shape.getValueSchema().getMergedTraits().xmlName ?? 'value';
    const flat = Boolean(shape.getMergedTraits().xmlFlattened);
    const entries = numbered(flat ? node : node.children.get('entry'));
    return Object.fromEntries(
      entries.map(([index, entry]) => {
        const found = entry.children.get(value);
        const item = found && read(context, shape.getValueSchema(), found, `${path}.${index}`);
        return [entry.children.get(key)?.value ?? '', item ?? ''];
      }),
    );
  }
  return node.value === undefined ? undefined : readScalar(context, shape, node.value, path);
}

/** The numbered children in the order of their numbers; gaps are allowed. */
function numbered(node: Node | undefined): readonly (readonly [number, Node])[] {
  return [...(node?.children ?? [])]
    .filter(([key]) => /^\d+$/.test(key))
    .map(([key, child]) => [Number(key), child] as const)
    .sort(([a], [b]) => a - b);
}

function readScalar(context: Context, shape: Shape, text: string, path: string): unknown {
  if (shape.isBooleanSchema()) {
    if (text !== 'true' && text !== 'false') throw wrongType(context.protocol, path, 'boolean', text);
    return text === 'true';
  }
  if (shape.isNumericSchema()) {
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number)) throw wrongType(context.protocol, path, 'number', text);
    return number;
  }
  if (shape.isTimestampSchema()) {
    const date = /^\d+(\.\d+)?$/.test(text) ? new Date(Number(text) * 1000) : new Date(text);
    if (Number.isNaN(date.getTime())) throw wrongType(context.protocol, path, 'timestamp', text);
    return date;
  }
  if (shape.isBlobSchema()) return new Uint8Array(Buffer.from(text, 'base64'));
  return text;
}

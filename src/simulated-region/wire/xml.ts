/** The output side of the Query protocols: XML, named by the schema's traits. */
import type { Shape, Structure } from './shapes.ts';
import { timestampFormat } from './shapes.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r\n\u0085\u2028]/g, (character) => entities[character] ?? character);
}

export function element(name: string, content: string, attributes = ''): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

/** The members of a structure, without an element around them. */
export function structureContent(shape: Shape, value: Structure): string {
  let xml = '';
  for (const [name, member] of shape.structIterator()) {
    const found = value[name];
    if (found === undefined || found === null) continue;
    xml += write(member.getMemberTraits().xmlName ?? name, member, found);
  }
  return xml;
}

function write(name: string, shape: Shape, value: unknown): string {
  if (shape.isStructSchema()) return element(name, structureContent(shape, value as Structure));
  if (shape.isListSchema()) {
    const member = shape.getValueSchema();
    const items = value as readonly unknown[];
    if (shape.getMergedTraits().xmlFlattened) return items.map((item) => write(name, member, item)).join('');
    const inner = member.getMergedTraits().xmlName ?? 'member';
    return element(name, items.map((item) => write(inner, member, item)).join(''));
  }
  if (shape.isMapSchema()) {
    const keyName = shape.getKeySchema().getMergedTraits().xmlName ?? 'key';
    const valueShape = shape.getValueSchema();
    const valueName = valueShape.getMergedTraits().xmlName ?? 'value';
    const flat = Boolean(shape.getMergedTraits().xmlFlattened);
    const entries = Object.entries(value as Structure).map(([key, item]) =>
      element(flat ? name : 'entry', element(keyName, escapeXml(key)) + write(valueName, valueShape, item)),
    );
    return flat ? entries.join('') : element(name, entries.join(''));
  }
  return element(name, escapeXml(scalar(shape, value)));
}

function scalar(shape: Shape, value: unknown): string {
  if (value instanceof Date) {
    const format = timestampFormat(shape, 'date-time');
    if (format === 'epoch-seconds') return String(value.getTime() / 1000);
    return format === 'http-date' ? value.toUTCString() : value.toISOString();
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return String(value);
}

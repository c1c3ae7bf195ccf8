/**
 * What steps are given, kept as fixtures of a release when `RECORD_PAYLOADS` names a folder: executions outlive a deployment,
 * so the next release has to take what this one has written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const MOST_SHAPES = 3;
const LARGEST = 12_000;

/** Keeps the first payloads of different shape of each step. */
export function keepPayload(key: string, payload: unknown): void {
  const folder = process.env.RECORD_PAYLOADS;
  if (folder === undefined || payload === undefined) return;
  const text = JSON.stringify(payload);
  if (text.length > LARGEST) return;
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${key}.json`);
  const kept: unknown[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  if (kept.length >= MOST_SHAPES || kept.some((other) => shapeOf(other) === shapeOf(payload))) return;
  writeFileSync(file, `${JSON.stringify([...kept, JSON.parse(text)], null, 2)}\n`);
}

/** The paths that it has; lists count once. */
function shapeOf(value: unknown): string {
  const paths = new Set<string>();
  const walk = (node: unknown, at: string) => {
    paths.add(at);
    if (Array.isArray(node)) for (const member of node) walk(member, `${at}[]`);
    else if (typeof node === 'object' && node !== null)
      for (const [name, member] of Object.entries(node)) walk(member, `${at}.${name}`);
  };
  walk(value, '');
  return [...paths].toSorted().join('\n');
}

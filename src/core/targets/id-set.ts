/**
 * A set of target ids in four bytes each. Two ids with one hash look alike: the one is then waited for as long as the
 * other stands, which is too long and never too short.
 */
import { createHash } from 'node:crypto';

const BYTES = 4;

export function hashOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE(0);
}

/** @returns base64, each once, in order; empty for none */
export function encode(hashes: Iterable<number>): string {
  const sorted = [...new Set(hashes)].sort((a, b) => a - b);
  const bytes = Buffer.alloc(sorted.length * BYTES);
  for (const [index, hash] of sorted.entries()) bytes.writeUInt32BE(hash, index * BYTES);
  return bytes.toString('base64');
}

export function decode(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / BYTES) }, (_, index) => bytes.readUInt32BE(index * BYTES));
}

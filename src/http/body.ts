/** Reads what a request carries: at most 64 KiB of JSON in UTF-8, and queries in which nothing stands twice. */
import type { Context } from 'hono';
import type * as z from 'zod/mini';
import { parse } from '../contract/parse.ts';
import { Problem } from './problem.ts';
import type { AppEnv } from './services.ts';

export const MOST_BYTES = 65_536;

/** @throws Problem `too-large`, `invalid-request` @throws InvalidInput */
export async function readJson<S extends z.ZodMiniType>(
  context: Context<AppEnv>,
  schema: S,
  subject: string,
): Promise<z.output<S>> {
  return parse(schema, await readDocument(context), subject);
}

/** @throws Problem as above */
export async function readDocument(context: Context<AppEnv>): Promise<unknown> {
  const type = context.req.header('content-type');
  if (type !== undefined && !/^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(type)) {
    const found = JSON.stringify(type.slice(0, 80));
    throw new Problem('invalid-request', `Content-Type must be application/json, got ${found}`);
  }
  const bytes = await readBytes(context.req.raw);
  if (bytes.length === 0) throw new Problem('invalid-request', 'the body must be a JSON document, got nothing');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('invalid-request', 'the body must be JSON in UTF-8, got bytes that are not UTF-8');
  }
  if (nesting(text) > DEEPEST) {
    throw new Problem('invalid-request', `the body must be a JSON document that is nested at most ${DEEPEST} deep`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem('invalid-request', `the body must be a JSON document: ${why}`);
  }
}

/** No document of ours is deeper than 5, but `user_data` is anybody's; what is much deeper exhausts the stack. */
const DEEPEST = 64;

/** How many brackets are open at most, those within strings aside. */
function nesting(json: string): number {
  let open = 0;
  let most = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (inString && character === '\\') index += 1;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === '[' || character === '{')) most = Math.max(most, ++open);
    else if (!inString && (character === ']' || character === '}')) open -= 1;
  }
  return most;
}

/** Counts what comes: what Content-Length says is only a claim. */
async function readBytes(request: Request): Promise<Uint8Array> {
  const tooLarge = new Problem('too-large', `the body must be at most ${MOST_BYTES} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > MOST_BYTES) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body === null) return new Uint8Array();
  try {
    for await (const chunk of request.body) {
      size += chunk.length;
      if (size > MOST_BYTES) throw tooLarge;
      chunks.push(chunk);
    }
  } catch (error) {
    if (error === tooLarge) throw error;
    throw new Problem('invalid-request', 'the body ended before it was complete');
  }
  return Buffer.concat(chunks);
}

/**
 * @param renamed spellings that stand for others
 * @throws InvalidInput
 */
export function readQuery<S extends z.ZodMiniType>(
  context: Context<AppEnv>,
  schema: S,
  renamed: Readonly<Record<string, string>> = {},
): z.output<S> {
  const document = Object.create(null) as Record<string, unknown>;
  for (const [given, values] of Object.entries(context.req.queries())) {
    const name = renamed[given] ?? given;
    const before = name in document ? [document[name]].flat() : [];
    const all = [...before, ...values];
    // Of several there is none that is meant: the schema refuses a list, and says so.
    document[name] = all.length === 1 ? all[0] : all;
  }
  return parse(schema, document, 'the query');
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * What makes two requests the same: the Idempotency-Key, of one caller and one kind of request; else the request's id.
 * @throws Problem `invalid-request`
 */
export function requestKey(context: Context<AppEnv>, kind: string): { readonly key: string; readonly chosen: boolean } {
  const given = context.req.header('idempotency-key');
  if (given !== undefined && !KEY.test(given)) {
    throw new Problem('invalid-request', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  }
  const who = context.get('credential')?.id ?? '';
  return given === undefined
    ? { key: `request ${context.get('requestId')}`, chosen: false }
    : { key: JSON.stringify([who, kind, given]), chosen: true };
}

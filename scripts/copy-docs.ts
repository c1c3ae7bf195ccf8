/** The page that renders the API's description needs files of swagger-ui-dist, with the licence that they come under. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const SOURCE = 'node_modules/swagger-ui-dist';
const PAGE = ['swagger-ui.css', 'swagger-ui-bundle.js'];
const TERMS = ['LICENSE', 'NOTICE'];
const CACHE = 'node_modules/.cache/sluice';

/** @param compressed a function's package counts what it weighs: brotli makes a fifth less of it than the zip would */
export function copyDocs(folder: string, { compressed = false } = {}): void {
  const docs = join(folder, 'docs');
  mkdirSync(docs, { recursive: true });
  for (const file of TERMS) cpSync(join(SOURCE, file), join(docs, file));
  for (const file of PAGE) {
    if (compressed) writeFileSync(join(docs, `${file}.br`), brotli(readFileSync(join(SOURCE, file))));
    else cpSync(join(SOURCE, file), join(docs, file));
  }
}

/** It takes seconds, and always gives the same. */
function brotli(content: Buffer): Buffer {
  const kept = join(CACHE, `${createHash('sha256').update(content).digest('hex')}.br`);
  if (existsSync(kept)) return readFileSync(kept);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const small = brotliCompressSync(content, { params });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(kept, small);
  return small;
}

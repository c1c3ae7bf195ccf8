import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Files that `GET /docs` serves, beside the bundle that serves them. */
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'];

export function copyDocs(folder: string): void {
  const docs = join(folder, 'docs');
  mkdirSync(docs, { recursive: true });
  for (const file of FILES) cpSync(join('node_modules/swagger-ui-dist', file), join(docs, file));
}

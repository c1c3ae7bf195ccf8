/** Reads diagrams, as a JSON list, and writes what mermaid itself says of each: null, or why it cannot be drawn. */
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';

// Mermaid looks for a browser while it is loaded.
const { window } = new JSDOM('');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import('mermaid');

const verdicts: (string | null)[] = [];
for (const diagram of JSON.parse(readFileSync(0, 'utf8')) as string[]) {
  try {
    await mermaid.parse(diagram);
    verdicts.push(null);
  } catch (error) {
    verdicts.push(error instanceof Error ? error.message : String(error));
  }
}
process.stdout.write(JSON.stringify(verdicts));

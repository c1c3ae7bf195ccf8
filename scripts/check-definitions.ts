/** Holds every state machine against the Amazon States Language, and every function that it names against the registry. */
import { readdirSync, readFileSync } from 'node:fs';
import validate from 'asl-validator';
import { DEFINITIONS, STEPS } from '../functions/registry.ts';

const FOLDER = 'state-machines';
const PLACEHOLDER = 'arn:aws:lambda:us-east-1:000000000000:function:placeholder';

/** Resources are named by the stack's keys until it is packaged; the language wants ARNs. */
function packaged(value: unknown, named: string[]): unknown {
  if (Array.isArray(value)) return value.map((member) => packaged(member, named));
  if (typeof value !== 'object' || value === null) return value;
  const reference: unknown = Reflect.get(value, 'Fn::GetAtt') ?? Reflect.get(value, 'Ref');
  if (reference !== undefined) {
    if (Array.isArray(reference)) named.push(String(reference[0]));
    return PLACEHOLDER;
  }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, packaged(member, named)]));
}

const faults: string[] = [];
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.asl.json'));
for (const file of files) {
  const named: string[] = [];
  const definition = packaged(JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')), named);
  const { isValid, errorsText } = validate(definition);
  if (!isValid) faults.push(`${file}: ${errorsText('; ')}`);
  for (const key of new Set(named)) if (!(key in STEPS)) faults.push(`${file}: no function is called ${key}`);
  if (!(file.replace('.asl.json', '') in DEFINITIONS)) faults.push(`${file} is not in functions/registry.ts`);
}
process.stdout.write(`${files.length} definitions\n${faults.map((fault) => `${fault}\n`).join('')}`);
process.exitCode = faults.length === 0 ? 0 : 1;

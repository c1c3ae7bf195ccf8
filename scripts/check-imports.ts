/** Imports run one way: entry points → engine, contract; steps → core, aws, contract; core → contract. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What files below a folder may import, by the folder of the imported file. The first that fits counts. */
const MAY: readonly (readonly [folder: string, imports: readonly string[]])[] = [
  ['src/contract', ['src/contract']],
  ['src/core', ['src/core', 'src/contract']],
  ['src/aws', ['src/aws', 'src/core', 'src/contract']],
  ['src/lambda', ['src/lambda', 'src/aws', 'src/core', 'src/contract']],
  ['src/engine', ['src/engine', 'src/contract']],
  ['src/simulated-region', ['src/simulated-region', 'src/engine']],
  ['functions/steps', ['functions/steps', 'src/lambda', 'src/aws', 'src/core', 'src/contract']],
];

const faults: string[] = [];
for (const file of globSync(['src/**/*.ts', 'functions/**/*.ts'])) {
  const rule = MAY.find(([folder]) => file.startsWith(`${folder}/`));
  if (rule === undefined) continue;
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^'"]*['"](\.[^'"]+)['"]/gm)) {
    const imported = path.join(path.dirname(file), specifier ?? '');
    if (!rule[1].some((folder) => imported.startsWith(`${folder}/`))) faults.push(`${file} imports ${imported}`);
  }
}
process.stdout.write(faults.map((fault) => `${fault}\n`).join(''));
process.exitCode = faults.length === 0 ? 0 : 1;

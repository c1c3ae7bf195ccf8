/** docs/dependencies.md lists exactly what package.json does, with the versions and licences that are installed. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';

const Manifest = z.object({
  license: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

function manifest(path: string): z.output<typeof Manifest> {
  return Manifest.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** The cells of each row that names a package, by its section's title. */
function rowsUnder(title: string): string[][] {
  const section = readFileSync('docs/dependencies.md', 'utf8')
    .split(/^## /m)
    .find((text) => text.startsWith(title));
  return (section ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );
}

const { dependencies, devDependencies } = manifest('package.json');
const licenceOf = (name: string): string => manifest(`node_modules/${name}/package.json`).license;

const shipped = Object.entries(dependencies).map(([name, version]) => [name, version, licenceOf(name)].join(' '));
const building = Object.keys(devDependencies).map((name) => [name, licenceOf(name)].join(' '));
const written = {
  shipped: rowsUnder('What ships').map((row) => row.slice(0, 3).join(' ')),
  building: rowsUnder('What builds and tests').map((row) => row.slice(0, 2).join(' ')),
};
const reasons = [...rowsUnder('What ships'), ...rowsUnder('What builds and tests')];

const faults = [
  ...difference(shipped, written.shipped, 'is not in the table'),
  ...difference(written.shipped, shipped, 'is in the table, and not what is installed'),
  ...difference(building, written.building, 'is not in the second table'),
  ...difference(written.building, building, 'is in the second table, and not what is installed'),
  ...reasons.filter((row) => (row.at(-1) ?? '').length < 4).map(([name]) => `${name} has no reason`),
];
process.stdout.write(faults.map((fault) => `docs/dependencies.md: ${fault}\n`).join(''));
process.exitCode = faults.length === 0 ? 0 : 1;

function difference(some: readonly string[], others: readonly string[], what: string): string[] {
  return some.filter((one) => !others.includes(one)).map((one) => `${one} ${what}`);
}

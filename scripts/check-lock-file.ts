/** The lock file names no host that packages came from: it installs from whichever registry a machine is set to. */
import { readFileSync } from 'node:fs';

const hosts = readFileSync('package-lock.json', 'utf8').match(/"resolved": "https?:\/\/[^"]+"/g) ?? [];
process.stdout.write(
  hosts
    .slice(0, 5)
    .map((line) => `${line}\n`)
    .join(''),
);
process.exitCode = hosts.length === 0 ? 0 : 1;

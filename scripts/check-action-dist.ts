/** Holds the committed dist/action, which is what a job runs, against a fresh build: byte by byte. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ACTION_FOLDER, buildAction } from './build-action.ts';

function contents(folder: string): Map<string, Buffer> {
  const files = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const file = path.join(parentPath, name);
      return [path.relative(folder, file), readFileSync(file)];
    }),
  );
}

const fresh = mkdtempSync(path.join(tmpdir(), 'sluice-action-'));
try {
  await buildAction(fresh);
  const wanted = contents(fresh);
  const found = contents(ACTION_FOLDER);
  const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter((file) => {
    const [ours, theirs] = [wanted.get(file), found.get(file)];
    return ours === undefined || theirs === undefined || !ours.equals(theirs);
  });
  if (stale.length > 0) {
    process.stdout.write(`${ACTION_FOLDER} is out of date (${stale.sort().join(', ')}): npm run build\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

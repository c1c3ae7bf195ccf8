/** `moto_server`, an emulation of AWS by others, for as long as a rehearsal takes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export function isMotoInstalled(): boolean {
  return spawnSync('moto_server', ['--help'], { stdio: 'ignore' }).error === undefined;
}

export interface MotoServer {
  /** 127.0.0.1 and not localhost: the upload of the deployment would put the bucket's name in front of the latter. */
  readonly url: string;
  stop(): Promise<void>;
}

/** @throws Error when it does not answer within half a minute, with what it wrote */
export async function startMoto(): Promise<MotoServer> {
  const port = await freePort();
  // Into a file: nobody reads a pipe while a deployment is waited for, and a full one would stop the server.
  const folder = mkdtempSync(path.join(tmpdir(), 'moto-'));
  const log = path.join(folder, 'moto.log');
  const out = openSync(log, 'w');
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', out, out] });
  closeSync(out);
  const end = async () => {
    await stop(child);
    rmSync(folder, { recursive: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (await answers(url)) return { url, stop: end };
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const said = readFileSync(log, 'utf8').slice(-4_000);
  await end();
  throw new Error(`moto_server does not answer: ${said}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`)).ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

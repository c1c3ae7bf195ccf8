/** A real `sluice serve` in a process of its own, asked over real HTTP. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { builtCli, COMPILE_CACHE } from '../../support/built.ts';

/** What is run, where it is not the command line as it is shipped, here. */
export interface Program {
  readonly node?: string;
  readonly script?: string;
  readonly cwd?: string;
}

/** What a test that was cut short has left running must not outlive the tests. */
const running = new Set<ChildProcess>();
process.on('exit', killAll);

/** Call it after all tests of a file. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly message: string;
}

export class ServeProcess {
  readonly url: string;
  readonly lines: LogLine[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string, lines: LogLine[]) {
    this.#child = child;
    this.url = url;
    this.lines = lines;
  }

  /** Resolves once it listens. @throws what it wrote to standard error, when it ended instead */
  static async start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    program: Program = {},
  ): Promise<ServeProcess> {
    const { node = process.execPath, script = await builtCli(), cwd = process.cwd() } = program;
    const options = ['--disable-warning=ExperimentalWarning', script, 'serve', '--port', '0', ...args];
    const child = spawn(node, options, {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...COMPILE_CACHE, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd,
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const lines: LogLine[] = [];
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const listening = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as LogLine;
        lines.push(line);
        if (line.message === 'listening') resolve(String(line.url));
      });
      child.once('exit', (code) => reject(new Error(`sluice serve ended with ${code}: ${errors}`)));
    });
    return new ServeProcess(child, await listening, lines);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  /** @returns the exit code, or the signal that ended it */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    if (this.#child.signalCode !== null) return this.#child.signalCode;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code, by] = (await exited) as [number | null, string | null];
    return code ?? by ?? 'unknown';
  }
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. @throws when there is no such program */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { env: { PATH: process.env.PATH ?? '', ...environment } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(error);
    });
  });
}

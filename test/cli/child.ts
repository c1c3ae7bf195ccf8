/** The command as a user runs it: a process of its own. */
import { spawn } from 'node:child_process';
import { builtCli, COMPILE_CACHE } from '../support/built.ts';

const SOURCE = 'src/cli/sluice.ts';
let program = SOURCE;

/** From here on the command runs as it is shipped, which starts in a third of the time. */
export async function runBundled(): Promise<void> {
  program = await builtCli();
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class SluiceProcess {
  readonly done: Promise<Finished>;
  stdout = '';
  stderr = '';
  readonly #child;
  readonly #readers = new Set<() => void>();

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Nothing of the host's own AWS configuration.
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        AWS_EC2_METADATA_DISABLED: 'true',
        ...COMPILE_CACHE,
        ...environment,
      },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      for (const reader of this.#readers) reader();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      for (const reader of this.#readers) reader();
    });
    this.done = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once the text stands on either output. @throws when the process ends without it */
  async says(text: string): Promise<void> {
    const said = () => this.stdout.includes(text) || this.stderr.includes(text);
    const heard = new Promise<void>((resolve) => {
      const reader = () => {
        if (said()) resolve();
      };
      this.#readers.add(reader);
      reader();
    });
    await Promise.race([heard, this.done]);
    if (!said()) throw new Error(`It ended without saying "${text}":\n${this.stdout}\n${this.stderr}`);
  }
}

export function sluice(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished> {
  return new SluiceProcess(args, environment).done;
}

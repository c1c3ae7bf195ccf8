/** Runs the built Action as GitHub's runner does: a process of its own, told everything by its environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nextLook } from '../../src/action/pace.ts';
import { COMPILE_CACHE } from '../support/built.ts';

export interface StepOptions {
  /** As under `with:`. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where AWS answers. */
  readonly endpoint: string;
  /** Credentials come from a file instead of the environment. */
  readonly credentialsFile?: boolean;
  /** To tell steps of one job apart. */
  readonly step?: string;
}

export interface StepResult {
  readonly exitCode: number | null;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Annotations by their kind, unescaped. */
  readonly errors: readonly string[];
  readonly receipt: Readonly<Record<string, unknown>> | undefined;
  readonly seconds: number;
}

export const SECRET = 'wJalrXUtnFEMI-simulated-secret';
export const RUN = { GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: '4711', GITHUB_JOB: 'deploy' } as const;

export interface Step {
  readonly process: ChildProcess;
  readonly result: Promise<StepResult>;
  /** Resolves when the log says it. */
  says(text: string): Promise<void>;
}

export function startStep(command: readonly string[], options: StepOptions): Step {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-step-'));
  const files = { output: path.join(folder, 'output'), summary: path.join(folder, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  if (options.credentialsFile === true) {
    mkdirSync(path.join(folder, '.aws'));
    const lines = ['[default]', 'aws_access_key_id = AKIASIMULATED', `aws_secret_access_key = ${SECRET}`, ''];
    writeFileSync(path.join(folder, '.aws', 'credentials'), lines.join('\n'));
  }
  const [program = '', ...args] = command;
  const started = performance.now();
  const child = spawn(program, args, { env: environmentOf(options, folder, files), stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      for (const listener of listeners) listener();
    });
  }
  const result = new Promise<StepResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      const outputs = outputsIn(readFileSync(files.output, 'utf8'));
      resolve({
        exitCode,
        log,
        outputs,
        summary: readFileSync(files.summary, 'utf8'),
        errors: [...log.matchAll(/^::error::(.*)$/gm)].map(([, text = '']) => unescaped(text)),
        receipt: outputs.receipt ? (JSON.parse(outputs.receipt) as Record<string, unknown>) : undefined,
        seconds: (performance.now() - started) / 1000,
      });
      for (const listener of listeners) listener();
    });
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (log.includes(text)) resolve();
        else if (child.exitCode !== null) reject(new Error(`it ended without saying ${text}:\n${log}`));
        else return;
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  return { process: child, result, says };
}

export function runStep(folder: string, options: StepOptions): Promise<StepResult> {
  return startStep([process.execPath, path.join(folder, 'index.js')], options).result;
}

function environmentOf(
  { inputs, environment, endpoint, step }: StepOptions,
  home: string,
  files: { output: string; summary: string },
) {
  const given = Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text] as const);
  return {
    PATH: process.env.PATH,
    HOME: home,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    ...RUN,
    GITHUB_ACTION: step ?? 'sluice',
    GITHUB_OUTPUT: files.output,
    GITHUB_STEP_SUMMARY: files.summary,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIASIMULATED',
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_ENDPOINT_URL: endpoint,
    SLUICE_MIN_POLL_INTERVAL_SECONDS: '1',
    ...COMPILE_CACHE,
    ...environment,
    ...Object.fromEntries(given),
  };
}

/** `name<<delimiter`, the value's lines, the delimiter. */
function outputsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(.+)<<(.+)\n([\s\S]*?)\n?^\2$/gm)].map(([, name = '', , value = '']) => [name, value]),
  );
}

function unescaped(text: string): string {
  return text.replace(/%0A/g, '\n').replace(/%0D/g, '\r').replace(/%25/g, '%');
}

/** A name whose execution is asked for a few seconds from now, so that a test in real time need not wait a whole round. */
export function promptName(prefix: string): string {
  const now = Date.now();
  for (let index = 0; ; index += 1) {
    const name = `${prefix}-${index}`;
    const look = nextLook({ name, dryRun: false, startedAt: now, now });
    if (look > now + 6_000 && look < now + 7_000) return name;
  }
}

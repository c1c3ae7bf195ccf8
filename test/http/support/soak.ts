/**
 * Kills `sluice serve` at random moments while it is asked, starts it again on the same journal, and then holds everything
 * that it had accepted against what became of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedRegion } from '../../../src/simulated-region/region.ts';
import { ServeProcess } from './process.ts';

export interface SoakOptions {
  readonly kills: number;
  /** How many ask at once. */
  readonly callers: number;
  /** `terminations` take a minute each to be seen through; `waits`, for drains of 3 s, are soon over. */
  readonly work: 'terminations' | 'waits';
  /** The longest time from the first answer of a process to its end, ms. */
  readonly longestLifeMs?: number;
}

export interface SoakResult {
  readonly kills: number;
  readonly asked: number;
  readonly accepted: number;
  /** Accepted, and its execution has not succeeded. */
  readonly lost: number;
  /** Accepted, and its instance still runs. */
  readonly spared: number;
  /** Instances for which TerminateInstances was called more than once. */
  readonly terminatedTwice: number;
  readonly seconds: number;
}

const LIFE_MS = 1_500;
const SETTLED_WITHIN_MS = 120_000;

export async function soak({ kills, callers, work, longestLifeMs = LIFE_MS }: SoakOptions): Promise<SoakResult> {
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
  const region = new SimulatedRegion({ ec2: { shuttingDownSeconds: [2, 5] } });
  const ask = work === 'terminations' ? terminations(region) : waits(region);
  const listening = await region.listen();
  const start = () =>
    ServeProcess.start(
      ['--endpoint-url', listening.url, '--aws-region', region.region, '--journal', join(folder, 'journal.db')],
      { SLUICE_LOG_LEVEL: 'INFO' },
    );
  /** Execution by instance, as the answer named it. */
  const accepted = new Map<string, string>();
  let asked = 0;
  const caller = async (served: ServeProcess) => {
    for (;;) {
      asked += 1;
      const { subject, path, body } = ask();
      const execution = await post(served, path, body);
      if (execution === undefined) return;
      accepted.set(subject, execution);
    }
  };
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const served = await start();
      const asking = Promise.all(Array.from({ length: callers }, () => caller(served)));
      await pause(Math.random() * longestLifeMs);
      await served.end('SIGKILL');
      await asking;
    }
    const served = await start();
    const lost = await unfinished(served, [...accepted.values()]);
    await served.end();
    const running = [...accepted.keys()].filter((id) => region.ec2.instances.get(id)?.state === 'running');
    return {
      kills,
      asked,
      accepted: accepted.size,
      lost: lost.length,
      spared: running.length,
      terminatedTwice: twice(region),
      seconds: (Date.now() - began) / 1000,
    };
  } finally {
    await listening.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Asked {
  /** The instance or address that it is about. */
  readonly subject: string;
  readonly path: string;
  readonly body: unknown;
}

function terminations(region: SimulatedRegion): () => Asked {
  return () => {
    const subject = region.ec2.launch();
    const body = { ec2_instance_id: subject, user_data: { delaySeconds: Math.floor(Math.random() * 4) } };
    return { subject, path: '/delayed-termination', body };
  };
}

const DRAIN_SECONDS = 3;

/** Each for an address of its own that is on its way out of one target group. */
function waits({ elbv2 }: SimulatedRegion): () => Asked {
  const targetGroup = elbv2.createTargetGroup({ name: 'soak', type: 'ip', deregistrationDelaySeconds: DRAIN_SECONDS });
  elbv2.attach(elbv2.createLoadBalancer({ name: 'soak' }), targetGroup);
  let count = 0;
  return () => {
    count += 1;
    const subject = `10.1.${count >> 8}.${count & 255}`;
    elbv2.registerTargets(targetGroup, [{ id: subject, port: 80 }]);
    elbv2.deregisterTargets(targetGroup, [{ id: subject, port: 80 }]);
    const body = { targets: [{ id: subject }], targetGroups: [targetGroup] };
    return { subject, path: '/workflows/await-drained', body };
  };
}

/** @returns the execution, or undefined when there was no answer: then nothing was promised */
async function post(served: ServeProcess, path: string, body: unknown): Promise<string | undefined> {
  try {
    const response = await served.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.status !== 202) throw new Error(`it answered ${response.status}: ${await response.text()}`);
    return response.headers.get('x-sluice-execution') ?? undefined;
  } catch (error) {
    // The process was killed while it was asked. Not by instanceof: fetch belongs to another realm than the tests.
    if (typeof error === 'object' && error !== null && 'name' in error && error.name === 'TypeError') return undefined;
    throw error;
  }
}

/** @returns those that have not succeeded when all others have, or the time is up */
async function unfinished(served: ServeProcess, executions: readonly string[]): Promise<string[]> {
  const limit = Date.now() + SETTLED_WITHIN_MS;
  let open = [...executions];
  while (open.length > 0 && Date.now() < limit) {
    const still: string[] = [];
    for (const execution of open) {
      const response = await served.fetch(`/executions/${execution}`);
      const { status } = (await response.json()) as { status?: string };
      if (status !== 'succeeded') still.push(execution);
    }
    open = still;
    if (open.length > 0) await pause(500);
  }
  return open;
}

function twice(region: SimulatedRegion): number {
  const times = new Map<string, number>();
  for (const { operation, input } of region.calls.all) {
    if (operation !== 'TerminateInstances') continue;
    const { InstanceIds = [] } = input as { InstanceIds?: string[] };
    for (const id of InstanceIds) times.set(id, (times.get(id) ?? 0) + 1);
  }
  return [...times.values()].filter((count) => count > 1).length;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What one `sluice serve` carries, its journal on a disk: starts that it accepts in a second, and open executions. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServeProcess } from '../test/http/support/process.ts';
import type { Bench, Result } from './support/bench.ts';

const OPEN = 10_000;
const CALLERS = 32;
const WATCHED_MS = 60_000;
const SAMPLE_MS = 500;
const LEAST_PER_SECOND = 100;
const MOST_MIB = 1024;

/** A termination in a day: checked, and then open until its time. One instance serves for all, which no machine minds. */
const PATH = '/workflows/delayed-termination';
const WORK = { instanceIds: ['i-06060a1e235608888'], delaySeconds: 86_400 };
/** As Node sets it by itself in a container of 1 GiB; on a larger machine it lets its heap grow before it tidies up. */
const HEAP = '--max-old-space-size=512';

async function carry(): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-serve-'));
  const served = await ServeProcess.start(['--simulate', '--journal', path.join(folder, 'journal.db')], {
    SLUICE_EVENT_BUS: 'none',
    NODE_OPTIONS: HEAP,
  });
  try {
    const memory = watchMemory(served.pid);
    const began = performance.now();
    await startAll(served);
    const perSecond = OPEN / ((performance.now() - began) / 1000);
    await pause(WATCHED_MS);
    const most = memory();
    const open = await openCount(served);
    const answered = await medianAnswer(served);
    return {
      lines: [
        {
          way: 'sluice serve',
          figures: {
            'accepted starts a second': perSecond,
            'open executions': open,
            'most memory, MiB': most,
            'GET /health meanwhile, ms': answered,
          },
        },
      ],
      bars: [
        { text: `at least ${LEAST_PER_SECOND} accepted starts a second`, holds: perSecond >= LEAST_PER_SECOND },
        { text: `${OPEN.toLocaleString('en-US')} open executions`, holds: open >= OPEN },
        { text: `under ${MOST_MIB} MiB`, holds: most < MOST_MIB },
      ],
      notes: [
        `${OPEN.toLocaleString('en-US')} executions of delayed-termination, asked for by ${CALLERS} callers; a start is answered once it is on the disk.`,
        `The memory is that of the whole process (${HEAP}), its simulated region included, at most until ${WATCHED_MS / 1000} s after the last start.`,
      ],
    };
  } finally {
    await served.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startAll(served: ServeProcess): Promise<void> {
  let asked = 0;
  const caller = async () => {
    while (asked < OPEN) {
      asked += 1;
      const response = await served.fetch(PATH, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(WORK),
      });
      if (response.status !== 202) throw new Error(`A start was answered ${response.status}: ${await response.text()}`);
      await response.body?.cancel();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** @returns ends the watch, and says how much it was at most, MiB */
function watchMemory(pid: number): () => number {
  let most = 0;
  const look = () => {
    const [, kilobytes = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    most = Math.max(most, Number(kilobytes) / 1024);
  };
  const timer = setInterval(look, SAMPLE_MS);
  return () => {
    look();
    clearInterval(timer);
    return most;
  };
}

async function openCount(served: ServeProcess): Promise<number> {
  const text = await (await served.fetch('/metrics')).text();
  return Number(/^sluice_executions_open (\d+)/m.exec(text)?.[1]);
}

async function medianAnswer(served: ServeProcess): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 21; round += 1) {
    const began = performance.now();
    await (await served.fetch('/health')).text();
    times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other)[10] ?? 0;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export const bench: Bench = {
  rows: [{ name: 'serve', title: 'What one sluice serve carries', run: carry }],
};

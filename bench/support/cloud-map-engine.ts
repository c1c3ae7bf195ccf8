/** A process of its own for Sluice: it cleans a whole registry on an embedded engine, and says what that took. */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { install } from '@sinonjs/fake-timers';
import { DEFINITIONS, stepHandlers } from '../../functions/registry.ts';
import type { CleanCloudMapReceipt } from '../../src/contract/clean-cloud-map.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { EmbeddedEngine } from '../../src/engine/embedded/embedded-engine.ts';
import { requestHandlerFor } from '../../src/simulated-region/transport.ts';
import { bodyText, type WireResponse } from '../../src/simulated-region/wire/messages.ts';
import type { Fill } from './cloud-map-region.ts';

export interface Taken {
  readonly status: string;
  readonly removed: number;
  readonly registrations: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMebibytes: number;
  readonly idleMebibytes: number;
  readonly mostEvents: number;
  readonly executions: number;
  readonly virtualSeconds: number;
  readonly calls: Readonly<Record<string, number>>;
}

type Told =
  | { readonly services: readonly string[] }
  | { readonly calls: Readonly<Record<string, number>> }
  | { readonly id: number; readonly response: WireResponse }
  | { readonly id: number; readonly error: string };

const REGION = 'eu-west-1';
const QUIET_TURNS = 3;
const fill = JSON.parse(process.argv[2] ?? '{}') as Fill;

// What this process may not do for want of memory, that one may.
const far = fork(path.join(path.dirname(process.argv[1] ?? ''), 'cloud-map-region.mjs'), { execArgv: [] });
const open = new Map<number, { resolve(response: WireResponse): void; reject(error: Error): void }>();
let told: ((message: Told) => void) | undefined;
let asked = 0;
far.on('message', (message: Told) => {
  if (!('id' in message)) {
    told?.(message);
    return;
  }
  const caller = open.get(message.id);
  open.delete(message.id);
  if ('response' in message) caller?.resolve(message.response);
  else caller?.reject(new Error(message.error));
});
const tell = (message: object) =>
  new Promise<Told>((resolve) => {
    told = resolve;
    far.send(message);
  });

const filled = await tell({ fill });
if (!('services' in filled)) throw new Error('the region was not filled');

const clock = install({
  now: Date.now(),
  toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
});
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
const engine = new EmbeddedEngine({
  definitions: DEFINITIONS,
  definitionsChecked: true,
  handlers: stepHandlers({
    aws: {
      endpoint: 'https://simulated-region.invalid',
      credentials: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'simulated' },
      requestHandler: requestHandlerFor(
        (request) =>
          new Promise((resolve, reject) => {
            asked += 1;
            open.set(asked, { resolve, reject });
            far.send({ id: asked, request: { ...request, body: bodyText(request) } });
          }),
      ),
    },
    settings: readSettings({}),
    now: Date.now,
    random: () => 0.5,
  }),
  journal: path.join(folder, 'journal'),
  region: REGION,
  accountId: '123456789012',
});
let mostEvents = 0;
let executions = 0;
engine.onClosed(({ executionArn }) => {
  executions += 1;
  mostEvents = Math.max(mostEvents, engine.counts(executionArn).events);
});
const idleMebibytes = process.memoryUsage.rss() / 2 ** 20;
const began = performance.now();
const cpu = process.cpuUsage();
const { executionArn, startDate } = await engine.start({
  workflow: 'clean-cloud-map',
  name: 'all',
  input: { region: REGION, services: filled.services, instancesRegions: [REGION] },
});
let ended = false;
const ending = engine.waitFor(executionArn).finally(() => {
  ended = true;
});
// Time goes on only when nothing is on its way between the processes.
while (!ended) {
  for (let quiet = 0; quiet < QUIET_TURNS && !ended; ) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    quiet = open.size === 0 && !readsFiles() ? quiet + 1 : 0;
  }
  if (!ended) clock.next();
}
const { status, output, cause, stopDate } = await ending;
const receipt = (output ?? JSON.parse(cause ?? '{}')) as CleanCloudMapReceipt;
const { user, system } = process.cpuUsage(cpu);
const counted = await tell({ count: true });
const taken: Taken = {
  status,
  removed: receipt.totals.removed,
  registrations: receipt.totals.registrations,
  seconds: (performance.now() - began) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakMebibytes: process.resourceUsage().maxRSS / 1024,
  idleMebibytes,
  mostEvents,
  executions,
  virtualSeconds: ((stopDate?.getTime() ?? 0) - startDate.getTime()) / 1000,
  calls: 'calls' in counted ? counted.calls : {},
};
clock.uninstall();
await engine.close();
rmSync(folder, { recursive: true });
far.disconnect();
process.stdout.write(`${JSON.stringify(taken)}\n`);

function readsFiles(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
}

/** What cleaning Cloud Map costs: calls beside the least possible, and time and memory for a large registry. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { DEFINITIONS, stepHandlers } from '../functions/registry.ts';
import { readSettings } from '../src/contract/settings.ts';
import { EmbeddedEngine } from '../src/engine/embedded/embedded-engine.ts';
import type { ExecutionDescription } from '../src/engine/workflow-engine.ts';
import { SimulatedAccount } from '../src/simulated-region/account.ts';
import type { SimulatedRegion } from '../src/simulated-region/region.ts';
import { VirtualTime } from '../src/simulated-region/virtual-time.ts';
import { unmap } from './old-ways/aws-cloud-unmap.ts';
import type { Bench, Line, Result } from './support/bench.ts';
import type { Taken } from './support/cloud-map-engine.ts';
import type { Fill } from './support/cloud-map-region.ts';

const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1'];

interface Registry {
  readonly registrations: number;
  readonly regions: number;
  readonly stale: number;
  /** Of the registrations, so many at the first region; as many in each when absent. */
  readonly atHome?: number;
}

const REGISTRIES: readonly Registry[] = [
  { registrations: 2, regions: 1, stale: 1 },
  { registrations: 2, regions: 3, stale: 1 },
  { registrations: 100, regions: 1, stale: 10 },
  { registrations: 201, regions: 3, stale: 20 },
  { registrations: 1000, regions: 1, stale: 0 },
  { registrations: 1000, regions: 1, stale: 10 },
  { registrations: 1000, regions: 3, stale: 100 },
  { registrations: 1000, regions: 3, stale: 900 },
];

/** Two readings of all pages and of all regions, the removals, and how they ended. */
function formula({ registrations, regions, stale }: Registry): number {
  const pages = Math.ceil(registrations / 100);
  const batches = Math.ceil(registrations / 200);
  return 2 * pages + 2 * regions * batches + stale + Math.ceil(stale / 25);
}

async function measureCalls(): Promise<Result> {
  const lines: Line[] = [];
  const over: string[] = [];
  // The SDK loads parts of itself at the first call, in real time, which a clock moved by hand would take for an outage.
  await clean({ registrations: 1, regions: 1, stale: 0 });
  for (const registry of REGISTRIES) {
    const { calls, removed } = await clean(registry);
    const allowed = 1.2 * formula(registry);
    const { registrations, regions, stale } = registry;
    const way = `R ${registrations}, G ${regions}, S ${stale}`;
    if (calls > allowed || removed !== stale) over.push(way);
    lines.push({ way, figures: { 'AWS calls': calls, formula: formula(registry), '1.2 × formula': allowed, removed } });
  }
  return {
    lines,
    bars: [
      {
        text: `calls for R registrations in G regions with S stale: at most 1.2 × (2·⌈R/100⌉ + 2·G·⌈R/200⌉ + S + ⌈S/25⌉)${over.length === 0 ? '' : `; not so for ${over.join('; ')}`}`,
        holds: over.length === 0,
      },
    ],
    notes: ['Operations take 2 to 20 s in the model. The announcement on the event bus is not counted.'],
  };
}

interface Cleaned {
  readonly calls: number;
  /** Registrations that are gone, of instances that are. */
  readonly removed: number;
  /** Registrations that are gone, of instances that serve. */
  readonly broken: number;
  readonly said: string;
}

interface World {
  readonly clock: VirtualTime;
  readonly account: SimulatedAccount;
  readonly home: SimulatedRegion;
  readonly service: string;
}

/** Looks in so many of the regions, whatever the registry has; resolves to what is said of the end. */
type Cleaner = (world: World, instancesRegions: readonly string[]) => Promise<string>;

async function clean(
  { registrations, regions, stale, atHome = 0 }: Registry,
  cleaner: Cleaner = bySluice,
  regionsAsked = regions,
): Promise<Cleaned> {
  const clock = new VirtualTime();
  const account = new SimulatedAccount();
  const homes = REGIONS.slice(0, regions).map((name) => account.region(name));
  const [home] = homes;
  if (home === undefined) throw new RangeError('A registry is in one region at least');
  for (const each of homes) clock.watch(each);
  const service = home.cloudMap.createService(home.cloudMap.createNamespace('prod'), 'web');
  const serving: string[] = [];
  for (let index = 0; index < registrations; index += 1) {
    const { ec2 } = (atHome === 0 ? homes[index % homes.length] : homes[index < atHome ? 0 : 1]) ?? home;
    const id = ec2.launch();
    home.cloudMap.register(service, id, { AWS_INSTANCE_IPV4: ec2.instances.get(id)?.privateIpAddresses[0] ?? '' });
    if (index < stale) ec2.terminate(id);
    else serving.push(id);
  }
  await clock.pass(120);
  account.calls.clear();
  const said = await cleaner({ clock, account, home, service }, REGIONS.slice(0, regionsAsked));
  const left = home.cloudMap.registrations(service);
  const broken = serving.filter((id) => !left.has(id)).length;
  const cleaned = { calls: account.calls.count(), removed: registrations - left.size - broken, broken, said };
  clock.end();
  return cleaned;
}

const bySluice: Cleaner = async ({ clock, account, home, service }, instancesRegions) => {
  const { requestHandler, credentials, endpoint } = account.clientConfig(home.region);
  const engine = new EmbeddedEngine({
    definitions: DEFINITIONS,
    definitionsChecked: true,
    handlers: stepHandlers({
      aws: { requestHandler, credentials, endpoint },
      settings: readSettings({ SLUICE_EVENT_BUS: 'none' }),
      now: Date.now,
      random: () => 0.5,
    }),
    journal: ':memory:',
    region: home.region,
    accountId: home.accountId,
  });
  const input = { region: home.region, services: [service], instancesRegions };
  const { executionArn } = await engine.start({ workflow: 'clean-cloud-map', name: 'one', input });
  let ended: ExecutionDescription | undefined;
  void engine.waitFor(executionArn).then((description) => {
    ended = description;
  });
  await clock.until(() => ended !== undefined, 3_600);
  await clock.finish(engine.close());
  const receipt = ended?.output ?? JSON.parse(ended?.cause ?? 'null');
  return String((receipt as { readonly status?: string } | null)?.status);
};

const byTheOldProgram: Cleaner = async ({ clock, account, home, service }, instancesRegions) => {
  let said: string | undefined;
  const clients = instancesRegions.map((name) => account.clientConfig(name));
  void unmap(account.clientConfig(home.region), clients, service).then((outcome) => {
    said = outcome;
  });
  await clock.until(() => said !== undefined, 3_600);
  // Its removals are submitted, and not followed.
  await clock.pass(120);
  return said ?? '';
};

/** By name: a registry, and how many of its regions are named to the program. */
const COMPARED: readonly (readonly [string, Registry, number])[] = [
  ['100 registrations', { registrations: 100, regions: 1, stale: 10 }, 1],
  ['1,000 registrations', { registrations: 1_000, regions: 1, stale: 10 }, 1],
  ['a region forgotten', { registrations: 100, regions: 2, stale: 0, atHome: 1 }, 1],
];

async function compare(): Promise<Result> {
  const lines: Line[] = [];
  let broken = 0;
  await clean({ registrations: 1, regions: 1, stale: 0 });
  for (const [name, registry, asked] of COMPARED) {
    const forgotten = asked < registry.regions;
    const least = formula({ ...registry, regions: asked, stale: forgotten ? 0 : registry.stale });
    const own = await clean(registry, bySluice, asked);
    const old = await clean(registry, byTheOldProgram, asked);
    broken += own.broken;
    lines.push(
      {
        way: `${name}: least possible`,
        figures: {
          stale: registry.stale,
          'AWS calls': least,
          removed: forgotten ? 0 : registry.stale,
          'broken, though alive': 0,
        },
      },
      compared(`${name}: Sluice`, registry, own),
      compared(`${name}: aws-cloud-unmap`, registry, old),
    );
  }
  return {
    lines,
    bars: [{ text: 'Sluice removes nothing that is alive', holds: broken === 0 }],
    notes: [
      'least possible: every page and every region read twice, each removal and, for 25 of them, a look at how they ended',
      'a region forgotten: all are alive, 99 of them in a region that the program was not told of; Sluice refuses where more than maxAbsentPercent (50) are not found, and cannot tell a smaller part from what is gone',
      'aws-cloud-unmap: looks once, asks EC2 with one filter for all ids (which EC2 refuses beyond 200), and exits with 0 whatever came of it',
    ],
  };
}

function compared(way: string, { stale }: Registry, { calls, removed, broken, said }: Cleaned): Line {
  return { way, figures: { stale, 'AWS calls': calls, removed, 'broken, though alive': broken, says: said } };
}

/** A heap of this size is what Node gives itself in a container of 256 MiB, less what a burst needs. */
const NODE_OPTIONS = ['--max-old-space-size=96', '--max-semi-space-size=4', '--disable-warning=ExperimentalWarning'];
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function measureSize(): Promise<Result> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-cloud-map-'));
  const source = path.dirname(process.argv[1] ?? 'bench/index.ts');
  try {
    await build({
      entryPoints: ['cloud-map-engine', 'cloud-map-region'].map((name) => path.join(source, 'support', `${name}.ts`)),
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: BANNER },
      logLevel: 'error',
    });
    const small = await taken(folder, { services: 1, registrationsEach: 1000, terminatedEach: 20 });
    const middle = await taken(folder, { services: 10, registrationsEach: 1000, terminatedEach: 20 });
    const once = await taken(folder, { services: 100, registrationsEach: 1000, terminatedEach: 20 });
    const twice = await taken(folder, { services: 200, registrationsEach: 1000, terminatedEach: 20 });
    const ratio = twice.cpuSeconds / once.cpuSeconds;
    return {
      lines: [
        lineOf('1 service of 1,000', small),
        lineOf('10 services of 1,000', middle),
        lineOf('100 services of 1,000', once),
        lineOf('200 services of 1,000', twice),
      ],
      bars: [
        { text: '100,000 registrations in under 256 MiB', holds: once.peakMebibytes < 256 && once.removed === 2_000 },
        {
          text: `twice the registrations take at most 2.2 times the processor's time: ${ratio.toFixed(2)} times`,
          holds: ratio <= 2.2 && twice.removed === 4_000,
        },
        {
          text: 'no execution has more than 25,000 events',
          holds: Math.max(once.mostEvents, twice.mostEvents) <= 25_000,
        },
      ],
      notes: [
        `Sluice is bundled and runs in a process of its own with ${NODE_OPTIONS.slice(0, 2).join(' ')} and a journal on the disk; the simulated region runs in another, and what it holds is not counted.`,
        "The processor's time is that of Sluice's process alone; the real time has the region's in it, and waits are virtual.",
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function taken(folder: string, fill: Fill): Promise<Taken> {
  const file = path.join(folder, 'cloud-map-engine.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [...NODE_OPTIONS, file, JSON.stringify(fill)]);
  return JSON.parse(stdout) as Taken;
}

function lineOf(way: string, outcome: Taken): Line {
  const calls = Object.values(outcome.calls).reduce((sum, count) => sum + count, 0);
  return {
    way,
    figures: {
      registrations: outcome.registrations,
      removed: outcome.removed,
      'peak memory, MiB': outcome.peakMebibytes,
      "processor's time, s": outcome.cpuSeconds,
      'real time, s': outcome.seconds,
      'AWS calls': calls,
      executions: outcome.executions,
      'most events': outcome.mostEvents,
      'virtual time, s': outcome.virtualSeconds,
    },
  };
}

export const bench: Bench = {
  rows: [
    { name: 'cloud-map-calls', title: 'clean-cloud-map: calls to AWS for one service', run: measureCalls },
    { name: 'cloud-map-beside', title: 'clean-cloud-map beside the program that it succeeds', run: compare },
    { name: 'cloud-map-size', title: 'clean-cloud-map: 100,000 registrations, and twice that', run: measureSize },
  ],
};

/** What the demo's drain costs, what the functions weigh, and how long they take to start. */
import { globSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { bundleFunctions, FUNCTIONS_OUT } from '../scripts/bundle-functions.ts';
import { NOBODY, play } from '../src/cli/demo/play.ts';
import { SluiceWay } from '../src/cli/demo/ways.ts';
import type { Bench, Line, Result } from './support/bench.ts';
import { coldStarts, sizeOf } from './support/cold-start.ts';
import { cost, PRICES } from './support/cost.ts';

const MOST_DOLLARS = 0.005;
/** Alarms and the dashboard cost by the month, whether or not anything is drained. */
const ALARM_DOLLARS = 0.1;

interface Counted {
  readonly way: string;
  readonly transitions: number;
  readonly invocations: number;
}

async function demoCost(): Promise<Result> {
  const drains: Counted[] = [];
  await play((scene) => {
    const way = new SluiceWay(scene);
    const { engine } = way;
    const invocations = new Map<string, number>();
    return {
      expect: (instanceId, act) => way.expect(instanceId, act),
      isOver: (instanceId) => {
        const ended = way.closed.get(instanceId);
        if (ended !== undefined && !invocations.has(instanceId)) invocations.set(instanceId, 0);
        return way.isOver(instanceId);
      },
      close: async () => {
        for (const [instanceId, { executionArn }] of way.closed) {
          const history = await engine.history(executionArn);
          // Its own door, and each attempt at a step.
          const calls = 1 + history.filter(({ type }) => type === 'LambdaFunctionScheduled').length;
          drains.push({ way: instanceId, transitions: engine.counts(executionArn).transitions, invocations: calls });
        }
        await way.close();
      },
    };
  }, NOBODY);
  const lines: Line[] = drains.map(({ transitions, invocations }, index) => ({
    way: `drain ${index + 1}`,
    figures: {
      transitions,
      invocations,
      events: 2,
      'transitions, $': cost({ transitions, invocations: 0 }),
      'requests and time, $': cost({ transitions: 0, invocations }),
      'events, $': cost({ transitions: 0, invocations: 0, events: 2 }),
      'sum, $': cost({ transitions, invocations, events: 2 }),
    },
  }));
  const most = Math.max(...drains.map((drain) => cost({ ...drain, events: 2 })));
  return {
    lines,
    bars: [
      {
        text: 'both drains were counted',
        holds: drains.length === 2 && drains.every((drain) => drain.invocations > 5),
      },
      {
        text: `a drain of the demo’s size costs under $${MOST_DOLLARS} ($${most.toFixed(5)})`,
        holds: most < MOST_DOLLARS,
      },
    ],
    notes: [
      PRICES,
      `idle, the stack costs its alarms ($${ALARM_DOLLARS.toFixed(2)} each a month) and its dashboard ($3 a month after the first three)`,
    ],
  };
}

/** kB */
const MOST_ZIPPED = { step: 250, 'step with EC2': 320, API: 600 } as const;

async function sizes(): Promise<Result> {
  const names = await bundleFunctions();
  const measured = names.map((name) => {
    const files = globSync(`${FUNCTIONS_OUT}/${name}/**`, { withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce(
      (sum, { parentPath, name: file }) =>
        sum + sizeOf(path.join(parentPath, file), (content) => deflateRawSync(content, { level: 9 })),
      0,
    );
    const kind: keyof typeof MOST_ZIPPED =
      name === 'api' || name === 'drain-delay'
        ? 'API'
        : /instance|observe|check|registrations|terminat|spot/.test(name)
          ? 'step with EC2'
          : 'step';
    return { name, kind, kB: bytes / 1000 };
  });
  const kinds = Object.keys(MOST_ZIPPED) as (keyof typeof MOST_ZIPPED)[];
  const lines = kinds.map((kind) => {
    const mine = measured.filter((each) => each.kind === kind).toSorted((a, b) => b.kB - a.kB);
    return {
      way: kind,
      figures: {
        functions: mine.length,
        largest: mine[0]?.name,
        'zipped, kB': mine[0]?.kB,
        'at most, kB': MOST_ZIPPED[kind],
      },
    };
  });
  const heavy = measured.filter(({ kind, kB }) => kB > MOST_ZIPPED[kind]);
  return {
    lines,
    bars: [
      {
        text: `none of ${measured.length} functions is heavier than it may be${heavy.map(({ name }) => ` (${name})`).join()}`,
        holds: heavy.length === 0,
      },
    ],
    notes: ['deflated like the zip that is uploaded, which adds about 150 bytes a file'],
  };
}

const MOST_RATIO = 1.3;

async function coldStart(): Promise<Result> {
  const starts = await coldStarts();
  const lines = starts.map(({ name, clients, milliseconds, leastMilliseconds }) => ({
    way: name,
    figures: {
      clients: clients.join(', '),
      'import, ms': milliseconds,
      'its clients alone, ms': leastMilliseconds,
      ratio: milliseconds / leastMilliseconds,
    },
  }));
  const slow = starts.filter(({ milliseconds, leastMilliseconds }) => milliseconds > MOST_RATIO * leastMilliseconds);
  return {
    lines,
    bars: [
      {
        text: `every import takes at most ${MOST_RATIO} times that of its clients alone${slow.map(({ name }) => ` (${name})`).join()}`,
        holds: starts.length > 0 && slow.length === 0,
      },
    ],
    notes: [
      'the least of nine imports, each in a process of its own, in turns; one function for each set of clients',
      'the API’s function is bundled in parts, and loads at its start only what every request needs; the bundles of clients alone are in one file each',
    ],
  };
}

export const bench: Bench = {
  rows: [
    { name: 'cost-demo', title: 'What a drain of the demo’s size costs', run: demoCost },
    { name: 'function-sizes', title: 'What the functions weigh', run: sizes },
    { name: 'cold-start', title: 'How long a function’s bundle takes to import', run: coldStart },
  ],
};

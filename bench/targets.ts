/** A thousand pods that are going, each of which asks by its preStop hook when it is drained. */
import { paced } from '../src/aws/clients.ts';
import { localEngine } from '../src/cli/local-engine.ts';
import { readSettings } from '../src/contract/settings.ts';
import { createApp } from '../src/http/app.ts';
import { endsOf } from '../src/http/ends.ts';
import { ALL_ROUTES } from '../src/http/routes/all.ts';
import { SimulatedRegion } from '../src/simulated-region/region.ts';
import { VirtualTime } from '../src/simulated-region/virtual-time.ts';
import { PollerPerCaller } from './old-ways/poller-per-caller.ts';
import type { Bench, Line, Result } from './support/bench.ts';
import { seedRandom } from './support/seeded.ts';
import { warmUp } from './support/warm-up.ts';
import { largest, quantile } from './support/witness.ts';

const CALLERS = 1_000;
const TARGET_GROUPS = 4;
const SPREAD_SECONDS = 10;
const DELAY_SECONDS = 120;
const MAX_DELAY_SECONDS = 600;
/** The controller notices a pod that is going so long after the pod's hook has begun. */
const CONTROLLER_SECONDS = 2;

interface Caller {
  readonly ip: string;
  readonly targetGroup: string;
}

interface Answer {
  readonly ip: string;
  readonly status: number;
  readonly at: number;
}

type Ask = (caller: Caller) => Promise<number>;

/** @param open makes whoever answers the callers; what it returns besides ends him */
async function play(
  way: string,
  open: (region: SimulatedRegion, targetGroups: readonly string[]) => { ask: Ask; close(): Promise<void> },
): Promise<Line> {
  await warmUp();
  const clock = new VirtualTime();
  const unseed = seedRandom();
  try {
    const region = new SimulatedRegion({ enforceBuckets: true });
    region.calls.keep(0);
    clock.watch(region);
    const balancer = region.elbv2.createLoadBalancer({ name: 'front' });
    const targetGroups = Array.from({ length: TARGET_GROUPS }, (_, index) => {
      const arn = region.elbv2.createTargetGroup({
        name: `web-${index}`,
        type: 'ip',
        deregistrationDelaySeconds: DELAY_SECONDS,
        tags: { 'ingress.k8s.aws/stack': 'shop/web', 'ingress.k8s.aws/resource': `shop/web-service${index}:80` },
      });
      region.elbv2.attach(balancer, arn);
      return arn;
    });
    const callers = Array.from(
      { length: CALLERS },
      (_, index): Caller => ({
        ip: `10.0.${index >> 8}.${index & 255}`,
        targetGroup: targetGroups[index % TARGET_GROUPS] ?? '',
      }),
    );
    for (const { ip, targetGroup } of callers) {
      region.traffic.started({ id: ip, port: 80 });
      region.elbv2.registerTargets(targetGroup, [{ id: ip, port: 80 }]);
    }
    await clock.pass(120);
    const calls = region.calls.count();
    const throttled = region.calls.count({ outcome: 'Throttling' });
    const { ask, close } = open(region, targetGroups);
    const answers: Answer[] = [];
    let fault: unknown;
    for (const [index, caller] of callers.entries()) {
      setTimeout(
        () => {
          setTimeout(
            () => region.elbv2.deregisterTargets(caller.targetGroup, [{ id: caller.ip, port: 80 }]),
            CONTROLLER_SECONDS * 1000,
          );
          ask(caller).then(
            (status) => answers.push({ ip: caller.ip, status, at: Date.now() }),
            (error: unknown) => {
              fault = error;
            },
          );
        },
        (index * SPREAD_SECONDS * 1000) / CALLERS,
      );
    }
    await clock.until(() => {
      if (fault !== undefined) throw fault;
      return answers.length === CALLERS;
    }, 2 * MAX_DELAY_SECONDS);
    const line = lineOf(way, region, targetGroups, answers, region.calls.count() - calls);
    const refused = region.calls.count({ outcome: 'Throttling' }) - throttled;
    await clock.pass(1);
    await clock.finish(close());
    return { ...line, figures: { ...line.figures, throttled: refused } };
  } finally {
    unseed();
    clock.end();
  }
}

function lineOf(
  way: string,
  region: SimulatedRegion,
  targetGroups: readonly string[],
  answers: readonly Answer[],
  calls: number,
): Line {
  const gone = new Map(
    targetGroups.flatMap((arn) => region.elbv2.timelines(arn).map(({ id, goneAt }) => [id, goneAt] as const)),
  );
  const isOver = ({ ip, at }: Answer) => (gone.get(ip) ?? Number.POSITIVE_INFINITY) <= at;
  const good = answers.filter(({ status }) => status === 200);
  const right = good.filter(isOver);
  const lags = right.map(({ ip, at }) => (at - (gone.get(ip) ?? at)) / 1000);
  return {
    way,
    figures: {
      'answered when drained': right.length,
      'answered too early': good.length - right.length,
      'answered 5xx': answers.length - good.length,
      'median lag, s': quantile(lags, 0.5),
      'longest lag, s': largest(lags),
      'AWS calls': calls,
      'calls a caller': calls / CALLERS,
    },
  };
}

function sluice(region: SimulatedRegion): { ask: Ask; close(): Promise<void> } {
  const { requestHandler, credentials, endpoint } = region.clientConfig();
  const access = { requestHandler, credentials, endpoint };
  const settings = readSettings({});
  const random = () => region.world.random();
  const common = { journal: ':memory:', region: region.region, accountId: region.accountId };
  const engine = localEngine({ ...common, access, settings, random });
  const app = createApp(
    {
      engine,
      settings,
      region: region.region,
      aws: paced(access),
      authenticator: undefined,
      ends: endsOf(engine),
      log: () => undefined,
      logError: (message, data) => {
        throw new Error(`${message} ${JSON.stringify(data)}`);
      },
      docsFile: (name) => Promise.reject(new Error(`nobody asks for ${name}`)),
      now: Date.now,
    },
    ALL_ROUTES,
  );
  return {
    async ask({ ip }) {
      const query = `ip=${ip}&namespace=shop&ingress=web&max-delay=${MAX_DELAY_SECONDS}`;
      const { status } = await app.request(`http://localhost/drain-delay?${query}`, { headers: { host: 'localhost' } });
      return status;
    },
    close: () => engine.close(),
  };
}

function pollers(region: SimulatedRegion, targetGroups: readonly string[]): { ask: Ask; close(): Promise<void> } {
  const old = new PollerPerCaller(region.clientConfig(), targetGroups);
  return { ask: ({ ip }) => old.drainDelay(ip, MAX_DELAY_SECONDS), close: () => Promise.resolve() };
}

async function measure(): Promise<Result> {
  const own = await play('Sluice, one process', sluice);
  const old = await play('a poller for each caller', pollers);
  return {
    lines: [
      {
        way: 'least possible',
        figures: { 'answered when drained': CALLERS, 'median lag, s': 0, 'AWS calls': TARGET_GROUPS },
      },
      own,
      old,
    ],
    bars: [
      {
        text: `all ${CALLERS} are answered when they are drained, none early`,
        holds: own.figures['answered when drained'] === CALLERS && own.figures['answered too early'] === 0,
      },
      { text: 'no call is throttled', holds: own.figures.throttled === 0 },
    ],
    notes: [
      `${CALLERS} pods behind one ingress with ${TARGET_GROUPS} target groups go within ${SPREAD_SECONDS} s; their deregistration delay is ${DELAY_SECONDS} s`,
      'least possible: one look at each target group, in the moment in which the last target is gone',
    ],
  };
}

export const bench: Bench = {
  rows: [{ name: 'drain-delay-1000', title: '1,000 callers of /drain-delay', run: measure }],
};

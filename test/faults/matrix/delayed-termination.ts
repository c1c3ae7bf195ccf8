import type { DelayedTerminationReceipt } from '../../../src/contract/delayed-termination.ts';
import { start } from '../../machines/delayed-termination/terminations.ts';
import { Lab } from '../../support/lab.ts';
import { place, serve } from '../../support/places.ts';
import { type AnyReceipt, type Cell, onJournal, type Scene, type SceneOptions, type Subject } from './matrix.ts';

const DELAY_SECONDS = 30;
const TIMEOUT_SECONDS = 240;
const TERMINATING = ['TerminateInstances', 'TerminateInstanceInAutoScalingGroup'];

interface Fleet {
  readonly lab: Lab;
  /** The ones that go. */
  readonly going: readonly string[];
  readonly staying: string;
  readonly group?: string;
}

/** Launched long ago, so that they are visible also after the clock was set back. */
async function fleet(options: SceneOptions = {}, count = 2): Promise<Fleet> {
  const lab = new Lab(onJournal(options));
  const [staying = '', ...going] = Array.from({ length: count + 1 }, () => lab.region.ec2.launch());
  await lab.pass(7_200);
  return { lab, going, staying };
}

/** In an Auto Scaling group, which is to be one smaller. */
async function inGroup(options?: SceneOptions): Promise<Scene> {
  const world = await fleet(options);
  const { lab, going, staying } = world;
  lab.region.autoScaling.createGroup({ name: 'web' });
  for (const id of [...going, staying]) lab.region.autoScaling.attachInstance('web', id);
  await lab.pass(60);
  return scene(world, { decrementDesiredCapacity: true }, options);
}

/** Behind a load balancer, to be drained first, and kept where the drain does not end. */
async function drainedFirst(options?: SceneOptions): Promise<Scene> {
  const world = await fleet(options, 1);
  const { lab, going, staying } = world;
  const [group = ''] = place(lab, { type: 'instance', delaySeconds: 40 }).groups;
  for (const id of [...going, staying]) serve(lab, group, id);
  await lab.pass(60);
  lab.region.traffic.start({ targetGroupArn: group, requestsPerSecond: 5, requestSeconds: 20 });
  const drainTimeoutSeconds = options?.timeoutSeconds ?? 200;
  const drain = { drain: true, targetGroups: [group], drainTimeoutSeconds, onDrainTimeout: 'keep' };
  return scene({ ...world, group }, drain, options);
}

function scene(world: Fleet, input: object, { timeoutSeconds = TIMEOUT_SECONDS }: SceneOptions = {}): Scene {
  const { lab, going, group } = world;
  let endedAt = 0;
  return {
    region: lab.region,
    lab,
    alive: () =>
      group === undefined
        ? []
        : going.flatMap((id) => lab.region.elbv2.registrations(group, id).map(({ state }) => `${id} is ${state}`)),
    begin: () => start(lab, { instanceIds: going, delaySeconds: DELAY_SECONDS, timeoutSeconds, ...input }),
    end: async (executionArn) => {
      const ended = await lab.end(executionArn, 20_000);
      endedAt = ended.stopDate?.getTime() ?? 0;
      return ended;
    },
    wrongs: (receipt, cell) => wrongs(world, receipt, endedAt, cell),
    close: () => lab.close(),
  };
}

function wrongs({ lab, going, staying, group }: Fleet, receipt: AnyReceipt, endedAt: number, cell: Cell | undefined) {
  const { ec2, elbv2, traffic } = lab.region;
  const { status, terminateAt = '' } = receipt as DelayedTerminationReceipt;
  const asked = lab.region.calls.all.filter(({ operation }) => TERMINATING.includes(operation));
  const accepted = asked.filter(({ outcome }) => outcome === 'ok' || outcome === 'response-lost');
  const gone = group === undefined ? 0 : (elbv2.timelines(group).find(({ id }) => id === going[0])?.goneAt ?? Infinity);
  const states = going.map((id) => ec2.state(id));
  const heard = accepted.filter(({ outcome }) => outcome === 'ok').map(({ input }) => JSON.stringify(input));
  return [
    ...accepted.filter(({ at }) => at < Date.parse(terminateAt)).map(() => 'terminated before its time'),
    ...accepted.filter(({ at }) => at < gone).map(() => 'terminated before its targets were drained'),
    ...(cell?.kind !== 'response-lost' && new Set(heard).size < heard.length ? ['terminated twice'] : []),
    ...(status === 'succeeded' && states.some((state) => state !== 'terminated') ? [`said to be done: ${states}`] : []),
    ...(status === 'failed' && accepted.length === 0 && states.some((state) => state !== 'running')
      ? [`failed, and yet ${states}`]
      : []),
    ...(ec2.state(staying) === 'running' ? [] : ['an instance that nobody named is gone']),
    ...(group !== undefined && traffic.stats().dropped > 0 ? [`${traffic.stats().dropped} requests dropped`] : []),
    ...(endedAt === 0 ? ['it has not ended'] : []),
  ];
}

const spared = ['events:PutEvents'];

export const TERMINATIONS: readonly Subject[] = [
  { name: 'delayed-termination', build: async (options) => scene(await fleet(options), {}, options), spared },
  { name: 'delayed-termination in a group', build: inGroup, spared },
  { name: 'delayed-termination after a drain', build: drainedFirst, spared },
];

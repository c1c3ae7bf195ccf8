import type { DelayedTerminationReceipt } from '../../../src/contract/delayed-termination.ts';
import { start } from '../../machines/delayed-termination/terminations.ts';
import { Lab } from '../../support/lab.ts';
import { place, serve } from '../../support/places.ts';
import { type AnyReceipt, type Cell, faultMatrix, type Scene } from './matrix.ts';

const DELAY_SECONDS = 30;
const TIMEOUT_SECONDS = 240;
const TERMINATIONS = ['TerminateInstances', 'TerminateInstanceInAutoScalingGroup'];

interface Fleet {
  readonly lab: Lab;
  /** The ones that go. */
  readonly going: readonly string[];
  readonly staying: string;
  readonly group?: string;
}

function fleet(count = 2): Fleet {
  const lab = new Lab();
  const [staying = '', ...going] = Array.from({ length: count + 1 }, () => lab.region.ec2.launch());
  return { lab, going, staying };
}

/** In an Auto Scaling group, which is to be one smaller. */
async function inGroup(): Promise<Scene> {
  const world = fleet();
  const { lab, going, staying } = world;
  lab.region.autoScaling.createGroup({ name: 'web' });
  for (const id of [...going, staying]) lab.region.autoScaling.attachInstance('web', id);
  await lab.pass(60);
  return scene(world, { decrementDesiredCapacity: true });
}

/** Behind a load balancer, to be drained first, and kept where the drain does not end. */
async function drainedFirst(): Promise<Scene> {
  const world = fleet(1);
  const { lab, going, staying } = world;
  const [group = ''] = place(lab, { type: 'instance', delaySeconds: 40 }).groups;
  for (const id of [...going, staying]) serve(lab, group, id);
  await lab.pass(60);
  lab.region.traffic.start({ targetGroupArn: group, requestsPerSecond: 5, requestSeconds: 20 });
  const drain = { drain: true, targetGroups: [group], drainTimeoutSeconds: 200, onDrainTimeout: 'keep' };
  return scene({ ...world, group }, drain);
}

function scene(world: Fleet, input: object): Scene {
  const { lab, going } = world;
  let endedAt = 0;
  return {
    region: lab.region,
    run: async () => {
      const given = { instanceIds: going, delaySeconds: DELAY_SECONDS, timeoutSeconds: TIMEOUT_SECONDS, ...input };
      const ended = await lab.end(await start(lab, given), 20_000);
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
  const asked = lab.region.calls.all.filter(({ operation }) => TERMINATIONS.includes(operation));
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

faultMatrix({ name: 'delayed-termination', build: () => scene(fleet(), {}), spared });
faultMatrix({ name: 'delayed-termination in a group', build: inGroup, spared });
faultMatrix({ name: 'delayed-termination after a drain', build: drainedFirst, spared });

import type { CleanCloudMapReceipt } from '../../../src/contract/clean-cloud-map.ts';
import { CloudMapLab } from '../../machines/cloud-map/cloud-map-lab.ts';
import { type AnyReceipt, type Cell, onJournal, type Scene, type SceneOptions, type Subject } from './matrix.ts';

/** Two services of one namespace, each with instances that live, and some that EC2 says are terminated. */
async function build(options: SceneOptions = {}): Promise<Scene> {
  const { timeoutSeconds = 400 } = options;
  const lab = new CloudMapLab(onJournal(options));
  const services = ['web', 'api'].map((name) => lab.service(name));
  const alive = services.flatMap((service) => lab.alive(service, 2));
  // Launched long ago, so that they are visible also after the clock was set back.
  await lab.clock.tickAsync(7_200_000);
  const stale = services.flatMap((service) => lab.terminated(service, 1));
  await lab.settle();
  return {
    region: { calls: lab.account.calls, faults: lab.home.faults },
    lab,
    alive: () => alive.filter((id) => !services.some((service) => lab.left(service).includes(id))),
    begin: () => lab.start({ namespace: 'prod', confirmAfterSeconds: 20, timeoutSeconds }),
    end: async (executionArn) => (await lab.end(executionArn)).ended,
    wrongs: (receipt, cell) => wrongs(lab, services, { alive, stale }, receipt, cell),
    close: () => lab.close(),
  };
}

function wrongs(
  lab: CloudMapLab,
  services: readonly string[],
  { alive, stale }: { readonly alive: readonly string[]; readonly stale: readonly string[] },
  receipt: AnyReceipt,
  cell: Cell | undefined,
): string[] {
  const { status, totals } = receipt as CleanCloudMapReceipt;
  const left = services.flatMap((service) => lab.left(service));
  const removed = lab.deregistered();
  return [
    ...alive.filter((id) => !left.includes(id)).map((id) => `${id} lives, and its registration is gone`),
    ...(status === 'succeeded' && stale.some((id) => left.includes(id)) ? ['said to be clean, and is not'] : []),
    ...(cell?.kind !== 'response-lost' && new Set(removed).size < removed.length ? ['removed twice'] : []),
    ...(totals.removed > stale.length ? [`${totals.removed} removals are counted`] : []),
  ];
}

export const CLEAN_CLOUD_MAP: Subject = {
  name: 'clean-cloud-map',
  build,
  spared: ['events:PutEvents'],
  // A service that could not be looked at to the end has failed, and nothing was removed from it on a guess.
  exception: ({ operation, kind, shape }) =>
    shape === 'lasting' && kind !== 'slow' && kind !== 'stale-read' && /:(Describe|List|Get)/.test(operation)
      ? ['failed']
      : undefined,
  // Each attempt hangs until what it rests on is too old, so that it looks again instead of waiting the fault out.
  unnamed: ({ operation, kind }) => operation === 'servicediscovery:DeregisterInstance' && kind === 'timeout',
};

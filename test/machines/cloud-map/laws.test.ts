/** What holds whatever is registered, whatever runs, and whatever goes wrong. */
import { beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { CloudMapLab, HOME, warmUp } from './cloud-map-lab.ts';

const OTHER = 'eu-central-1';
const FORGOTTEN = 'us-east-1';

// A machine that does much else at the same time.
jest.setTimeout(120_000);
beforeAll(warmUp);

/** How a registration begins, and what happens to it and to its instance half a minute after the first observation. */
const Registered = fc.record({
  kind: fc.constantFrom(
    'alive',
    'alive',
    'stopped',
    'terminated',
    'terminated',
    'mismatched',
    'absent',
    'task',
    'no-address',
  ),
  region: fc.constantFrom(HOME, HOME, OTHER, FORGOTTEN),
  secondAddress: fc.boolean(),
  meanwhile: fc.constantFrom(
    'nothing',
    'nothing',
    'nothing',
    'terminate',
    'start',
    'register-rightly',
    'register-wrongly',
  ),
});
type Registered = typeof Registered extends fc.Arbitrary<infer T> ? T : never;

const Fault = fc.record({
  kind: fc.constantFrom('throttle', 'internal-error', 'connection-reset', 'response-lost', 'unavailable', 'stale-read'),
  service: fc.constantFrom('ec2', 'servicediscovery'),
  region: fc.constantFrom(HOME, OTHER),
  probability: fc.double({ min: 0.05, max: 0.6, noNaN: true }),
});

const World = fc.record({
  services: fc.array(fc.array(Registered, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
  young: fc.integer({ min: 0, max: 3 }),
  faults: fc.array(Fault, { maxLength: 2 }),
  denied: fc.constantFrom(null, null, null, null, null, null, HOME, OTHER),
  minRemaining: fc.integer({ min: 0, max: 4 }),
  maxAbsentPercent: fc.constantFrom(0, 50, 100),
});
type World = typeof World extends fc.Arbitrary<infer T> ? T : never;

interface Placed extends Registered {
  readonly service: string;
  readonly id: string;
  readonly address: string;
}

class Trial {
  readonly lab = new CloudMapLab({ ec2: { visibleAfterSeconds: 40 }, seed: 7 });
  readonly wrongs: string[] = [];
  readonly #world: World;
  readonly #placed: Placed[] = [];
  readonly #services: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async run() {
    const { lab } = this;
    for (const [index, registrations] of this.#world.services.entries()) {
      const service = lab.service(`service-${index}`);
      this.#services.push(service);
      for (const registered of registrations) this.#place(service, registered);
    }
    await lab.settle(90);
    // Too young to be seen by the first observation.
    for (let index = 0; index < this.#world.young; index += 1) lab.registered(this.#services[0] ?? '');
    for (const { region, kind, ...fault } of this.#world.faults) {
      const rule = kind === 'stale-read' ? { kind, seconds: 20 } : { kind };
      lab.account.region(region).faults.inject({ ...fault, ...rule });
    }
    const { denied, minRemaining, maxAbsentPercent } = this.#world;
    if (denied !== null) lab.account.region(denied).faults.inject({ kind: 'access-denied', service: 'ec2' });
    lab.account.calls.onCall(({ operation, input }) => {
      if (operation === 'DeregisterInstance') this.#check(input as { ServiceId: string; InstanceId: string });
    });
    const execution = await lab.start({
      services: this.#services,
      instancesRegions: [HOME, OTHER],
      minRemaining,
      maxAbsentPercent,
    });
    await lab.pass(30);
    for (const placed of this.#placed) this.#happen(placed);
    return lab.end(execution);
  }

  #place(service: string, registered: Registered): void {
    const { lab } = this;
    const { ec2 } = lab.account.region(registered.region);
    if (registered.kind === 'absent') {
      lab.absent(service, 1);
      return;
    }
    const id = ec2.launch(
      registered.secondAddress ? { interfaces: [['10.7.0.1', `10.8.0.${this.#placed.length}`]] } : {},
    );
    const address = ec2.instances.get(id)?.privateIpAddresses.at(-1) ?? '';
    const placed = { ...registered, service, id, address };
    this.#placed.push(placed);
    if (registered.kind === 'task') lab.register(service, `task-${this.#placed.length}`, address);
    else if (registered.kind === 'no-address') lab.home.cloudMap.register(service, id, {});
    else lab.register(service, id, registered.kind === 'mismatched' ? '192.168.0.1' : address);
    if (registered.kind === 'stopped') ec2.stop(id);
    if (registered.kind === 'terminated') ec2.terminate(id);
  }

  #happen({ service, id, address, region, kind, meanwhile }: Placed): void {
    const { ec2 } = this.lab.account.region(region);
    if (meanwhile === 'terminate') ec2.terminate(id);
    if (meanwhile === 'start') ec2.start(id);
    if (kind === 'task' || kind === 'no-address') return;
    if (meanwhile === 'register-rightly') this.lab.register(service, id, address);
    if (meanwhile === 'register-wrongly') this.lab.register(service, id, '192.168.0.9');
  }

  /** As the removal is asked for: what it is about to take away must not be alive, nor among the last. */
  #check({ ServiceId, InstanceId }: { readonly ServiceId: string; readonly InstanceId: string }): void {
    const registrations = this.lab.home.cloudMap.registrations(ServiceId);
    const address = registrations.get(InstanceId)?.AWS_INSTANCE_IPV4;
    for (const region of [HOME, OTHER]) {
      const instance = this.lab.account.region(region).ec2.instances.get(InstanceId);
      if (instance === undefined || ['shutting-down', 'terminated'].includes(instance.state)) continue;
      if (instance.privateIpAddresses.some((each) => each === address)) {
        this.wrongs.push(`${InstanceId} at ${address} is ${instance.state} in ${region}`);
      }
    }
    if (this.#world.denied !== null)
      this.wrongs.push(`${InstanceId} is removed though ${this.#world.denied} is denied`);
  }
}

test('nothing alive is ever removed, minRemaining always stays, and the numbers of the receipt add up', async () => {
  let removals = 0;
  await fc.assert(
    fc.asyncProperty(World, async (world) => {
      const trial = new Trial(world);
      try {
        const { receipt } = await trial.run();
        expect(trial.wrongs).toEqual([]);
        for (const line of receipt.services.first) {
          const left = trial.lab.left(line.service).length;
          if (line.removed > 0) expect(left).toBeGreaterThanOrEqual(world.minRemaining);
          removals += line.removed;
          const checked = line.alive + line.terminated + line.mismatched + line.absent;
          expect(line.skipped.noIpv4 + line.skipped.noInstanceId + checked).toBe(line.registrations);
          if (line.status === 'refused') expect([line.retained.guard, line.removed]).toEqual([expect.anything(), 0]);
        }
        expect(receipt.totals.removed).toBe(receipt.services.first.reduce((sum, { removed }) => sum + removed, 0));
      } finally {
        await trial.lab.close();
      }
    }),
    { numRuns: 80, seed: 20_260_302 },
  );
  // A law about removals says nothing where there were none.
  expect(removals).toBeGreaterThan(40);
});

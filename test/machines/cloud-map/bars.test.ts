import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { CloudMapLab, HOME, warmUp } from './cloud-map-lab.ts';

// A machine that does much else at the same time.
jest.setTimeout(120_000);
beforeAll(warmUp);

let lab: CloudMapLab;
afterEach(() => lab.close());

const REGIONS = [HOME, 'eu-central-1', 'us-east-1'];

describe('calls for R registrations in G regions with S stale: at most 1.2 × (2·⌈R/100⌉ + 2·G·⌈R/200⌉ + S + ⌈S/25⌉)', () => {
  test.each([
    [2, 1, 1],
    [2, 3, 1],
    [100, 1, 10],
    [201, 3, 20],
    [1000, 1, 0],
    [1000, 1, 10],
    [1000, 3, 900],
  ])('R %d, G %d, S %d', async (registrations, regions, stale) => {
    lab = new CloudMapLab({ settings: { SLUICE_EVENT_BUS: 'none' } });
    const service = lab.service();
    const asked = REGIONS.slice(0, regions);
    lab.terminated(service, stale, asked.at(-1));
    lab.alive(service, registrations - stale);
    await lab.settle();
    const { line } = await lab.run({ services: [service], instancesRegions: asked });
    expect(line).toMatchObject({ registrations, removed: stale });
    const pages = Math.ceil(registrations / 100);
    const batches = Math.ceil(registrations / 200);
    const formula = 2 * pages + 2 * regions * batches + stale + Math.ceil(stale / 25);
    expect(lab.account.calls.count()).toBeLessThanOrEqual(1.2 * formula);
  });
});

test('no id of a registration travels through the parent, whose payloads stay small', async () => {
  lab = new CloudMapLab();
  const services = Array.from({ length: 3 }, (_, index) => lab.service(`service-${index}`));
  for (const service of services) {
    lab.terminated(service, 120);
    lab.alive(service, 1);
  }
  await lab.settle();
  const { ended, receipt } = await lab.run({ services });
  expect(receipt.totals.removed).toBe(360);
  const events = await lab.engine.history(ended.executionArn);
  const inputs = events.filter(({ type }) => type.endsWith('StateEntered')).map(({ input }) => JSON.stringify(input));
  expect(Math.max(...inputs.map((input) => input.length))).toBeLessThan(8_192);
  expect(inputs.filter((input) => /"i-[0-9a-f]/.test(input))).toEqual([]);
});

test('400 services that are all refused, each with a reason, fit into the payloads of one execution', async () => {
  lab = new CloudMapLab();
  const services = Array.from({ length: 400 }, (_, index) => lab.service(`service-${index}`));
  for (const service of services) {
    lab.alive(service, 1);
    lab.absent(service, 2);
  }
  const regions = ['ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-northeast-1', 'ap-northeast-2', HOME];
  const { ended, receipt } = await lab.run({ services, instancesRegions: regions });
  expect(receipt.byStatus).toEqual({ refused: 400 });
  expect(ended.cause?.length).toBeLessThan(32_768);
  const events = await lab.engine.history(ended.executionArn);
  const sizes = events.map(({ input, output }) => JSON.stringify({ input, output }).length);
  expect(Math.max(...sizes)).toBeGreaterThan(150_000);
  expect(events.length).toBeLessThan(25_000);
});

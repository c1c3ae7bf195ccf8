/** Executions outlive deployments: what the steps of each release were given, the steps of today take. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { STEPS } from '../../functions/registry.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { SimulatedRegion } from '../../src/simulated-region/region.ts';

const FIXTURES = path.join('test', 'fixtures', 'payloads');

/** What a step says of a payload that it cannot use, undefined of one that it takes, whatever comes of it. */
async function refusal(key: string, payload: unknown): Promise<string | undefined> {
  const { requestHandler, credentials, endpoint } = new SimulatedRegion().clientConfig();
  const aws = { requestHandler, credentials, endpoint };
  const environment = { aws, settings: readSettings({}), now: Date.now, random: () => 0.5 };
  const step = STEPS[key];
  if (step === undefined) return `there is no step ${key} any more, and executions of that release still call it`;
  try {
    await step.run(payload, environment);
    return undefined;
  } catch (error) {
    // In an empty region most steps find nothing to work on, which is not the payload's fault.
    return error instanceof Error && /the payload of this step cannot be used/.test(error.message)
      ? error.message
      : undefined;
  }
}

describe.each(readdirSync(FIXTURES))('release %s', (release) => {
  const files = readdirSync(path.join(FIXTURES, release)).map((file) => path.basename(file, '.json'));

  test('has a fixture of every step', () => {
    expect(files.length).toBeGreaterThan(20);
    // A step that is new has none in older releases; one that has gone would strand what runs.
    expect(files.filter((key) => STEPS[key] === undefined)).toEqual([]);
  });

  test.each(files)('%s takes its payloads', async (key) => {
    const payloads: unknown[] = JSON.parse(readFileSync(path.join(FIXTURES, release, `${key}.json`), 'utf8'));
    expect(payloads.length).toBeGreaterThan(0);
    for (const payload of payloads) expect(await refusal(key, payload)).toBeUndefined();
  });
});

test('a payload that lacks what a step needs is refused', async () => {
  expect(await refusal('observeDrain', { plan: {} })).toMatch(/plan.input/);
});

/** The whole examination, in an account of moto where `npm run test:moto` has started it; in the simulated region, which has no STS, as far as it goes. */

import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, jest, test } from '@jest/globals';
import { readSettings } from '../../src/contract/settings.ts';
import { examine, type Patient } from '../../src/doctor/examine.ts';
import type { Finding } from '../../src/doctor/findings.ts';
import { places, REGION } from '../contract-aws/places.ts';

jest.setTimeout(60_000);

const endpoint = process.env.MOTO_ENDPOINT;
const [simulated, moto] = places();

async function findings(patient: Partial<Patient>): Promise<Finding[]> {
  const found: Finding[] = [];
  const settings = readSettings({});
  const whole = { access: {}, region: REGION, stack: 'sluice', settings, release: '0.1.0', nodeVersion: '24.1.0' };
  for await (const finding of examine({ ...whole, ...patient })) found.push(finding);
  return found;
}

test('without a region nothing is asked', async () => {
  expect(await findings({ region: undefined })).toEqual([
    expect.objectContaining({ level: 'ok', about: 'Node' }),
    expect.objectContaining({ level: 'fault', about: 'region' }),
  ]);
});

test('an old Node is a fault, with the way to a new one', async () => {
  const [node] = await findings({ region: undefined, nodeVersion: '20.20.2' });
  expect(node).toMatchObject({ level: 'fault', remedy: expect.stringContaining('npm ci') });
});

test('credentials that nobody takes end the examination, with the ways to others', async () => {
  const found = await findings({ access: simulated?.access ?? {} });
  expect(found.at(-1)).toMatchObject({
    level: 'fault',
    about: 'credentials',
    remedy: expect.stringContaining('aws sso login'),
  });
});

if (endpoint !== undefined && moto !== undefined) {
  describe('in an account', () => {
    test('without a stack, and with a hook of ours, says that the hook leads nowhere', async () => {
      const id = await moto.launch();
      await moto.group('doctor', id, { name: 'sluice-drain', heartbeatTimeout: 30 });

      const found = await findings({ access: moto.access });

      const levels = (about: string) => found.filter((finding) => finding.about === about).map(({ level }) => level);
      expect(levels('credentials')).toEqual(['ok']);
      expect(levels('stack sluice')).toEqual(['warning']);
      expect(levels('hook sluice-drain of doctor')).toEqual(['fault', 'warning']);
    });

    test('a parameter of the API is read as the API reads it', async () => {
      const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' };
      const ssm = new SSMClient({ endpoint, region: REGION, credentials });
      const Value = JSON.stringify([{ id: 'me', sha256: 'a'.repeat(64) }]);
      await ssm.send(new PutParameterCommand({ Name: '/sluice/credentials', Type: 'SecureString', Value }));
      const { readParameter, ssmClient } = await import('../../src/aws/ssm.ts');

      expect(await readParameter(ssmClient(moto.access, REGION), '/sluice/credentials')).toBe(Value);
    });
  });
}

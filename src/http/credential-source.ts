import { readFile } from 'node:fs/promises';
import { type AwsAccess, withinBudget } from '../aws/clients.ts';
import { readParameter, ssmClient } from '../aws/ssm.ts';
import type { Settings } from '../contract/settings.ts';
import type { CredentialSource } from './credentials.ts';

const BUDGET_MS = 5_000;

/** @returns undefined where the configuration names none. @param region of the parameter */
export function credentialSource(settings: Settings, access: AwsAccess, region: string): CredentialSource | undefined {
  const { credentials } = settings;
  if (credentials === undefined) return undefined;
  if ('text' in credentials) return async () => credentials.text;
  if ('file' in credentials) return () => readFile(credentials.file, 'utf8');
  return () => withinBudget(BUDGET_MS, () => readParameter(ssmClient(access, region), credentials.parameter));
}

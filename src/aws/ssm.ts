/** AWS Systems Manager: parameters. */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { clientFactory } from './clients.ts';

export const ssmClient = clientFactory(SSMClient);

/** @returns its value, decrypted. @throws NotFound when there is no such parameter */
export async function readParameter(ssm: SSMClient, name: string): Promise<string> {
  const answer = await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  return answer.Parameter?.Value ?? '';
}

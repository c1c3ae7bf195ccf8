/** How a command reaches AWS: by its options, else as every AWS tool does. */
import type { AwsAccess } from '../aws/clients.ts';

export interface AwsOptions {
  readonly awsProfile?: string | undefined;
  readonly endpointUrl?: string | undefined;
}

type Environment = Record<string, string | undefined>;

/** @param environment gets the profile: the SDK's own chain of credentials reads it there. */
export function awsAccess({ awsProfile, endpointUrl }: AwsOptions, environment: Environment = process.env): AwsAccess {
  if (awsProfile !== undefined) environment.AWS_PROFILE = awsProfile;
  if (endpointUrl === undefined) return {};
  const named = environment.AWS_ACCESS_KEY_ID !== undefined || environment.AWS_PROFILE !== undefined;
  // What listens on this machine is no AWS: it wants a signature, and takes any.
  return isLoopback(endpointUrl) && !named
    ? { endpoint: endpointUrl, credentials: { accessKeyId: 'AKIASIMULATED', secretAccessKey: 'simulated' } }
    : { endpoint: endpointUrl };
}

/** The region that options and environment name, in the order of the AWS CLI. */
export function regionOf(option: string | undefined, environment: Environment = process.env): string | undefined {
  return option ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
}

export function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

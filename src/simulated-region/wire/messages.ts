/** An HTTP message stripped to what AWS's protocols read of it: nothing depends on the host that it was sent to. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string | Uint8Array;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function header(request: WireRequest, name: string): string | undefined {
  const direct = request.headers[name];
  if (direct !== undefined) return direct;
  for (const [key, value] of Object.entries(request.headers)) {
    if (key.toLowerCase() === name) return value;
  }
  return undefined;
}

export function bodyText(request: WireRequest): string {
  return typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body);
}

/** Where a request belongs, from its SigV4 credential scope: `AKID/20260102/eu-west-1/ecs/aws4_request`. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

export function credentialScope(request: WireRequest): CredentialScope | undefined {
  const credential = /\bCredential=([^,\s]+)/.exec(header(request, 'authorization') ?? '')?.[1];
  const [accessKeyId, , region, service] = credential?.split('/') ?? [];
  return accessKeyId && region && service ? { accessKeyId, region, service } : undefined;
}

import type { CallLog, ConnectionOutcome } from './calls.ts';
import type { Faults, FaultyCall } from './faults.ts';
import { refusal } from './faults.ts';
import { later } from './later.ts';
import { failFirstItem } from './partial-failure.ts';
import type { Randomness } from './randomness.ts';
import type { ServiceModel } from './service.ts';
import { ServiceError } from './service.ts';
import { RememberedReads } from './stale-reads.ts';
import type { TokenBuckets } from './token-buckets.ts';
import { throttled } from './token-buckets.ts';
import { ConnectionReset } from './transport.ts';
import type { WireRequest, WireResponse } from './wire/messages.ts';
import { header } from './wire/messages.ts';
import type { Structure } from './wire/shapes.ts';
import type { Addressed } from './wire.ts';
import { address, encodeError, encodeOutput, Unaddressed } from './wire.ts';

export interface DispatcherParts {
  readonly region: string;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly buckets: TokenBuckets;
  /** Apart from the models' own, so that the number of calls changes nothing in what the models do. */
  readonly randomness: Randomness;
}

/** One request from its decoding to its answer: addressed, logged, struck by faults, throttled, carried out, encoded. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #services: ServiceModel[] = [];
  readonly #remembered = new RememberedReads();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** @throws if an operation names a token bucket that is not in the table. */
  use(service: ServiceModel): void {
    for (const operation of Object.values(service.operations)) {
      for (const { name } of operation.buckets ?? []) this.#parts.buckets.assertKnown(name);
    }
    this.#services.push(service);
  }

  /** @throws ConnectionReset; anything else thrown is a fault of a model. */
  async handle(request: WireRequest): Promise<WireResponse> {
    const { region, calls, randomness } = this.#parts;
    const requestId = randomness.requestId();
    const at = Date.now();
    const attempt = Number(/attempt=(\d+)/.exec(header(request, 'amz-sdk-request') ?? '')?.[1] ?? 1);
    let addressed: Addressed;
    try {
      addressed = address(this.#services, request);
    } catch (error) {
      if (!(error instanceof Unaddressed)) throw error;
      const { service, operationName, fault } = error;
      calls.begin({ at, region, service: service.id, operation: operationName, input: undefined, attempt })(fault.code);
      return encodeError(service, fault, requestId);
    }
    const { service, operationName, operation } = addressed;
    const read = readOrFault(addressed);
    const input = read instanceof ServiceError ? undefined : read;
    const settle = calls.begin({ at, region, service: service.id, operation: operationName, input, attempt });
    const call = { at, service: service.id, operation: operationName, input, attempt, read: operation.read };
    try {
      if (read instanceof ServiceError) throw read;
      this.#checkScope(addressed);
      return await this.#answer(addressed, call, read, requestId, settle);
    } catch (error) {
      if (!(error instanceof ServiceError)) {
        if (!(error instanceof ConnectionReset)) settle('model-error');
        throw error;
      }
      settle(error.code);
      return encodeError(service, error, requestId);
    }
  }

  async #answer(
    addressed: Addressed,
    call: FaultyCall,
    input: Structure,
    requestId: string,
    settle: (outcome: string) => void,
  ): Promise<WireResponse> {
    const { service, operation, operationName } = addressed;
    const { delaySeconds, fault } = this.#parts.faults.judge(call);
    if (delaySeconds > 0) await new Promise<void>((resolve) => later(delaySeconds, resolve));
    const broken = (outcome: ConnectionOutcome) => {
      settle(outcome);
      return new ConnectionReset();
    };
    switch (fault?.kind) {
      case 'throttle':
      case 'internal-error':
      case 'unavailable':
      case 'access-denied':
        throw refusal(fault.kind, service, operationName);
      case 'connection-reset':
        throw broken('connection-reset');
      case 'timeout':
        settle('timeout');
        return new Promise(() => undefined);
      default:
    }
    this.#takeTokens(addressed, input);
    const key = `${service.id}:${service.target}:${operationName}:${JSON.stringify(input)}`;
    if (fault?.kind === 'stale-read') {
      const stale = this.#remembered.recall(key, fault.seconds);
      if (stale) {
        settle('ok');
        return stale;
      }
    }
    const carryOut = (given: Structure) => operation.handle(given as never);
    const output =
      fault?.kind === 'partial-failure'
        ? await failFirstItem(service.id, operationName, input, carryOut)
        : await carryOut(input);
    const response = encodeOutput(service, operationName, operation, output, requestId);
    if (fault?.kind === 'response-lost') throw broken('response-lost');
    const longest = this.#parts.faults.longestStaleness;
    if (operation.read && longest > 0) this.#remembered.remember(key, response, longest);
    settle('ok');
    return response;
  }

  #takeTokens({ service, operation }: Addressed, input: Structure): void {
    const costs = (operation.buckets ?? []).map(({ name, cost }) => ({ name, cost: cost ? cost(input as never) : 1 }));
    if (!this.#parts.buckets.take(costs)) throw throttled(service.id);
  }

  /** One endpoint serves one region, and says so to a request that was signed for another. */
  #checkScope({ scope, service }: Addressed): void {
    const { region } = this.#parts;
    if (scope.region === region) return;
    const message = `Credential should be scoped to a valid region, not '${scope.region}'. This endpoint serves ${region}.`;
    if (service.protocol === 'ec2-query') throw new ServiceError('AuthFailure', message, 401);
    const code = service.protocol === 'query' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException';
    throw new ServiceError(code, message, service.protocol === 'query' ? 403 : 400);
  }
}

function readOrFault(addressed: Addressed): Structure | ServiceError {
  try {
    return addressed.readInput();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

import type { HttpHandler } from '@smithy/core/protocols';
import { CallLog } from './calls.ts';
import type { ClientConfig, RegionOptions } from './region.ts';
import { clientConfigFor, SimulatedRegion } from './region.ts';
import type { HandlerOptions, Listening } from './transport.ts';
import { listen, requestHandlerFor } from './transport.ts';
import type { WireRequest, WireResponse } from './wire/messages.ts';
import { credentialScope } from './wire/messages.ts';

/** Several regions behind one endpoint. A request goes to the region that its signature names; all share one log of calls. */
export class SimulatedAccount {
  readonly calls = new CallLog();
  readonly #regions = new Map<string, SimulatedRegion>();
  readonly #options: Omit<RegionOptions, 'region' | 'calls'>;

  constructor(options: Omit<RegionOptions, 'region' | 'calls'> = {}) {
    this.#options = options;
  }

  /** Made when first asked for. */
  region(name: string): SimulatedRegion {
    let region = this.#regions.get(name);
    if (!region) {
      // Each region draws numbers of its own, whatever the order in which they are made.
      const seed = [...name].reduce(
        (sum, character) => sum * 31 + (character.codePointAt(0) ?? 0),
        this.#options.seed ?? 1,
      );
      region = new SimulatedRegion({ ...this.#options, region: name, seed, calls: this.calls });
      this.#regions.set(name, region);
    }
    return region;
  }

  handle(request: WireRequest): Promise<WireResponse> {
    return this.region(credentialScope(request)?.region ?? 'us-east-1').handle(request);
  }

  requestHandler(options: HandlerOptions = {}): HttpHandler {
    return requestHandlerFor((request) => this.handle(request), options);
  }

  listen(options: { readonly host?: string; readonly port?: number } = {}): Promise<Listening> {
    return listen((request) => this.handle(request), options);
  }

  clientConfig(region: string, options: HandlerOptions = {}): ClientConfig {
    return clientConfigFor(region, this.requestHandler(options));
  }
}

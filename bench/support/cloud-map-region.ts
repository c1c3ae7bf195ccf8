/** A process of its own for a simulated region full of registrations, so that what it holds is not counted as Sluice's. */
import { SimulatedRegion } from '../../src/simulated-region/region.ts';
import type { WireRequest } from '../../src/simulated-region/wire/messages.ts';

export interface Fill {
  readonly services: number;
  readonly registrationsEach: number;
  readonly terminatedEach: number;
}

export interface Asked {
  readonly id: number;
  readonly request: WireRequest;
}

// What is submitted is done at once: the other process's clock is moved by hand, and this one's is not.
const region = new SimulatedRegion({ region: 'eu-west-1', cloudMap: { operationSeconds: [0, 0] } });
region.calls.keep(0);

process.on('message', (message: { readonly fill: Fill } | Asked | { readonly count: true }) => {
  if ('fill' in message) {
    process.send?.({ services: filled(message.fill) });
  } else if ('count' in message) {
    process.send?.({ calls: region.calls.counts() });
  } else {
    const { id, request } = message;
    region.handle(request).then(
      (response) => process.send?.({ id, response }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    );
  }
});

function filled({ services, registrationsEach, terminatedEach }: Fill): string[] {
  const { cloudMap, ec2 } = region;
  const namespace = cloudMap.createNamespace('prod');
  return Array.from({ length: services }, (_, number) => {
    const service = cloudMap.createService(namespace, `service-${number}`);
    for (let index = 0; index < registrationsEach; index += 1) {
      const id = ec2.launch();
      cloudMap.register(service, id, { AWS_INSTANCE_IPV4: ec2.instances.get(id)?.privateIpAddresses[0] ?? '' });
      if (index < terminatedEach) ec2.terminate(id);
    }
    return service;
  });
}

import { cloudMapClient, servicesOfNamespace } from '../../src/aws/cloud-map.ts';
import { CleanUpData } from '../../src/contract/clean-cloud-map-data.ts';
import { withServices } from '../../src/core/cloud-map/plan.ts';
import { step } from '../../src/lambda/step.ts';

/** The services of the namespace, together with those that were named. */
export const handler = step(
  CleanUpData,
  async (data, { aws }) => {
    const { namespace, region } = data.plan;
    const services = namespace === undefined ? [] : await servicesOfNamespace(cloudMapClient(aws, region), namespace);
    const next = data.open.length + services.length === 0 ? 'announce' : 'observe';
    return { ...withServices(data, services), next };
  },
  () => 25,
);

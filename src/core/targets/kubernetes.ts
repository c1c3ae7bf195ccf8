/**
 * Which target groups belong to a Kubernetes ingress or service, by the tags that the AWS Load Balancer Controller and
 * EKS Auto Mode write.
 *
 * The stack tag names an ingress or service exactly, unless ingresses share a load balancer: then it holds the name of
 * their group, and only the resource tag, `namespace/ingress-service:port`, still tells of the ingress. With hyphens in
 * the names that reads several ways, and clusters may repeat each other's names. Whatever may be meant counts: to wait
 * for too much is safe, to miss one is not.
 */
export const INGRESS_TAGS = [
  { stack: 'ingress.k8s.aws/stack', resource: 'ingress.k8s.aws/resource' },
  { stack: 'ingress.eks.amazonaws.com/stack', resource: 'ingress.eks.amazonaws.com/resource' },
] as const;
export const SERVICE_TAGS = [{ stack: 'service.k8s.aws/stack' }, { stack: 'service.eks.amazonaws.com/stack' }] as const;
const CLUSTER_TAGS = ['elbv2.k8s.aws/cluster', 'eks:eks-cluster-name'] as const;

export interface KubernetesPlace {
  readonly namespace: string;
  readonly ingress?: string | undefined;
  readonly service?: string | undefined;
  readonly cluster?: string | undefined;
}

type Tags = ReadonlyMap<string, string>;

export function isMeant(place: KubernetesPlace, tags: Tags): boolean {
  if (place.cluster !== undefined && !CLUSTER_TAGS.some((key) => tags.get(key) === place.cluster)) return false;
  if (place.ingress === undefined && SERVICE_TAGS.some(({ stack }) => isStack(place, place.service, tags.get(stack)))) {
    return true;
  }
  return INGRESS_TAGS.some(({ stack, resource }) => isOfIngress(place, tags.get(stack), tags.get(resource)));
}

function isStack(place: KubernetesPlace, name: string | undefined, stack: string | undefined): boolean {
  return name !== undefined && stack === `${place.namespace}/${name}`;
}

function isOfIngress(place: KubernetesPlace, stack: string | undefined, resource: string | undefined): boolean {
  const { namespace, ingress, service } = place;
  const backend = resource === undefined ? undefined : backendIn(namespace, resource);
  const serves = service === undefined || backend?.endsWith(`-${service}`) === true;
  if (ingress === undefined) return serves && backend !== undefined;
  if (isStack(place, ingress, stack)) return serves;
  // A stack with a namespace in it is another ingress's own; a group's name has none.
  if (stack?.includes('/') === true) return false;
  return serves && backend?.startsWith(`${ingress}-`) === true;
}

/** @returns `ingress-service` of a resource in the namespace */
function backendIn(namespace: string, resource: string): string | undefined {
  const colon = resource.lastIndexOf(':');
  return resource.startsWith(`${namespace}/`) && colon > namespace.length
    ? resource.slice(namespace.length + 1, colon)
    : undefined;
}

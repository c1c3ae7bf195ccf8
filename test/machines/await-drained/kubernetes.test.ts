import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Lab } from '../../support/lab.ts';
import { run, serve } from '../../support/places.ts';

// A busy machine takes its time.
jest.setTimeout(60_000);

let lab: Lab;
let balancer: string;
beforeEach(() => {
  lab = new Lab();
  balancer = lab.region.elbv2.createLoadBalancer({ name: 'k8s' });
});
afterEach(() => lab.close());

const POD = '10.0.7.7';
let groups = 0;

/** A target group as its controller makes and tags it. */
function tagged(tags: Readonly<Record<string, string>>): string {
  groups += 1;
  const group = lab.region.elbv2.createTargetGroup({ name: `k8s-${groups}`, type: 'ip', tags });
  lab.region.elbv2.attach(balancer, group);
  return group;
}

const ofIngress = (cluster: string, stack: string, resource: string) =>
  tagged({ 'elbv2.k8s.aws/cluster': cluster, 'ingress.k8s.aws/stack': stack, 'ingress.k8s.aws/resource': resource });
const ofService = (cluster: string, service: string) =>
  tagged({
    'elbv2.k8s.aws/cluster': cluster,
    'service.k8s.aws/stack': service,
    'service.k8s.aws/resource': `${service}:80`,
  });
const ofAutoMode = (cluster: string, stack: string, resource: string) =>
  tagged({
    'eks:eks-cluster-name': cluster,
    'ingress.eks.amazonaws.com/stack': stack,
    'ingress.eks.amazonaws.com/resource': resource,
  });

/** How many target groups a name is read as, and how many registrations of the pod are seen in them. */
async function readAs(where: object): Promise<{ groups: number; open: number; status: string }> {
  await lab.pass(60);
  const { receipt } = await run(lab, 'await-drained', { targets: [{ id: POD }], dryRun: true, ...where });
  return { groups: receipt.targetGroups.count, open: receipt.counts.open, status: receipt.status };
}

const SHOP = { namespace: 'shop', ingress: 'web' };

test('the stack tag names an ingress exactly', async () => {
  serve(lab, ofIngress('one', 'shop/web', 'shop/web-cart:80'), POD);
  ofIngress('one', 'shop/web', 'shop/web-pay:80');
  // Another ingress, whose backend reads as one of ours.
  ofIngress('one', 'shop/web-api', 'shop/web-api-cart:80');
  ofIngress('one', 'other/web', 'other/web-cart:80');
  expect(await readAs(SHOP)).toEqual({ groups: 2, open: 1, status: 'succeeded' });
});

test('a backend narrows an ingress down', async () => {
  ofIngress('one', 'shop/web', 'shop/web-cart:80');
  serve(lab, ofIngress('one', 'shop/web', 'shop/web-pay:80'), POD);
  expect(await readAs({ ...SHOP, service: 'cart' })).toEqual({ groups: 1, open: 0, status: 'succeeded' });
});

test('in an IngressGroup the resource tag tells of the ingress', async () => {
  serve(lab, ofIngress('one', 'everything', 'shop/web-cart:80'), POD);
  ofIngress('one', 'everything', 'shop/admin-cart:80');
  ofIngress('one', 'everything', 'shopping/web-cart:80');
  expect(await readAs(SHOP)).toEqual({ groups: 1, open: 1, status: 'succeeded' });
});

test('a name with hyphens that reads two ways is waited for in both', async () => {
  // The ingress web with the service api-cart, or the ingress web-api with the service cart.
  serve(lab, ofIngress('one', 'everything', 'shop/web-api-cart:80'), POD);
  expect(await readAs(SHOP)).toEqual({ groups: 1, open: 1, status: 'succeeded' });
  expect(await readAs({ namespace: 'shop', ingress: 'web-api' })).toMatchObject({ groups: 1, open: 1 });
  expect(await readAs({ ...SHOP, service: 'cart' })).toMatchObject({ groups: 1 });
});

test('two clusters with the same ingress: both are waited for, unless one is named', async () => {
  ofIngress('one', 'shop/web', 'shop/web-cart:80');
  serve(lab, ofIngress('two', 'everything', 'shop/web-cart:80'), POD);
  expect(await readAs(SHOP)).toEqual({ groups: 2, open: 1, status: 'succeeded' });
  expect(await readAs({ ...SHOP, cluster: 'one' })).toEqual({ groups: 1, open: 0, status: 'succeeded' });
  expect(await readAs({ ...SHOP, cluster: 'two' })).toEqual({ groups: 1, open: 1, status: 'succeeded' });
});

test('the tags of EKS Auto Mode are read alike', async () => {
  serve(lab, ofAutoMode('auto', 'shop/web', 'shop/web-cart:80'), POD);
  ofAutoMode('auto', 'everything', 'shop/web-pay:80');
  ofAutoMode('auto', 'everything', 'shop/admin-pay:80');
  expect(await readAs({ ...SHOP, cluster: 'auto' })).toEqual({ groups: 2, open: 1, status: 'succeeded' });
});

test('a service is found by its own load balancer, and as a backend of ingresses', async () => {
  serve(lab, ofService('one', 'shop/cart'), POD);
  serve(lab, ofIngress('one', 'shop/web', 'shop/web-cart:80'), POD);
  ofService('one', 'shop/pay');
  expect(await readAs({ namespace: 'shop', service: 'cart' })).toEqual({ groups: 2, open: 2, status: 'succeeded' });
});

test('more target groups than a page of the Tagging API holds are all read', async () => {
  for (let n = 0; n < 230; n += 1) ofIngress('one', 'everything', `shop/admin-${n}:80`);
  serve(lab, ofIngress('one', 'everything', 'shop/web-cart:80'), POD);
  expect(await readAs(SHOP)).toEqual({ groups: 1, open: 1, status: 'succeeded' });
});

test('no match is a permanent failure that says what was looked for', async () => {
  ofIngress('one', 'shop/web', 'shop/web-cart:80');
  const { receipt } = await run(lab, 'await-drained', {
    targets: [{ id: POD }],
    namespace: 'shop',
    ingress: 'wbe',
    cluster: 'one',
  });
  expect(receipt).toMatchObject({
    status: 'failed',
    reason: 'no target group carries the tags of ingress wbe in namespace shop, cluster one in eu-west-1',
    error: { name: 'NotFound' },
  });
});

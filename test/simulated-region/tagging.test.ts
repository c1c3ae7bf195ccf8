import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { expect, test } from '@jest/globals';
import { virtualRegion } from './virtual-region.ts';

function tagged(count: number) {
  const { region } = virtualRegion();
  const balancer = region.elbv2.createLoadBalancer({ name: 'front', tags: { team: 'shop' } });
  const groups = Array.from({ length: count }, (_, n) =>
    region.elbv2.createTargetGroup({ name: `group-${n}`, tags: { team: n % 2 === 0 ? 'shop' : 'pay', n: `${n}` } }),
  );
  region.elbv2.createTargetGroup({ name: 'plain' });
  return { balancer, groups, tagging: new ResourceGroupsTaggingAPIClient(region.clientConfig()) };
}

const arnsOf = (answer: { ResourceTagMappingList?: { ResourceARN?: string | undefined }[] | undefined }) =>
  (answer.ResourceTagMappingList ?? []).map(({ ResourceARN }) => ResourceARN);

test('finds what carries all the tags, of the types that are asked for', async () => {
  const { balancer, groups, tagging } = tagged(4);
  const TagFilters = [{ Key: 'team', Values: ['shop'] }];
  expect(arnsOf(await tagging.send(new GetResourcesCommand({ TagFilters })))).toEqual([balancer, groups[0], groups[2]]);
  const ResourceTypeFilters = ['elasticloadbalancing:targetgroup'];
  const both = { ResourceTypeFilters, TagFilters: [...TagFilters, { Key: 'n', Values: ['2', '3'] }] };
  expect(arnsOf(await tagging.send(new GetResourcesCommand(both)))).toEqual([groups[2]]);
  expect(arnsOf(await tagging.send(new GetResourcesCommand({ TagFilters: [{ Key: 'n' }] })))).toEqual(groups);
});

test('pages by tokens, the last of which is empty', async () => {
  const { groups, tagging } = tagged(5);
  const ask = (PaginationToken?: string) =>
    tagging.send(
      new GetResourcesCommand({
        ResourcesPerPage: 2,
        ResourceTypeFilters: ['elasticloadbalancing:targetgroup'],
        ...(PaginationToken === undefined ? {} : { PaginationToken }),
      }),
    );
  const found: (string | undefined)[] = [];
  let token: string | undefined;
  do {
    const page = await ask(token);
    found.push(...arnsOf(page));
    token = page.PaginationToken;
  } while (token !== undefined && token !== '');
  expect(found).toEqual(groups);
  expect(token).toBe('');
});

test('what has no tag is not known', async () => {
  const { groups, tagging } = tagged(1);
  expect(arnsOf(await tagging.send(new GetResourcesCommand({})))).toHaveLength(groups.length + 1);
});

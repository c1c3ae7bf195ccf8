/** The Resource Groups Tagging API: what carries a tag, without any access to whatever wrote it. */
import {
  paginateGetResources,
  ResourceGroupsTaggingAPIClient,
  type TagFilter,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { clientFactory } from './clients.ts';

export const taggingClient = clientFactory(ResourceGroupsTaggingAPIClient);

export interface TaggedResource {
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
}

const PAGE = 100;

/** Every target group that carries the tag, with all its tags. @param value any value when absent */
export async function taggedTargetGroups(
  tagging: ResourceGroupsTaggingAPIClient,
  key: string,
  value?: string,
): Promise<TaggedResource[]> {
  const filter: TagFilter = { Key: key, ...(value === undefined ? {} : { Values: [value] }) };
  const found: TaggedResource[] = [];
  const pages = paginateGetResources(
    { client: tagging, pageSize: PAGE },
    { ResourceTypeFilters: ['elasticloadbalancing:targetgroup'], TagFilters: [filter] },
  );
  for await (const page of pages) {
    for (const { ResourceARN, Tags } of page.ResourceTagMappingList ?? []) {
      if (ResourceARN === undefined) continue;
      found.push({ arn: ResourceARN, tags: new Map((Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])) });
    }
  }
  return found;
}

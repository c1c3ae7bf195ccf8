import {
  GetResources$,
  type GetResourcesCommandInput,
  type GetResourcesCommandOutput,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { page } from './cursor.ts';
import { operation, ServiceError, type ServiceModel } from './service.ts';

/** What carries tags, numbered in the order in which it was made. */
export interface TaggedResource {
  readonly sequence: number;
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
}

const LARGEST_PAGE = 100;

/** The Resource Groups Tagging API over whatever the other models have tagged. What has never had a tag it does not know. */
export class TaggingModel {
  readonly service: ServiceModel;
  readonly #resources: () => Iterable<TaggedResource>;

  constructor(resources: () => Iterable<TaggedResource>) {
    this.#resources = resources;
    this.service = {
      id: 'tagging',
      protocol: 'json-1.1',
      target: 'ResourceGroupsTaggingAPI_20170126',
      operations: {
        GetResources: operation<GetResourcesCommandInput, GetResourcesCommandOutput>(
          GetResources$,
          'read',
          (input) => this.#getResources(input),
          [{ name: 'tagging-get-resources' }],
        ),
      },
    };
  }

  #getResources(input: GetResourcesCommandInput): Omit<GetResourcesCommandOutput, '$metadata'> {
    const { ResourceTypeFilters: types = [], TagFilters: filters = [], ResourceARNList: arns = [] } = input;
    const size = input.ResourcesPerPage ?? 50;
    if (size < 1 || size > LARGEST_PAGE) {
      throw new ServiceError('InvalidParameterException', `ResourcesPerPage must be from 1 to ${LARGEST_PAGE}`);
    }
    const found = [...this.#resources()].filter(
      ({ arn, tags }) =>
        tags.size > 0 &&
        (arns.length === 0 || arns.includes(arn)) &&
        (types.length === 0 || types.some((type) => isOfType(arn, type))) &&
        filters.every(({ Key = '', Values = [] }) => {
          const value = tags.get(Key);
          return value !== undefined && (Values.length === 0 || Values.includes(value));
        }),
    );
    const { items, next } = page(found, input.PaginationToken, size, 'PaginationTokenExpiredException');
    return {
      ResourceTagMappingList: items.map(({ arn, tags }) => ({
        ResourceARN: arn,
        Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
      })),
      // The last page has an empty token, not none.
      PaginationToken: next ?? '',
    };
  }
}

/** @param type `elasticloadbalancing`, or with a resource type: `elasticloadbalancing:targetgroup` */
function isOfType(arn: string, type: string): boolean {
  const [service, resource] = type.split(':');
  const [, , owner, , , ...rest] = arn.split(':');
  return owner === service && (resource === undefined || rest.join(':').split('/')[0] === resource);
}

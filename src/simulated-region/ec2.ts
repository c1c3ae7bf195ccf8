import type {
  DescribeInstanceAttributeCommandInput,
  DescribeInstanceAttributeCommandOutput,
  DescribeInstancesCommandInput,
  DescribeInstancesCommandOutput,
  DescribeRegionsCommandInput,
  DescribeRegionsCommandOutput,
  DescribeSpotInstanceRequestsCommandInput,
  DescribeSpotInstanceRequestsCommandOutput,
  DescribeTagsCommandInput,
  DescribeTagsCommandOutput,
  Instance,
  InstanceStateChange,
  TerminateInstancesCommandInput,
  TerminateInstancesCommandOutput,
} from '@aws-sdk/client-ec2';
import {
  DescribeInstanceAttribute$,
  DescribeInstances$,
  DescribeRegions$,
  DescribeSpotInstanceRequests$,
  DescribeTags$,
  TerminateInstances$,
} from '@aws-sdk/client-ec2';
import { describeInstance, describeSpotRequest, instanceFilters, spotFilters, tagFilters } from './ec2/describe.ts';
import { filterBy } from './ec2/filters.ts';
import { Fleet } from './ec2/fleet.ts';
import type { InstanceRecord, LaunchSpec } from './ec2/instance.ts';
import { stateCodes } from './ec2/instance.ts';
import { pageOf, positionOf, tokenAt } from './paging.ts';
import type { ServiceModel } from './service.ts';
import { operation, ServiceError } from './service.ts';
import type { InstanceState, World } from './world.ts';

export type { LaunchSpec } from './ec2/instance.ts';

const LARGEST_PAGE = 1000;
const SMALLEST_PAGE = 5;

export interface Ec2Options {
  /** How long a fresh instance is missing from answers: EC2 is eventually consistent. 0 when absent. */
  readonly visibleAfterSeconds?: number;
  /** From a termination to its end, at least and at most; 30 to 60 when absent. */
  readonly shuttingDownSeconds?: readonly [least: number, most: number];
}

/** EC2: instances, on the wire as `service`, to the other models as `instances`, to a scenario by its methods. */
export class Ec2Model {
  readonly instances: Fleet;
  readonly service: ServiceModel;
  readonly #world: World;
  readonly #visibleAfterMs: number;

  constructor(world: World, options: Ec2Options = {}) {
    this.#world = world;
    this.#visibleAfterMs = (options.visibleAfterSeconds ?? 0) * 1000;
    this.instances = new Fleet(world, options.shuttingDownSeconds);
    this.service = this.#service();
  }

  /** @returns the instance's id. */
  launch(spec: LaunchSpec = {}): string {
    return this.instances.launch(spec).instanceId;
  }

  terminate(instanceId: string): void {
    this.instances.terminate(this.instances.require(instanceId));
  }

  stop(instanceId: string): void {
    this.instances.stop(this.instances.require(instanceId));
  }

  start(instanceId: string): void {
    this.instances.start(this.instances.require(instanceId));
  }

  /** Emits the interruption warning now, and terminates the instance two minutes later. */
  interruptSpot(instanceId: string): void {
    this.instances.interrupt(this.instances.require(instanceId));
  }

  setTerminationProtection(instanceId: string, on: boolean): void {
    this.instances.require(instanceId).terminationProtection = on;
  }

  tag(instanceId: string, tags: Readonly<Record<string, string>>): void {
    const record = this.instances.require(instanceId);
    for (const [key, value] of Object.entries(tags)) record.tags.set(key, value);
  }

  /** Undefined once a terminated instance is no longer described. */
  state(instanceId: string): InstanceState | undefined {
    return this.instances.find(instanceId)?.state;
  }

  #service(): ServiceModel {
    const describeBucket = [{ name: 'ec2-describes' }];
    const narrowed = (input: DescribeInstancesCommandInput) =>
      input.InstanceIds?.length || input.Filters?.length || input.MaxResults !== undefined ? 1 : 0;
    return {
      id: 'ec2',
      protocol: 'ec2-query',
      target: '2016-11-15',
      xmlNamespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
      operations: {
        DescribeInstances: operation<DescribeInstancesCommandInput, DescribeInstancesCommandOutput>(
          DescribeInstances$,
          'read',
          (input) => this.#describeInstances(input),
          [
            { name: 'ec2-describe-instances-filtered', cost: narrowed },
            { name: 'ec2-describe-instances-unfiltered', cost: (input) => 1 - narrowed(input) },
          ],
        ),
        TerminateInstances: operation<TerminateInstancesCommandInput, TerminateInstancesCommandOutput>(
          TerminateInstances$,
          'write',
          (input) => this.#terminateInstances(input),
          [
            { name: 'ec2-terminate-instances' },
            { name: 'ec2-terminate-instances-resources', cost: (input) => input.InstanceIds?.length ?? 0 },
          ],
        ),
        DescribeInstanceAttribute: operation<
          DescribeInstanceAttributeCommandInput,
          DescribeInstanceAttributeCommandOutput
        >(DescribeInstanceAttribute$, 'read', (input) => this.#describeAttribute(input), describeBucket),
        DescribeSpotInstanceRequests: operation<
          DescribeSpotInstanceRequestsCommandInput,
          DescribeSpotInstanceRequestsCommandOutput
        >(DescribeSpotInstanceRequests$, 'read', (input) => this.#describeSpotRequests(input), describeBucket),
        DescribeTags: operation<DescribeTagsCommandInput, DescribeTagsCommandOutput>(
          DescribeTags$,
          'read',
          (input) => this.#describeTags(input),
          describeBucket,
        ),
        DescribeRegions: operation<DescribeRegionsCommandInput, DescribeRegionsCommandOutput>(
          DescribeRegions$,
          'read',
          () => ({
            Regions: [
              {
                RegionName: this.#world.region,
                Endpoint: `ec2.${this.#world.region}.amazonaws.com`,
                OptInStatus: 'opt-in-not-required',
              },
            ],
          }),
          describeBucket,
        ),
      },
    };
  }

  #visible(record: InstanceRecord): boolean {
    return Date.now() >= record.launchTime + this.#visibleAfterMs;
  }

  /** @throws ServiceError that names the malformed ids, or else the unknown ones. */
  #requireAll(ids: readonly string[]): readonly InstanceRecord[] {
    const malformed = ids.filter((id) => !/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id));
    if (malformed.length > 0) {
      const label = malformed.length === 1 ? 'Invalid id' : 'Invalid ids';
      throw new ServiceError('InvalidInstanceID.Malformed', `${label}: "${malformed.join(', ')}"`);
    }
    const records = [...new Set(ids)].map((id) => ({ id, record: this.instances.find(id) }));
    const unknown = records.filter(({ record }) => !record || !this.#visible(record)).map(({ id }) => id);
    if (unknown.length > 0) {
      const [label, verb] = unknown.length === 1 ? ['ID', 'does'] : ['IDs', 'do'];
      throw new ServiceError(
        'InvalidInstanceID.NotFound',
        `The instance ${label} '${unknown.join(', ')}' ${verb} not exist`,
      );
    }
    return records.flatMap(({ record }) => record ?? []);
  }

  #describeInstances(input: DescribeInstancesCommandInput): Omit<DescribeInstancesCommandOutput, '$metadata'> {
    const { InstanceIds: ids, MaxResults: size, NextToken: token } = input;
    if (ids?.length && size !== undefined) {
      throw new ServiceError(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    }
    if (size !== undefined && (size < SMALLEST_PAGE || size > LARGEST_PAGE)) {
      const bound = size < SMALLEST_PAGE ? `greater than ${SMALLEST_PAGE}` : `less than ${LARGEST_PAGE}`;
      throw new ServiceError(
        'InvalidParameterValue',
        `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value ${bound}.`,
      );
    }
    const matches = filterBy(input.Filters, instanceFilters);
    const start = positionOf(token, 'InvalidParameterValue');
    const candidates = ids?.length
      ? this.#requireAll(ids)
      : this.#candidates(input).filter((each) => this.#visible(each));
    // Paging goes by the order of launch, so that an instance that vanishes between two pages shifts nothing.
    const found = candidates.filter((each) => each.sequence >= start && matches(each));
    const page = size === undefined ? found : found.slice(0, size);
    const next = found[page.length];
    return {
      Reservations: page.map((record) => this.#reservation(describeInstance(record))),
      ...(next && { NextToken: tokenAt(next.sequence) }),
    };
  }

  /** Those that a filter by id names, found without going through the whole fleet; in the order of launch. */
  #candidates({ Filters: filters }: DescribeInstancesCommandInput): readonly InstanceRecord[] {
    const ids = filters?.find(({ Name, Values }) => Name === 'instance-id' && !Values?.some((id) => /[*?]/.test(id)));
    if (!ids) return [...this.instances.all()];
    const found = [...new Set(ids.Values)].flatMap((id) => this.instances.find(id) ?? []);
    return found.sort((a, b) => a.sequence - b.sequence);
  }

  #reservation(instance: Instance) {
    const suffix = instance.InstanceId?.slice(2) ?? '';
    return { ReservationId: `r-${suffix}`, OwnerId: this.#world.accountId, Groups: [], Instances: [instance] };
  }

  /** One bad id fails them all; a protected instance fails those that share its Availability Zone, and the call. */
  #terminateInstances(input: TerminateInstancesCommandInput): Omit<TerminateInstancesCommandOutput, '$metadata'> {
    const records = this.#requireAll(input.InstanceIds ?? []);
    const shielded = records.filter((each) => each.terminationProtection && each.state !== 'terminated');
    const zones = new Set(shielded.map((each) => each.availabilityZone));
    if (input.DryRun && shielded.length === 0) {
      throw new ServiceError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    }
    const changes: InstanceStateChange[] = [];
    for (const record of input.DryRun ? [] : records) {
      if (zones.has(record.availabilityZone)) continue;
      const previous = record.state;
      this.instances.terminate(record);
      changes.push({
        InstanceId: record.instanceId,
        PreviousState: { Code: stateCodes[previous], Name: previous },
        CurrentState: { Code: stateCodes[record.state], Name: record.state },
      });
    }
    const [first] = shielded;
    if (first) {
      throw new ServiceError(
        'OperationNotPermitted',
        `The instance '${first.instanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      );
    }
    return { TerminatingInstances: changes };
  }

  #describeAttribute(
    input: DescribeInstanceAttributeCommandInput,
  ): Omit<DescribeInstanceAttributeCommandOutput, '$metadata'> {
    const [record] = this.#requireAll([input.InstanceId ?? '']);
    if (!record) throw new Error('One id was asked for and none was refused');
    switch (input.Attribute) {
      case 'disableApiTermination':
        return { InstanceId: record.instanceId, DisableApiTermination: { Value: record.terminationProtection } };
      case 'instanceType':
        return { InstanceId: record.instanceId, InstanceType: { Value: record.instanceType } };
      default:
        throw new ServiceError(
          'InvalidParameterValue',
          `Value (${input.Attribute}) for parameter attribute is invalid. Unknown attribute.`,
        );
    }
  }

  #describeSpotRequests(
    input: DescribeSpotInstanceRequestsCommandInput,
  ): Omit<DescribeSpotInstanceRequestsCommandOutput, '$metadata'> {
    const wanted = input.SpotInstanceRequestIds;
    const requests = [...this.instances.all()].flatMap((record) => describeSpotRequest(record) ?? []);
    const known = new Set(requests.map((each) => each.SpotInstanceRequestId));
    const unknown = (wanted ?? []).find((id) => !known.has(id));
    if (unknown !== undefined) {
      throw new ServiceError(
        'InvalidSpotInstanceRequestID.NotFound',
        `The spot instance request ID '${unknown}' does not exist`,
      );
    }
    const matches = filterBy(input.Filters, spotFilters);
    const found = requests.filter(
      (each) => (!wanted?.length || wanted.includes(each.SpotInstanceRequestId ?? '')) && matches(each),
    );
    const page = pageOf(found, input.MaxResults ?? LARGEST_PAGE, input.NextToken, 'InvalidParameterValue');
    return {
      SpotInstanceRequests: [...page.items],
      ...(page.nextToken !== undefined && { NextToken: page.nextToken }),
    };
  }

  #describeTags(input: DescribeTagsCommandInput): Omit<DescribeTagsCommandOutput, '$metadata'> {
    const matches = filterBy(input.Filters, tagFilters);
    const tags = [...this.instances.all()]
      .filter((record) => this.#visible(record))
      .flatMap(({ instanceId, tags: own }) =>
        [...own].map(([Key, Value]) => ({ ResourceId: instanceId, ResourceType: 'instance' as const, Key, Value })),
      )
      .filter(matches);
    const page = pageOf(tags, input.MaxResults ?? LARGEST_PAGE, input.NextToken, 'InvalidParameterValue');
    return { Tags: [...page.items], ...(page.nextToken !== undefined && { NextToken: page.nextToken }) };
  }
}

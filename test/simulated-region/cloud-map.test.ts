import {
  DeregisterInstanceCommand,
  DuplicateRequest,
  GetOperationCommand,
  InstanceNotFound,
  ListInstancesCommand,
  ListOperationsCommand,
  ListServicesCommand,
  OperationNotFound,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
  ServiceNotFound,
} from '@aws-sdk/client-servicediscovery';
import { beforeEach, expect, test } from '@jest/globals';
import { type VirtualRegion, virtualRegion } from './virtual-region.ts';

let virtual: VirtualRegion;
let client: ServiceDiscoveryClient;
let service: string;

beforeEach(() => {
  virtual = virtualRegion({ cloudMap: { operationSeconds: [8, 8] } });
  client = new ServiceDiscoveryClient(virtual.region.clientConfig());
  const { cloudMap } = virtual.region;
  service = cloudMap.createService(cloudMap.createNamespace('prod'), 'web');
});

const register = (id: string) =>
  virtual.region.cloudMap.register(service, id, { AWS_INSTANCE_IPV4: '10.0.0.1', zone: 'a' });
const statusOf = async (OperationId: string | undefined) =>
  (await client.send(new GetOperationCommand({ OperationId }))).Operation;

test('a registration is listed with its attributes, a hundred a page', async () => {
  for (let index = 0; index < 101; index += 1) register(`task-${index}`);
  const first = await client.send(new ListInstancesCommand({ ServiceId: service }));
  expect(first.Instances).toHaveLength(100);
  expect(first.Instances?.[0]).toEqual({ Id: 'task-0', Attributes: { AWS_INSTANCE_IPV4: '10.0.0.1', zone: 'a' } });
  const second = await client.send(new ListInstancesCommand({ ServiceId: service, NextToken: first.NextToken }));
  expect(second.Instances?.map(({ Id }) => Id)).toEqual(['task-100']);
  expect(second.NextToken).toBeUndefined();
});

test('what is removed between two pages shifts nothing into or out of the next one', async () => {
  for (let index = 0; index < 150; index += 1) register(`task-${index}`);
  const first = await client.send(new ListInstancesCommand({ ServiceId: service }));
  for (let index = 0; index < 20; index += 1) virtual.region.cloudMap.deregister(service, `task-${index}`);
  const second = await client.send(new ListInstancesCommand({ ServiceId: service, NextToken: first.NextToken }));
  expect(second.Instances?.map(({ Id }) => Id)).toEqual(
    Array.from({ length: 50 }, (_, index) => `task-${index + 100}`),
  );
});

test('a removal is submitted, pends, and is done at its end: until then the registration is listed', async () => {
  register('task-1');
  const { OperationId } = await client.send(
    new DeregisterInstanceCommand({ ServiceId: service, InstanceId: 'task-1' }),
  );
  expect(await statusOf(OperationId)).toMatchObject({ Status: 'SUBMITTED', Type: 'DEREGISTER_INSTANCE' });
  await virtual.pass(3);
  expect(await statusOf(OperationId)).toMatchObject({ Status: 'PENDING' });
  expect(virtual.region.cloudMap.registrations(service).size).toBe(1);
  await virtual.pass(5);
  expect(await statusOf(OperationId)).toMatchObject({ Status: 'SUCCESS' });
  expect(virtual.region.cloudMap.registrations(service).size).toBe(0);
});

test('a second operation on the same registration is a DuplicateRequest, which names the first', async () => {
  register('task-1');
  const removal = new DeregisterInstanceCommand({ ServiceId: service, InstanceId: 'task-1' });
  const { OperationId } = await client.send(removal);
  const duplicate = await client.send(removal).catch((error: unknown) => error);
  expect(duplicate).toBeInstanceOf(DuplicateRequest);
  expect(duplicate).toMatchObject({ DuplicateOperationId: OperationId });
  await virtual.pass(8);
  await expect(client.send(removal)).rejects.toBeInstanceOf(InstanceNotFound);
});

test('an operation can fail, and leaves everything as it was', async () => {
  register('task-1');
  virtual.region.cloudMap.failNextOperation(service, 'task-1', 'no hosted zone');
  const { OperationId } = await client.send(
    new DeregisterInstanceCommand({ ServiceId: service, InstanceId: 'task-1' }),
  );
  await virtual.pass(8);
  expect(await statusOf(OperationId)).toMatchObject({ Status: 'FAIL', ErrorMessage: 'no hosted zone' });
  expect(virtual.region.cloudMap.registrations(service).size).toBe(1);
});

test('operations are listed by service, kind, status and time of change; a page is taken first and filtered then', async () => {
  const { cloudMap } = virtual.region;
  const other = cloudMap.createService(cloudMap.createNamespace('other'), 'api');
  register('task-1');
  const { OperationId } = await client.send(
    new DeregisterInstanceCommand({ ServiceId: service, InstanceId: 'task-1' }),
  );
  for (let index = 0; index < 100; index += 1) {
    await client.send(new RegisterInstanceCommand({ ServiceId: other, InstanceId: `t-${index}`, Attributes: {} }));
  }
  const at = Math.floor(Date.now() / 1000);
  const Filters = [
    { Name: 'SERVICE_ID' as const, Values: [service] },
    { Name: 'TYPE' as const, Values: ['DEREGISTER_INSTANCE'], Condition: 'EQ' as const },
    { Name: 'STATUS' as const, Values: ['SUBMITTED', 'PENDING'], Condition: 'IN' as const },
    { Name: 'UPDATE_DATE' as const, Values: [String(at - 5), String(at + 5)], Condition: 'BETWEEN' as const },
  ];
  const first = await client.send(new ListOperationsCommand({ Filters }));
  expect(first.Operations).toEqual([]);
  const second = await client.send(new ListOperationsCommand({ Filters, NextToken: first.NextToken }));
  expect(second.Operations).toEqual([{ Id: OperationId, Status: 'SUBMITTED' }]);
  const wrong = new ListOperationsCommand({ Filters: [{ Name: 'STATUS', Values: ['FAIL', 'SUCCESS'] }] });
  await expect(client.send(wrong)).rejects.toMatchObject({ name: 'InvalidInput' });
});

test('services are listed by namespace, and what is not there has an error of its own', async () => {
  const { cloudMap } = virtual.region;
  const namespace = cloudMap.createNamespace('other');
  const api = cloudMap.createService(namespace, 'api');
  const listed = await client.send(
    new ListServicesCommand({ Filters: [{ Name: 'NAMESPACE_ID', Values: [namespace] }] }),
  );
  expect(listed.Services?.map(({ Id, Name }) => [Id, Name])).toEqual([[api, 'api']]);
  await expect(client.send(new ListInstancesCommand({ ServiceId: 'srv-none' }))).rejects.toBeInstanceOf(
    ServiceNotFound,
  );
  await expect(client.send(new GetOperationCommand({ OperationId: 'none' }))).rejects.toBeInstanceOf(OperationNotFound);
});

test('a service takes a thousand registrations and no more', async () => {
  for (let index = 0; index < 1000; index += 1) register(`task-${index}`);
  expect(() => register('task-1000')).toThrow(/1000 instances/);
});

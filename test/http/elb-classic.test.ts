import { afterEach, expect, test } from '@jest/globals';
import { ApiLab } from './support/api-lab.ts';

let api: ApiLab;
afterEach(() => api.close());

test('GET /elb/{name} lists the instances of a Classic load balancer, by its own API', async () => {
  api = new ApiLab();
  const { classicElb, ec2 } = api.lab.region;
  const [on] = [ec2.launch(), ec2.launch()];
  classicElb.create({ name: 'old' });
  classicElb.register('old', on);
  await api.lab.pass(300);

  const answer = await api.ask('GET', '/elb/old');

  expect(answer.status).toBe(200);
  expect(answer.body).toEqual([expect.objectContaining({ instanceId: on })]);
  expect(api.lab.region.calls.count({ operation: 'DescribeInstanceHealth' })).toBeGreaterThan(0);
});

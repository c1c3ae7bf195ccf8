import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect } from '@jest/globals';
import { builtAction } from '../support/built.ts';
import { together } from '../support/together.ts';
import { runStep, type StepResult } from './runner.ts';
import { registered } from './scenes.ts';
import { openStage, type Stage } from './stage.ts';

interface Told {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

const TOKEN = 'ghs_0123456789abcdefghijklmnopqrstuvwxyz';
let stage: Stage;
let folder: string;

const it = together(async () => {
  [stage, folder] = await Promise.all([openStage(), builtAction()]);
}, 12);

afterAll(() => stage.close());

/** What of GitHub's API a status needs. */
async function github(status: number): Promise<{ server: Server; url: string; told: Told[] }> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      told.push({
        path: `${request.method} ${request.url}`,
        authorization: request.headers.authorization,
        body: JSON.parse(text) as Told['body'],
      });
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(status === 201 ? '{"id":1}' : '{"message":"Forbidden"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function deploy(
  status: number,
  more: Readonly<Record<string, string>> = {},
  delaySeconds = 1,
): Promise<{ result: StepResult; told: Told[] }> {
  const { server, url, told } = await github(status);
  const { id, group } = registered(stage.region, delaySeconds);
  const result = await runStep(folder, {
    endpoint: stage.url,
    inputs: {
      workflow: 'deregister-targets',
      targets: id,
      'target-groups': group,
      'timeout-seconds': '60',
      'min-poll-interval-seconds': '1',
      'github-token': TOKEN,
      'deployment-id': '42',
      ...more,
    },
    environment: { GITHUB_API_URL: url },
  });
  server.close();
  return { result, told };
}

it('the status of a deployment follows the work', async () => {
  const { result, told } = await deploy(201);
  expect(result.exitCode).toBe(0);
  expect(told.map(({ path: asked, authorization, body }) => [asked, authorization, body.state, body.log_url])).toEqual(
    ['in_progress', 'success'].map((state) => [
      'POST /repos/acme/shop/deployments/42/statuses',
      `token ${TOKEN}`,
      state,
      'https://github.com/acme/shop/actions/runs/4711',
    ]),
  );
});

it('a deployment whose work came to nothing has failed', async () => {
  const { result, told } = await deploy(201, { 'timeout-seconds': '1' }, 300);
  expect(result.exitCode).toBe(1);
  expect(told.at(-1)?.body).toMatchObject({ state: 'failure' });
});

it('work is not failed by a token that may not set the status, but it is said', async () => {
  const { result } = await deploy(403);
  expect(result).toMatchObject({ exitCode: 0, outputs: { status: 'succeeded' } });
  expect(result.log).toMatch(/^::warning::The status of deployment 42 could not be set .* deployments: write/m);
});

it('a dry run deploys nothing', async () => {
  const { result, told } = await deploy(201, { 'dry-run': 'true' });
  expect([result.exitCode, told]).toEqual([0, []]);
});

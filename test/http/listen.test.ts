import { Agent, get, type IncomingMessage } from 'node:http';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Hono } from 'hono';
import { listen } from '../../src/cli/serve/listen.ts';
import type { AppEnv } from '../../src/http/services.ts';

const agent = new Agent({ keepAlive: true });
afterEach(() => {
  agent.destroy();
  jest.restoreAllMocks();
});

test('ends with the last answer, although its caller would keep the connection', async () => {
  const asked = Promise.withResolvers<void>();
  const due = Promise.withResolvers<void>();
  const app = new Hono<AppEnv>();
  app.get('/held', async (context) => {
    asked.resolve();
    await due.promise;
    return context.text('done');
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    get(`${server.url}/held`, { agent }, (response) => resolve(response.resume())).on('error', reject);
  });
  await asked.promise;
  // However long it takes: only the last answer ends the server, and nothing is cut off.
  jest.spyOn(globalThis, 'setTimeout').mockReturnValue(undefined as unknown as NodeJS.Timeout);
  const closed = server.close();
  jest.restoreAllMocks();
  due.resolve();
  expect((await answer).statusCode).toBe(200);
  await closed;
}, 15_000);

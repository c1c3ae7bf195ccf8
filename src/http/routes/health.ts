import type { Hono } from 'hono';
import { Problem } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';

/** `GET /health` and `GET /healthcheck`: the process answers. `GET /metrics`, where there are any. */
export function health(app: Hono<AppEnv>, services: HttpServices): void {
  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.get('/healthcheck', (context) => context.json({ status: 'ok' }));
  app.get('/metrics', async (context) => {
    if (services.metrics === undefined) {
      throw new Problem('not-found', 'there are no metrics here; the deployed stack has its own in CloudWatch');
    }
    const { contentType, text } = await services.metrics();
    return context.body(text, 200, { 'content-type': contentType });
  });
}

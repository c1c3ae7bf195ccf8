import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Hono } from 'hono';
import { Problem } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** Nothing on the page comes from elsewhere, and nothing in it runs but the two scripts of ours. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice: HTTP API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null });\n`;

const compressed = promisify(gzip);

/** `GET /openapi.json`, and `GET /docs`, a page that renders it. */
export function docs(app: Hono<AppEnv>, services: HttpServices): void {
  const files = new Map<string, Promise<Buffer>>();
  app.get('/openapi.json', async (context) => {
    // Hardly ever asked for, and no request should wait until all of it is loaded.
    const { openApiDocument } = await import('../openapi/document.ts');
    return context.json(openApiDocument());
  });
  app.get('/docs', (context) => context.html(PAGE, 200, { 'content-security-policy': POLICY }));
  app.get('/docs/start.js', (context) =>
    context.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  );
  app.get('/docs/:file', async (context) => {
    const name = context.req.param('file');
    const type = FILES[name];
    if (type === undefined)
      throw new Problem('not-found', `there is no ${name.slice(0, 80)} among the files of the page`);
    // Every browser takes gzip, and the script is a third of its size in it.
    const file = files.get(name) ?? services.docsFile(name).then((bytes) => compressed(bytes));
    files.set(name, file);
    const headers = { 'content-type': type, 'content-encoding': 'gzip', 'cache-control': 'private, max-age=86400' };
    return context.body(new Uint8Array(await file), 200, headers);
  });
}

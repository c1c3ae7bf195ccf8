/** API Gateway's HTTP API in front of a function: its event documents (payload format 2.0), and an address to ask. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LambdaEvent } from 'hono/aws-lambda';
import type { LambdaHandler } from '../../../src/http/lambda.ts';

export interface GatewayRequest {
  readonly method: string;
  /** Path and query. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const HOST = 'abcdef1234.execute-api.eu-west-1.amazonaws.com';

export function gatewayEvent({ method, address, headers, body }: GatewayRequest): LambdaEvent {
  const [rawPath = '', rawQueryString = ''] = address.split('?');
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers: {
      host: HOST,
      accept: '*/*',
      'user-agent': 'curl/8.5.0',
      'x-amzn-trace-id': 'Root=1-65e2f1d4-0123456789abcdef01234567',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      ...headers,
    },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abcdef1234',
      authentication: null,
      authorizer: {},
      domainName: HOST,
      domainPrefix: 'abcdef1234',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'curl/8.5.0' },
      requestId: 'UmX9bgZ_DoEEPxQ=',
      routeKey: '$default',
      stage: '$default',
      time: '02/Mar/2026:12:00:00 +0000',
      timeEpoch: 1_772_452_800_000,
    },
    body: body === undefined ? null : Buffer.from(body).toString('base64'),
    isBase64Encoded: body !== undefined,
  };
  return event as LambdaEvent;
}

export interface Gateway {
  readonly url: string;
  /** Status of every answer, in order. */
  readonly statuses: number[];
  close(): Promise<void>;
}

export function serveGateway(handler: LambdaHandler): Promise<Gateway> {
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const event = gatewayEvent({ method: request.method ?? '', address: request.url ?? '', headers });
    void handler(event).then((answer) => {
      statuses.push(answer.statusCode);
      const sent = Object.entries(answer.headers ?? {}).map(([name, value]) => [name, String(value)]);
      response.writeHead(answer.statusCode, Object.fromEntries(sent));
      response.end(answer.isBase64Encoded === true ? Buffer.from(answer.body, 'base64') : answer.body);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const close = () =>
        new Promise<void>((closed) => {
          server.close(() => closed());
          server.closeAllConnections();
        });
      resolve({ url: `http://127.0.0.1:${port}`, statuses, close });
    });
  });
}

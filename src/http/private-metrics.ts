import { type HttpServer, listen } from './listen.ts';
import type { OperatorPage } from './operator-routes.ts';
import { setSecurityHeaders } from './security-headers.ts';

export interface PrivateMetricsOptions {
  readonly host: string;
  readonly port: number;
  readonly page: () => Promise<OperatorPage>;
}

/** `GET /metrics` and nothing else, without a token, on a port of its own that only the operator's network reaches. */
export function listenForMetrics({ host, port, page }: PrivateMetricsOptions): Promise<HttpServer> {
  return listen({
    host,
    port,
    maxInFlight: 8,
    maxConnections: 32,
    async handle(request, response) {
      setSecurityHeaders(response, false);
      const isAsked = request.url?.split('?', 1)[0] === '/metrics';
      const mayRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isAsked || !mayRead) {
        response.writeHead(isAsked ? 405 : 404).end();
        return;
      }
      const { contentType, body } = await page();
      response.setHeader('Content-Type', contentType);
      response.end(body);
    },
  });
}

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { Cors } from './cors.ts';
import { HttpFault, jsonRpcRefusal, plainRefusal, sendRefusal } from './error-response.ts';
import type { HostGuard } from './host-guard.ts';
import type { HttpsOnly } from './https-only.ts';
import { checkRequestShape } from './request-shape.ts';
import { setSecurityHeaders } from './security-headers.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void>;

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface RoutesOptions {
  readonly hostGuard: HostGuard;
  /** Absent: no page of another origin may read an answer. */
  readonly cors?: Cors | undefined;
  /** Absent: what proxies say of the scheme does not matter. */
  readonly httpsOnly?: HttpsOnly | undefined;
  readonly mcp: Handler;
  /** Further paths, such as the dashboard's. */
  readonly more?: Routes;
  readonly readiness: () => Promise<Readiness>;
  readonly health: () => Promise<'healthy' | 'degraded' | 'unhealthy'>;
  /** Served as RFC 9728 metadata. */
  readonly resourceMetadata: object;
  /** Whether callers reach the server by TLS. */
  readonly tls: boolean;
  readonly note: Note;
}

/** Path, then method. */
export type Routes = Readonly<Record<string, Methods>>;

/** Platforms probe a replica by its address, whatever name the server has; the answers hold nothing that rebinding could steal. */
const probePaths: ReadonlySet<string> = new Set(['/health/live', '/health/ready']);

const metadataPath = '/.well-known/oauth-protected-resource';

/** Every path the server answers, and nothing else. */
export function createRoutes(options: RoutesOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { hostGuard, cors, httpsOnly, mcp, more = {}, readiness, health, resourceMetadata, tls, note } = options;
  const metadata: Handler = async (_request, response) => json(response, 200, resourceMetadata);
  const routes: Routes = {
    '/mcp': { POST: mcp },
    '/health': {
      GET: async (_request, response) => {
        const status = await health();
        json(response, status === 'unhealthy' ? 503 : 200, { status });
      },
    },
    '/health/live': { GET: async (_request, response) => json(response, 200, { status: 'alive' }) },
    '/health/ready': {
      GET: async (_request, response) => {
        const { ready, reason } = await readiness();
        json(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', ...(reason === undefined ? {} : { reason }) });
      },
    },
    [metadataPath]: { GET: metadata },
    [`${metadataPath}/mcp`]: { GET: metadata },
    ...more,
  };

  return async (request, response) => {
    const requestId = randomUUID();
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    setSecurityHeaders(response, tls);
    response.setHeader('X-Request-Id', requestId);
    try {
      checkRequestShape(request);
      if (!probePaths.has(path)) hostGuard(request.headers);
      if (httpsOnly?.(request, response, path)) return;
      cors?.mark(request, response);
      const methods = methodsAt(routes, path);
      if (cors?.isPreflight(request)) cors.answerPreflight(response, Object.keys(methods));
      else await handlerFor(methods, request, response)(request, response, requestId);
    } catch (error) {
      const refusal = path === '/mcp' ? jsonRpcRefusal(error, { requestId }) : plainRefusal(error, requestId);
      sendRefusal({ request, response, refusal, error, requestId }, note);
    }
  };
}

type Methods = Readonly<Record<string, Handler>>;

function methodsAt(routes: Routes, path: string): Methods {
  const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (methods !== undefined) return methods;
  throw new AppError('not_found', 'There is nothing at this address', { hint: 'MCP is served at /mcp.' });
}

function handlerFor(methods: Methods, request: IncomingMessage, response: ServerResponse): Handler {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler !== undefined) return handler;
  const served = Object.keys(methods).join(', ');
  response.setHeader('Allow', served);
  throw new HttpFault(405, `Only ${served} is served here`);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

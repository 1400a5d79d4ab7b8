import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import { jsonRpcRefusal, plainRefusal, sendRefusal } from './error-response.ts';
import type { HostGuard } from './host-guard.ts';
import { setSecurityHeaders } from './security-headers.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void>;

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface RoutesOptions {
  readonly hostGuard: HostGuard;
  readonly mcp: Handler;
  readonly readiness: () => Promise<Readiness>;
  readonly health: () => Promise<'healthy' | 'degraded' | 'unhealthy'>;
  /** Served as RFC 9728 metadata. */
  readonly resourceMetadata: object;
  /** Whether callers reach the server by TLS. */
  readonly tls: boolean;
  readonly note: Note;
}

/** Path, then method. */
type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

const metadataPath = '/.well-known/oauth-protected-resource';

/** Every path the server answers, and nothing else. */
export function createRoutes(options: RoutesOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { hostGuard, mcp, readiness, health, resourceMetadata, tls, note } = options;
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
  };

  return async (request, response) => {
    const requestId = randomUUID();
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    setSecurityHeaders(response, tls);
    response.setHeader('X-Request-Id', requestId);
    try {
      hostGuard(request.headers);
      await dispatch(routes, path)(request, response, requestId);
    } catch (error) {
      const refusal = path === '/mcp' ? jsonRpcRefusal(error, { requestId }) : plainRefusal(error, requestId);
      sendRefusal({ request, response, refusal, error, requestId }, note);
    }
  };
}

function dispatch(routes: Routes, path: string): Handler {
  const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (methods === undefined)
    throw new AppError('not_found', 'There is nothing at this address', { hint: 'MCP is served at /mcp.' });
  return async (request, response, requestId) => {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handler === undefined) notAllowed(response, Object.keys(methods), requestId);
    else await handler(request, response, requestId);
  };
}

/** The method is what is wrong, and HTTP has its own status for it. */
function notAllowed(response: ServerResponse, methods: readonly string[], requestId: string): void {
  const refusal = jsonRpcRefusal(new AppError('invalid_input', `Only ${methods.join(', ')} is served here`), { requestId });
  response.statusCode = 405;
  response.setHeader('Allow', methods.join(', '));
  response.setHeader('Content-Type', 'application/json');
  response.end(refusal.body);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}

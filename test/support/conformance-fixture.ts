import type { Principal } from '../../src/core/principal.ts';
import { createHostGuard } from '../../src/http/host-guard.ts';
import { type HttpServer, listen } from '../../src/http/listen.ts';
import { createMcpRoute } from '../../src/http/mcp-route.ts';
import { createRoutes } from '../../src/http/routes.ts';
import { createAdmitCall } from '../../src/mcp/admit-call.ts';
import { createStreamableHttp } from '../../src/mcp/streamable-http.ts';
import { createFixtureServer, streamingTools } from './conformance-fixture-server.ts';
import { fixtureTasks } from './conformance-fixture-tasks.ts';

const anybody: Principal = { subject: 'conformance', roles: [], permissions: new Set(), tenants: [] };

/** The product's HTTP and MCP stack around the conformance suite's own tools. Any bearer token opens it; loopback only. */
export function startConformanceFixture(port = 0): Promise<HttpServer> {
  const note = () => {};
  const tasks = fixtureTasks();
  const endpoint = createStreamableHttp({
    createServer: (scope) => {
      const server = createFixtureServer();
      tasks.serve(server, scope);
      return server;
    },
    directCall: tasks.directCall,
    onClose: tasks.close,
    admit: createAdmitCall({ authorize: () => {} }),
    guardedThing: () => undefined,
    note,
    streamsLegacy,
  });
  const mcp = createMcpRoute({
    endpoint,
    authenticate: async () => anybody,
    tenantHeader: 'x-rls-user-id',
    trustedProxies: 0,
    challenge: { metadataUrl: 'http://127.0.0.1/.well-known/oauth-protected-resource/mcp', scopes: [] },
    note,
  });
  const handle = createRoutes({
    hostGuard: createHostGuard({ allowedHosts: [], allowedOrigins: [], loopback: true }),
    mcp,
    readiness: async () => ({ ready: true }),
    health: async () => 'healthy',
    resourceMetadata: {},
    tls: false,
    note,
  });
  return listen({ handle, host: '127.0.0.1', port });
}

function streamsLegacy(body: unknown): boolean {
  const params = (body as { params?: { name?: unknown } }).params;
  return typeof params?.name === 'string' && streamingTools.has(params.name);
}

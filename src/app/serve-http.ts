import { localUrl } from '../config/local-url.ts';
import { isLoopback } from '../config/loopback.ts';
import type { Config } from '../config/schema.ts';
import type { Note } from '../core/observation.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { createCors } from '../http/cors.ts';
import { createHostGuard } from '../http/host-guard.ts';
import { createHttpsOnly } from '../http/https-only.ts';
import { type HttpServer, type ListenLimits, listen } from '../http/listen.ts';
import { createMcpRoute } from '../http/mcp-route.ts';
import { createOperatorRoutes } from '../http/operator-routes.ts';
import { createRoutes } from '../http/routes.ts';
import { metadataUrl, resourceIdentifier, resourceMetadata } from '../identity/resource-metadata.ts';
import { scopeHeader } from '../identity/wire-names.ts';
import type { StreamableHttp } from '../mcp/streamable-http.ts';
import type { Database } from '../postgres/database.ts';
import type { Composition } from './compose.ts';
import type { TrustedIssuer } from './identity-edge.ts';
import { type DashboardParts, dashboardRoutes } from './serve-dashboard.ts';
import { type OperatorParts, operatorPages, operatorsOnly } from './telemetry/operator-pages.ts';

export interface ServeHttpOptions {
  readonly config: Config;
  readonly definition: SchemaDefinition;
  readonly composition: {
    readonly mcp: Pick<Composition['mcp'], 'http' | 'admit' | 'answer'>;
    readonly edge: Pick<Composition['edge'], 'callers'>;
    readonly breaker: Pick<Composition['breaker'], 'state'>;
  };
  readonly database: Pick<Database, 'query' | 'load'>;
  /** Absent: no dashboard is served. */
  readonly dashboard?: DashboardParts | undefined;
  /** Absent: no key source is configured, and every call is refused. */
  readonly trusted: TrustedIssuer | undefined;
  /** Absent: nothing is served for operators, and whether the database answers is all that is known of the server's health. */
  readonly operators?: OperatorParts | undefined;
  readonly serverName: string;
  readonly note: Note;
  readonly limits?: ListenLimits;
}

/** The HTTP edge in front of the composed server. */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpServer> {
  const { config, composition, note, limits } = options;
  const endpoint = composition.mcp.http();
  let handle: Parameters<typeof listen>[0]['handle'] = async () => {};
  const { host, port } = config;
  const server = await listen({ ...limits, handle: (request, response) => handle(request, response), host, port, note });
  // The metadata name the server's own address, which for port 0 is known only now.
  handle = routes(options, endpoint, config.publicUrl ?? localUrl({ host, port: server.port }));
  return {
    ...server,
    async close(deadlineMs, graceMs) {
      const closed = server.close(deadlineMs, graceMs);
      // A client that listens would be waited for in vain.
      endpoint.drain();
      await closed;
      await endpoint.close();
    },
  };
}

function routes(options: ServeHttpOptions, endpoint: StreamableHttp, publicUrl: string) {
  const { config, definition, composition, database, trusted, serverName, dashboard, operators, note } = options;
  const resource = resourceIdentifier(publicUrl);
  const tls = publicUrl.startsWith('https:');
  const own = config.publicUrl === undefined ? undefined : new URL(config.publicUrl);
  const walls = {
    ...composition.edge.callers(trusted, resource),
    tenantHeader: scopeHeader,
    challenge: { metadataUrl: metadataUrl(resource), scopes: definition.permissions },
    trustedProxies: config.trustProxy,
    note,
  };
  const mcp = createMcpRoute({ ...walls, endpoint });
  const reachable = async () => {
    try {
      await database.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  };
  return createRoutes({
    hostGuard: createHostGuard({
      allowedHosts: [...(own === undefined ? [] : [own.host]), ...(config.allowedHosts ?? [])],
      // The server's own pages come from there.
      allowedOrigins: [...(own === undefined ? [] : [own.origin]), ...(config.allowedOrigins ?? [])],
      loopback: isLoopback(config.host),
    }),
    cors: config.enableCors ? createCors({ origins: config.allowedOrigins ?? [], requestHeaders: [scopeHeader] }) : undefined,
    httpsOnly: config.httpsRedirect ? createHttpsOnly({ publicUrl, trustedProxies: config.trustProxy }) : undefined,
    mcp,
    more: {
      ...(dashboard &&
        dashboardRoutes(dashboard, {
          ...{ ...walls, composition, resource, tls, publicUrl: config.publicUrl },
          ...{ load: database.load, databaseAnswers: reachable },
        })),
      ...(operators &&
        createOperatorRoutes({ ...walls, pages: operatorPages(operators), admit: operatorsOnly(composition.mcp) })),
    },
    readiness: async () => ((await reachable()) ? { ready: true } : { ready: false, reason: 'database' }),
    health: async () => {
      if (operators !== undefined) return (await operators.health.current()).overall_status;
      return (await reachable()) ? 'healthy' : 'unhealthy';
    },
    resourceMetadata: resourceMetadata({
      resource,
      name: serverName,
      authorizationServers: config.authAuthorizationServers ?? [],
      scopes: definition.permissions,
    }),
    tls,
    note,
  });
}

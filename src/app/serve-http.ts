import { isLoopback } from '../config/loopback.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note } from '../core/observation.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Authenticate } from '../http/authenticate.ts';
import { createHostGuard } from '../http/host-guard.ts';
import { type HttpServer, listen } from '../http/listen.ts';
import { createMcpRoute } from '../http/mcp-route.ts';
import { createRoutes } from '../http/routes.ts';
import type { KeySource } from '../identity/key-source.ts';
import { metadataUrl, resourceIdentifier, resourceMetadata } from '../identity/resource-metadata.ts';
import { resolvePrincipal } from '../identity/tenant-scope.ts';
import { createTokenVerifier } from '../identity/verify-token.ts';
import { scopeHeader } from '../identity/wire-names.ts';
import type { StreamableHttp } from '../mcp/streamable-http.ts';
import type { Database } from '../postgres/database.ts';
import type { Composition } from './compose.ts';

export interface ServeHttpOptions {
  readonly config: Config;
  readonly definition: SchemaDefinition;
  readonly composition: Composition;
  readonly database: Database;
  /** Absent: no key source is configured, and every call is refused. */
  readonly keys: KeySource | undefined;
  readonly serverName: string;
  readonly clock: Clock;
  readonly note: Note;
}

/** The HTTP edge in front of the composed server. */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpServer> {
  const { config, composition } = options;
  const endpoint = composition.mcp.http();
  let handle: Parameters<typeof listen>[0]['handle'] = async () => {};
  const server = await listen({ handle: (request, response) => handle(request, response), host: config.host, port: config.port });
  // The metadata name the server's own address, which for port 0 is known only now.
  handle = routes(options, endpoint, config.publicUrl ?? localUrl({ host: config.host, port: server.port }));
  return {
    ...server,
    async close(deadlineMs) {
      await server.close(deadlineMs);
      await endpoint.close();
    },
  };
}

function routes(options: ServeHttpOptions, endpoint: StreamableHttp, publicUrl: string) {
  const { config, definition, database, serverName, note } = options;
  const resource = resourceIdentifier(publicUrl);
  const mcp = createMcpRoute({
    endpoint,
    authenticate: authenticateBy(options, resource),
    tenantHeader: scopeHeader,
    challenge: { metadataUrl: metadataUrl(resource), scopes: definition.permissions },
    note,
  });
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
      allowedHosts: [...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).host]), ...(config.allowedHosts ?? [])],
      allowedOrigins: config.allowedOrigins ?? [],
      loopback: isLoopback(config.host),
    }),
    mcp,
    readiness: async () => ((await reachable()) ? { ready: true } : { ready: false, reason: 'database' }),
    health: async () => ((await reachable()) ? 'healthy' : 'unhealthy'),
    resourceMetadata: resourceMetadata({
      resource,
      name: serverName,
      authorizationServers: config.authAuthorizationServers ?? [],
      scopes: definition.permissions,
    }),
    tls: publicUrl.startsWith('https:'),
    note,
  });
}

export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function authenticateBy({ config, definition, composition, keys, clock }: ServeHttpOptions, resource: string): Authenticate {
  if (keys === undefined) {
    return async () => {
      throw new AppError('unauthenticated', 'No token issuer is configured, so no token can be accepted', {
        hint: 'The operator sets AUTH_PUBLIC_KEY, or DEV_ISSUER on a development machine.',
      });
    };
  }
  const verifier = createTokenVerifier({
    issuer: config.authIssuer,
    audiences: [...config.authAudience, resource],
    keys,
    clock,
    tenantKeyClaim: config.authRlsClaim,
  });
  return async (token, header) => {
    const claims = await verifier.verify(token);
    return resolvePrincipal({ claims, header, directory: await composition.tenants(), rules: definition }).principal;
  };
}

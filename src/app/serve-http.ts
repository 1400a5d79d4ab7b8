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
  const { config, definition, composition, database, serverName, note } = options;
  const publicUrl = config.publicUrl ?? localUrl(config);
  const resource = resourceIdentifier(publicUrl);
  const mcp = createMcpRoute({
    endpoint: composition.mcp.http(),
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
  const handle = createRoutes({
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
  return listen({ handle, host: config.host, port: config.port });
}

function localUrl({ host, port }: Config): string {
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

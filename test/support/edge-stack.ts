import { createIdentityEdge, type IdentityEdgeOptions, type TrustedIssuer } from '../../src/app/identity-edge.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Tenant } from '../../src/core/principal.ts';
import { createHostGuard } from '../../src/http/host-guard.ts';
import { listen } from '../../src/http/listen.ts';
import { createMcpRoute } from '../../src/http/mcp-route.ts';
import { createRoutes } from '../../src/http/routes.ts';
import { authorize } from '../../src/identity/authorize.ts';
import { metadataUrl, resourceIdentifier, resourceMetadata } from '../../src/identity/resource-metadata.ts';
import { scopeHeader } from '../../src/identity/wire-names.ts';
import { createMcpServing } from '../../src/mcp/serving.ts';
import { createDescribeTables } from '../../src/query/describe-tables.ts';
import type { QueryRequest, RunQuery } from '../../src/query/query-result.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailValidValues } from '../../src/retail/valid-values.ts';
import { retailWording } from '../../src/retail/wording.ts';
import { awkwardResult } from './mcp-stack.ts';

export interface EdgeOptions {
  readonly trusted: TrustedIssuer;
  readonly directory: readonly Tenant[];
  readonly database?: IdentityEdgeOptions['database'];
  readonly redis?: IdentityEdgeOptions['redis'];
  readonly clock?: Clock;
  readonly env?: Record<string, string>;
  readonly authorizationServers?: readonly string[];
}

/** Tables of operations that are empty. */
export const emptyDatabase: IdentityEdgeOptions['database'] = { query: async () => [] };

/** One replica: the whole HTTP edge as it is served, in front of tools that answer without a database. */
export async function edgeStack(options: EdgeOptions) {
  const { trusted, directory, database = emptyDatabase, redis, clock = systemClock, env = {} } = options;
  const observations: Observation[] = [];
  const queries: QueryRequest[] = [];
  const note = (observation: Observation) => observations.push(observation);
  const config = loadConfig({}, { DEV_ISSUER: 'false', ...env });
  const definition = retailDefinition;
  const tenants = async () => directory;
  const edge = createIdentityEdge({ config, definition, database, tenants, redis, clock, note });
  const runQuery: RunQuery = async (request) => {
    queries.push(request);
    return awkwardResult;
  };
  const endpoint = createMcpServing({
    serverName: 'edge',
    version: '0.0.0-test',
    definition,
    wording: retailWording,
    runQuery,
    describeTables: createDescribeTables({ definition, validValues: retailValidValues, runQuery, clock }),
    searchProducts: async () => Promise.reject(new Error('not asked here')),
    authorize,
    limit: edge.limitTool,
    clock,
    note,
  }).http();
  let handle: Parameters<typeof listen>[0]['handle'] = async () => {};
  const server = await listen({ handle: (request, response) => handle(request, response), host: '127.0.0.1', port: 0 });
  const resource = resourceIdentifier(server.url);
  handle = createRoutes({
    hostGuard: createHostGuard({ allowedHosts: [], allowedOrigins: [], loopback: true }),
    mcp: createMcpRoute({
      endpoint,
      authenticate: edge.authenticate(trusted, resource),
      tenantHeader: scopeHeader,
      trustedProxies: 0,
      challenge: { metadataUrl: metadataUrl(resource), scopes: definition.permissions },
      note,
    }),
    readiness: async () => ({ ready: true }),
    health: async () => 'healthy',
    resourceMetadata: resourceMetadata({
      resource,
      name: 'edge',
      authorizationServers: options.authorizationServers ?? [],
      scopes: definition.permissions,
    }),
    tls: false,
    note,
  });
  return {
    url: server.url,
    mcpUrl: resource,
    observations,
    /** What reached the query engine, with its principal. */
    queries,
    close: async () => {
      await server.close(200);
      await endpoint.close();
    },
  };
}
export type EdgeStack = Awaited<ReturnType<typeof edgeStack>>;

import { retailSchema } from '../../src/app/served-schema.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Permission, Principal, Tenant } from '../../src/core/principal.ts';
import { createHostGuard } from '../../src/http/host-guard.ts';
import { type HttpServer, listen } from '../../src/http/listen.ts';
import { createMcpRoute, type McpEndpoint } from '../../src/http/mcp-route.ts';
import { createRoutes, type Readiness } from '../../src/http/routes.ts';
import { createMcpServing, type McpServing, type McpServingOptions } from '../../src/mcp/serving.ts';
import type { StreamableHttp } from '../../src/mcp/streamable-http.ts';
import { createDataExtent } from '../../src/metrics/data-extent.ts';
import { createGetMetrics } from '../../src/metrics/get-metrics.ts';
import { createReadDashboard } from '../../src/metrics/read-dashboard.ts';
import { createDescribeTables, describedBy } from '../../src/query/describe-tables.ts';
import { createExplainAccess } from '../../src/query/explain-access.ts';
import type { QueryRequest, QueryResult, RunQuery } from '../../src/query/query-result.ts';
import { retailDashboard } from '../../src/retail/dashboard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { retailValidValues } from '../../src/retail/valid-values.ts';
import { retailWording } from '../../src/retail/wording.ts';
import type { SearchProducts } from '../../src/search/search-products.ts';

export const stillClock = { now: () => Date.UTC(2026, 10, 22, 18, 31, 51, 250), monotonic: () => 0 };

const seattle: Tenant = {
  id: 1,
  name: 'Zava Retail Seattle',
  key: 'f47ac10b-58cc-4372-a567-0e02b2c3d479',
  group: 'Puget Sound',
};

export function principal(permissions: Permission[] = ['catalog:read', 'sales:read'], tenants: Tenant[] = [seattle]): Principal {
  return { subject: 'seattle-manager', roles: ['store_manager'], permissions: new Set(permissions), tenants };
}

export function authorize({ permissions }: Principal, permission: Permission): void {
  if (permissions.has(permission)) return;
  throw new AppError('insufficient_scope', `This needs the permission ${permission}`, { hint: 'Ask for a token with it.' });
}

/** Digits that a JavaScript number cannot hold, text that tries to break out of JSON, and a value with line breaks. */
export const awkwardRows =
  '[[12.50,0.12345678901234567890,100000000000000000000.10],["\\"}]},{\\"\\u2028","</script>{\\"a\\":1}",{"a":\n [1,\r\n2]}]]';

export const awkwardResult: QueryResult = {
  columns: [
    { name: 'a', type: 'numeric' },
    { name: 'b', type: 'numeric' },
    { name: 'c', type: 'json' },
  ],
  rowsJson: awkwardRows,
  rowCount: 2,
  truncated: false,
  durationMs: 3.6,
  cached: false,
  scope: ['Zava Retail Seattle'],
};

export interface Ports {
  runQuery?: RunQuery;
  searchProducts?: SearchProducts;
  limit?: NonNullable<McpServingOptions['limit']>;
  directCalls?: boolean;
  progressEveryMs?: number;
  tasks?: McpServingOptions['tasks'];
  subscriptions?: Partial<NonNullable<McpServingOptions['subscriptions']>>;
  /** The statement for valid values fails. */
  valuesFail?: boolean;
}

const noProducts: SearchProducts = async ({ threshold }) => ({
  columns: [{ name: 'sku', type: 'text' }],
  rowsJson: '[]',
  rowCount: 0,
  truncated: false,
  model: 'lexical',
  degraded: true,
  lowConfidence: true,
  message: `No products >= ${threshold}%`,
});

export interface Stack {
  readonly serving: McpServing;
  readonly observations: Observation[];
  readonly queries: QueryRequest[];
}

/** The MCP layers over functions that stand for the query engine. */
export function mcpStack({
  runQuery,
  searchProducts = noProducts,
  limit,
  directCalls = true,
  valuesFail = false,
  progressEveryMs,
  tasks,
  subscriptions,
}: Ports = {}): Stack {
  const observations: Observation[] = [];
  const queries: QueryRequest[] = [];
  const run: RunQuery = (request) => {
    queries.push(request);
    return (runQuery ?? (async () => awkwardResult))(request);
  };
  const catalogueValues = JSON.stringify([
    ['categories.category_name', 'LUMBER'],
    ['categories.category_name', 'PAINT & FINISHES'],
    ['orders.year', '2020'],
  ]);
  const describeTables = createDescribeTables({
    definition: retailDefinition,
    validValues: retailValidValues,
    runQuery: async () => {
      if (valuesFail) throw new Error('password=hunter2');
      return { ...awkwardResult, rowsJson: catalogueValues };
    },
    clock: stillClock,
  });
  const extentOf = createDataExtent({ definition: retailMetrics, runQuery: run, clock: stillClock });
  const getMetrics = createGetMetrics({
    definition: retailMetrics,
    runQuery: run,
    clock: stillClock,
    extentOf,
    maxRows: 1000,
    maxBytes: 80_000,
  });
  const serving = createMcpServing({
    serverName: 'mcp-zava-sales',
    version: '0.0.0-test',
    definition: retailDefinition,
    wording: retailWording,
    runQuery: run,
    describeTables,
    searchProducts,
    metrics: retailMetrics,
    ...retailSchema.reports({ runQuery: run, database: { query: async () => [] }, clock: stillClock }),
    explainAccess: createExplainAccess({ definition: retailDefinition, prefix: 'zava', database: { query: async () => [] } }),
    getMetrics,
    readDashboard: createReadDashboard({
      definition: retailDashboard,
      metrics: retailMetrics,
      getMetrics,
      runQuery: run,
      extentOf,
      clock: stillClock,
    }),
    authorize,
    ...(limit && { limit }),
    directCalls,
    ...(progressEveryMs && { progressEveryMs }),
    ...(tasks && { tasks }),
    ...(subscriptions && {
      subscriptions: { describedBy: (table: string) => describedBy(retailValidValues, table), ...subscriptions },
    }),
    clock: stillClock,
    note: (observation) => observations.push(observation),
  });
  return { serving, observations, queries };
}

/** Tokens of the tests are names of principals. */
const everybody = (): Record<string, Principal | Error> => ({
  bug: new Error('password=hunter2'),
  manager: principal(),
  catalogue: principal(['catalog:read']),
  // Other people, and the same person with other rights.
  colleague: { ...principal(), subject: 'tacoma-manager' },
  narrowed: principal(['sales:read']),
  elsewhere: principal(undefined, [{ ...seattle, id: 2, name: 'Zava Retail Bellevue' }]),
  wider: principal(undefined, [seattle, { ...seattle, id: 2, name: 'Zava Retail Bellevue' }]),
  nothing: principal([]),
  stranger: principal(['catalog:read', 'sales:read'], []),
  flooder: new AppError('rate_limited', 'Too many requests', { retryAfterMs: 1500 }),
  unlucky: new AppError('dependency_unavailable', 'Token keys cannot be had', { retryAfterMs: 5000 }),
});

export interface HttpStack extends Stack {
  readonly server: HttpServer;
  readonly mcpUrl: string;
  readiness: Readiness;
  status: 'healthy' | 'degraded' | 'unhealthy';
  /** Thrown by the readiness check when set. */
  fault: Error | undefined;
  readonly tenantHeaders: (readonly string[])[];
  /** By their tokens; a test may change or remove one. */
  readonly people: Record<string, Principal | Error>;
  close(): Promise<void>;
}

export interface HttpPorts extends Ports {
  endpoint?: McpEndpoint & Pick<StreamableHttp, 'close'> & Partial<Pick<StreamableHttp, 'drain'>>;
  tls?: boolean;
  maxInFlight?: number;
}

/** The whole HTTP stack on a free loopback port. */
export async function httpStack({ endpoint, tls = false, maxInFlight, ...ports }: HttpPorts = {}): Promise<HttpStack> {
  const stack = mcpStack(ports);
  const tenantHeaders: (readonly string[])[] = [];
  const mcp = endpoint ?? stack.serving.http();
  const note = (observation: Observation) => stack.observations.push(observation);
  const state = {
    readiness: { ready: true } as Readiness,
    status: 'healthy' as HttpStack['status'],
    fault: undefined as Error | undefined,
  };
  const people = everybody();
  const personOf = (token: string): Principal => {
    const person = people[token];
    if (person instanceof Error) throw person;
    if (person === undefined) throw new AppError('unauthenticated', 'The token is not known');
    return person;
  };
  const metadata = { resource: 'http://127.0.0.1/mcp' };
  const route = createMcpRoute({
    endpoint: mcp,
    authenticate: async ({ token, tenantHeader }) => {
      tenantHeaders.push(tenantHeader);
      return personOf(token);
    },
    recognise: async ({ token }) => personOf(token),
    tenantHeader: 'x-rls-user-id',
    trustedProxies: 0,
    challenge: {
      metadataUrl: 'http://127.0.0.1/.well-known/oauth-protected-resource',
      scopes: ['catalog:read', 'sales:read'],
    },
    note,
  });
  const handle = createRoutes({
    hostGuard: createHostGuard({ allowedHosts: ['shop.example'], allowedOrigins: ['https://console.example'], loopback: true }),
    mcp: route,
    readiness: async () => {
      if (state.fault) throw state.fault;
      return state.readiness;
    },
    health: async () => state.status,
    resourceMetadata: metadata,
    tls,
    note,
  });
  const server = await listen({ handle, host: '127.0.0.1', port: 0, ...(maxInFlight !== undefined && { maxInFlight }) });
  return Object.assign(state, {
    ...stack,
    server,
    mcpUrl: `${server.url}/mcp`,
    tenantHeaders,
    people,
    close: async () => {
      const closed = server.close(200);
      mcp.drain?.();
      await closed;
      await mcp.close();
    },
  });
}

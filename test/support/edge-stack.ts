import { openAnswerCache } from '../../src/app/answer-cache.ts';
import { type ComposeOptions, compose } from '../../src/app/compose.ts';
import { createIdentityEdge, type IdentityEdgeOptions, type TrustedIssuer } from '../../src/app/identity-edge.ts';
import { serveHttp } from '../../src/app/serve-http.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { taskPlace } from '../../src/app/task-place.ts';
import { gatherAlone } from '../../src/app/telemetry/gather-workers.ts';
import { openOperators } from '../../src/app/telemetry/operators.ts';
import { createTelemetry } from '../../src/app/telemetry/telemetry.ts';
import { startTelemetryExport } from '../../src/app/telemetry/telemetry-export.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Tenant } from '../../src/core/principal.ts';
import type { ListenLimits } from '../../src/http/listen.ts';
import { authorize } from '../../src/identity/authorize.ts';
import { resourceIdentifier } from '../../src/identity/resource-metadata.ts';
import { createMcpServing } from '../../src/mcp/serving.ts';
import { noteOwnStatements } from '../../src/postgres/noted-statements.ts';
import type { WatchTables } from '../../src/postgres/table-listener.ts';
import { createDescribeTables } from '../../src/query/describe-tables.ts';
import type { QueryRequest, RunQuery } from '../../src/query/query-result.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { retailValidValues } from '../../src/retail/valid-values.ts';
import { retailWording } from '../../src/retail/wording.ts';
import type { Embedder } from '../../src/search/embedding/embedder.ts';
import { noteEmbedding } from '../../src/search/embedding/noted-embedder.ts';
import { createHistory } from '../../src/telemetry/history.ts';
import { createLogSink } from '../../src/telemetry/log-sink.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';
import { type TestDatabase, signingKey as testKey } from './databases.ts';
import { awkwardResult } from './mcp-stack.ts';

export interface EdgeOptions {
  readonly trusted: TrustedIssuer;
  readonly directory: readonly Tenant[];
  readonly database?: IdentityEdgeOptions['database'];
  readonly redis?: IdentityEdgeOptions['redis'];
  readonly clock?: Clock;
  readonly env?: Record<string, string>;
  readonly authorizationServers?: readonly string[];
  readonly limits?: ListenLimits;
}

/** Tables of operations that are empty. */
export const emptyDatabase: IdentityEdgeOptions['database'] = { query: async () => [] };

/** One replica: the whole HTTP edge as it is served, in front of tools that answer without a database. */
export async function edgeStack(options: EdgeOptions) {
  const { trusted, directory, database = emptyDatabase, redis, clock = systemClock, env = {}, limits } = options;
  const observations: Observation[] = [];
  const queries: QueryRequest[] = [];
  const log: string[] = [];
  const writeLog = createLogSink({ stream: { write: (line) => log.push(line) }, clock, level: 'debug' });
  const note = (observation: Observation) => {
    observations.push(observation);
    writeLog(observation);
  };
  const servers = options.authorizationServers?.join(',');
  const config = loadConfig(
    {},
    { PORT: '0', DEV_ISSUER: 'false', ...(servers && { AUTH_AUTHORIZATION_SERVERS: servers }), ...env },
  );
  const definition = retailDefinition;
  const tenants = async () => directory;
  const edge = createIdentityEdge({ config, definition, database, tenants, redis, clock, note });
  const runQuery: RunQuery = async (request) => {
    queries.push(request);
    return awkwardResult;
  };
  const mcp = createMcpServing({
    serverName: 'edge',
    version: '0.0.0-test',
    definition,
    wording: retailWording,
    runQuery,
    describeTables: createDescribeTables({ definition, validValues: retailValidValues, runQuery, clock }),
    searchProducts: async () => Promise.reject(new Error('not asked here')),
    metrics: retailMetrics,
    getMetrics: async () => Promise.reject(new Error('not asked here')),
    readDashboard: async () => Promise.reject(new Error('not asked here')),
    recommendProducts: async () => Promise.reject(new Error('not asked here')),
    inventoryStatus: async () => Promise.reject(new Error('not asked here')),
    explainAccess: async () => Promise.reject(new Error('not asked here')),
    authorize,
    limit: edge.limitTool,
    subscriptions: { describedBy: () => [], checkMs: 50 },
    clock,
    note,
  });
  const composition = { mcp, edge, breaker: { state: () => 'closed' as const } };
  const serverName = 'edge';
  const server = await serveHttp({
    config,
    definition,
    composition,
    database: { ...database, load: () => ({ slots: 0, running: 0, waiting: 0 }) },
    trusted,
    serverName,
    note,
    ...(limits && { limits }),
  });
  return {
    url: server.url,
    port: server.port,
    mcpUrl: resourceIdentifier(server.url),
    observations,
    /** What reached the query engine, with its principal. */
    queries,
    /** What the log would hold. */
    logLines: () => log.splice(0),
    close: () => server.close(200),
  };
}
export type EdgeStack = Awaited<ReturnType<typeof edgeStack>>;

export interface ProductOptions {
  readonly db: Pick<TestDatabase, 'database'>;
  readonly trusted: TrustedIssuer;
  readonly clock?: Clock;
  readonly signingKey?: ComposeOptions['signingKey'];
  readonly redis?: ComposeOptions['redis'];
  readonly env?: Record<string, string>;
  /** Present: answers are kept, as they are where the server is started by its command. */
  readonly watchTables?: WatchTables;
  /** Tools of the operator's own. */
  readonly plugins?: ComposeOptions['plugins'];
  readonly served?: ComposeOptions['served'];
  /** How long a call is waited for before it becomes a task. */
  readonly taskAfterMs?: number;
  /** Absent: products are found by words alone. */
  readonly embedder?: Embedder;
}

/** Replicas of one test read each other's entries. */
export const testRing = createKeyRing([newEncryptionKey('test')]);

/** The whole product behind HTTP, on a test's database. Limits are off unless `env` sets them. */
export async function productStack(options: ProductOptions) {
  const { db, trusted, clock = systemClock, signingKey, redis, env = {}, watchTables, taskAfterMs, plugins = [] } = options;
  const { served = retailSchema } = options;
  const unlimited = { RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_SQL_PER_MINUTE: '0', RATE_LIMIT_FAILED_AUTH_PER_MINUTE: '0' };
  const config = loadConfig({}, { PORT: '0', DEV_ISSUER: 'false', ...unlimited, ...env });
  const observations: Observation[] = [];
  const history = createHistory({ clock });
  const telemetry = createTelemetry({ clock, withContent: config.traceContent });
  const note = (observation: Observation) => {
    observations.push(observation);
    history.note(observation);
    telemetry.note(observation);
  };
  const database = noteOwnStatements(db.database, { note: telemetry.note, clock });
  await startTelemetryExport({ config, telemetry, service: { name: 'product', version: '0.0.0-test' }, clock });
  const { definition } = served;
  const load = database.load;
  const place = 'test';
  const cache =
    watchTables &&
    (await openAnswerCache({ config, definition, place, watchTables, load, redis, ring: () => testRing, clock, note }));
  const tasks = taskPlace({ config, redis, ring: () => testRing, note });
  const embedder = options.embedder && noteEmbedding(options.embedder, { note, clock });
  const composition = await compose({
    config,
    database,
    note,
    clock,
    redis,
    ...(cache && { remember: cache.remember, onTableChange: cache.onTableChange }),
    served,
    plugins,
    signingKey: signingKey ?? (() => testKey),
    version: '0.0.0-test',
    ...(embedder && { embedder }),
    admitAudited: () => {},
    ...(tasks && { tasks: { ...tasks, ...(taskAfterMs && { afterMs: taskAfterMs }) } }),
  });
  const operators = await openOperators({
    ...{ config, served: retailSchema, telemetry, composition, database, embedder, clock, note },
    ...{ cache: cache?.statistics, auditEvents: () => 0, gather: gatherAlone },
  });
  const dashboard = { ring: () => testRing, history, cache: cache?.statistics, version: '0.0.0-test', clock };
  const parts = { composition, database, trusted, dashboard, operators };
  const server = await serveHttp({ config, definition, ...parts, serverName: 'product', note });
  return {
    url: server.url,
    mcpUrl: resourceIdentifier(server.url),
    observations,
    cacheStatistics: cache?.statistics,
    telemetry,
    async close() {
      await server.close(200);
      await cache?.close();
      await telemetry.close();
    },
  };
}
export type ProductStack = Awaited<ReturnType<typeof productStack>>;

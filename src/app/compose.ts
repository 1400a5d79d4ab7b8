import type { Config } from '../config/schema.ts';
import { createCallUsages } from '../core/call-usage.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { authorize } from '../identity/authorize.ts';
import type { Plugin } from '../mcp/plugins/plugin-tool.ts';
import { createMcpServing, type McpServingOptions } from '../mcp/serving.ts';
import type { Database } from '../postgres/database.ts';
import { createScopeSigner } from '../postgres/scope-token.ts';
import { loadColumnLabels } from '../query/column-labels.ts';
import { createDescribeTables, describedBy, type OnTableChange } from '../query/describe-tables.ts';
import { createExecute } from '../query/execute.ts';
import { createExplainAccess } from '../query/explain-access.ts';
import { createGuard } from '../query/guard.ts';
import type { RememberAnswers } from '../query/remember-answers.ts';
import { createRunQuery } from '../query/run-query.ts';
import { createSlowQueryWatch } from '../query/slow-query.ts';
import { createTenantDirectory } from '../query/tenant-directory.ts';
import { loadTypeCatalog } from '../query/type-catalog.ts';
import { watchStatements } from '../query/watch-statements.ts';
import { createBreaker } from '../resilience/breaker.ts';
import type { RateStore } from '../resilience/rate-limiter.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import type { Embedder } from '../search/embedding/embedder.ts';
import type { ScopeKey } from '../vault/scope-key.ts';
import { createIdentityEdge } from './identity-edge.ts';
import { createSchemaTools } from './schema-tools.ts';
import type { ServedSchema } from './served-schema.ts';

export const serverName = 'mcp-zava-sales';

/** A database that failed five times is left alone for this long; it is ours, and comes back sooner than a stranger's service. */
const databaseRestMs = 2000;

export interface ComposeOptions {
  readonly config: Config;
  readonly served: ServedSchema;
  readonly database: Database;
  /** Asked for each call, so that a rotated key needs no restart. */
  readonly signingKey: () => ScopeKey;
  readonly version: string;
  readonly note: Note;
  /** Asked before each call: throws `overloaded` while nothing more can be audited. */
  readonly admitAudited: () => void;
  readonly redis?: RedisConnection | undefined;
  readonly rates?: RateStore | undefined;
  /** Absent: product search compares words alone. */
  readonly embedder?: Embedder | undefined;
  /** Tools of the operator's own, as `load-plugins.ts` found them. */
  readonly plugins?: readonly Plugin[];
  /** Absent: every call asks the database. */
  readonly remember?: RememberAnswers;
  /** Absent: nobody is told of changes of the catalogue. */
  readonly onTableChange?: OnTableChange | undefined;
  /** Absent: no call becomes a task. */
  readonly tasks?: McpServingOptions['tasks'];
  readonly clock?: Clock;
}

/** Joins the parts. Which technology stands behind each port was decided in `adapters.ts`. */
export async function compose(options: ComposeOptions) {
  const {
    config,
    served,
    database,
    signingKey,
    version,
    note,
    admitAudited,
    redis,
    rates,
    embedder,
    plugins = [],
    remember,
    onTableChange,
    tasks,
    clock = systemClock,
  } = options;
  const { definition, wording, validValues, metrics } = served;
  const maxBytes = answerBytes(config.resultMaxTokens);
  const usages = createCallUsages();
  const signScope = createScopeSigner({ signingKey, clock });
  const tenants = createTenantDirectory({ database, definition, clock });
  const edge = createIdentityEdge({ config, definition, database, tenants, redis, rates, clock, note });
  const [guard, types, watchSlow] = await Promise.all([
    createGuard({
      definition,
      serverMajor: database.serverMajor,
      misreadings: metrics?.metrics.flatMap(({ misreadings = [] }) => misreadings) ?? [],
    }),
    loadTypeCatalog(database),
    createSlowQueryWatch({ thresholdMs: config.slowQueryMs, note }),
  ]);
  const execute = createExecute({
    database,
    signScope,
    maxRows: config.queryMaxRows,
    maxBytes,
    timeoutMs: config.postgresCommandTimeoutSeconds * 1000,
  });
  const labelColumns = await loadColumnLabels(database, definition, types);
  const breaker = createBreaker({
    name: 'database',
    clock,
    openMs: databaseRestMs,
    onChange: (state, dependency) => note({ kind: 'circuit_changed', dependency, state }),
  });
  const runQuery = createRunQuery({
    definition,
    guard,
    execute: (query, scope, signal) => breaker.run(() => execute(query, scope, signal), signal),
    types,
    labelColumns,
    ...(remember && { remember }),
    watch: watchStatements({ watchSlow, note }),
    usages,
    maxBytes,
    clock,
  });
  const { tools, warmUp } = createSchemaTools({
    ...{ served, database, runQuery, embedder, plugins, maxBytes, usages, clock, note },
    maxRows: config.queryMaxRows,
    timeoutMs: config.postgresCommandTimeoutSeconds * 1000,
  });
  const mcp = createMcpServing({
    serverName,
    version,
    definition,
    wording,
    runQuery,
    describeTables: createDescribeTables({ definition, validValues, runQuery, clock, onTableChange }),
    subscriptions: { onTableChange, describedBy: (table) => describedBy(validValues, table) },
    ...tools,
    explainAccess: createExplainAccess({ database, definition, prefix: config.postgresRolePrefix }),
    authorize,
    limit: async (principal, called) => {
      admitAudited();
      await edge.limitTool(principal, called);
    },
    clock,
    note,
    tellsArguments: config.traceContent,
    usages,
    ...(tasks && { tasks }),
  });
  return { mcp, edge, tenants, breaker, warmUp };
}

export type Composition = Awaited<ReturnType<typeof compose>>;

/** RESULT_MAX_TOKENS counts four bytes a token; 2 KB are left for column names and the envelope. The whole answer stays under 1 MB. */
export function answerBytes(maxTokens: number): number {
  return Math.min(Math.max(maxTokens * 4 - 2048, 1024), 330_000);
}

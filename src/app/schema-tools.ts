import type { CallUsages } from '../core/call-usage.ts';
import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import type { ToolCatalogOptions } from '../mcp/catalog.ts';
import { createPluginTools, type Plugin } from '../mcp/plugins/plugin-tool.ts';
import { createDataExtent } from '../metrics/data-extent.ts';
import { createGetMetrics } from '../metrics/get-metrics.ts';
import { createReadDashboard } from '../metrics/read-dashboard.ts';
import type { Database } from '../postgres/database.ts';
import type { RunQuery } from '../query/query-result.ts';
import type { Embedder } from '../search/embedding/embedder.ts';
import { createQuestionEmbedder } from '../search/embedding/question-embedder.ts';
import { createProductSearch } from '../search/product-search.ts';
import type { ServedSchema } from './served-schema.ts';

export interface SchemaToolsOptions {
  readonly served: ServedSchema;
  readonly database: Database;
  readonly runQuery: RunQuery;
  readonly embedder: Embedder | undefined;
  readonly plugins: readonly Plugin[];
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly usages?: CallUsages;
  readonly clock: Clock;
  readonly note: Note;
}

export interface SchemaTools {
  readonly tools: Omit<ToolCatalogOptions, 'wording' | 'runQuery' | 'describeTables' | 'explainAccess' | 'clock'>;
  /** Reads what the first search would wait for. */
  readonly warmUp: () => Promise<void>;
}

/** What only some schemas can answer, and the operator's own tools. */
export function createSchemaTools(options: SchemaToolsOptions): SchemaTools {
  const { served, database, runQuery, embedder, plugins, maxBytes, timeoutMs, usages, clock, note } = options;
  const { definition, catalogue, metrics } = served;
  const products =
    catalogue &&
    createProductSearch({
      ...{ database, catalogue, note, usages },
      embedder: embedder && createQuestionEmbedder({ embedder, clock }),
    });
  const { permissions } = definition;
  return {
    tools: {
      ...(products && { searchProducts: products.search }),
      ...(metrics && metricsTools(metrics, options)),
      ...served.reports?.({ runQuery, database, clock }),
      plugins: createPluginTools({ plugins, permissions, runQuery, maxBytes, timeoutMs, clock }),
    },
    warmUp: products?.warmUp ?? (async () => {}),
  };
}

function metricsTools(
  metrics: NonNullable<ServedSchema['metrics']>,
  { served: { dashboard }, runQuery, clock, maxRows, maxBytes }: SchemaToolsOptions,
): Pick<ToolCatalogOptions, 'metrics' | 'getMetrics' | 'readDashboard'> {
  const extentOf = createDataExtent({ definition: metrics, runQuery, clock });
  const getMetrics = createGetMetrics({ definition: metrics, runQuery, clock, extentOf, maxRows, maxBytes });
  const readDashboard =
    dashboard && createReadDashboard({ definition: dashboard, metrics, getMetrics, runQuery, extentOf, clock });
  return { metrics, getMetrics, ...(readDashboard && { readDashboard }) };
}

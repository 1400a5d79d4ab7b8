import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { MetricsDefinition } from '../core/metrics-definition.ts';
import type { Principal } from '../core/principal.ts';
import type { Wording } from '../core/wording.ts';
import type { GetMetrics } from '../metrics/get-metrics.ts';
import type { ReadDashboard } from '../metrics/read-dashboard.ts';
import type { DescribeTables } from '../query/describe-tables.ts';
import type { ExplainAccess } from '../query/explain-access.ts';
import type { RunQuery } from '../query/query-result.ts';
import type { SearchProducts } from '../search/search-products.ts';
import type { Tool } from './tool.ts';
import { executeSalesQuery } from './tools/execute-sales-query.ts';
import { explainAccessTool } from './tools/explain-access.ts';
import { getCurrentUtcDate } from './tools/get-current-utc-date.ts';
import { getInventoryStatus, type InventoryStatus } from './tools/get-inventory-status.ts';
import { getMultipleTableSchemas } from './tools/get-multiple-table-schemas.ts';
import { getProductRecommendations, type RecommendProducts } from './tools/get-product-recommendations.ts';
import { getSalesMetrics } from './tools/get-sales-metrics.ts';
import { semanticSearchProducts } from './tools/semantic-search-products.ts';
import { readSalesDashboard, showSalesDashboard } from './tools/show-sales-dashboard.ts';

export interface ToolCatalogOptions {
  readonly wording: Pick<Wording, 'toolTexts'>;
  readonly runQuery: RunQuery;
  readonly describeTables: DescribeTables;
  readonly explainAccess: ExplainAccess;
  readonly clock: Clock;
  // What not every schema has: a tool without it is not listed.
  readonly searchProducts?: SearchProducts;
  readonly metrics?: MetricsDefinition;
  readonly getMetrics?: GetMetrics;
  readonly readDashboard?: ReadDashboard;
  readonly recommendProducts?: RecommendProducts;
  readonly inventoryStatus?: InventoryStatus;
  /** The operator's own, after all others. */
  readonly plugins?: readonly Tool[];
}

/** To add a tool, write its file and add its line: the order here is the order on the wire. */
export function createToolCatalog(options: ToolCatalogOptions): ToolCatalog {
  const {
    wording,
    runQuery,
    describeTables,
    searchProducts,
    metrics,
    getMetrics,
    readDashboard,
    recommendProducts,
    inventoryStatus,
    explainAccess,
    clock,
    plugins = [],
  } = options;
  const text = (name: string) => {
    const found = wording.toolTexts[name];
    if (found === undefined) throw new Error(`the wording has no text for the tool ${name}`);
    return found;
  };
  const listed = [
    searchProducts && semanticSearchProducts(text('semantic_search_products'), searchProducts),
    getMultipleTableSchemas(text('get_multiple_table_schemas'), describeTables),
    metrics && getMetrics && getSalesMetrics(text('get_sales_metrics'), metrics, getMetrics),
    metrics && readDashboard && showSalesDashboard(text('show_sales_dashboard'), metrics, readDashboard),
    recommendProducts && getProductRecommendations(text('get_product_recommendations'), recommendProducts),
    inventoryStatus && getInventoryStatus(text('get_inventory_status'), inventoryStatus),
    executeSalesQuery(text('execute_sales_query'), runQuery),
    getCurrentUtcDate(text('get_current_utc_date'), clock),
    explainAccessTool(text('explain_access'), explainAccess),
    readDashboard && readSalesDashboard(text('read_sales_dashboard'), readDashboard),
    ...plugins,
  ];
  return toolCatalog(listed.filter((tool) => tool !== undefined));
}

export interface ToolCatalog {
  readonly size: number;
  find(name: string): Tool | undefined;
  /** What this caller may use, in a fixed order. */
  listFor(principal: Principal): readonly Tool[];
}

export function toolCatalog(tools: readonly Tool[]): ToolCatalog {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const twice = tools.find((tool) => byName.get(tool.name) !== tool);
  if (twice !== undefined) {
    throw new AppError('misconfigured', `Two tools are called ${twice.name}`, { hint: 'Rename the plug-in: see PLUGINS_DIR.' });
  }
  return {
    size: byName.size,
    find: (name) => byName.get(name),
    listFor: ({ permissions }) => tools.filter((tool) => tool.permission === undefined || permissions.has(tool.permission)),
  };
}

import type { DashboardDefinition } from '../core/dashboard-definition.ts';
import type { MetricsDefinition } from '../core/metrics-definition.ts';
import { packageRoot } from '../core/package-root.ts';
import type { RecommendedIndex } from '../core/recommended-index.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Wording } from '../core/wording.ts';
import type { ToolCatalogOptions } from '../mcp/catalog.ts';
import type { OwnerSession } from '../postgres/database.ts';
import type { ValidValues } from '../query/describe-tables.ts';
import { retailCatalogueSearch } from '../retail/catalogue-search.ts';
import { retailDashboard } from '../retail/dashboard.ts';
import { retailDefinition } from '../retail/definition.ts';
import { createInventoryStatus } from '../retail/inventory-status.ts';
import { retailMetrics } from '../retail/metrics.ts';
import { createRecommendProducts, type ReportOptions } from '../retail/recommend-products.ts';
import { retailIndexes } from '../retail/recommended-indexes.ts';
import { type LoadProgress, loadSampleData } from '../retail/sample-data/load.ts';
import { loadTradeWords } from '../retail/trade-words.ts';
import { retailValidValues } from '../retail/valid-values.ts';
import { retailWording } from '../retail/wording.ts';
import type { ProductCatalogue } from '../search/catalogue.ts';
import { type KnownVectors, loadKnownVectors } from '../search/embedding/known-vectors.ts';

/** Everything that makes this server serve one schema rather than another. A tool is listed where the schema has what it answers from. */
export interface ServedSchema {
  readonly definition: SchemaDefinition;
  readonly wording: Wording;
  readonly validValues: readonly ValidValues[];
  /** What `semantic_search_products` searches. */
  readonly catalogue?: ProductCatalogue;
  /** Vectors that come with the package, for its demonstration catalogue. */
  readonly loadKnownVectors?: () => Promise<KnownVectors>;
  readonly metrics?: MetricsDefinition;
  /** Drawn from the metrics. */
  readonly dashboard?: DashboardDefinition;
  /** Tools that only this schema can answer. */
  reports?(options: ReportOptions): Pick<ToolCatalogOptions, 'recommendProducts' | 'inventoryStatus'>;
  /** Indexes that it is known to need. */
  readonly indexes: readonly RecommendedIndex[];
  readonly migrations: URL;
  /** Fills a new demonstration database. */
  seed(session: OwnerSession, onProgress?: (progress: LoadProgress) => void, signal?: AbortSignal): Promise<void>;
}

export const retailSchema = {
  definition: retailDefinition,
  wording: retailWording,
  validValues: retailValidValues,
  catalogue: { ...retailCatalogueSearch, loadTradeWords },
  loadKnownVectors: () => loadKnownVectors(new URL('data/search/vectors.bin', packageRoot)),
  metrics: retailMetrics,
  dashboard: retailDashboard,
  reports: (options: ReportOptions) => ({
    recommendProducts: createRecommendProducts(options),
    inventoryStatus: createInventoryStatus(options),
  }),
  indexes: retailIndexes,
  migrations: new URL('migrations/', packageRoot),
  async seed(session: OwnerSession, onProgress?: (progress: LoadProgress) => void, signal?: AbortSignal) {
    await loadSampleData({ session, ...(onProgress && { onProgress }), ...(signal && { signal }) });
  },
} satisfies ServedSchema;

import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Database } from '../postgres/database.ts';
import type { QueryResult, RunQuery } from '../query/query-result.ts';
import { withoutExtraRow } from '../query/row-cells.ts';
import { type KnownProduct, productOf, type ReportCall } from './known-sku.ts';
import { type RecentDays, recentDays } from './recent-days.ts';
import {
  crossSellSql,
  customerBasedSql,
  type Neighbour,
  nearestByKind,
  nearestByMeaning,
  similarSql,
  trendingSql,
} from './recommendation-statements.ts';

export interface RecommendationQuestion {
  readonly kind: 'similar_products' | 'customer_based' | 'trending' | 'cross_sell';
  readonly sku?: string | undefined;
  readonly limit: number;
  readonly daysBack: number;
}

export interface Recommendations extends QueryResult {
  /** Days whose sales count; absent where sales do not matter. */
  readonly period?: RecentDays;
  /** What compared the products, where meaning did. */
  readonly model?: string;
  /** True where products are compared by less than their meaning. */
  readonly degraded: boolean;
}

export interface ReportOptions {
  readonly runQuery: RunQuery;
  readonly database: Pick<Database, 'query'>;
  readonly clock: Clock;
}

/** Sales are read as the caller, so that a store's baskets stay its own; the catalogue's vectors as the server. */
export function createRecommendProducts({ runQuery, database, clock }: ReportOptions) {
  const similar = async ({ id }: KnownProduct, limit: number, call: ReportCall): Promise<Recommendations> => {
    const byMeaning = await database.query(nearestByMeaning, [id, limit + 1]);
    const found = byMeaning.length > 0 ? byMeaning : await database.query(nearestByKind, [id, limit + 1]);
    const model = byMeaning[0]?.model ?? undefined;
    const neighbours = found.map(
      (row): Neighbour => ({ id: Number(row.product_id), similarity: String(Number(row.similarity)) }),
    );
    if (neighbours.length === 0) throw new AppError('not_found', 'No other product is of the same category');
    const result = await runQuery({ ...call, sql: similarSql(neighbours) });
    return { ...withoutExtraRow(result, limit), ...(model && { model }), degraded: model === undefined };
  };

  return async ({ kind, sku, limit, daysBack }: RecommendationQuestion, call: ReportCall): Promise<Recommendations> => {
    const product = sku === undefined ? undefined : await productOf(sku, runQuery, call);
    if (product === undefined && kind !== 'trending') {
      throw new AppError('invalid_input', `${kind} needs the sku of a product`, {
        hint: 'Find it with semantic_search_products.',
      });
    }
    if (kind === 'similar_products' && product !== undefined) return similar(product, limit, call);
    const period = await recentDays(daysBack, { runQuery, clock }, call);
    const sql = saleStatement(kind, period, limit + 1, product);
    return { ...withoutExtraRow(await runQuery({ ...call, sql }), limit), period, degraded: false };
  };
}

function saleStatement(
  kind: RecommendationQuestion['kind'],
  period: RecentDays,
  most: number,
  product: KnownProduct | undefined,
): string {
  if (product === undefined || kind === 'trending') return trendingSql(period, most, product);
  return kind === 'cross_sell' ? crossSellSql(period, most, product) : customerBasedSql(period, most, product);
}

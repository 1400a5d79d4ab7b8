import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { QueryResult, RunQuery } from '../query/query-result.ts';
import { withoutExtraRow } from '../query/row-cells.ts';
import { productOf, type ReportCall } from './known-sku.ts';
import { type RecentDays, recentDays } from './recent-days.ts';

export interface InventoryQuestion {
  readonly sku?: string | undefined;
  readonly storeName?: string | undefined;
  readonly lowStockOnly: boolean;
}

export interface InventoryStatus extends QueryResult {
  /** Days whose sales set the pace. */
  readonly period: RecentDays;
}

const mostRows = 100;
/** A quarter of a year: long enough for goods that sell once a month. */
const paceWeeks = 13;
const lowWeeks = 4;

/** Stock of each store and product beside the store's own recent sales of it, the scarcest first. */
export function createInventoryStatus({ runQuery, clock }: { readonly runQuery: RunQuery; readonly clock: Clock }) {
  return async ({ sku, storeName, lowStockOnly }: InventoryQuestion, call: ReportCall): Promise<InventoryStatus> => {
    const store = storeName === undefined ? undefined : storeNamed(storeName, call.principal);
    const product = sku === undefined ? undefined : await productOf(sku, runQuery, call);
    const period = await recentDays(7 * paceWeeks, { runQuery, clock }, call);
    const where = [
      ...(product === undefined ? [] : [`v.product_id = ${product.id}`]),
      ...(store === undefined ? [] : [`v.store_id = ${store}`]),
      ...(lowStockOnly ? [`${paceWeeks} * v.stock_level < ${lowWeeks} * coalesce(n.units, 0)`] : []),
    ];
    const sold = [
      `o.order_date >= DATE '${period.first}'`,
      `o.order_date <= DATE '${period.last}'`,
      ...(product === undefined ? [] : [`i.product_id = ${product.id}`]),
      ...(store === undefined ? [] : [`o.store_id = ${store}`]),
    ];
    const sql = `SELECT s.store_name AS store, p.sku, p.product_name AS product, v.stock_level, coalesce(n.units, 0) AS units_sold,
        round(v.stock_level * ${paceWeeks}.0 / nullif(n.units, 0), 1) AS weeks_left,
        ${paceWeeks} * v.stock_level < ${lowWeeks} * coalesce(n.units, 0) AS low
      FROM retail.inventory AS v JOIN retail.stores AS s ON s.store_id = v.store_id JOIN retail.products AS p ON p.product_id = v.product_id
      LEFT JOIN (SELECT i.store_id, i.product_id, sum(i.quantity) AS units
        FROM retail.orders AS o JOIN retail.order_items AS i ON i.order_id = o.order_id AND i.store_id = o.store_id
        WHERE ${sold.join(' AND ')} GROUP BY i.store_id, i.product_id) AS n ON n.store_id = v.store_id AND n.product_id = v.product_id
      ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}
      ORDER BY weeks_left NULLS LAST, v.stock_level, v.store_id, v.product_id LIMIT ${mostRows + 1}`;
    return { ...withoutExtraRow(await runQuery({ ...call, sql }), mostRows), period };
  };
}

/** The id of a store in the caller's scope, by its full name or its last words. */
function storeNamed(name: string, { tenants }: Principal): number {
  const wanted = name.trim().toLowerCase();
  const exact = tenants.find((tenant) => tenant.name.toLowerCase() === wanted);
  const ending = tenants.filter((tenant) => tenant.name.toLowerCase().endsWith(` ${wanted}`));
  const found = exact ?? (ending.length === 1 ? ending[0] : undefined);
  if (found !== undefined) return found.id;
  throw new AppError('not_found', `There is no store called ${JSON.stringify(name.slice(0, 100))}`, {
    hint: `You may see: ${tenants.map((tenant) => tenant.name).join(', ')}`,
  });
}

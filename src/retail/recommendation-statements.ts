import { addDays, daysBetween } from '../core/day.ts';
import type { KnownProduct } from './known-sku.ts';
import type { RecentDays } from './recent-days.ts';

const named = 'p.sku, p.product_name AS product, c.category_name AS category, p.base_price AS price';
const names =
  'JOIN retail.products AS p ON p.product_id = n.product_id JOIN retail.categories AS c ON c.category_id = p.category_id';
const lines = 'retail.orders AS o JOIN retail.order_items AS i ON i.order_id = o.order_id AND i.store_id = o.store_id';
const within = ({ first, last }: RecentDays) => `o.order_date >= DATE '${first}' AND o.order_date <= DATE '${last}'`;

/** Products whose units grew most against as many days before; with a product, within its category. */
export function trendingSql(days: RecentDays, most: number, like?: KnownProduct): string {
  const before = addDays(days.first, -daysBetween(days.first, days.last));
  return `SELECT ${named}, n.units, n.units_before, n.units - n.units_before AS change FROM (
      SELECT i.product_id, coalesce(sum(i.quantity) FILTER (WHERE o.order_date >= DATE '${days.first}'), 0) AS units,
        coalesce(sum(i.quantity) FILTER (WHERE o.order_date < DATE '${days.first}'), 0) AS units_before
      FROM ${lines} WHERE ${within({ first: before, last: days.last })} GROUP BY i.product_id) AS n ${names}
    WHERE n.units > n.units_before${like === undefined ? '' : ` AND p.category_id = ${like.categoryId}`}
    ORDER BY change DESC, n.units DESC, p.product_id LIMIT ${most}`;
}

/** Products that stand in the same orders as the one given. */
export function crossSellSql(days: RecentDays, most: number, { id }: KnownProduct): string {
  return `WITH baskets AS (SELECT DISTINCT o.order_id, o.store_id FROM ${lines} WHERE i.product_id = ${id} AND ${within(days)})
    SELECT ${named}, n.orders_together, round(100.0 * n.orders_together / (SELECT count(*) FROM baskets), 2) AS percent_of_orders FROM (
      SELECT i.product_id, count(DISTINCT i.order_id) AS orders_together
      FROM baskets AS b JOIN retail.order_items AS i ON i.order_id = b.order_id AND i.store_id = b.store_id
      WHERE i.product_id <> ${id} GROUP BY i.product_id) AS n ${names}
    ORDER BY n.orders_together DESC, p.product_id LIMIT ${most}`;
}

/** Products that customers of the one given bought, in whatever order. */
export function customerBasedSql(days: RecentDays, most: number, { id }: KnownProduct): string {
  return `WITH buyers AS (SELECT DISTINCT o.customer_id FROM ${lines} WHERE i.product_id = ${id} AND ${within(days)})
    SELECT ${named}, n.customers, round(100.0 * n.customers / (SELECT count(*) FROM buyers), 2) AS percent_of_buyers FROM (
      SELECT i.product_id, count(DISTINCT o.customer_id) AS customers
      FROM buyers AS b JOIN retail.orders AS o ON o.customer_id = b.customer_id
      JOIN retail.order_items AS i ON i.order_id = o.order_id AND i.store_id = o.store_id
      WHERE i.product_id <> ${id} AND ${within(days)} GROUP BY i.product_id) AS n ${names}
    ORDER BY n.customers DESC, p.product_id LIMIT ${most}`;
}

export interface Neighbour {
  readonly id: number;
  /** Percent, one decimal, as text. */
  readonly similarity: string;
}

/** Products in the order they were found in, told as callers may see them. */
export function similarSql(neighbours: readonly Neighbour[]): string {
  const values = neighbours.map(({ id, similarity }, place) => `(${place}, ${id}, ${similarity})`).join(', ');
  return `SELECT ${named}, n.similarity FROM (VALUES ${values}) AS n(place, product_id, similarity) ${names} ORDER BY n.place`;
}

/** For the server's own login. The newest model that knows the product compares; vectors of different models never meet. */
export const nearestByMeaning = `
  WITH model AS (
    SELECT model FROM retail.product_description_embeddings WHERE product_id = $1 ORDER BY created_at DESC, model LIMIT 1
  ), asked AS (
    SELECT extensions.avg(e.description_embedding) AS meaning
    FROM retail.product_description_embeddings e JOIN model USING (model) WHERE e.product_id = $1
  )
  SELECT e.product_id, e.model, round((100 * (1 - (e.description_embedding OPERATOR(extensions.<=>) asked.meaning)))::numeric, 1) AS similarity
  FROM asked, retail.product_description_embeddings e JOIN model USING (model)
  WHERE e.product_id <> $1
  ORDER BY e.description_embedding OPERATOR(extensions.<=>) asked.meaning, e.product_id LIMIT $2`;

/** What is left without vectors: the same type before the same category, then the nearest price. */
export const nearestByKind = `
  SELECT o.product_id, NULL AS model,
    round((CASE WHEN o.type_id = p.type_id THEN 70 ELSE 40 END + 30 * least(o.base_price, p.base_price) / greatest(o.base_price, p.base_price))::numeric, 1) AS similarity
  FROM retail.products p JOIN retail.products o ON o.category_id = p.category_id AND o.product_id <> p.product_id
  WHERE p.product_id = $1 ORDER BY similarity DESC, o.product_id LIMIT $2`;

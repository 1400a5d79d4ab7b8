import type { Period } from '../../src/metrics/period.ts';
import type { MetricsQuestion } from '../../src/metrics/request.ts';
import type { TestDatabase } from '../support/databases.ts';

/** What a person would write on the base tables, one plain statement a metric. */
const ofLines: Readonly<Record<string, string>> = {
  revenue: 'round(coalesce(sum(i.total_amount), 0), 2)',
  orders: 'count(DISTINCT o.order_id)',
  units: 'coalesce(sum(i.quantity), 0)',
  lines: 'count(i.order_item_id)',
  average_order_value: 'round(coalesce(sum(i.total_amount), 0) / nullif(count(DISTINCT o.order_id), 0), 2)',
  average_unit_price: 'round(sum(i.total_amount) / nullif(sum(i.quantity), 0), 2)',
  units_per_order: 'round(coalesce(sum(i.quantity), 0)::numeric / nullif(count(DISTINCT o.order_id), 0), 2)',
  gross_revenue: 'round(coalesce(sum(i.quantity * i.unit_price), 0), 2)',
  discount_amount: 'round(coalesce(sum(i.discount_amount), 0), 2)',
  discount_share: 'round(100 * sum(i.discount_amount) / nullif(sum(i.quantity * i.unit_price), 0), 2)',
  customers: 'count(DISTINCT o.customer_id)',
  revenue_per_customer: 'round(coalesce(sum(i.total_amount), 0) / nullif(count(DISTINCT o.customer_id), 0), 2)',
  cost_of_goods: 'round(coalesce(sum(i.quantity * p.cost), 0), 2)',
  margin: 'round(coalesce(sum(i.total_amount - i.quantity * p.cost), 0), 2)',
  margin_percent: 'round(100 * sum(i.total_amount - i.quantity * p.cost) / nullif(sum(i.total_amount), 0), 2)',
};

export const metricsByHand = [...Object.keys(ofLines), 'revenue_share', 'repeat_rate', 'new_customers'];
export const metricsOfStores = ['new_customers'];
export const dimensionsByHand = ['store', 'region', 'is_online', 'category', 'type', 'product'];
export const productDimensions = ['category', 'type', 'product'];

const columns: Readonly<Record<string, string>> = {
  store: 's.store_name',
  region: 'g.region_name',
  is_online: 's.is_online',
  category: 'c.category_name',
  type: 't.type_name',
  product: 'p.sku || p.product_name',
};

const literal = (value: unknown) => (typeof value === 'boolean' ? String(value) : `'${String(value).replaceAll("'", "''")}'`);

interface Asked extends Pick<MetricsQuestion, 'dimensions' | 'filters' | 'grain'> {
  readonly period: Period;
  /** Added to each day before it is put into its week, month …: for a period that another is compared with. */
  readonly moved?: string | undefined;
}

/** `group → value`, where a group is its labels and its time. */
export async function byHand(
  db: TestDatabase,
  stores: readonly number[],
  metric: string,
  asked: Asked,
): Promise<Map<string, string | null>> {
  const { dimensions, filters, grain, period, moved = '' } = asked;
  const keys = dimensions.map((name) => columns[name] ?? '');
  const bucket = grain === undefined ? [] : [`date_trunc('${grain}', o.order_date ${moved})::date`];
  const all = [...keys, ...bucket];
  const conditions = Object.entries(filters).map(([name, value]) => {
    const values = (Array.isArray(value) ? value : [value]).map(literal).join(', ');
    return `${name === 'product' ? 'p.sku' : columns[name]} IN (${values})`;
  });
  const ofProducts = [...dimensions, ...Object.keys(filters)].some((name) => productDimensions.includes(name));
  const join = ofProducts ? 'JOIN' : 'LEFT JOIN';
  const from = (
    orders: string,
  ) => `FROM ${orders} o JOIN retail.stores s ON s.store_id = o.store_id JOIN retail.regions g ON g.region_id = s.region_id
    ${join} (retail.order_items i JOIN retail.products p ON p.product_id = i.product_id JOIN retail.categories c ON c.category_id = p.category_id
      JOIN retail.product_types t ON t.type_id = p.type_id) ON i.order_id = o.order_id`;
  const where = [
    'o.order_date BETWEEN',
    literal(period.first),
    'AND',
    literal(period.last),
    ...conditions.map((condition) => `AND ${condition}`),
  ].join(' ');
  const select = (expression: string, orders = 'retail.orders') =>
    `SELECT concat_ws('|', ${[...all, "''"].join(', ')}) AS name, ${expression} AS value ${from(orders)} WHERE ${where}${all.length > 0 ? ` GROUP BY ${all.join(', ')}` : ''}`;
  const sql = (() => {
    if (metric === 'repeat_rate') {
      const buyers = `SELECT ${[...all.map((key, index) => `${key} AS k${index}`), 'o.customer_id', 'count(DISTINCT o.order_id) AS orders'].join(', ')} ${from('retail.orders')} WHERE ${where} GROUP BY ${[...all, 'o.customer_id'].join(', ')}`;
      const names = all.map((_, index) => `k${index}`);
      return `SELECT concat_ws('|', ${[...names, "''"].join(', ')}) AS name, round(100.0 * count(*) FILTER (WHERE orders > 1) / nullif(count(*), 0), 2) FROM (${buyers}) b${names.length > 0 ? ` GROUP BY ${names.join(', ')}` : ''}`;
    }
    if (metric === 'new_customers') {
      return select(
        'count(*)',
        '(SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY order_date, order_id) AS nth FROM retail.orders) a WHERE nth = 1)',
      ).replace(/LEFT JOIN \(.*?\) ON i\.order_id = o\.order_id/s, '');
    }
    if (metric === 'revenue_share') {
      const time = bucket.length > 0 ? `PARTITION BY ${bucket[0]}` : '';
      return select(
        `round(100 * nullif(sum(i.total_amount), 0) / nullif(sum(coalesce(sum(i.total_amount), 0)) OVER (${time}), 0), 2)`,
      );
    }
    return select(ofLines[metric] ?? 'NULL');
  })();
  const { rows } = await db.asStores(stores, sql, { reader: 'reader_costs', limits: { maxRows: 100_000, maxBytes: 50_000_000 } });
  return new Map(rows.map(([name, value]) => [name ?? '', value ?? null]));
}

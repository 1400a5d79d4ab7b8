import type { MetricDefinition, MetricSource, MetricsDefinition } from '../core/metrics-definition.ts';
import { averageOrderMisreadings, ordersMisreadings, revenueMisreadings } from './misreadings.ts';

const stores = { s: 'JOIN retail.stores AS s ON s.store_id = r.store_id' };
const products = { ...stores, p: 'JOIN retail.products AS p ON p.product_id = r.product_id' };

const ofStore = { store: 'r.store_id', region: 's.region_id', is_online: 's.is_online' };
const ofProduct = { ...ofStore, product: 'r.product_id', type: 'p.type_id', category: 'p.category_id' };

const sold = { lines: 'r.lines', units: 'r.quantity', revenue: 'r.revenue', discount: 'r.discount' };

/** Every order with its lines. */
const orderLines = {
  from: 'retail.orders AS o JOIN retail.order_items AS r ON r.order_id = o.order_id AND r.store_id = o.store_id',
  joins: products,
  time: { column: 'o.order_date', per: 'day' },
  keys: ofProduct,
} as const;

/** Cheapest first: the rollups hold exactly what the lines add up to. */
const sources: readonly MetricSource[] = [
  {
    name: 'sales_by_month_category',
    from: 'retail.sales_by_month_category AS r',
    joins: stores,
    time: { column: 'r.month', per: 'month' },
    keys: { ...ofStore, category: 'r.category_id' },
    sums: sold,
  },
  {
    name: 'sales_by_day',
    from: 'retail.sales_by_day AS r',
    joins: stores,
    time: { column: 'r.order_date', per: 'day' },
    keys: ofStore,
    sums: { ...sold, orders: 'r.orders' },
  },
  {
    name: 'sales_by_month_product',
    from: 'retail.sales_by_month_product AS r',
    joins: products,
    time: { column: 'r.month', per: 'month' },
    keys: ofProduct,
    sums: { ...sold, cost: 'r.quantity * p.cost' },
  },
  {
    ...orderLines,
    name: 'order_lines',
    sums: {
      lines: '1',
      units: 'r.quantity',
      revenue: 'r.total_amount',
      discount: 'coalesce(r.discount_amount, 0)',
      cost: 'r.quantity * p.cost',
    },
    counts: { orders: 'count(DISTINCT o.order_id)' },
  },
  {
    name: 'buyers',
    from: 'retail.orders AS r',
    joins: stores,
    time: { column: 'r.order_date', per: 'day' },
    keys: ofStore,
    gathered: { by: 'r.customer_id', times: 'count(*)' },
    counts: { customers: 'count(*)', repeat_customers: 'count(*) FILTER (WHERE g.times > 1)' },
  },
  {
    ...orderLines,
    name: 'buyers_of_products',
    gathered: { by: 'o.customer_id', times: 'count(DISTINCT o.order_id)' },
    counts: { customers: 'count(*)', repeat_customers: 'count(*) FILTER (WHERE g.times > 1)' },
  },
  {
    name: 'first_orders',
    from: 'retail.orders AS r',
    joins: stores,
    where:
      'NOT EXISTS (SELECT FROM retail.orders AS e WHERE e.customer_id = r.customer_id AND (e.order_date, e.order_id) < (r.order_date, r.order_id))',
    time: { column: 'r.order_date', per: 'day' },
    keys: ofStore,
    sums: { new_customers: '1' },
  },
  {
    name: 'inventory',
    from: 'retail.inventory AS r',
    joins: products,
    keys: ofProduct,
    sums: { stock: 'r.stock_level', stock_cost: 'r.stock_level * p.cost' },
  },
];

const costs = { permission: 'costs:read' } as const;
const count = (name: string, definition: string, expression: string): MetricDefinition => ({
  name,
  definition,
  expression,
  decimals: 0,
});
const money = (name: string, definition: string, expression: string): MetricDefinition => ({
  name,
  definition,
  expression,
  decimals: 2,
});
const percent = money;

const metrics: readonly MetricDefinition[] = [
  { ...money('revenue', 'Sum of line totals after discount.', '{revenue}'), misreadings: revenueMisreadings },
  {
    ...count('orders', 'Number of different orders; by product, type or category, those that hold one.', '{orders}'),
    misreadings: ordersMisreadings,
  },
  count('units', 'Sum of quantities sold.', '{units}'),
  count('lines', 'Number of order lines.', '{lines}'),
  {
    ...money('average_order_value', 'Revenue divided by orders.', '{revenue} / nullif({orders}, 0)'),
    misreadings: averageOrderMisreadings,
  },
  money(
    'average_unit_price',
    'Revenue divided by units: what one unit brought after discount.',
    '{revenue} / nullif({units}, 0)',
  ),
  money('units_per_order', 'Units divided by orders.', '{units} / nullif({orders}, 0)'),
  percent(
    'revenue_share',
    'Percent of the revenue of all groups, those beyond limit included, in the same time where there is a grain; none without revenue.',
    '100 * nullif({revenue}, 0) / nullif({all.revenue}, 0)',
  ),
  money('gross_revenue', 'Revenue before discount: quantity times asked price.', '{revenue} + {discount}'),
  money('discount_amount', 'Sum of discounts given.', '{discount}'),
  percent('discount_share', 'Discounts in percent of gross revenue.', '100 * {discount} / nullif({revenue} + {discount}, 0)'),
  count(
    'customers',
    'Number of different customers with an order; by product, type or category, with one that holds it.',
    '{customers}',
  ),
  count(
    'new_customers',
    'Customers whose first order ever, in the stores you may see, lies in the period and group.',
    '{new_customers}',
  ),
  percent(
    'repeat_rate',
    'Percent of customers with two or more orders in the period and group.',
    '100 * {repeat_customers} / nullif({customers}, 0)',
  ),
  money('revenue_per_customer', 'Revenue divided by customers.', '{revenue} / nullif({customers}, 0)'),
  { ...money('cost_of_goods', 'Units sold times the product’s cost today; costs have no history.', '{cost}'), ...costs },
  { ...money('margin', 'Revenue minus cost of goods.', '{revenue} - {cost}'), ...costs },
  {
    ...percent('margin_percent', 'Margin in percent of revenue.', '100 * ({revenue} - {cost}) / nullif({revenue}, 0)'),
    ...costs,
  },
  count('stock_level', 'Units in stock now.', '{stock}'),
  {
    ...money(
      'stock_cover_weeks',
      'Weeks that the stock lasts at the pace of the period: stock now divided by units sold a week.',
      '{stock} * {days} / nullif(7 * {units}, 0)',
    ),
    decimals: 1,
  },
  { ...money('stock_value', 'Units in stock now times cost.', '{stock_cost}'), ...costs },
];

const whole = { type: 'int8' } as const;
const exact = { type: 'numeric' } as const;

/** What may be asked of Zava's sales, stock and customers, and what each figure means. The one place that says so. */
export const retailMetrics: MetricsDefinition = {
  measures: {
    lines: whole,
    units: whole,
    orders: whole,
    revenue: exact,
    discount: exact,
    cost: exact,
    customers: whole,
    repeat_customers: whole,
    new_customers: whole,
    stock: whole,
    stock_cost: exact,
  },
  sources,
  dimensions: [
    {
      name: 'store',
      meaning: 'The shop, by name.',
      labels: [{ name: 'store', sql: 'store.store_name' }],
      join: 'JOIN retail.stores AS store ON store.store_id = {key}',
      names: 'tenants',
    },
    {
      name: 'region',
      meaning: 'The sales region of the shop.',
      labels: [{ name: 'region', sql: 'region.region_name' }],
      join: 'JOIN retail.regions AS region ON region.region_id = {key}',
      names: 'groups',
    },
    { name: 'is_online', meaning: 'True for the online shop.', labels: [{ name: 'is_online', sql: '{key}' }], names: 'boolean' },
    {
      name: 'category',
      meaning: 'The product category.',
      labels: [{ name: 'category', sql: 'category.category_name' }],
      join: 'JOIN retail.categories AS category ON category.category_id = {key}',
      names: { sql: 'SELECT category_id AS id, category_name AS value FROM retail.categories' },
    },
    {
      name: 'type',
      meaning: 'The kind of product within its category.',
      labels: [{ name: 'type', sql: 'type.type_name' }],
      join: 'JOIN retail.product_types AS type ON type.type_id = {key}',
      names: { sql: 'SELECT type_id AS id, type_name AS value FROM retail.product_types' },
    },
    {
      name: 'product',
      meaning: 'The product; a filter gives its SKU or exact name.',
      labels: [
        { name: 'sku', sql: 'product.sku' },
        { name: 'product', sql: 'product.product_name' },
      ],
      join: 'JOIN retail.products AS product ON product.product_id = {key}',
      names: {
        sql: 'SELECT product_id AS id, sku AS value FROM retail.products UNION ALL SELECT product_id, product_name FROM retail.products',
      },
    },
  ],
  metrics,
  extent: 'SELECT min(order_date) AS first, max(order_date) AS last FROM retail.sales_by_day',
};

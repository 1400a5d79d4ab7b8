import type { MetricsQuestion } from '../../src/metrics/request.ts';

export interface GoldenQuestion {
  readonly question: string;
  readonly ask: Partial<MetricsQuestion>;
  /** Written by hand on the base tables alone. */
  readonly sql: string;
}

const lines = 'retail.orders o JOIN retail.order_items i ON i.order_id = o.order_id';
const catalogue = `${lines} JOIN retail.products p ON p.product_id = i.product_id JOIN retail.product_types t ON t.type_id = p.type_id JOIN retail.categories c ON c.category_id = p.category_id`;
const ofStores = 'JOIN retail.stores s ON s.store_id = o.store_id JOIN retail.regions g ON g.region_id = s.region_id';
const within = (first: string, last: string) => `o.order_date BETWEEN '${first}' AND '${last}'`;
const in2025 = within('2025-01-01', '2025-12-31');
const in2024 = within('2024-01-01', '2024-12-31');
const lastQuarter = within('2025-10-01', '2025-12-31');

/** Months of a year, those without sales as well. */
const byMonth = (year: number, expression: string, from: string, where = 'true') =>
  `SELECT m::date, ${expression} FROM generate_series(timestamp '${year}-01-01', '${year}-12-01', '1 month') m LEFT JOIN ${from} ON date_trunc('month', o.order_date) = m AND ${where} GROUP BY 1 ORDER BY 1`;

const change = (now: string, before: string) =>
  `${now} - ${before}, round(100.0 * (${now} - ${before}) / nullif(abs(${before}), 0), 2)`;

/** Asked on 15 January 2026 of every store. */
export const goldenQuestions: readonly GoldenQuestion[] = [
  {
    question: 'What was revenue in 2025?',
    ask: { metrics: ['revenue'], period: '2025' },
    sql: `SELECT sum(o.total_amount) FROM retail.orders o WHERE ${in2025}`,
  },
  {
    question: 'What did we sell last quarter: revenue, orders, units?',
    ask: { metrics: ['revenue', 'orders', 'units'], period: 'last_quarter' },
    sql: `SELECT sum(i.total_amount), count(DISTINCT o.order_id), sum(i.quantity) FROM ${lines} WHERE ${lastQuarter}`,
  },
  {
    question: 'Revenue by month of 2024',
    ask: { metrics: ['revenue'], grain: 'month', period: '2024' },
    sql: byMonth(2024, 'round(coalesce(sum(o.total_amount), 0), 2)', 'retail.orders o'),
  },
  {
    question: 'Which ten products brought the most revenue in 2025?',
    ask: { metrics: ['revenue', 'units'], dimensions: ['product'], period: '2025', limit: 10 },
    sql: `SELECT p.sku, p.product_name, sum(i.total_amount) AS r, sum(i.quantity) FROM ${catalogue} WHERE ${in2025} GROUP BY p.product_id ORDER BY r DESC, p.product_id LIMIT 10`,
  },
  {
    question: 'Top five products by units of last quarter',
    ask: { metrics: ['units'], dimensions: ['product'], period: 'last quarter', limit: 5 },
    sql: `SELECT p.sku, p.product_name, sum(i.quantity) AS u FROM ${catalogue} WHERE ${lastQuarter} GROUP BY p.product_id ORDER BY u DESC, p.product_id LIMIT 5`,
  },
  {
    question: 'How do the stores compare in 2025 by revenue?',
    ask: { metrics: ['revenue'], dimensions: ['store'], period: '2025' },
    sql: `SELECT s.store_name, sum(o.total_amount) AS r FROM retail.orders o ${ofStores} WHERE ${in2025} GROUP BY s.store_id ORDER BY r DESC, s.store_id`,
  },
  {
    question: 'Orders and average order value by store in 2025',
    ask: { metrics: ['orders', 'average_order_value'], dimensions: ['store'], period: '2025' },
    sql: `SELECT s.store_name, count(*) AS n, round(avg(o.total_amount), 2) FROM retail.orders o ${ofStores} WHERE ${in2025} GROUP BY s.store_id ORDER BY n DESC, s.store_id`,
  },
  {
    question: 'Revenue of each region in 2024',
    ask: { metrics: ['revenue'], dimensions: ['region'], period: '2024' },
    sql: `SELECT g.region_name, sum(o.total_amount) AS r FROM retail.orders o ${ofStores} WHERE ${in2024} GROUP BY g.region_id ORDER BY r DESC, g.region_id`,
  },
  {
    question: 'Online against the shops in 2025',
    ask: { metrics: ['revenue', 'orders'], dimensions: ['is_online'], period: '2025' },
    sql: `SELECT s.is_online, sum(o.total_amount) AS r, count(*) FROM retail.orders o ${ofStores} WHERE ${in2025} GROUP BY 1 ORDER BY r DESC`,
  },
  {
    question: 'Which categories sell best?',
    ask: { metrics: ['revenue', 'units'], dimensions: ['category'] },
    sql: `SELECT c.category_name, sum(i.total_amount) AS r, sum(i.quantity) FROM ${catalogue} WHERE ${in2025} GROUP BY c.category_id ORDER BY r DESC, c.category_id`,
  },
  {
    question: "Last quarter's categories with their share of revenue",
    ask: { metrics: ['revenue', 'revenue_share'], dimensions: ['category'], period: '2025-Q4' },
    sql: `SELECT c.category_name, sum(i.total_amount) AS r, round(100 * sum(i.total_amount) / sum(sum(i.total_amount)) OVER (), 2) FROM ${catalogue} WHERE ${lastQuarter} GROUP BY c.category_id ORDER BY r DESC, c.category_id`,
  },
  {
    question: 'The weakest three categories of 2025 by revenue',
    ask: { metrics: ['revenue'], dimensions: ['category'], period: '2025', ascending: true, limit: 3 },
    sql: `SELECT c.category_name, sum(i.total_amount) AS r FROM ${catalogue} WHERE ${in2025} GROUP BY c.category_id ORDER BY r, c.category_id LIMIT 3`,
  },
  {
    question: 'Best product types in hand tools in 2024',
    ask: { metrics: ['revenue'], dimensions: ['type'], filters: { category: 'hand tools' }, period: '2024' },
    sql: `SELECT t.type_name, sum(i.total_amount) AS r FROM ${catalogue} WHERE ${in2024} AND c.category_name = 'HAND TOOLS' GROUP BY t.type_id ORDER BY r DESC, t.type_id LIMIT 20`,
  },
  {
    question: 'What did Seattle sell in each category in 2025?',
    ask: { metrics: ['revenue'], dimensions: ['category'], filters: { store: 'Seattle' }, period: '2025' },
    sql: `SELECT c.category_name, sum(i.total_amount) AS r FROM ${catalogue} ${ofStores} WHERE ${in2025} AND s.store_name = 'Zava Retail Seattle' GROUP BY c.category_id ORDER BY r DESC, c.category_id`,
  },
  {
    question: 'Revenue of Seattle and Tacoma together in 2025',
    ask: { metrics: ['revenue'], filters: { store: ['Zava Retail Seattle', 'tacoma'] }, period: '2025' },
    sql: `SELECT sum(o.total_amount) FROM retail.orders o ${ofStores} WHERE ${in2025} AND s.store_name IN ('Zava Retail Seattle', 'Zava Retail Tacoma')`,
  },
  {
    question: 'Puget Sound by store, 2025',
    ask: { metrics: ['revenue'], dimensions: ['store'], filters: { region: 'Puget Sound' }, period: '2025' },
    sql: `SELECT s.store_name, sum(o.total_amount) AS r FROM retail.orders o ${ofStores} WHERE ${in2025} AND g.region_name = 'Puget Sound' GROUP BY s.store_id ORDER BY r DESC, s.store_id`,
  },
  {
    question: 'Online revenue by quarter of 2025',
    ask: { metrics: ['revenue'], grain: 'quarter', filters: { is_online: true }, period: '2025' },
    sql: `SELECT date_trunc('quarter', o.order_date)::date, sum(o.total_amount) FROM retail.orders o ${ofStores} WHERE ${in2025} AND s.is_online GROUP BY 1 ORDER BY 1`,
  },
  {
    question: 'Revenue by year over all time',
    ask: { metrics: ['revenue', 'orders'], grain: 'year', period: 'all' },
    sql: "SELECT date_trunc('year', o.order_date)::date, sum(o.total_amount), count(*) FROM retail.orders o GROUP BY 1 ORDER BY 1",
  },
  {
    question: 'Units per quarter since 2023',
    ask: { metrics: ['units'], grain: 'quarter', startDate: '2023-01-01', endDate: '2025-12-31' },
    sql: `SELECT date_trunc('quarter', o.order_date)::date, sum(i.quantity) FROM ${lines} WHERE o.order_date >= '2023-01-01' GROUP BY 1 ORDER BY 1`,
  },
  {
    question: 'Daily revenue of the first week of July 2025',
    ask: { metrics: ['revenue'], grain: 'day', startDate: '2025-07-01', endDate: '2025-07-07' },
    sql: "SELECT d::date, round(coalesce(sum(o.total_amount), 0), 2) FROM generate_series(timestamp '2025-07-01', '2025-07-07', '1 day') d LEFT JOIN retail.orders o ON o.order_date = d GROUP BY 1 ORDER BY 1",
  },
  {
    question: 'Weekly orders of May 2024',
    ask: { metrics: ['orders'], grain: 'week', period: '2024-05' },
    sql: "SELECT w::date, count(o.order_id) FROM generate_series(timestamp '2024-04-29', '2024-05-27', '7 days') w LEFT JOIN retail.orders o ON date_trunc('week', o.order_date) = w AND o.order_date BETWEEN '2024-05-01' AND '2024-05-31' GROUP BY 1 ORDER BY 1",
  },
  {
    question: 'Seasonal trend: garden and outdoor by month of 2024',
    ask: { metrics: ['revenue', 'units'], grain: 'month', filters: { category: 'GARDEN & OUTDOOR' }, period: '2024' },
    sql: byMonth(
      2024,
      'round(coalesce(sum(i.total_amount), 0), 2), coalesce(sum(i.quantity), 0)',
      `(${catalogue})`,
      "c.category_name = 'GARDEN & OUTDOOR'",
    ),
  },
  {
    question: 'Paint by month of 2025',
    ask: { metrics: ['revenue'], grain: 'month', filters: { category: ['paint & finishes'] }, period: '2025' },
    sql: byMonth(2025, 'round(coalesce(sum(i.total_amount), 0), 2)', `(${catalogue})`, "c.category_name = 'PAINT & FINISHES'"),
  },
  {
    question: 'Power tools or hand tools: units in 2025',
    ask: { metrics: ['units'], dimensions: ['category'], filters: { category: ['POWER TOOLS', 'HAND TOOLS'] }, period: '2025' },
    sql: `SELECT c.category_name, sum(i.quantity) AS u FROM ${catalogue} WHERE ${in2025} AND c.category_name IN ('POWER TOOLS', 'HAND TOOLS') GROUP BY c.category_id ORDER BY u DESC, c.category_id`,
  },
  {
    question: 'How did 2025 compare with 2024?',
    ask: { metrics: ['revenue'], period: '2025', compareTo: 'previous' },
    sql: `SELECT n, b, ${change('n', 'b')} FROM (SELECT sum(o.total_amount) FILTER (WHERE ${in2025}) AS n, sum(o.total_amount) FILTER (WHERE ${in2024}) AS b FROM retail.orders o) x`,
  },
  {
    question: 'Last quarter by category against the quarter before',
    ask: { metrics: ['revenue'], dimensions: ['category'], period: 'last_quarter', compareTo: 'previous' },
    sql: `SELECT category_name, n, b, ${change('n', 'b')} FROM (SELECT c.category_id, c.category_name, coalesce(sum(i.total_amount) FILTER (WHERE ${lastQuarter}), 0.00) AS n, coalesce(sum(i.total_amount) FILTER (WHERE ${within('2025-07-01', '2025-09-30')}), 0.00) AS b FROM ${catalogue} WHERE ${within('2025-07-01', '2025-12-31')} GROUP BY c.category_id) x ORDER BY n DESC, category_id`,
  },
  {
    question: 'December 2025 against December 2024 by store',
    ask: { metrics: ['orders'], dimensions: ['store'], period: '2025-12', compareTo: 'same_last_year' },
    sql: `SELECT store_name, n, b, ${change('n', 'b')} FROM (SELECT s.store_id, s.store_name, count(*) FILTER (WHERE o.order_date >= '2025-12-01') AS n, count(*) FILTER (WHERE o.order_date < '2025-01-01') AS b FROM retail.orders o ${ofStores} WHERE ${within('2025-12-01', '2025-12-31')} OR ${within('2024-12-01', '2024-12-31')} GROUP BY s.store_id) x ORDER BY n DESC, store_id`,
  },
  {
    question: 'Quarters of 2025 against those of 2024',
    ask: { metrics: ['revenue'], grain: 'quarter', period: '2025', compareTo: 'same_last_year' },
    sql: `SELECT make_date(2025, q * 3 - 2, 1), n, b, ${change('n', 'b')} FROM (SELECT extract(quarter FROM o.order_date)::int AS q, coalesce(sum(o.total_amount) FILTER (WHERE ${in2025}), 0.00) AS n, coalesce(sum(o.total_amount) FILTER (WHERE ${in2024}), 0.00) AS b FROM retail.orders o WHERE ${within('2024-01-01', '2025-12-31')} GROUP BY 1) x ORDER BY 1`,
  },
  {
    question: 'How many customers bought in 2025?',
    ask: { metrics: ['customers'], period: '2025' },
    sql: `SELECT count(DISTINCT o.customer_id) FROM retail.orders o WHERE ${in2025}`,
  },
  {
    question: 'Customers by store in 2025',
    ask: { metrics: ['customers'], dimensions: ['store'], period: '2025' },
    sql: `SELECT s.store_name, count(DISTINCT o.customer_id) AS n FROM retail.orders o ${ofStores} WHERE ${in2025} GROUP BY s.store_id ORDER BY n DESC, s.store_id`,
  },
  {
    question: 'Customers per category in 2024',
    ask: { metrics: ['customers'], dimensions: ['category'], period: '2024' },
    sql: `SELECT c.category_name, count(DISTINCT o.customer_id) AS n FROM ${catalogue} WHERE ${in2024} GROUP BY c.category_id ORDER BY n DESC, c.category_id`,
  },
  {
    question: 'New customers by year',
    ask: { metrics: ['new_customers'], grain: 'year', period: 'all' },
    sql: "SELECT date_trunc('year', f)::date, count(*) FROM (SELECT min(order_date) AS f FROM retail.orders GROUP BY customer_id) x GROUP BY 1 ORDER BY 1",
  },
  {
    question: 'New customers of each store in 2025',
    ask: { metrics: ['new_customers'], dimensions: ['store'], period: '2025' },
    sql: "SELECT s.store_name, count(*) AS n FROM (SELECT DISTINCT ON (customer_id) store_id, order_date FROM retail.orders ORDER BY customer_id, order_date, order_id) f JOIN retail.stores s USING (store_id) WHERE f.order_date BETWEEN '2025-01-01' AND '2025-12-31' GROUP BY s.store_id ORDER BY n DESC, s.store_id",
  },
  {
    question: 'What share of the customers of 2025 came back?',
    ask: { metrics: ['repeat_rate'], period: '2025' },
    sql: `SELECT round(100.0 * count(*) FILTER (WHERE n > 1) / count(*), 2) FROM (SELECT count(*) AS n FROM retail.orders o WHERE ${in2025} GROUP BY customer_id) x`,
  },
  {
    question: 'Repeat rate by region in 2024 and 2025',
    ask: { metrics: ['repeat_rate', 'customers'], dimensions: ['region'], startDate: '2024-01-01', endDate: '2025-12-31' },
    sql: `SELECT region_name, round(100.0 * count(*) FILTER (WHERE n > 1) / count(*), 2) AS r, count(*) FROM (SELECT g.region_id, g.region_name, o.customer_id, count(*) AS n FROM retail.orders o ${ofStores} WHERE ${within('2024-01-01', '2025-12-31')} GROUP BY 1, 2, 3) x GROUP BY region_id, region_name ORDER BY r DESC, region_id`,
  },
  {
    question: 'Revenue per customer by year',
    ask: { metrics: ['revenue_per_customer'], grain: 'year', startDate: '2023-01-01', endDate: '2025-12-31' },
    sql: "SELECT date_trunc('year', o.order_date)::date, round(sum(o.total_amount) / count(DISTINCT o.customer_id), 2) FROM retail.orders o WHERE o.order_date >= '2023-01-01' GROUP BY 1 ORDER BY 1",
  },
  {
    question: 'How much discount did we give in 2025?',
    ask: { metrics: ['discount_amount', 'discount_share', 'gross_revenue'], period: '2025' },
    sql: `SELECT sum(i.discount_amount), round(100 * sum(i.discount_amount) / sum(i.quantity * i.unit_price), 2), sum(i.quantity * i.unit_price) FROM ${lines} WHERE ${in2025}`,
  },
  {
    question: 'Which categories are discounted most?',
    ask: { metrics: ['discount_share'], dimensions: ['category'], period: 'last_year' },
    sql: `SELECT c.category_name, round(100 * sum(i.discount_amount) / sum(i.quantity * i.unit_price), 2) AS d FROM ${catalogue} WHERE ${in2025} GROUP BY c.category_id ORDER BY d DESC, c.category_id`,
  },
  {
    question: 'Discount by store and quarter of 2025, Seattle and Bellevue',
    ask: {
      metrics: ['discount_amount'],
      dimensions: ['store'],
      grain: 'quarter',
      filters: { store: ['Seattle', 'Bellevue'] },
      period: '2025',
    },
    sql: `SELECT store_name, q, d FROM (SELECT s.store_id, s.store_name, date_trunc('quarter', o.order_date)::date AS q, sum(i.discount_amount) AS d, sum(sum(i.discount_amount)) OVER (PARTITION BY s.store_id) AS whole FROM ${lines} ${ofStores} WHERE ${in2025} AND s.store_id IN (1, 2) GROUP BY 1, 2, 3) x ORDER BY whole DESC, store_id, q`,
  },
  {
    question: 'Margin of 2025',
    ask: { metrics: ['margin', 'margin_percent', 'cost_of_goods'], period: '2025' },
    sql: `SELECT sum(i.total_amount - i.quantity * p.cost), round(100 * sum(i.total_amount - i.quantity * p.cost) / sum(i.total_amount), 2), sum(i.quantity * p.cost) FROM ${catalogue} WHERE ${in2025}`,
  },
  {
    question: 'Margin percent by category, the best first',
    ask: { metrics: ['margin_percent', 'margin'], dimensions: ['category'], period: '2025' },
    sql: `SELECT c.category_name, round(100 * sum(i.total_amount - i.quantity * p.cost) / sum(i.total_amount), 2) AS m, sum(i.total_amount - i.quantity * p.cost) FROM ${catalogue} WHERE ${in2025} GROUP BY c.category_id ORDER BY m DESC, c.category_id`,
  },
  {
    question: 'Margin by store from mid January to 10 June 2024',
    ask: { metrics: ['margin'], dimensions: ['store'], startDate: '2024-01-15', endDate: '2024-06-10' },
    sql: `SELECT s.store_name, sum(i.total_amount - i.quantity * p.cost) AS m FROM ${catalogue} ${ofStores} WHERE ${within('2024-01-15', '2024-06-10')} GROUP BY s.store_id ORDER BY m DESC, s.store_id`,
  },
  {
    question: 'The five products with the highest margin in 2024',
    ask: { metrics: ['margin'], dimensions: ['product'], period: '2024', limit: 5 },
    sql: `SELECT p.sku, p.product_name, sum(i.total_amount - i.quantity * p.cost) AS m FROM ${catalogue} WHERE ${in2024} GROUP BY p.product_id ORDER BY m DESC, p.product_id LIMIT 5`,
  },
  {
    question: 'What is in stock now, by category?',
    ask: { metrics: ['stock_level'], dimensions: ['category'] },
    sql: 'SELECT c.category_name, sum(v.stock_level) AS n FROM retail.inventory v JOIN retail.products p USING (product_id) JOIN retail.categories c USING (category_id) GROUP BY c.category_id ORDER BY n DESC, c.category_id',
  },
  {
    question: 'Stock of each store',
    ask: { metrics: ['stock_level'], dimensions: ['store'] },
    sql: 'SELECT s.store_name, sum(v.stock_level) AS n FROM retail.inventory v JOIN retail.stores s USING (store_id) GROUP BY s.store_id ORDER BY n DESC, s.store_id',
  },
  {
    question: 'What is the stock worth at cost?',
    ask: { metrics: ['stock_value'] },
    sql: 'SELECT sum(v.stock_level * p.cost) FROM retail.inventory v JOIN retail.products p USING (product_id)',
  },
  {
    question: 'How long does the stock of each category last at the pace of 2025?',
    ask: { metrics: ['stock_cover_weeks'], dimensions: ['category'], period: '2025', ascending: true },
    sql: `SELECT category_name, round(stock * 365 / (7.0 * units), 1) AS w FROM (SELECT c.category_id, c.category_name, (SELECT sum(v.stock_level) FROM retail.inventory v JOIN retail.products q USING (product_id) WHERE q.category_id = c.category_id) AS stock, (SELECT sum(i.quantity) FROM ${lines} JOIN retail.products q ON q.product_id = i.product_id WHERE q.category_id = c.category_id AND ${in2025}) AS units FROM retail.categories c) x ORDER BY w, category_id`,
  },
  {
    question: 'Slow movers: the ten products with the fewest units of 2025 that are in stock',
    ask: { metrics: ['units', 'stock_level'], dimensions: ['product'], period: '2025', ascending: true, limit: 10 },
    sql: `SELECT p.sku, p.product_name, coalesce((SELECT sum(i.quantity) FROM ${lines} WHERE i.product_id = p.product_id AND ${in2025}), 0) AS u, sum(v.stock_level) FROM retail.products p JOIN retail.inventory v USING (product_id) GROUP BY p.product_id ORDER BY u, p.product_id LIMIT 10`,
  },
  {
    question: 'How many units go into an order, by store?',
    ask: { metrics: ['units_per_order'], dimensions: ['store'], period: '2024' },
    sql: `SELECT s.store_name, round(sum(i.quantity)::numeric / count(DISTINCT o.order_id), 2) AS u FROM ${lines} ${ofStores} WHERE ${in2024} GROUP BY s.store_id ORDER BY u DESC, s.store_id`,
  },
  {
    question: 'Average price paid per unit by category',
    ask: { metrics: ['average_unit_price'], dimensions: ['category'], period: '2025' },
    sql: `SELECT c.category_name, round(sum(i.total_amount) / sum(i.quantity), 2) AS a FROM ${catalogue} WHERE ${in2025} GROUP BY c.category_id ORDER BY a DESC, c.category_id`,
  },
  {
    question: 'Average order value by month of 2025',
    ask: { metrics: ['average_order_value'], grain: 'month', period: '2025' },
    sql: byMonth(2025, 'round(avg(o.total_amount), 2)', 'retail.orders o'),
  },
  {
    question: 'Lines and orders in the first half of 2025',
    ask: { metrics: ['lines', 'orders'], startDate: '2025-01-01', endDate: '2025-06-30' },
    sql: `SELECT count(*), count(DISTINCT o.order_id) FROM ${lines} WHERE ${within('2025-01-01', '2025-06-30')}`,
  },
  {
    question: 'In how many orders was each category in 2025?',
    ask: { metrics: ['orders'], dimensions: ['category'], period: '2025' },
    sql: `SELECT c.category_name, count(DISTINCT o.order_id) AS n FROM ${catalogue} WHERE ${in2025} GROUP BY c.category_id ORDER BY n DESC, c.category_id`,
  },
  {
    question: 'How did one SKU sell by quarter of 2024?',
    ask: { metrics: ['units', 'revenue'], grain: 'quarter', filters: { product: 'plfct002' }, period: '2024' },
    sql: `SELECT q::date, coalesce(sum(i.quantity), 0), round(coalesce(sum(i.total_amount), 0), 2) FROM generate_series(timestamp '2024-01-01', '2024-10-01', '3 months') q LEFT JOIN (${catalogue}) ON date_trunc('quarter', o.order_date) = q AND p.sku = 'PLFCT002' GROUP BY 1 ORDER BY 1`,
  },
  {
    question: 'Sales of a product by its name, by store',
    ask: { metrics: ['units'], dimensions: ['store'], filters: { product: 'bathroom lavatory faucet' }, period: 'all' },
    sql: `SELECT s.store_name, sum(i.quantity) AS u FROM ${catalogue} ${ofStores} WHERE p.product_name = 'Bathroom Lavatory Faucet' GROUP BY s.store_id ORDER BY u DESC, s.store_id`,
  },
  {
    question: 'The top three categories of 2025 by quarter',
    ask: { metrics: ['revenue'], dimensions: ['category'], grain: 'quarter', period: '2025', limit: 3 },
    sql: `SELECT t.category_name, q::date, round(coalesce((SELECT sum(i.total_amount) FROM ${lines} JOIN retail.products p ON p.product_id = i.product_id WHERE p.category_id = t.category_id AND date_trunc('quarter', o.order_date) = q), 0), 2) FROM (SELECT c.category_id, c.category_name, sum(i.total_amount) AS r FROM ${catalogue} WHERE ${in2025} GROUP BY 1, 2 ORDER BY r DESC, 1 LIMIT 3) t, generate_series(timestamp '2025-01-01', '2025-10-01', '3 months') q ORDER BY t.r DESC, t.category_id, q`,
  },
  {
    question: 'Stores and categories crossed: the five best pairs of 2025',
    ask: { metrics: ['revenue'], dimensions: ['store', 'category'], period: '2025', limit: 5 },
    sql: `SELECT s.store_name, c.category_name, sum(i.total_amount) AS r FROM ${catalogue} ${ofStores} WHERE ${in2025} GROUP BY s.store_id, c.category_id ORDER BY r DESC, s.store_id, c.category_id LIMIT 5`,
  },
  {
    question: 'Best types online in 2025',
    ask: { metrics: ['revenue'], dimensions: ['type'], filters: { is_online: true }, period: '2025', limit: 5 },
    sql: `SELECT t.type_name, sum(i.total_amount) AS r FROM ${catalogue} ${ofStores} WHERE ${in2025} AND s.is_online GROUP BY t.type_id ORDER BY r DESC, t.type_id LIMIT 5`,
  },
  {
    question: 'What happened in the last 30 days?',
    ask: { metrics: ['revenue', 'orders'], period: 'last_30_days' },
    sql: `SELECT round(coalesce(sum(o.total_amount), 0), 2), count(*) FROM retail.orders o WHERE ${within('2025-12-16', '2026-01-14')}`,
  },
  {
    question: 'This year so far',
    ask: { metrics: ['revenue', 'orders'], period: 'year to date' },
    sql: `SELECT round(coalesce(sum(o.total_amount), 0), 2), count(*) FROM retail.orders o WHERE ${within('2026-01-01', '2026-01-15')}`,
  },
  {
    question: 'Christmas 2024: 15 to 31 December by category',
    ask: { metrics: ['revenue'], dimensions: ['category'], startDate: '2024-12-15', endDate: '2024-12-31' },
    sql: `SELECT c.category_name, sum(i.total_amount) AS r FROM ${catalogue} WHERE ${within('2024-12-15', '2024-12-31')} GROUP BY c.category_id ORDER BY r DESC, c.category_id`,
  },
  {
    question: 'Hardware from mid March 2024 to mid May 2025, by store',
    ask: {
      metrics: ['units', 'revenue'],
      dimensions: ['store'],
      filters: { category: 'HARDWARE' },
      startDate: '2024-03-17',
      endDate: '2025-05-14',
    },
    sql: `SELECT s.store_name, sum(i.quantity) AS u, sum(i.total_amount) FROM ${catalogue} ${ofStores} WHERE ${within('2024-03-17', '2025-05-14')} AND c.category_name = 'HARDWARE' GROUP BY s.store_id ORDER BY u DESC, s.store_id`,
  },
  {
    question: 'Customers of Seattle by quarter of 2025',
    ask: { metrics: ['customers', 'new_customers'], grain: 'quarter', filters: { store: 'Seattle' }, period: '2025' },
    sql: "SELECT q::date, (SELECT count(DISTINCT customer_id) FROM retail.orders WHERE store_id = 1 AND date_trunc('quarter', order_date) = q), (SELECT count(*) FROM (SELECT DISTINCT ON (customer_id) store_id, order_date FROM retail.orders ORDER BY customer_id, order_date, order_id) f WHERE store_id = 1 AND date_trunc('quarter', order_date) = q) FROM generate_series(timestamp '2025-01-01', '2025-10-01', '3 months') q ORDER BY 1",
  },
];

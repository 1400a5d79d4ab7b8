// What is asked: the same SQL for every server, with other parameters each call. Figures are checked against the database's own.

/**
 * @typedef {object} Variant one call of a workload
 * @property {string} [sql]
 * @property {import('./load/checks.mjs').Expected} expected
 * @property {unknown} [arguments] of a tool that takes no SQL
 */
/**
 * @typedef {object} Workload
 * @property {string} id
 * @property {string} title
 * @property {'sql' | 'schema' | 'metrics'} kind
 * @property {(parameter: number | string) => string} [sql]
 * @property {readonly (number | string)[]} [parameters] where they are the same for every data set
 * @property {string} [key] name of the first column
 * @property {number} [figure] column whose first and last value must be in the bytes of every answer
 * @property {string} [sameAs] workload with the same figures, for another way to get them
 */

/** Months on which `length` months can start: the data lasts from 2020 to 2025. @param {number} length */
export function startMonths(length) {
  return Array.from({ length: 72 - length + 1 }, (_, index) => monthAt(index));
}

/** @param {number} index months after January 2020 */
const monthAt = (index) => `${2020 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-01`;

/** @param {string} month @param {number} count */
export function monthsLater(month, count) {
  const [year, number] = month.split('-').map(Number);
  return monthAt((year - 2020) * 12 + number - 1 + count);
}

/** @param {string} month @param {number} length */
const period = (month, length) => `o.order_date >= DATE '${month}' AND o.order_date < DATE '${monthsLater(month, length)}'`;

const lines = (rows) => (after) =>
  `SELECT order_item_id, order_id, store_id, product_id, quantity, unit_price, discount_amount, total_amount FROM retail.order_items WHERE order_item_id > ${after} ORDER BY order_item_id LIMIT ${rows}`;

const schemaTables = ['orders', 'order_items', 'products'];

/** @type {readonly Workload[]} */
const raw = [
  {
    id: 'Q1',
    title: 'point lookup',
    kind: 'sql',
    sql: (id) => `SELECT order_id, customer_id, order_date, total_amount FROM retail.orders WHERE order_id = ${id}`,
    key: 'order_id',
    figure: 3,
  },
  {
    id: 'Q2',
    title: "a store's monthly revenue, 1 year",
    kind: 'sql',
    parameters: startMonths(12),
    sql: (month) =>
      `SELECT date_trunc('month', o.order_date)::date AS month, count(*) AS lines, sum(oi.total_amount) AS revenue FROM retail.orders o JOIN retail.order_items oi ON oi.order_id = o.order_id WHERE ${period(month, 12)} GROUP BY 1 ORDER BY 1`,
    key: 'month',
    figure: 2,
  },
  {
    id: 'Q3',
    title: 'top 10 products, 4-table join, a quarter',
    kind: 'sql',
    parameters: startMonths(3),
    sql: (month) =>
      `SELECT p.product_name, c.category_name, sum(oi.quantity) AS units, sum(oi.total_amount) AS revenue FROM retail.orders o JOIN retail.order_items oi ON oi.order_id = o.order_id JOIN retail.products p ON p.product_id = oi.product_id JOIN retail.categories c ON c.category_id = p.category_id WHERE ${period(month, 3)} GROUP BY p.product_id, p.product_name, c.category_name ORDER BY revenue DESC, p.product_id LIMIT 10`,
    key: 'product_name',
    figure: 3,
  },
  { id: 'Q4', title: '1,000 rows x 8 columns', kind: 'sql', sql: lines(1000), key: 'order_item_id', figure: 7 },
  { id: 'Q5', title: 'schema of 3 tables', kind: 'schema' },
  {
    id: 'Q6',
    title: 'aggregate over all visible lines',
    kind: 'sql',
    parameters: Array.from({ length: 40 }, (_, index) => (index + 1) / 2),
    sql: (least) =>
      `SELECT count(*) AS lines, sum(quantity) AS units, sum(total_amount) AS revenue FROM retail.order_items WHERE total_amount >= ${least}`,
    key: 'lines',
    figure: 2,
  },
];

/** 100 rows x 8 columns: asked once, for the bytes. @type {Workload} */
export const hundredRows = {
  id: 'R100',
  title: '100 rows x 8 columns',
  kind: 'sql',
  sql: lines(100),
  key: 'order_item_id',
  figure: 7,
};

/** One text again and again, where a result cache is allowed to answer. */
const repeated = raw
  .filter(({ id }) => ['Q1', 'Q3'].includes(id))
  .map((workload) => ({
    ...workload,
    id: `C${workload.id.slice(1)}`,
    title: `${workload.title}, repeated, cache on`,
    sameAs: workload.id,
  }));

/** The same figures by the metrics tool. */
const metrics = [
  {
    id: 'M2',
    title: 'Q2 by the metrics tool',
    kind: 'metrics',
    sameAs: 'Q2',
    length: 12,
    arguments: { metrics: ['revenue'], grain: 'month' },
  },
  {
    id: 'M3',
    title: 'Q3 by the metrics tool',
    kind: 'metrics',
    sameAs: 'Q3',
    length: 3,
    arguments: { metrics: ['revenue', 'units'], dimensions: ['product'], limit: 10 },
  },
];

export const workloads = [...raw, ...repeated, ...metrics];
export const metricsTool = 'get_sales_metrics';

/** The catalogue as SQL, for servers without a tool that describes several tables. */
export const schemaSql = `SELECT c.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS data_type, CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE n.nspname = 'retail' AND c.relname IN (${schemaTables.map((name) => `'${name}'`).join(', ')}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum`;

/** Lists of tables in other orders, so that no two calls in a row are the same. */
export const schemaArguments = schemaTables.map((_, index) => ({
  table_names: [...schemaTables.slice(index), ...schemaTables.slice(0, index)],
}));

/** @param {{ length: number, arguments: object }} workload @param {string} month */
export function metricsArguments(workload, month) {
  const last = new Date(`${monthsLater(month, workload.length)}T00:00:00Z`);
  last.setUTCDate(0);
  return { ...workload.arguments, start_date: month, end_date: last.toISOString().slice(0, 10) };
}

/**
 * What must be in an answer. A figure is looked for as text, so it is one that PostgreSQL writes in one way only.
 *
 * @param {Workload} workload
 * @param {readonly (readonly (string | null)[])[]} rows as PostgreSQL's text
 */
export function expectedOf({ key, figure }, rows) {
  const needles = new Set([rows[0], rows.at(-1)].map((row) => row[figure]));
  return { rows: rows.length, needles: [...needles], key };
}

/** @param {string | undefined} names comma-separated ids @returns {readonly Workload[]} */
export function chooseWorkloads(names) {
  if (names === undefined) return workloads;
  const wanted = names.split(',').map((name) => name.trim().toUpperCase());
  const unknown = wanted.filter((name) => !workloads.some(({ id }) => id === name));
  if (unknown.length > 0)
    throw new Error(`There is no workload ${unknown.join(', ')}. One of: ${workloads.map(({ id }) => id).join(', ')}.`);
  return workloads.filter(({ id }) => wanted.includes(id));
}

// What the tenants of a soak ask, and what is right for each: asked of the database directly, without policies.
import { withClient } from '../installation.mjs';
import { digestOf } from './checks.mjs';
import { createRequest, parseMessage } from './protocol.mjs';

/** @typedef {import('./scaled-installation.mjs').Scope} Scope */
/** @typedef {{ kind: 'point' | 'sum' | 'rows' | 'other', request: import('./protocol.mjs').Request, digest?: string }} Call */

const pointColumns = 'order_id, store_id, customer_id, total_amount';
const pointSql = (order) => `SELECT ${pointColumns} FROM retail.orders WHERE order_id = ${order}`;

/** Twice: as a caller writes it, and as the one who sees everything must. @type {readonly { kind: Call['kind'], sql: (where: (conditions: string[]) => string) => string }[]} */
const shared = [
  ...[2020, 2021, 2022, 2023, 2024].map((year) => ({
    kind: /** @type {const} */ ('sum'),
    sql: (where) =>
      `SELECT store_id, date_trunc('month', order_date)::date AS month, count(*) AS orders, sum(total_amount) AS revenue FROM retail.orders ${where([`order_date >= DATE '${year}-01-01'`, `order_date < DATE '${year + 1}-01-01'`])} GROUP BY 1, 2 ORDER BY 1, 2`,
  })),
  {
    kind: 'sum',
    sql: (where) =>
      `SELECT store_id, count(*) AS lines, sum(total_amount) AS revenue FROM retail.order_items ${where([])} GROUP BY 1 ORDER BY 1`,
  },
  {
    kind: 'rows',
    sql: (where) =>
      `SELECT order_item_id, store_id, product_id, quantity, total_amount FROM retail.order_items ${where([])} ORDER BY order_item_id LIMIT 100`,
  },
];
const whereAll = (conditions) => (conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`);

const others = [
  { name: 'get_current_utc_date', arguments: {} },
  { name: 'get_multiple_table_schemas', arguments: { table_names: ['orders', 'stores'] } },
];

const callOf = (kind, sql, rows) => ({
  kind,
  request: createRequest('tools/call', { name: 'execute_sales_query', arguments: { postgresql_query: sql } }),
  digest: digestOf(rows),
});

/**
 * Points of one's own and of others (no rows), months, sums, a hundred rows: the same texts for every scope wherever possible.
 *
 * @param {string} database
 * @param {readonly Scope[]} scopes
 * @param {{ points?: number, adminUrl?: URL }} [options] points of each; the server, where it is another one
 * @returns {Promise<Map<Scope, Call[]>>}
 */
export function mixedCalls(database, scopes, { points = 40, adminUrl } = {}) {
  return withClient({ name: database, adminUrl }, async (admin) => {
    const rowsOf = async (text) => (await admin.query({ text, rowMode: 'array' })).rows;
    const some = async (condition) =>
      rowsOf(`SELECT ${pointColumns} FROM retail.orders WHERE ${condition} ORDER BY md5(order_id::text) LIMIT ${points}`);
    const all = new Map();
    for (const scope of scopes) {
      const inScope = `store_id IN (${scope.ids})`;
      const calls = (await some(inScope)).map((row) => callOf('point', pointSql(row[0]), [row]));
      const foreign = (await some(`NOT ${inScope}`)).slice(0, points / 4);
      calls.push(...foreign.map(([order]) => callOf('point', pointSql(order), [])));
      for (const { kind, sql } of shared) {
        calls.push(callOf(kind, sql(whereAll), await rowsOf(sql((conditions) => whereAll([inScope, ...conditions])))));
      }
      calls.push(...others.map((params) => ({ kind: 'other', request: createRequest('tools/call', params) })));
      all.set(scope, calls);
    }
    return all;
  });
}

/**
 * What a tool answered, or why it did not.
 *
 * @param {number} status
 * @param {Buffer} body
 * @returns {{ content?: any, fault?: string, code?: string }}
 */
export function contentOf(status, body) {
  let message;
  try {
    message = parseMessage(body);
  } catch {
    return { fault: `status ${status}, no JSON`, code: 'unreadable' };
  }
  const { result, error } = message;
  if (result === undefined) return { fault: `status ${status}`, code: error?.data?.code ?? 'unknown' };
  if (result.isError) return { fault: 'an error of the tool', code: JSON.parse(result.content[0].text).code };
  return { content: result.structuredContent };
}

/**
 * @param {Pick<Scope, 'ids' | 'names'>} mine
 * @param {Call} call
 * @param {number} status
 * @param {Buffer} body
 * @returns {{ fault?: string, code?: string, foreign?: boolean, cached?: boolean, stale?: boolean }}
 */
export function judgeAnswer({ ids, names }, { digest }, status, body) {
  const { content, ...failure } = contentOf(status, body);
  if (content === undefined || digest === undefined) return failure;
  const { columns, rows, scope, cached, stale } = content;
  const at = columns.findIndex(({ name }) => name === 'store_id');
  const foreign = String(scope) !== String(names) || (at !== -1 && rows.some((row) => !ids.includes(row[at])));
  const fault = digestOf(rows) === digest ? undefined : 'other values';
  return { foreign, cached, ...(stale && { stale }), ...(fault && { fault, code: 'wrong' }) };
}

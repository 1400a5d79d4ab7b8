import type { OwnerSession } from '../../postgres/database.ts';
import { retailTables } from '../tables.ts';
import type { CheckResult } from './statistical-checks.ts';

/** A check of the rows themselves: a query that counts what is wrong. */
interface RowRule {
  readonly name: string;
  readonly finding: string;
  readonly countWrong: (schema: string) => string;
}

const rowRules: readonly RowRule[] = [
  {
    name: 'order_totals',
    finding: 'orders differ from the sum of their lines or have none',
    countWrong: (schema) => `
      SELECT count(*) AS wrong FROM ${schema}.orders o
      LEFT JOIN (SELECT order_id, sum(total_amount) AS total FROM ${schema}.order_items GROUP BY order_id) l USING (order_id)
      WHERE o.total_amount IS DISTINCT FROM l.total`,
  },
  {
    name: 'line_totals',
    finding: 'lines differ from quantity × unit price − discount',
    countWrong: (schema) => `
      SELECT count(*) AS wrong FROM ${schema}.order_items
      WHERE total_amount IS DISTINCT FROM quantity * unit_price - coalesce(discount_amount, 0)`,
  },
  {
    name: 'line_stores',
    finding: "lines name another store than their order's",
    countWrong: (schema) => `
      SELECT count(*) AS wrong FROM ${schema}.order_items i JOIN ${schema}.orders o USING (order_id) WHERE i.store_id <> o.store_id`,
  },
  {
    name: 'orphans',
    finding: 'rows refer to a row that does not exist',
    countWrong: (schema) => `SELECT sum(wrong) AS wrong FROM (${orphanCounts(schema).join(' UNION ALL ')}) counts`,
  },
  {
    name: 'emails',
    finding: 'e-mail addresses occur twice or are not lower case',
    countWrong: (schema) => `
      SELECT count(*) - count(DISTINCT lower(email)) + count(*) FILTER (WHERE email <> lower(email)) AS wrong FROM ${schema}.customers`,
  },
  {
    name: 'order_dates',
    finding: 'orders are older than their customer',
    countWrong: (schema) => `
      SELECT count(*) AS wrong FROM ${schema}.orders o JOIN ${schema}.customers c USING (customer_id)
      WHERE o.order_date < c.created_at::date`,
  },
  {
    name: 'rollups',
    finding: 'rollup rows differ from the lines',
    countWrong: (schema) => `SELECT sum(wrong) AS wrong FROM (${rollupCounts(schema).join(' UNION ALL ')}) counts`,
  },
  {
    name: 'text',
    finding: 'texts have a doubled apostrophe, a blank at an end or a broken character',
    countWrong: (schema) => `SELECT sum(wrong) AS wrong FROM (${textCounts(schema).join(' UNION ALL ')}) counts`,
  },
];

export async function checkRows(session: OwnerSession, schema: string): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, finding, countWrong } of rowRules) {
    const [row] = await session.query(countWrong(schema));
    const wrong = Number(row?.wrong);
    results.push({ name, passed: wrong === 0, detail: wrong === 0 ? 'none wrong' : `${wrong} ${finding}` });
  }
  return results;
}

/** Every byte sequence that a UTF8 database stores is valid UTF-8; in another encoding that says nothing. */
export async function checkEncoding(session: OwnerSession): Promise<CheckResult> {
  const [row] = await session.query("SELECT current_setting('server_encoding') AS encoding");
  return { name: 'encoding', passed: row?.encoding === 'UTF8', detail: `server encoding ${row?.encoding}` };
}

function orphanCounts(schema: string): string[] {
  return retailTables.flatMap(({ name, relationships }) =>
    relationships.map(({ columns, references, referencedColumns }) => {
      const joined = columns.map((column, index) => `p.${referencedColumns[index]} = c.${column}`).join(' AND ');
      const present = columns.map((column) => `c.${column} IS NOT NULL`).join(' AND ');
      return `SELECT count(*) AS wrong FROM ${schema}.${name} c
        WHERE ${present} AND NOT EXISTS (SELECT FROM ${schema}.${references} p WHERE ${joined})`;
    }),
  );
}

function textCounts(schema: string): string[] {
  return retailTables.flatMap(({ name, columns }) =>
    columns
      .filter(({ type }) => type === 'text')
      .map(
        (column) => `SELECT count(*) AS wrong FROM ${schema}.${name}
          WHERE position('''''' IN ${column.name}) > 0 OR ${column.name} ~ '^\\s|\\s$' OR position(U&'\\FFFD' IN ${column.name}) > 0`,
      ),
  );
}

/** The rollups again from the orders and lines, compared row by row in both directions. */
function rollupCounts(schema: string): string[] {
  const sums =
    'count(i.order_item_id), coalesce(sum(i.quantity), 0), coalesce(sum(i.total_amount), 0), coalesce(sum(i.discount_amount), 0)';
  const lines = `${schema}.orders o JOIN ${schema}.order_items i USING (order_id) JOIN ${schema}.products p USING (product_id)`;
  const month = "date_trunc('month', o.order_date)::date";
  const rollups = {
    sales_by_day: `SELECT o.store_id, o.order_date, count(DISTINCT o.order_id), ${sums}
      FROM ${schema}.orders o LEFT JOIN ${schema}.order_items i USING (order_id) GROUP BY 1, 2`,
    sales_by_month_product: `SELECT o.store_id, ${month}, i.product_id, ${sums} FROM ${lines} GROUP BY 1, 2, 3`,
    sales_by_month_category: `SELECT o.store_id, ${month}, p.category_id, ${sums} FROM ${lines} GROUP BY 1, 2, 3`,
  };
  return Object.entries(rollups).map(([name, recomputed]) => {
    const columns = retailTables
      .find((table) => table.name === name)
      ?.columns.map((column) => column.name)
      .join(', ');
    return `SELECT count(*) AS wrong FROM (
      (SELECT ${columns} FROM ${schema}.${name} EXCEPT ALL (${recomputed}))
      UNION ALL ((${recomputed}) EXCEPT ALL SELECT ${columns} FROM ${schema}.${name})) differences`;
  });
}

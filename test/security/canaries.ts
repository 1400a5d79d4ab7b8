import { expect } from 'vitest';
import type { TestDatabase } from '../support/databases.ts';

/** Values that stand nowhere but in store 2. */
export const canaries = ['Canaryfirst', 'Canarylast', 'canary@', '987654.32', '7654321'];

export async function plantCanaries(db: TestDatabase): Promise<void> {
  await db.owner.script(`
    INSERT INTO retail.customers (customer_id, first_name, last_name, email, phone, primary_store_id)
      VALUES (900001, 'Canaryfirst', 'Canarylast', 'canary@example.com', '7654321', 2);
    INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount)
      VALUES (900001, 900001, 2, '2024-05-05', 987654.32);
    INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, total_amount)
      VALUES (900001, 2, 1, 1, 987654.32, 987654.32);
    UPDATE retail.inventory SET stock_level = 7654321 WHERE store_id = 2 AND product_id = 1;`);
  await db.admin.script('ANALYZE retail.customers; ANALYZE retail.orders; ANALYZE retail.inventory');
}

/** All that a caller could ever see of a call: rows, column names, and every word of an error with its causes. */
export async function everythingSeen(call: Promise<unknown>): Promise<{ text: string; storeIds: unknown[] }> {
  try {
    const result = (await call) as { columns: { name: string }[]; rows: (string | null)[][] };
    const store = result.columns.findIndex((column) => column.name === 'store_id');
    return { text: JSON.stringify(result), storeIds: store < 0 ? [] : result.rows.map((row) => row[store]) };
  } catch (error) {
    return { text: wordsOf(error), storeIds: [] };
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint, detail, where, cause } = error as unknown as Record<string, unknown>;
  return [error.message, hint, detail, where, cause === undefined ? '' : wordsOf(cause)].join('\n');
}

export async function expectNothingForeign(call: Promise<unknown>): Promise<void> {
  const { text, storeIds } = await everythingSeen(call);
  for (const canary of canaries) expect(text).not.toContain(canary);
  expect(text).not.toMatch(/division by zero/);
  // A tsquery prints its words in quotes.
  expect(storeIds.filter((id) => String(id).replaceAll("'", '') !== '1')).toEqual([]);
}

/** What stands in the foreign stores, and what the logins are: neither may change under attack. */
export async function foreignState(db: TestDatabase) {
  const rows = await db.admin.query(
    `SELECT (SELECT md5(string_agg(o::text, '|' ORDER BY order_id)) FROM retail.orders o) AS orders,
            (SELECT md5(string_agg(c::text, '|' ORDER BY customer_id)) FROM retail.customers c) AS customers,
            (SELECT md5(string_agg(d::text, '|' ORDER BY store_id, order_date)) FROM retail.sales_by_day d) AS days,
            (SELECT md5(string_agg(p::text, '|' ORDER BY tablename, policyname)) FROM pg_policies p) AS policies,
            (SELECT string_agg(format('%s %s %s %s', rolname, rolsuper, rolbypassrls, rolconfig), '|' ORDER BY rolname)
               FROM pg_roles WHERE rolname LIKE $1) AS logins,
            (SELECT md5(string_agg(a::text, '|' ORDER BY roleid, member)) FROM pg_auth_members a) AS memberships`,
    [`${db.role('')}%`],
  );
  return rows[0];
}

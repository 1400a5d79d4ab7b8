import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { type TestDatabase, tiers } from '../support/databases.ts';

const realTiers = tiers.filter((tier) => tier.name !== 'the embedded database');
const queries = [
  'SELECT count(*), sum(total_amount), min(store_id), max(store_id) FROM retail.orders',
  'SELECT store_id, count(*), sum(quantity) FROM retail.order_items GROUP BY 1 ORDER BY 1',
  'SELECT count(*), sum(i.total_amount) FROM retail.orders o JOIN retail.order_items i USING (order_id, store_id)',
  'SELECT count(*), min(first_name) FROM retail.customers',
  'SELECT store_id, sum(stock_level) FROM retail.inventory GROUP BY 1 ORDER BY 1',
];

describe.each(realTiers)('Parallel plans, on $name', (tier) => {
  let db: TestDatabase;
  let session: OwnerSession;
  beforeAll(async () => {
    db = await tier.open();
    session = await openOwnerSession(db.address!, { user: db.role('reader'), password: db.password });
  });
  afterAll(async () => {
    await session.close();
    await db.close();
  });

  const inScope = async (settings: string, sql: string) => {
    await session.script(`BEGIN READ ONLY; ${settings}`);
    try {
      await session.query('SELECT retail.use_scope($1)', [db.sign([1, 3])]);
      return await session.query(sql);
    } finally {
      await session.script('ROLLBACK');
    }
  };
  const serial = 'SET LOCAL max_parallel_workers_per_gather = 0';
  const parallel = `SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
    SET LOCAL min_parallel_index_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 4; SET LOCAL debug_parallel_query = on`;

  test.each(queries)('with real workers the answer is the serial one: %s', async (sql) => {
    const alone = await inScope(serial, sql);
    expect(await inScope(parallel, sql)).toEqual(alone);
    // Other tests may hold every worker of the server for a moment.
    await expect
      .poll(async () => JSON.stringify(await inScope(parallel, `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`)), { timeout: 10_000 })
      .toMatch(/Workers Launched\\": [1-9]/);
  });

  test('the answer is the one that the owner gets with the stores filtered by hand', async () => {
    const sql = 'SELECT count(*) AS lines, sum(total_amount) AS revenue FROM retail.order_items';
    expect(await inScope(parallel, sql)).toEqual(await db.owner.query(`${sql} WHERE store_id IN (1, 3)`));
  });
});

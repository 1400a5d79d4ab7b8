import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TenantResult } from '../../src/postgres/database.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { canaries, everythingSeen, expectNothingForeign, foreignState, plantCanaries } from './canaries.ts';
import { forgingAttempts } from './forging-attempts.ts';

onEveryDatabase('With the guard off', (tier) => {
  let db: TestDatabase;
  let before: Record<string, string | null> | undefined;
  beforeAll(async () => {
    db = await tier.open();
    await plantCanaries(db);
    before = await foreignState(db);
  });
  afterAll(() => db.close());

  const prefixed = (sql: string) => sql.replaceAll('{{prefix}}', db.role('').slice(0, -1));
  const asSeattle = (sql: string) => db.asStores([1], prefixed(sql), { timeoutMs: 5000 });
  const cell = (result: TenantResult) => result.rows[0]?.[0];

  test('the canaries are there for the store that owns them', async () => {
    const { text } = await everythingSeen(
      db.asStores(
        [2],
        `SELECT c.first_name, c.last_name, c.email, o.total_amount, i.stock_level FROM retail.customers c JOIN retail.orders o USING (customer_id)
         JOIN retail.inventory i ON i.store_id = o.store_id AND i.product_id = 1 WHERE o.order_id = 900001`,
        { reader: 'reader_pii' },
      ),
    );
    for (const canary of canaries) expect(text).toContain(canary);
  });

  test.each(forgingAttempts)('nothing of another store is seen by: $name', async ({ sql }) => {
    await expectNothingForeign(asSeattle(sql));
    await expectNothingForeign(db.asStores([1], prefixed(sql), { reader: 'reader_costs_pii', timeoutMs: 5000 }));
  });

  describe('over several calls', () => {
    const captured = "SELECT current_setting('zava.tenant_scope')";
    const replay = (context: string | null | undefined) =>
      `WITH f AS MATERIALIZED (SELECT set_config('zava.tenant_scope', '${context}', true) AS x)
       SELECT o.store_id, c.first_name, o.total_amount FROM f, retail.orders o JOIN retail.customers c USING (customer_id)`;

    test('a context captured by a colleague of another store is worth nothing in the next transaction', async () => {
      const context = cell(await db.asStores([2], captured));
      expect(context).toMatch(/^2\|\d+\.\d+\|[0-9a-f]{64}$/);
      await expectNothingForeign(asSeattle(replay(context)));
    });

    test('nor on many connections at once', async () => {
      const context = cell(await db.asStores([1, 2, 3], captured));
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => expectNothingForeign(asSeattle(replay(context)))));
    });

    test('what one call prepares, declares, sets or listens to shows the next call nothing', async () => {
      const loot = 'SELECT o.store_id, o.total_amount FROM retail.orders o';
      const leftBehind = [
        `PREPARE left_behind AS ${loot}`,
        `DECLARE left_behind CURSOR WITH HOLD FOR ${loot}`,
        "SELECT set_config('zava.tenant_scope', current_setting('zava.tenant_scope'), false)",
        'SET SESSION search_path = pg_temp',
        'SET row_security = off',
        'LISTEN zava_table_changed',
        `CREATE TEMP TABLE left_behind AS ${loot}`,
        "SELECT pg_advisory_lock(1), pg_notify('zava_table_changed', 'orders:1')",
      ];
      for (const sql of leftBehind) await db.asStores([2], sql).catch(() => {});
      for (const sql of [
        'EXECUTE left_behind',
        'FETCH ALL FROM left_behind',
        'SELECT * FROM left_behind',
        loot,
        'SELECT store_id, total_amount FROM orders',
      ])
        await expectNothingForeign(asSeattle(sql));
    });

    test('a call that ends its own transaction leaves the next one in order', async () => {
      for (const sql of ['COMMIT', 'ROLLBACK', 'COMMIT AND CHAIN', "PREPARE TRANSACTION 'x'", 'BEGIN', 'SAVEPOINT s']) {
        await asSeattle(sql).catch(() => {});
        const result = await asSeattle('SELECT DISTINCT store_id FROM retail.orders');
        expect(result.verifiedTenantIds).toEqual([1]);
        expect(result.rows).toEqual([['1']]);
      }
    });
  });

  test('after all of it the foreign stores, the policies and the logins are what they were', async () => {
    expect(await foreignState(db)).toEqual(before);
  });
});

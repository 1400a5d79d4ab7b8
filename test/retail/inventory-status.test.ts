import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import type { InventoryQuestion } from '../../src/retail/inventory-status.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { asker, openReports, rowsIn } from '../support/reports.ts';

onEveryDatabase('Stock', (tier) => {
  let db: TestDatabase;
  let status: (
    question: Partial<InventoryQuestion>,
    principal?: Principal,
  ) => ReturnType<Awaited<ReturnType<typeof openReports>>['inventoryStatus']>;
  let head: Principal;
  let seattle: Principal;
  beforeAll(async () => {
    db = await tier.open();
    // 26 units in 13 weeks are two a week: seven in stock are three and a half weeks
    await db.owner.script(`
      INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount) SELECT 600001, min(customer_id), 3, '2026-01-10', 260 FROM retail.customers;
      INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, total_amount) VALUES (600001, 3, 50, 26, 10, 260);
      DELETE FROM retail.order_items WHERE product_id = 50 AND store_id = 3 AND order_id <> 600001;
      UPDATE retail.inventory SET stock_level = 7 WHERE store_id = 3 AND product_id = 50;
      UPDATE retail.inventory SET stock_level = 0 WHERE store_id = 1 AND product_id = 51`);
    const { inventoryStatus } = await openReports(db);
    head = await principalFor(db.database, 'super_admin', [1, 2, 3, 4, 5, 6, 7, 8]);
    seattle = await principalFor(db.database, 'store_manager', [1]);
    status = (question, principal = head) => inventoryStatus({ lowStockOnly: false, ...question }, { principal, ...asker });
  });
  afterAll(() => db.close());

  test('is low under four weeks of the store’s own pace', async () => {
    const low = await status({ lowStockOnly: true });
    expect(low).toMatchObject({ period: { first: '2025-10-12', last: '2026-01-10' } });
    expect(rowsIn(low)).toEqual([['Zava Retail Tacoma', expect.any(String), expect.any(String), 7, 26, 3.5, true]]);
    await db.owner.script('UPDATE retail.inventory SET stock_level = 8 WHERE store_id = 3 AND product_id = 50');
    expect(rowsIn(await status({ lowStockOnly: true }))).toEqual([]);
  });

  test('of one product is told by store, of one store the scarcest first', async () => {
    const [sku] = (await db.owner.query('SELECT sku FROM retail.products WHERE product_id = 50')).map((row) => row.sku ?? '');
    const byStore = rowsIn(await status({ sku }));
    expect(byStore).toHaveLength(8);
    expect(byStore).toContainEqual(['Zava Retail Tacoma', sku, expect.any(String), 8, 26, 4, false]);
    const ofStore = await status({ storeName: 'tacoma' });
    expect([ofStore.rowCount, ofStore.truncated]).toEqual([100, true]);
    expect(new Set(rowsIn(ofStore).map(([store]) => store))).toEqual(new Set(['Zava Retail Tacoma']));
    const weeks = rowsIn(ofStore).map((row) => row[5]);
    expect(weeks).toEqual(
      [...weeks].sort((a, b) => Number(a ?? Number.POSITIVE_INFINITY) - Number(b ?? Number.POSITIVE_INFINITY)),
    );
  });

  test('without sales lasts for ever, and is not low', async () => {
    const rows = rowsIn(await status({ storeName: 'Zava Retail Seattle' }, seattle)).filter(([, , , stock]) => stock === 0);
    for (const [, , , , sold, weeks, low] of rows) expect(sold === 0 ? [weeks, low] : [null, false]).toEqual([null, false]);
  });

  test('of another store is not to be had', async () => {
    await expect(status({ storeName: 'Zava Retail Tacoma' }, seattle)).rejects.toMatchObject({
      code: 'not_found',
      hint: 'You may see: Zava Retail Seattle',
    });
    expect(new Set(rowsIn(await status({}, seattle)).map(([store]) => store))).toEqual(new Set(['Zava Retail Seattle']));
  });
});

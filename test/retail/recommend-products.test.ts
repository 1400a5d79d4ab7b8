import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import type { RecommendationQuestion } from '../../src/retail/recommend-products.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { asker, openReports, rowsIn } from '../support/reports.ts';

/** Seattle sells drills with bits, Bellevue the same drill with gloves; nobody else is in that week of January 2026. */
const sales = `
  INSERT INTO retail.customers (customer_id, first_name, last_name, email, primary_store_id)
    VALUES (600001, 'A', 'A', 'a.600001@example.com', 1), (600002, 'B', 'B', 'b.600002@example.com', 1), (600003, 'C', 'C', 'c.600003@example.com', 2);
  INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount) VALUES
    (600001, 600001, 1, '2026-01-05', 30), (600002, 600002, 1, '2026-01-06', 30), (600003, 600002, 1, '2026-01-07', 10),
    (600004, 600003, 2, '2026-01-06', 50);
  INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, total_amount) VALUES
    (600001, 1, 100, 1, 10, 10), (600001, 1, 101, 2, 10, 20), (600002, 1, 100, 1, 10, 10), (600002, 1, 102, 2, 10, 20),
    (600003, 1, 101, 1, 10, 10), (600004, 2, 100, 1, 10, 10), (600004, 2, 110, 4, 10, 40);`;

onEveryDatabase('Recommendations', (tier) => {
  let db: TestDatabase;
  let recommend: (
    question: Partial<RecommendationQuestion>,
    principal?: Principal,
  ) => ReturnType<Awaited<ReturnType<typeof openReports>>['recommendProducts']>;
  let seattle: Principal;
  let bellevue: Principal;
  let skuOf: (id: number) => string;
  beforeAll(async () => {
    db = await tier.open();
    await db.owner.script(sales);
    const { recommendProducts } = await openReports(db);
    seattle = await principalFor(db.database, 'store_manager', [1]);
    bellevue = await principalFor(db.database, 'store_manager', [2]);
    recommend = (question, principal = seattle) =>
      recommendProducts({ kind: 'trending', limit: 10, daysBack: 7, ...question }, { principal, ...asker });
    const skus = new Map(
      (await db.owner.query('SELECT product_id, sku FROM retail.products')).map((row) => [Number(row.product_id), row.sku ?? '']),
    );
    skuOf = (id) => skus.get(id) ?? '';
  });
  afterAll(() => db.close());

  test('of what is bought with a product count orders of the caller’s stores', async () => {
    const own = await recommend({ kind: 'cross_sell', sku: skuOf(100) });
    expect(rowsIn(own).map(([sku, , , , together, percent]) => [sku, together, percent])).toEqual([
      [skuOf(101), 1, 50],
      [skuOf(102), 1, 50],
    ]);
    expect(own).toMatchObject({
      period: { first: '2026-01-01', last: '2026-01-07' },
      truncated: false,
      degraded: false,
      scope: ['Zava Retail Seattle'],
    });
    const others = await recommend({ kind: 'cross_sell', sku: skuOf(100) }, bellevue);
    expect(rowsIn(others).map(([sku]) => sku)).toEqual([skuOf(110)]);
    expect(others.period).toEqual({ first: '2025-12-31', last: '2026-01-06' });
  });

  test('of what its customers bought count customers, across their orders', async () => {
    const rows = rowsIn(await recommend({ kind: 'customer_based', sku: skuOf(100) }));
    expect(rows.map(([sku, , , , customers, percent]) => [sku, customers, percent])).toEqual([
      [skuOf(101), 2, 100],
      [skuOf(102), 1, 50],
    ]);
  });

  test('of what is trending compare units with as many days before', async () => {
    const rows = rowsIn(await recommend({ kind: 'trending', limit: 3 }));
    expect(rows[0]).toEqual([
      skuOf(101),
      expect.any(String),
      expect.any(String),
      expect.any(Number),
      3,
      expect.any(Number),
      expect.any(Number),
    ]);
    for (const [, , , , units, before, change] of rows) expect(Number(units) - Number(before)).toBe(change);
    expect(rows.every(([, , , , , , change]) => Number(change) > 0)).toBe(true);
    const alike = rowsIn(await recommend({ kind: 'trending', sku: skuOf(100) }));
    expect(new Set(alike.map(([, , category]) => category)).size).toBe(1);
  });

  test('are as many as asked for, and tell when there are more', async () => {
    const one = await recommend({ kind: 'cross_sell', sku: skuOf(100), limit: 1 });
    expect([one.rowCount, one.truncated]).toEqual([1, true]);
  });

  test('of similar products go by type, category and price while there are no vectors, and say so', async () => {
    const found = await recommend({ kind: 'similar_products', sku: skuOf(1).toLowerCase(), limit: 2 });
    expect(found).toMatchObject({ degraded: true, rowCount: 2, truncated: true });
    const [[type] = []] = await (async () =>
      (
        await db.asStores(
          [1],
          'SELECT t.type_name FROM retail.products p JOIN retail.product_types t USING (type_id) WHERE p.product_id = 1',
        )
      ).rows)();
    const types = await db.asStores(
      [1],
      `SELECT DISTINCT t.type_name FROM retail.products p JOIN retail.product_types t USING (type_id) WHERE p.sku IN (${rowsIn(found).map(([sku]) => `'${sku}'`)})`,
    );
    expect(types.rows).toEqual([[type]]);
  });

  test('of similar products go by the vectors of one model, the newest that knows the product', async () => {
    await db.owner.script(`
      INSERT INTO retail.product_description_embeddings (product_id, model, dimensions, description_embedding, content_hash, created_at) VALUES
        (1, 'old', 2, '[0,1]', 'x', '2020-01-01'), (2, 'old', 2, '[0,1]', 'x', '2020-01-01'),
        (1, 'new', 3, '[1,0,0]', 'x', '2025-01-01'), (2, 'new', 3, '[0,1,0]', 'x', '2025-01-01'), (3, 'new', 3, '[3,4,0]', 'x', '2025-01-01')`);
    const found = await recommend({ kind: 'similar_products', sku: skuOf(1) });
    expect(found).toMatchObject({ degraded: false, model: 'new', truncated: false });
    expect(rowsIn(found).map((row) => [row[0], row[4]])).toEqual([
      [skuOf(3), 60],
      [skuOf(2), 0],
    ]);
    await db.owner.script('DELETE FROM retail.product_description_embeddings');
  });

  test.each(['customer_based', 'cross_sell', 'similar_products'] as const)('of %s need a product that exists', async (kind) => {
    await expect(recommend({ kind })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(recommend({ kind, sku: `${skuOf(1)}X` })).rejects.toMatchObject({
      code: 'not_found',
      hint: expect.stringContaining(skuOf(1)),
    });
  });

  test('of a store without any sale are none, up to today', async () => {
    await db.owner.script(
      "INSERT INTO retail.stores (store_id, store_name, rls_user_id, region_id) VALUES (99, 'Zava Retail New', '00000000-0000-0000-0000-000000000099', 1)",
    );
    const fresh = { ...seattle, tenants: [{ ...seattle.tenants[0]!, id: 99 }] };
    expect(await recommend({ kind: 'trending', daysBack: 3 }, fresh)).toMatchObject({
      rowCount: 0,
      period: { first: '2026-01-13', last: '2026-01-15' },
    });
  });
});

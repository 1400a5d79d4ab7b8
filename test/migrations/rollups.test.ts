import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OwnerSession } from '../../src/postgres/database.ts';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { onEveryDatabase, type TestDatabase, tiers } from '../support/databases.ts';

const computed: Record<string, string> = {
  sales_by_day: `SELECT store_id, order_date, count(DISTINCT order_id), count(order_item_id), coalesce(sum(quantity), 0),
    coalesce(sum(revenue), 0)::numeric(14,2), coalesce(sum(discount), 0)::numeric(14,2) FROM retail.sales_lines GROUP BY 1, 2`,
  sales_by_month_product: `SELECT store_id, date_trunc('month', order_date)::date, product_id, count(*), sum(quantity),
    sum(revenue)::numeric(14,2), sum(discount)::numeric(14,2) FROM retail.sales_lines WHERE product_id IS NOT NULL GROUP BY 1, 2, 3`,
  sales_by_month_category: `SELECT store_id, date_trunc('month', order_date)::date, category_id, count(*), sum(quantity),
    sum(revenue)::numeric(14,2), sum(discount)::numeric(14,2) FROM retail.sales_lines WHERE product_id IS NOT NULL GROUP BY 1, 2, 3`,
};

/** Rows of the rollups that the lines do not give, and the other way round; sales_lines itself is checked against the tables. */
async function differences(session: OwnerSession): Promise<string[]> {
  const found: string[] = [];
  for (const [rollup, sql] of Object.entries(computed)) {
    const rows = await session.query(
      `WITH computed AS MATERIALIZED (${sql})
       (SELECT 'too much' AS kind, r::text AS row FROM (TABLE retail.${rollup} EXCEPT TABLE computed) r)
       UNION ALL (SELECT 'too little', r::text FROM (TABLE computed EXCEPT TABLE retail.${rollup}) r)`,
    );
    found.push(...rows.map((row) => `${rollup}: ${row.kind} ${row.row}`));
  }
  return found;
}

const insertOrder = (id: number, store: number, date: string, lines: [product: number, quantity: number, cents: number][]) => {
  const total = lines.reduce((sum, [, quantity, cents]) => sum + quantity * cents, 0);
  return `INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount) VALUES (${id}, 1, ${store}, '${date}', ${total / 100});
    ${lines
      .map(
        ([product, quantity, cents]) =>
          `INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, total_amount)
           VALUES (${id}, ${store}, ${product}, ${quantity}, ${cents / 100}, ${(quantity * cents) / 100});`,
      )
      .join('\n')}`;
};

onEveryDatabase('The rollups', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('equal the lines in a freshly loaded database', async () => {
    expect(await differences(db.owner)).toEqual([]);
    expect(Number((await db.owner.query('SELECT count(*) AS n FROM retail.sales_by_month_product'))[0]?.n)).toBeGreaterThan(100);
  });

  test('that are wrong would be found', async () => {
    await db.owner.script('BEGIN; UPDATE retail.sales_by_day SET revenue = revenue + 0.01 WHERE store_id = 1');
    const found = await differences(db.owner);
    await db.owner.script('ROLLBACK');
    expect(found.length).toBeGreaterThan(1);
  });

  // In this order: each works on what the ones before it left.
  test.each<[string, string]>([
    [
      'an order and its lines are inserted',
      insertOrder(800001, 1, '2031-01-31', [
        [1, 2, 1050],
        [2, 1, 99],
      ]),
    ],
    ['an order without lines is inserted', insertOrder(800002, 1, '2031-01-31', [])],
    [
      'orders of several stores and months come in one statement',
      `INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount)
       SELECT 800010 + n, 1, 1 + n % 8, date '2031-01-15' + 20 * n, 0 FROM generate_series(0, 15) n`,
    ],
    [
      'lines of many orders come in one statement',
      `INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, discount_amount, total_amount)
       SELECT order_id, store_id, 1 + order_id % 5, 3, 5.00, 1.50, 13.50 FROM retail.orders WHERE order_id BETWEEN 800010 AND 800025`,
    ],
    [
      'a line’s quantity changes',
      'UPDATE retail.order_items SET quantity = 4, total_amount = 4 * unit_price - discount_amount WHERE order_id = 800010',
    ],
    ['a line’s product changes', 'UPDATE retail.order_items SET product_id = 300 WHERE order_id = 800011'],
    [
      'a line moves to another order',
      'UPDATE retail.order_items SET order_id = 800001 WHERE order_id = 800018 AND store_id = 1; SELECT 1',
    ],
    ['an order moves to another day', "UPDATE retail.orders SET order_date = '2031-02-01' WHERE order_id = 800001"],
    [
      'many orders move across a month’s end',
      'UPDATE retail.orders SET order_date = order_date + 31 WHERE order_id BETWEEN 800010 AND 800025',
    ],
    [
      'an order moves to another store with its lines',
      `WITH o AS (UPDATE retail.orders SET store_id = 5 WHERE order_id = 800012 RETURNING order_id)
       UPDATE retail.order_items SET store_id = 5 WHERE order_id IN (SELECT 800012)`,
    ],
    [
      'nothing at all changes',
      'UPDATE retail.order_items SET quantity = quantity; UPDATE retail.orders SET order_date = order_date',
    ],
    [
      'a product moves to another category',
      `UPDATE retail.products SET category_id = 9, type_id = (SELECT min(type_id) FROM retail.product_types WHERE category_id = 9) WHERE product_id IN (1, 2)`,
    ],
    ['a price changes, which sold nothing', 'UPDATE retail.products SET base_price = base_price + 1 WHERE product_id = 3'],
    [
      'a line is upserted',
      `INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, total_amount)
       SELECT order_item_id, order_id, store_id, product_id, 1, 1, 1 FROM retail.order_items WHERE order_id = 800013
       ON CONFLICT (order_item_id) DO UPDATE SET quantity = 9, unit_price = 1, discount_amount = 0, total_amount = 9`,
    ],
    [
      'lines are merged',
      `MERGE INTO retail.order_items i USING (VALUES (800014), (800015)) v(id) ON i.order_id = v.id
       WHEN MATCHED AND v.id = 800014 THEN DELETE WHEN MATCHED THEN UPDATE SET discount_amount = 0, total_amount = quantity * unit_price`,
    ],
    ['lines are deleted', 'DELETE FROM retail.order_items WHERE order_id IN (800001, 800016)'],
    [
      'an order is deleted',
      'DELETE FROM retail.orders WHERE order_id = 800016; DELETE FROM retail.orders WHERE order_id = 800002',
    ],
    ['changes are rolled back', `BEGIN; ${insertOrder(800099, 1, '2031-01-31', [[1, 1, 100]])} ROLLBACK`],
    [
      'changes are rolled back to a savepoint',
      `BEGIN; ${insertOrder(800100, 1, '2031-01-31', [[1, 1, 100]])} SAVEPOINT s; DELETE FROM retail.order_items; ROLLBACK TO s; COMMIT`,
    ],
    ['all lines are truncated', 'TRUNCATE retail.order_items'],
    ['orders and lines are truncated', 'TRUNCATE retail.orders, retail.order_items'],
    ['the first order comes after that', insertOrder(1, 1, '2031-01-31', [[1, 2, 1050]])],
  ])('stay exact when %s', async (_name, sql) => {
    await db.owner.script(sql);
    expect(await differences(db.owner)).toEqual([]);
  });

  test('are emptied with the orders, and hold the one order since', async () => {
    expect(await db.owner.query('SELECT store_id, orders, lines, revenue FROM retail.sales_by_day')).toEqual([
      { store_id: '1', orders: '1', lines: '1', revenue: '21.00' },
    ]);
  });
});

describe.each(tiers.filter((tier) => tier.name !== 'the embedded database'))(
  'The rollups under writers at once, on $name',
  (tier) => {
    let db: TestDatabase;
    let writers: OwnerSession[];
    beforeAll(async () => {
      db = await tier.open();
      const login = { user: db.role('owner'), password: db.password };
      writers = await Promise.all([1, 2, 3].map(() => openOwnerSession(db.address!, login)));
    });
    afterAll(async () => {
      await Promise.all(writers.map((writer) => writer.close()));
      await db.close();
    });

    const waitUntilBlocked = () =>
      expect
        .poll(
          async () =>
            (
              await db.admin.query(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
              )
            )[0]?.n,
        )
        .not.toBe('0');

    test('stay exact when two of them change the same day', async () => {
      const [a, b] = writers as [OwnerSession, OwnerSession];
      await a.script(`BEGIN; ${insertOrder(810001, 1, '2031-03-03', [[1, 1, 100]])}`);
      const second = b.script(`BEGIN; ${insertOrder(810002, 1, '2031-03-03', [[1, 2, 100]])} COMMIT`);
      await waitUntilBlocked();
      await a.script('COMMIT');
      await second;
      expect(await differences(db.owner)).toEqual([]);
    });

    test('stay exact when the first of two rolls back', async () => {
      const [a, b] = writers as [OwnerSession, OwnerSession];
      await a.script(`BEGIN; ${insertOrder(810003, 2, '2031-03-03', [[1, 1, 100]])}`);
      const second = b.script(`BEGIN; ${insertOrder(810004, 2, '2031-03-03', [[5, 2, 100]])} COMMIT`);
      await waitUntilBlocked();
      await a.script('ROLLBACK');
      await second;
      expect(await differences(db.owner)).toEqual([]);
    });

    test.each(['first', 'second'])('stay exact when a product changes its category as the %s of two writers', async (place) => {
      const [a, b] = writers as [OwnerSession, OwnerSession];
      const category = place === 'first' ? 8 : 7;
      const move = `UPDATE retail.products SET category_id = ${category}, type_id = (SELECT min(type_id) FROM retail.product_types WHERE category_id = ${category}) WHERE product_id = 10`;
      const order = insertOrder(810010 + category, 3, `2031-0${category}-03`, [
        [10, 1, 100],
        [11, 1, 100],
      ]);
      await a.script(`BEGIN; ${place === 'first' ? move : order}`);
      const second = b.script(`BEGIN; ${place === 'first' ? order : move}; COMMIT`);
      await waitUntilBlocked();
      await a.script('COMMIT');
      await second;
      expect(await differences(db.owner)).toEqual([]);
    });

    test('stay exact through a crowd of small changes', async () => {
      // The version rows make writers wait for one another, now and then in a circle: PostgreSQL ends one, who tries again.
      const insist = async (writer: OwnerSession, sql: string): Promise<void> => {
        try {
          await writer.script(`BEGIN; ${sql}; COMMIT`);
        } catch (error) {
          expect(error).toMatchObject({ code: '40P01' });
          await writer.script('ROLLBACK');
          await insist(writer, sql);
        }
      };
      const work = async (writer: OwnerSession, number: number) => {
        for (let turn = 0; turn < 8; turn += 1) {
          const id = 820000 + number * 100 + turn;
          await insist(writer, insertOrder(id, 1 + (turn % 2), '2031-05-05', [[1 + (turn % 3), 1 + number, 250]]));
          if (turn % 3 === 0) await insist(writer, `UPDATE retail.orders SET order_date = '2031-05-06' WHERE order_id = ${id}`);
          if (turn % 4 === 0) await insist(writer, `DELETE FROM retail.order_items WHERE order_id = ${id}`);
        }
      };
      await Promise.all(writers.map(work));
      expect(await differences(db.owner)).toEqual([]);
    });
  },
);

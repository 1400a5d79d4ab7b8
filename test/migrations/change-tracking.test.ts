import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toClientConfig } from '../../src/postgres/connection-settings.ts';
import { onEveryDatabase, type TestDatabase, tiers } from '../support/databases.ts';

const versionOf = async (db: TestDatabase, table: string) =>
  Number((await db.database.query('SELECT version FROM ops.table_versions WHERE table_name = $1', [table]))[0]?.version);

onEveryDatabase('Change tracking', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('knows every table that callers read or search', async () => {
    const rows = await db.owner.query(
      `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'retail'::regnamespace AND c.relkind = 'r'
       AND NOT EXISTS (SELECT FROM ops.table_versions v WHERE v.table_name = c.relname)
       OR c.relnamespace = 'retail'::regnamespace AND c.relkind = 'r'
       AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'change_noted')`,
    );
    expect(rows).toEqual([]);
  });

  test.each([
    ['an update of many rows', 'products', 'UPDATE retail.products SET base_price = base_price + 1'],
    ['an update of no row', 'products', 'UPDATE retail.products SET base_price = 1 WHERE false'],
    ['an insert', 'regions', "INSERT INTO retail.regions VALUES (9, 'Far away')"],
    ['a delete', 'regions', 'DELETE FROM retail.regions WHERE region_id = 9'],
    ['a truncate', 'product_image_embeddings', 'TRUNCATE retail.product_image_embeddings'],
  ])('%s adds one to the version', async (_name, table, sql) => {
    const before = await versionOf(db, table);
    await db.owner.script(sql);
    expect(await versionOf(db, table)).toBe(before + 1);
  });

  test('an order changes the versions of the rollups too', async () => {
    const before = await versionOf(db, 'sales_by_day');
    await db.owner.script(
      "INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount) VALUES (800001, 1, 1, '2031-01-01', 0)",
    );
    expect(await versionOf(db, 'sales_by_day')).toBeGreaterThan(before);
  });

  test('a change that was rolled back leaves the version', async () => {
    const before = await versionOf(db, 'products');
    await db.owner.script('BEGIN; UPDATE retail.products SET base_price = base_price + 1; ROLLBACK');
    expect(await versionOf(db, 'products')).toBe(before);
  });
});

describe.each(tiers.filter((tier) => tier.name !== 'the embedded database'))('Notifications of changes, on $name', (tier) => {
  let db: TestDatabase;
  let listener: pg.Client;
  const heard: string[] = [];
  beforeAll(async () => {
    db = await tier.open();
    listener = new pg.Client(toClientConfig(db.address!, { user: db.role('server'), password: db.password }));
    await listener.connect();
    listener.on('notification', (message) => heard.push(message.payload ?? ''));
    await listener.query('LISTEN zava_table_changed');
  });
  afterAll(async () => {
    await listener.end();
    await db.close();
  });

  test('one arrives after the commit of an update, with the new version, and none before', async () => {
    heard.length = 0;
    const before = await versionOf(db, 'products');
    await db.owner.script('BEGIN; UPDATE retail.products SET base_price = base_price + 1');
    await listener.query('SELECT 1');
    expect(heard).toEqual([]);
    await db.owner.script('COMMIT');
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual([`products:${before + 1}`]);
  });

  test('none arrives after a rollback', async () => {
    heard.length = 0;
    await db.owner.script('BEGIN; UPDATE retail.products SET base_price = base_price + 1; ROLLBACK');
    await db.owner.script('UPDATE retail.regions SET region_name = region_name');
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(heard.filter((payload) => payload.startsWith('products:'))).toEqual([]);
  });

  test('a caller’s statement can send none', async () => {
    heard.length = 0;
    await db.asStores([1], "NOTIFY zava_table_changed, 'orders:999'").catch(() => {});
    await db.asStores([1], "SELECT pg_notify('zava_table_changed', 'orders:999')").catch(() => {});
    await db.owner.script('UPDATE retail.regions SET region_name = region_name');
    await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(heard.join()).not.toContain('999');
  });
});

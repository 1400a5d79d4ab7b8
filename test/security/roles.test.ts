import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOwnerSession } from '../../src/postgres/owner-session.ts';
import { onEveryDatabase, type TestDatabase, tiers } from '../support/databases.ts';
import { asRole, stateOf } from './as-role.ts';

const readers = ['reader', 'reader_costs', 'reader_pii', 'reader_costs_pii'];
const denied = '42501';

onEveryDatabase('The roles', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const granted = async (sql: string) => {
    const allowed: string[] = [];
    for (const role of readers) {
      const state = await stateOf(db, role, sql, [1]);
      if (state === 'ok') allowed.push(role);
      else expect(state).toBe(denied);
    }
    return allowed;
  };

  test.each([
    ['SELECT cost FROM retail.products', ['reader_costs', 'reader_costs_pii']],
    ['SELECT gross_margin_percent FROM retail.products', ['reader_costs', 'reader_costs_pii']],
    ['SELECT email FROM retail.customers', ['reader_pii', 'reader_costs_pii']],
    ['SELECT phone FROM retail.customers', ['reader_pii', 'reader_costs_pii']],
    ['SELECT first_name, last_name FROM retail.customers', readers],
    ['SELECT * FROM retail.customers', ['reader_pii', 'reader_costs_pii']],
    ['SELECT c FROM retail.customers c', ['reader_pii', 'reader_costs_pii']],
    ['SELECT count(*) FROM retail.customers WHERE email IS NULL', ['reader_pii', 'reader_costs_pii']],
    ['SELECT 1 FROM retail.products ORDER BY cost LIMIT 1', ['reader_costs', 'reader_costs_pii']],
    ['SELECT to_jsonb(p) FROM retail.products p', []],
    ['SELECT search_text FROM retail.products', []],
    ['SELECT rls_user_id FROM retail.stores', []],
    ['SELECT s::text FROM retail.stores s', []],
    ['SELECT 1 FROM retail.stores WHERE rls_user_id IS NOT NULL', []],
    ['SELECT * FROM retail.stores', []],
    ['SELECT store_id, store_name, is_online, region_id FROM retail.stores', readers],
    ['SELECT * FROM retail.product_description_embeddings', []],
    ['SELECT * FROM retail.product_image_embeddings', []],
    ['SELECT * FROM retail.sales_lines', []],
    ['SELECT * FROM retail.sales_by_day', readers],
    ['SELECT * FROM ops.table_versions', []],
    ['SELECT * FROM ops.schema_migrations', []],
    ['SELECT * FROM audit.events', []],
    ['SELECT * FROM keys.scope_keys', []],
    ['SELECT * FROM retail.tenant_directory()', []],
    ["SELECT audit.append('{}')", []],
    ["SELECT nextval('retail.orders_order_id_seq')", []],
    ['INSERT INTO retail.regions VALUES (9, $$x$$)', []],
    ['UPDATE retail.orders SET store_id = 1', []],
    ['DELETE FROM retail.inventory', []],
    ['TRUNCATE retail.orders', []],
    ['CREATE TABLE retail.mine (id int)', []],
    ['CREATE TABLE public.mine (id int)', []],
    ['CREATE TABLE extensions.mine (id int)', []],
    ['CREATE TEMP TABLE mine (id int)', []],
    ['CREATE SCHEMA mine', []],
    ["SELECT set_config('a.b', 'c', true)", []],
    ["SELECT pg_notify('a', 'b')", []],
    ['SELECT pg_advisory_lock(1)', []],
    ['SELECT * FROM pg_stat_activity', []],
  ])('%s is for %j alone', async (sql, allowed) => {
    expect(await granted(sql)).toEqual(allowed);
  });

  test.each([
    'SELECT order_id FROM retail.orders',
    'SELECT customer_id FROM retail.customers',
    'SELECT * FROM retail.inventory',
    'SELECT * FROM retail.order_items',
    'SELECT * FROM retail.sales_by_day',
    'SELECT * FROM retail.sales_by_month_product',
    'SELECT * FROM retail.sales_by_month_category',
    'SELECT * FROM retail.sales_lines',
    'SELECT cost FROM retail.products',
    'SELECT rls_user_id FROM retail.stores',
    'SELECT * FROM keys.scope_keys',
    'SELECT * FROM audit.events',
    "SELECT retail.use_scope('x')",
    'UPDATE retail.products SET base_price = 1',
    "INSERT INTO audit.events (occurred_at, action, outcome, prev_hash, row_hash) VALUES (now(), 'a', 'b', '', '')",
    'DELETE FROM ops.table_versions',
    'CREATE TABLE retail.mine (id int)',
  ])('the serving login may not: %s', async (sql) => {
    expect(await stateOf(db, 'server', sql)).toBe(denied);
  });

  test.each([
    'SELECT * FROM retail.tenant_directory()',
    'SELECT * FROM retail.categories',
    'SELECT product_id, sku, product_name, base_price, search_text FROM retail.products',
    'SELECT * FROM retail.product_description_embeddings',
    'SELECT * FROM ops.table_versions',
    "INSERT INTO ops.revocations (jti, expires_at) VALUES ('a', now())",
    `SELECT audit.append(ARRAY['{"occurred_at":"2026-01-01T00:00:00Z","action":"a","outcome":"b"}'::jsonb])`,
  ])('the serving login may: %s', async (sql) => {
    expect(await stateOf(db, 'server', sql)).toBe('ok');
  });

  test('the operator reads every store for a backup, and writes no retail row and no key', async () => {
    expect(await asRole(db, 'operator', 'SELECT count(DISTINCT store_id) AS stores FROM retail.orders')).toEqual([
      { stores: '8' },
    ]);
    for (const sql of [
      'SELECT * FROM keys.scope_keys',
      'UPDATE retail.orders SET total_amount = 0',
      'DELETE FROM retail.inventory',
      "SELECT retail.use_scope('x')",
      'DELETE FROM audit.events',
    ])
      expect(await stateOf(db, 'operator', sql)).toBe(denied);
  });

  test('the logins have no attribute that passes row-level security by, and no memberships', async () => {
    const rows = await db.admin.query(
      `SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE $1
       AND (rolsuper OR rolbypassrls OR rolcreaterole OR NOT rolcanlogin OR (rolcreatedb AND rolname NOT LIKE '%owner')
         OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid AND r.rolname NOT LIKE '%operator'))`,
      [`${db.role('')}%`],
    );
    expect(rows).toEqual([]);
  });

  test('nobody but the owner owns anything in the database', async () => {
    const rows = await db.admin.query(
      `SELECT c.relname, pg_get_userbyid(c.relowner) AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname IN ('retail', 'ops', 'audit', 'keys') AND pg_get_userbyid(c.relowner) <> $1`,
      [db.role('owner')],
    );
    expect(rows).toEqual([]);
  });

  test('PUBLIC may use no schema of ours and execute no function of ours', async () => {
    const rows = await db.admin.query(
      `SELECT n.nspname AS thing FROM pg_namespace n, aclexplode(n.nspacl) a
       WHERE n.nspname IN ('retail', 'ops', 'audit', 'keys', 'public', 'extensions') AND a.grantee = 0
       UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
       WHERE n.nspname IN ('retail', 'ops', 'audit', 'keys') AND a.grantee = 0
       UNION ALL SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
       WHERE n.nspname IN ('retail', 'ops', 'audit', 'keys') AND a.grantee = 0`,
    );
    expect(rows).toEqual([]);
  });

  test('a table that a later migration adds is invisible until it is granted', async () => {
    await db.owner.script(
      'CREATE TABLE retail.later (id int); CREATE FUNCTION retail.later_function() RETURNS int LANGUAGE sql RETURN 1',
    );
    for (const role of [...readers, 'server']) {
      expect(await stateOf(db, role, 'SELECT * FROM retail.later')).toBe(denied);
      expect(await stateOf(db, role, 'SELECT retail.later_function()')).toBe(denied);
    }
    await db.owner.script('DROP TABLE retail.later; DROP FUNCTION retail.later_function()');
  });
});

describe.each(tiers.filter((tier) => tier.name !== 'the embedded database'))('The logins of readers, on $name', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test.each(readers)('%s starts read-only, with limits and with the text formats that results are read by', async (role) => {
    const session = await openOwnerSession(db.address!, { user: db.role(role), password: db.password });
    const rows = await session.query('SELECT name, setting FROM pg_settings WHERE name = ANY ($1)', [
      [
        'default_transaction_read_only',
        'statement_timeout',
        'lock_timeout',
        'idle_in_transaction_session_timeout',
        'temp_file_limit',
        'work_mem',
        'jit',
        'search_path',
        'TimeZone',
        'DateStyle',
        'IntervalStyle',
        'bytea_output',
        'extra_float_digits',
      ],
    ]);
    await session.close();
    expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
      default_transaction_read_only: 'on',
      statement_timeout: '30000',
      lock_timeout: '5000',
      idle_in_transaction_session_timeout: '15000',
      temp_file_limit: String(1024 * 1024),
      work_mem: '8192',
      jit: 'off',
      search_path: 'pg_catalog, retail, extensions',
      TimeZone: 'UTC',
      DateStyle: 'ISO, YMD',
      IntervalStyle: 'postgres',
      bytea_output: 'hex',
      extra_float_digits: '1',
    });
  });

  test('a login that lifts its limits for itself still writes nothing', async () => {
    const session = await openOwnerSession(db.address!, { user: db.role('reader_costs_pii'), password: db.password });
    await session.script('SET default_transaction_read_only = off; SET statement_timeout = 0');
    for (const sql of [
      'DELETE FROM retail.orders',
      'CREATE TEMP TABLE a (b int)',
      'CREATE TABLE public.a (b int)',
      'DO $$ BEGIN END $$',
    ])
      await expect(session.query(sql)).rejects.toMatchObject({ code: denied });
    for (const sql of [`SET ROLE ${db.role('owner')}`, `SET SESSION AUTHORIZATION ${db.role('owner')}`])
      await expect(session.script(sql)).rejects.toMatchObject({ code: denied });
    expect(await session.query('SELECT count(*) AS rows FROM retail.orders')).toEqual([{ rows: '0' }]);
    await session.close();
  });

  test('one tenant’s statements are not in another’s sight, though both share the login', async () => {
    await db.asStores([2], "SELECT count(*) FROM retail.customers WHERE first_name = 'Unmistakable'");
    for (const sql of [
      'SELECT query FROM pg_stat_activity',
      'SELECT query FROM pg_stat_get_activity(NULL)',
      'SELECT query FROM extensions.pg_stat_statements',
      'SELECT pg_stat_get_backend_activity(1)',
      'SELECT statement FROM pg_prepared_statements',
    ])
      await expect(db.asStores([1], sql)).rejects.toMatchObject({ code: 'query_failed', cause: { code: denied } });
  });

  test('the operator sees what all sessions do', async () => {
    const session = await openOwnerSession(db.address!, { user: db.role('operator'), password: db.password });
    await db.asStores([2], "SELECT count(*) FROM retail.customers WHERE first_name = 'Unmistakable'");
    const rows = await session.query('SELECT count(*) > 0 AS seen FROM pg_stat_activity WHERE usename = $1', [db.role('reader')]);
    const statements = await session.query(
      "SELECT count(*) > 0 AS seen FROM extensions.pg_stat_statements WHERE query LIKE '%first_name = %'",
    );
    await session.close();
    expect([rows, statements]).toEqual([[{ seen: 't' }], [{ seen: 't' }]]);
  });
});

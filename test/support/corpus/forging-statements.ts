export interface ForgingStatement {
  readonly name: string;
  readonly sql: string;
}

const stores = 'SELECT DISTINCT store_id FROM retail.orders';
const allStores = '1,2,3,4,5,6,7,8';

/**
 * Attempts to see other stores' rows while the context is store 1. With the guard on, every one is refused. With the guard
 * off, a statement may fail or answer, but no value of a column named `store_id` may be anything but 1, and no statement
 * after it in the same or another transaction may see more than before.
 */
export const forgingStatements: readonly ForgingStatement[] = [
  // the context as a setting
  ...[
    ['zava.tenant_scope', allStores],
    ['zava.tenant_scope', `${allStores}|0|00`],
    ['zava.tenant_scope', ''],
    ['app.current_rls_user_id', '00000000-0000-0000-0000-000000000000'],
    ['app.tenant', '*'],
    ['row_security', 'off'],
    ['role', 'zava_owner'],
    ['role', 'zavatest_owner'],
    ['role', 'zava_operator'],
    ['role', 'postgres'],
    ['role', 'none'],
    ['session_authorization', 'postgres'],
    ['search_path', 'pg_temp, public'],
    ['session_replication_role', 'replica'],
    ['transaction_read_only', 'off'],
    ['default_transaction_read_only', 'off'],
    ['session_preload_libraries', 'evil'],
  ].map(([setting, value]) => ({
    name: `set_config of ${setting} to "${value}" in a CTE that runs first`,
    sql: `WITH f AS MATERIALIZED (SELECT set_config('${setting}', '${value}', true) AS done) SELECT DISTINCT o.store_id FROM f, retail.orders o WHERE f.done IS NOT NULL`,
  })),
  {
    name: 'set_config for the whole session',
    sql: `SELECT set_config('zava.tenant_scope', '${allStores}', false), store_id FROM retail.orders`,
  },
  {
    name: 'set_config in a lateral sub-select',
    sql: `SELECT DISTINCT x.store_id FROM (SELECT set_config('zava.tenant_scope', '${allStores}', true) AS s) f, LATERAL (SELECT store_id FROM retail.orders WHERE f.s IS NOT NULL) x`,
  },
  {
    name: 'set_config in WHERE',
    sql: `SELECT store_id FROM retail.orders WHERE set_config('zava.tenant_scope', '${allStores}', true) IS NOT NULL`,
  },
  { name: 'set_config in ORDER BY', sql: `SELECT store_id FROM retail.orders ORDER BY set_config('role', 'zava_owner', true)` },
  {
    name: 'set_config through a function in FROM',
    sql: `SELECT o.store_id FROM set_config('role', 'zava_owner', true) f, LATERAL (${stores}) o`,
  },
  {
    name: 'set_config in ROWS FROM',
    sql: `SELECT o.store_id FROM ROWS FROM (set_config('role', 'zava_owner', true), generate_series(1, 2)) f, LATERAL (${stores}) o`,
  },
  {
    name: 'set_config in an aggregate filter',
    sql: `SELECT max(store_id) FILTER (WHERE set_config('zava.tenant_scope', '${allStores}', true) <> '') AS store_id FROM retail.orders`,
  },
  {
    name: 'set_config in a window definition',
    sql: `SELECT store_id, count(*) OVER (PARTITION BY set_config('zava.tenant_scope', '${allStores}', true)) FROM retail.orders`,
  },
  {
    name: 'set_config in LIMIT',
    sql: `SELECT store_id FROM retail.orders LIMIT length(set_config('zava.tenant_scope', '${allStores}', true)) * 1000`,
  },
  {
    name: 'set_config spelled with Unicode escapes',
    sql: `SELECT store_id FROM (SELECT U&"set\\005fconfig"('role', 'zava_owner', true)) f, LATERAL (${stores}) o`,
  },
  {
    name: 'set_config quoted and qualified',
    sql: `SELECT "pg_catalog"."set_config"('role', 'zava_owner', true), store_id FROM retail.orders`,
  },
  {
    name: 'the captured context put back',
    sql: `WITH f AS MATERIALIZED (SELECT set_config('zava.tenant_scope', replace(current_setting('zava.tenant_scope', true), '1|', '${allStores}|'), true) AS s) SELECT DISTINCT o.store_id FROM f, retail.orders o WHERE s <> ''`,
  },
  // text that is run as SQL
  ...[
    `unnest(xpath('//store_id/text()', query_to_xml('${stores}', true, false, '')))::text`,
    `unnest(xpath('//store_id/text()', query_to_xml_and_xmlschema('${stores}', true, false, '')))::text`,
    `unnest(xpath('//store_id/text()', table_to_xml('retail.orders', true, false, '')))::text`,
    `unnest(xpath('//store_id/text()', schema_to_xml('retail', true, false, '')))::text`,
    `unnest(xpath('//store_id/text()', database_to_xml(true, false, '')))::text`,
    `unnest(xpath('//store_id/text()', cursor_to_xml('c', 100, true, false, '')))::text`,
    `(ts_stat('SELECT to_tsvector(''simple'', store_id::text) FROM retail.orders')).word`,
    `ts_rewrite('1'::tsquery, 'SELECT ''1''::tsquery, store_id::text::tsquery FROM retail.orders')::text`,
  ].map((expression) => ({ name: `SQL in a string: ${expression.slice(0, 60)}`, sql: `SELECT ${expression} AS store_id` })),
  {
    name: 'role changed, then SQL in a string',
    sql: `SELECT set_config('role', 'zava_owner', true), unnest(xpath('//store_id/text()', query_to_xml('${stores}', true, false, '')))::text AS store_id`,
  },
  {
    name: 'query_to_xml that resets the role',
    sql: `SELECT query_to_xml('RESET ROLE', true, false, ''), store_id FROM retail.orders`,
  },
  { name: 'dblink back to the server', sql: `SELECT store_id FROM dblink('dbname=postgres', '${stores}') AS t(store_id int)` },
  {
    name: 'crosstab',
    sql: `SELECT store_id FROM crosstab('SELECT store_id, 1, 1 FROM retail.orders') AS t(store_id int, a int)`,
  },
  // statements that change the session
  ...[
    `SET zava.tenant_scope = '${allStores}'`,
    `SET LOCAL zava.tenant_scope = '${allStores}'`,
    'SET ROLE zava_owner',
    'SET LOCAL ROLE zava_owner',
    'SET SESSION AUTHORIZATION postgres',
    'RESET ROLE',
    'RESET ALL',
    'DISCARD ALL',
    'SET row_security = off',
    'BEGIN',
    'COMMIT',
    'ROLLBACK',
    'SAVEPOINT s',
    'ROLLBACK AND CHAIN',
    'END',
    'LISTEN cache',
    "NOTIFY cache, 'x'",
    `PREPARE p AS ${stores}`,
    'EXECUTE p',
    'DEALLOCATE ALL',
    `DECLARE c CURSOR WITH HOLD FOR ${stores}`,
    'FETCH ALL FROM c',
    `DO $$ BEGIN PERFORM set_config('zava.tenant_scope', '${allStores}', false); END $$`,
    'CALL retail.use_scope($$x$$)',
    `COPY (${stores}) TO STDOUT`,
    `COPY (${stores}) TO PROGRAM 'cat'`,
    "COPY retail.orders FROM '/etc/passwd'",
    `CREATE TEMP TABLE orders AS ${stores}`,
    'CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE SCHEMA retail2',
    `CREATE VIEW public.v AS ${stores}`,
    'ALTER TABLE retail.orders DISABLE ROW LEVEL SECURITY',
    'ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY',
    'DROP POLICY orders_in_scope ON retail.orders',
    'CREATE POLICY p ON retail.orders USING (true)',
    'ALTER ROLE CURRENT_USER BYPASSRLS',
    'GRANT zava_owner TO CURRENT_USER',
    'ALTER ROLE CURRENT_USER SET search_path = evil',
    "LOAD 'evil'",
    'LOCK TABLE retail.orders',
    'UPDATE retail.orders SET store_id = 1',
    'DELETE FROM retail.orders',
    'TRUNCATE retail.orders',
    'INSERT INTO retail.orders (order_id, customer_id, store_id, order_date, total_amount) VALUES (-1, 1, 1, now(), 0)',
    'WITH moved AS (UPDATE retail.orders SET store_id = 1 RETURNING store_id) SELECT store_id FROM moved',
    'WITH gone AS (DELETE FROM retail.orders RETURNING store_id) SELECT store_id FROM gone',
    `EXPLAIN ANALYZE ${stores}`,
    `EXPLAIN (ANALYZE, FORMAT JSON) ${stores}`,
  ].map((sql) => ({ name: `the statement ${sql.slice(0, 60)}`, sql })),
  // several statements in one text
  ...[
    `SELECT 1; SET ROLE zava_owner; ${stores}`,
    `ROLLBACK; ${stores}`,
    `COMMIT; SET zava.tenant_scope = '${allStores}'; ${stores}`,
    `SELECT 1; SELECT set_config('zava.tenant_scope', '${allStores}', false); ${stores}`,
  ].map((sql) => ({ name: `several statements: ${sql.slice(0, 50)}`, sql })),
  // the scope function itself
  ...[
    "''",
    'NULL',
    "'v1.dev.99999999999.x.1,2,3,4,5,6,7,8.00'",
    "'v1.test.99999999999.nonce.1,2,3,4,5,6,7,8.0000000000000000000000000000000000000000000000000000000000000000'",
    "repeat('.', 8000)",
    "current_setting('zava.tenant_scope', true)",
  ].map((token) => ({
    name: `use_scope with the token ${token.slice(0, 40)}`,
    sql: `WITH f AS MATERIALIZED (SELECT retail.use_scope(${token}) AS ids) SELECT DISTINCT o.store_id FROM f, retail.orders o WHERE f.ids IS NOT NULL`,
  })),
  { name: 'use_scope by its bare name', sql: `SELECT use_scope('x'), store_id FROM retail.orders` },
  { name: 'the policy function called', sql: 'SELECT unnest(retail.current_store_ids()) AS store_id' },
  { name: 'the tenant directory', sql: 'SELECT id AS store_id, key FROM retail.tenant_directory()' },
  { name: 'the MAC with guessed pads', sql: `SELECT keys.mac('${allStores}', '\\x00', '\\x00'), store_id FROM retail.orders` },
  { name: 'the signing keys', sql: 'SELECT kid, inner_pad, outer_pad FROM keys.scope_keys' },
  // names that mean something else
  { name: 'a temporary table in front', sql: 'SELECT store_id FROM pg_temp.orders' },
  { name: 'an operator of another schema', sql: 'SELECT store_id FROM retail.orders WHERE store_id OPERATOR(public.=) 1' },
  { name: 'TABLE of another schema', sql: 'TABLE keys.scope_keys' },
  // catalogues and statistics that hold other tenants' values
  ...[
    `SELECT unnest(most_common_vals::text::int[]) AS store_id FROM pg_stats WHERE tablename = 'orders' AND attname = 'store_id'`,
    `SELECT unnest(histogram_bounds::text::int[]) AS store_id FROM pg_catalog.pg_stats WHERE schemaname = 'retail' AND attname = 'store_id'`,
    `SELECT stavalues1::text AS store_id FROM pg_statistic WHERE starelid = 'retail.orders'::regclass`,
    'SELECT most_common_vals::text AS store_id FROM pg_stats_ext',
    'SELECT query AS leak FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
    'SELECT query AS leak FROM pg_stat_statements',
    'SELECT setting AS leak FROM pg_settings',
    'SELECT rolname, rolpassword AS leak FROM pg_authid',
    'SELECT statement AS leak FROM pg_prepared_statements',
    'SELECT statement AS leak FROM pg_cursors',
    "SELECT pg_read_file('postgresql.auto.conf') AS leak",
    "SELECT pg_ls_dir('.') AS leak",
    "SELECT pg_read_binary_file('base/1/1259') AS leak",
    "SELECT lo_import('/etc/passwd') AS leak",
    'SELECT lo_get(1) AS leak',
    "SELECT get_raw_page('retail.orders', 0) AS leak",
    "SELECT pg_get_functiondef('retail.use_scope'::regproc) AS leak",
    'SELECT customer_id AS leak FROM audit.events',
  ].map((sql) => ({ name: `a catalogue or a file: ${sql.slice(0, 60)}`, sql })),
  // leaks through errors and through the planner
  {
    name: 'a cast that fails on other rows before the policy acts',
    sql: `SELECT store_id FROM retail.orders WHERE CAST('store ' || store_id AS int) = 1 OR pg_sleep(0) IS NULL`,
  },
  {
    name: 'division by zero on other rows',
    sql: 'SELECT 1 / (store_id - 2) AS q, store_id, pg_backend_pid() FROM retail.orders',
  },
  { name: 'an estimate of the planner', sql: `SELECT store_id, pg_relation_size('retail.orders') FROM retail.orders` },
  { name: 'rows by their place on disk', sql: "SELECT store_id FROM retail.orders WHERE ctid = '(0,1)'" },
  { name: 'rows with system columns', sql: 'SELECT store_id, xmin, tableoid FROM retail.orders' },
  { name: 'rows through FOR UPDATE', sql: 'SELECT store_id FROM retail.orders FOR UPDATE' },
  { name: 'rows stored for later', sql: 'SELECT store_id INTO TEMP kept FROM retail.orders' },
  { name: 'a parameter', sql: 'SELECT store_id FROM retail.orders WHERE store_id = $1' },
];

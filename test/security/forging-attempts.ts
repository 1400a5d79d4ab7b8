import { forgingStatements } from '../support/corpus/forging-statements.ts';

/** What hostile SQL tries in order to see another store. `{{prefix}}` stands for the installation's role prefix. */
export interface ForgingAttempt {
  readonly name: string;
  readonly sql: string;
}

const allStores = '1,2,3,4,5,6,7,8';
/** The form that `use_scope` writes, with a signature out of thin air. */
const invented = `'${allStores}|' || extract(epoch FROM transaction_timestamp()) || '|' || repeat('a', 64)`;
const loot = 'SELECT o.store_id, o.total_amount, c.first_name FROM retail.orders o JOIN retail.customers c USING (customer_id)';
const quotedLoot = `'${loot}'`;

const settings: ForgingAttempt[] = [
  ['the plain ids as the context', `'${allStores}'`],
  ['a context in the right form', invented],
  ['its own context with another id', "'2' || substr(current_setting('zava.tenant_scope'), 2)"],
  ['its own context with more ids', "'1,2,' || current_setting('zava.tenant_scope')"],
  ['a context signed by a hash that needs no key', `'2|1|' || encode(sha256('2|1'), 'hex')`],
  ['an empty context', "''"],
].map(([name, context]) => ({
  name: `set_config puts ${name}`,
  sql: `WITH f AS MATERIALIZED (SELECT set_config('zava.tenant_scope', ${context}, true) AS x) SELECT o.* FROM f, (${loot}) o`,
}));

const sessionSettings: ForgingAttempt[] = [
  ['role', '{{prefix}}_owner'],
  ['role', '{{prefix}}_operator'],
  ['role', '{{prefix}}_reader_costs_pii'],
  ['role', 'postgres'],
  ['role', 'none'],
  ['session_authorization', 'postgres'],
  ['row_security', 'off'],
  ['transaction_read_only', 'off'],
  ['search_path', 'pg_temp, retail'],
  ['app.current_rls_user_id', '00000000-0000-0000-0000-000000000000'],
  ['session_replication_role', 'replica'],
].map(([setting, value]) => ({
  name: `set_config puts ${setting} = ${value}`,
  sql: `WITH f AS MATERIALIZED (SELECT set_config('${setting}', '${value}', true) AS x) SELECT o.* FROM f, (${loot}) o`,
}));

const textRunners: ForgingAttempt[] = [
  `query_to_xml(${quotedLoot}, true, false, '')`,
  `query_to_xml('SET LOCAL ROLE {{prefix}}_owner', true, false, ''), query_to_xml(${quotedLoot}, true, false, '')`,
  `query_to_xml_and_xmlschema(${quotedLoot}, true, false, '')`,
  `table_to_xml('retail.orders', true, false, '')`,
  `schema_to_xml('retail', true, false, '')`,
  `database_to_xml(true, false, '')`,
  `cursor_to_xml('caller_rows', 10, true, false, '')`,
  `word FROM ts_stat('SELECT to_tsvector(first_name) FROM retail.customers')`,
  `ts_rewrite('a'::tsquery, 'SELECT to_tsquery(first_name), to_tsquery(last_name) FROM retail.customers')`,
].map((call) => ({ name: `runs SQL given as text: ${call.slice(0, 40)}`, sql: `SELECT ${call}` }));

const transactionControl: ForgingAttempt[] = [
  'SET ROLE {{prefix}}_owner',
  'RESET ROLE',
  'SET SESSION AUTHORIZATION DEFAULT',
  'SET SESSION AUTHORIZATION postgres',
  `SET LOCAL zava.tenant_scope = '${allStores}'`,
  'SET row_security = off',
  'SET TRANSACTION READ WRITE',
  'COMMIT',
  'COMMIT AND CHAIN',
  'ROLLBACK',
  "PREPARE TRANSACTION 'kept'",
  'SAVEPOINT here',
  `SELECT 1; SELECT set_config('zava.tenant_scope', '${allStores}', false)`,
  `COMMIT; ${loot}`,
  `PREPARE kept AS ${loot}`,
  'EXECUTE kept',
  `DECLARE kept CURSOR WITH HOLD FOR ${loot}`,
  'DISCARD ALL',
].map((sql) => ({ name: `sends ${sql.slice(0, 40)}`, sql }));

const writing: ForgingAttempt[] = [
  'UPDATE retail.orders SET store_id = 1 WHERE store_id = 2 RETURNING *',
  'DELETE FROM retail.orders WHERE store_id = 2 RETURNING *',
  `WITH moved AS (UPDATE retail.customers SET primary_store_id = 1 RETURNING *) SELECT * FROM moved`,
  'INSERT INTO retail.orders (customer_id, store_id, order_date, total_amount) SELECT customer_id, 1, order_date, total_amount FROM retail.orders RETURNING *',
  'TRUNCATE retail.orders',
  'ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY',
  'ALTER TABLE retail.orders DISABLE ROW LEVEL SECURITY',
  'CREATE POLICY everything ON retail.orders USING (true)',
  'DROP POLICY orders_in_scope ON retail.orders',
  'ALTER ROLE CURRENT_USER BYPASSRLS',
  `ALTER ROLE CURRENT_USER SET zava.tenant_scope = '${allStores}'`,
  `ALTER ROLE CURRENT_USER PASSWORD 'mine'`,
  'GRANT {{prefix}}_owner TO CURRENT_USER',
  'CREATE TEMP TABLE pg_class AS SELECT 1',
  `SELECT * INTO TEMP loot FROM (${loot}) o`,
  `CREATE VIEW retail.loot AS ${loot}`,
  "CREATE FUNCTION retail.current_store_ids(int) RETURNS int[] LANGUAGE sql AS 'SELECT ARRAY[2]'",
  "CREATE FUNCTION pg_temp.peek() RETURNS int LANGUAGE sql AS 'SELECT 2'",
  `DO $$ BEGIN PERFORM set_config('zava.tenant_scope', '${allStores}', false); RAISE EXCEPTION '%', (SELECT string_agg(first_name, ',') FROM retail.customers); END $$`,
  `COPY (${loot}) TO STDOUT`,
  `COPY (${loot}) TO PROGRAM 'cat'`,
  'COPY retail.customers FROM STDIN',
  'LOCK TABLE retail.orders',
  "LOAD 'auto_explain'",
].map((sql) => ({ name: `tries ${sql.slice(0, 50)}`, sql }));

const definers: ForgingAttempt[] = [
  "SELECT retail.use_scope('v1.test.9999999999.00.2.00'), o.* FROM retail.orders o",
  'SELECT retail.use_scope(NULL), o.* FROM retail.orders o',
  `SELECT retail.current_store_ids() || ARRAY[2], o.* FROM retail.orders o`,
  'SELECT * FROM retail.tenant_directory()',
  'SELECT retail.rebuild_rollups()',
  "SELECT retail.refresh_rollups(ARRAY[2], ARRAY[date '2024-01-01'])",
  'SELECT audit.append(ARRAY[]::jsonb[])',
  "SELECT keys.mac('2', 'a', 'b')",
  'SELECT * FROM keys.scope_keys',
  'SELECT * FROM retail.sales_lines WHERE store_id <> 1',
  'SELECT rls_user_id FROM retail.stores',
].map((sql) => ({ name: `calls on the owner's rights: ${sql.slice(0, 45)}`, sql }));

const sideWays: ForgingAttempt[] = [
  'SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats',
  "SELECT tablename, histogram_bounds::text::int[] AS store_id FROM pg_stats WHERE schemaname = 'retail' AND tablename <> 'stores' AND attname = 'store_id'",
  'SELECT * FROM pg_statistic',
  'SELECT most_common_vals, most_common_val_nulls FROM pg_stats_ext',
  'SELECT * FROM pg_stat_activity',
  'SELECT * FROM pg_stat_get_activity(NULL)',
  'SELECT * FROM extensions.pg_stat_statements',
  'SELECT * FROM pg_prepared_statements',
  'SELECT name, setting FROM pg_settings',
  "SELECT pg_read_file('postgresql.conf')",
  "SELECT pg_ls_dir('base')",
  'SELECT * FROM pg_authid',
  'SELECT * FROM ops.table_versions',
  'SELECT * FROM audit.events',
  `SELECT extensions.set_limit(0), o.* FROM (${loot}) o`,
  "SELECT currtid2('retail.orders', '(0,1)')",
  "SELECT lo_import('/etc/passwd')",
  "SELECT dblink('dbname=zava', 'SELECT 1')",
  'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
].map((sql) => ({ name: `looks sideways: ${sql.slice(0, 50)}`, sql }));

/** Non-leakproof functions must come after the policy: an error message would show the value they met. */
const errors: ForgingAttempt[] = [
  'SELECT count(*) FROM retail.customers WHERE first_name::int = 1 AND primary_store_id = 2',
  'SELECT count(*) FROM retail.customers WHERE primary_store_id = 2 AND last_name::date IS NULL',
  'SELECT count(*) FROM retail.orders WHERE store_id = 2 AND 1 / (total_amount - 987654.32) > 0',
  'SELECT count(*) FROM retail.inventory WHERE store_id = 2 AND 1 / (stock_level - 7654321) > 0',
  'SELECT count(*) FROM retail.orders WHERE CASE WHEN store_id = 2 THEN total_amount::text::int > 0 END',
  'SELECT count(*) FROM retail.customers c JOIN retail.orders o ON c.first_name::int = o.order_id WHERE o.store_id = 2',
  'SELECT count(*) FROM retail.customers WHERE json_build_object(first_name, 1)::text::int = 1 AND primary_store_id = 2',
].map((sql) => ({ name: `wants a message about a foreign value: ${sql.slice(29, 90)}`, sql }));

const plain: ForgingAttempt[] = [
  `${loot} WHERE store_id <> 1 OR true`,
  'SELECT * FROM ONLY retail.orders WHERE store_id = 2',
  'SELECT * FROM retail.orders TABLESAMPLE SYSTEM (100) WHERE store_id = 2',
  'SELECT o, o::text, to_jsonb(o) FROM retail.orders o WHERE store_id = 2',
  'SELECT store_id, order_date, orders, revenue FROM retail.sales_by_day WHERE store_id <> 1',
  'SELECT max(total_amount), max(revenue) FROM retail.orders, retail.sales_by_day',
  'SELECT store_id, max(stock_level) FROM retail.inventory GROUP BY store_id',
  'SELECT s.store_id AS shop, max(o.total_amount), string_agg(c.first_name, $$,$$) FROM retail.stores s LEFT JOIN retail.orders o USING (store_id) LEFT JOIN retail.customers c USING (customer_id) GROUP BY 1',
  'WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT o.store_id FROM r, retail.orders o) SELECT * FROM r',
  `SELECT * FROM generate_series(1, 8) g, LATERAL (SELECT * FROM retail.orders o WHERE o.store_id = g) o`,
  `SELECT ARRAY(SELECT first_name FROM retail.customers WHERE primary_store_id = 2)`,
  `EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) ${loot}`,
].map((sql) => ({ name: `asks plainly: ${sql.slice(0, 60)}`, sql }));

export const forgingAttempts: readonly ForgingAttempt[] = [
  // Statistics of `stores`, which is shared reference data: every caller may list its ids.
  ...forgingStatements.filter(({ sql }) => !sql.includes("schemaname = 'retail' AND attname = 'store_id'")),
  ...settings,
  ...sessionSettings,
  ...textRunners,
  ...transactionControl,
  ...writing,
  ...definers,
  ...sideWays,
  ...errors,
  ...plain,
];

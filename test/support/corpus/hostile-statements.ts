export interface HostileClass {
  readonly name: string;
  /** What the refusal must say, so that a statement is refused for what it does and not by luck. */
  readonly reason: RegExp;
  readonly statements: readonly string[];
}

const notAllowed = /^Function .* is not allowed/;
const onlySelect = /^Only SELECT is allowed here/;
const oneStatement = /^Only one statement is allowed at a time/;
const notServed = /^Table ".*" is not served/;
const type = /^Type .* is not allowed here/;
const unreadable = /not readable with your permissions/;

const calling = (calls: string) =>
  calls
    .trim()
    .split('\n')
    .map((call) => `SELECT ${call.trim()}`);

/** Statements that the guard must refuse for a reader without permissions, by class. */
export const hostileClasses: readonly HostileClass[] = [
  {
    name: 'functions that change settings or the session',
    reason: notAllowed,
    statements: calling(`
      set_config('role', 'postgres', true)
      pg_catalog.set_config('role', 'postgres', true)
      "set_config"('role', 'postgres', true)
      U&"set\\005fconfig"('role', 'postgres', true)
      SET_CONFIG('role', 'postgres', true)
      current_setting('zava.tenant_scope')
      current_setting('server_version', true)
      pg_reload_conf()
      pg_notify('cache', 'x')
      pg_advisory_lock(1)
      pg_try_advisory_xact_lock(1, 2)
      pg_export_snapshot()
      setseed(0.5)
      nextval('retail.orders_order_id_seq')
      setval('retail.orders_order_id_seq', 1)
      currval('x')
      lastval()
      txid_current()
      pg_current_xact_id()
      pg_replication_origin_create('x')
      pg_switch_wal()
      pg_create_restore_point('x')
      pg_stat_reset()
      pg_cancel_backend(1)
      pg_terminate_backend(1)
      pg_rotate_logfile()
      pg_promote()`),
  },
  {
    name: 'functions that run text as SQL',
    reason: notAllowed,
    statements: calling(`
      query_to_xml('select 1', true, false, '')
      query_to_xmlschema('select 1', true, false, '')
      query_to_xml_and_xmlschema('select 1', true, false, '')
      table_to_xml('retail.orders', true, false, '')
      table_to_xmlschema('retail.orders', true, false, '')
      schema_to_xml('retail', true, false, '')
      schema_to_xml_and_xmlschema('retail', true, false, '')
      database_to_xml(true, false, '')
      database_to_xml_and_xmlschema(true, false, '')
      cursor_to_xml('c', 1, true, false, '')
      cursor_to_xmlschema('c', true, false, '')
      ts_stat('select to_tsvector(sku) from products')
      ts_rewrite('a'::tsquery, 'select t, s from a')
      dblink('dbname=x', 'select 1')
      dblink_exec('drop table x')
      dblink_connect('x')
      crosstab('select 1, 2, 3')
      connectby('orders', 'a', 'b', 'c', 1)
      xpath_table('a', 'b', 'c', 'd', 'e')
      plpgsql_call_handler()
      pg_catalog.query_to_xml('select 1', true, false, '')`),
  },
  {
    name: 'functions that read files, memory or the server',
    reason: notAllowed,
    statements: calling(`
      pg_read_file('/etc/passwd')
      pg_read_binary_file('/etc/passwd')
      pg_ls_dir('/')
      pg_ls_waldir()
      pg_ls_logdir()
      pg_stat_file('postgresql.conf')
      lo_import('/etc/passwd')
      lo_export(1, '/tmp/x')
      lo_create(0)
      lo_from_bytea(0, 'x')
      lo_get(1)
      lo_put(1, 0, 'x')
      lo_unlink(1)
      loread(1, 10)
      pg_file_write('x', 'y', true)
      pg_logdir_ls()
      get_raw_page('orders', 0)
      pg_sleep(10)
      pg_sleep_for('1 hour')
      pg_sleep_until('tomorrow')
      pg_stat_get_activity(NULL)
      pg_stat_statements_reset()
      pg_backend_pid()
      pg_postmaster_start_time()
      pg_conf_load_time()
      pg_database_size('postgres')
      pg_relation_size('orders')
      pg_total_relation_size('orders')
      pg_column_size(1)
      pg_typeof(1)
      pg_collation_for('a')
      pg_get_viewdef('v')
      pg_get_functiondef(1)
      pg_get_constraintdef(1)
      pg_get_userbyid(10)
      pg_has_role('postgres', 'usage')
      pg_table_is_visible(1)
      pg_show_all_settings()
      pg_hba_file_rules()
      pg_logical_emit_message(true, 'a', 'b')
      pg_input_is_valid('1', 'int')
      pg_blocking_pids(1)
      pg_lock_status()
      pg_prepared_statement()
      pg_cursor()
      pg_timezone_names()
      pg_char_to_encoding('UTF8')`),
  },
  {
    name: 'functions that tell about the session, the catalogue or rights',
    reason: notAllowed,
    statements: calling(`
      version()
      current_database()
      current_schemas(true)
      current_query()
      inet_client_addr()
      inet_server_addr()
      inet_server_port()
      getpgusername()
      getdatabaseencoding()
      has_table_privilege('orders', 'select')
      has_column_privilege('products', 'cost', 'select')
      has_schema_privilege('keys', 'usage')
      has_function_privilege('x()', 'execute')
      row_security_active('orders')
      to_regclass('keys.scope_keys')
      to_regproc('x')
      to_regrole('postgres')
      obj_description(1)
      col_description(1, 1)
      shobj_description(1, 'pg_database')
      format_type(23, -1)
      acldefault('r', 1)
      aclexplode('{}')
      makeaclitem(1, 1, 'select', false)
      icu_unicode_version()
      regclass('pg_class')
      regtype('int4')
      oid('1')
      xmlparse_text('<a/>')
      xpath('/a', 'x')
      xml_is_well_formed('<a/>')
      record_out(ROW(1))
      hashtext('a')
      int4in('5')
      textout('a')
      array_in('a', 1, 1)
      satisfies_hash_partition(1, 2, 3, 4)
      json_populate_record(NULL, '{}')
      jsonb_populate_recordset(NULL, '[]')`),
  },
  {
    name: 'functions of the served schema and of others',
    reason: notAllowed,
    statements: calling(`
      retail.use_scope('x')
      use_scope('x')
      retail.current_store_ids()
      current_store_ids()
      retail.tenant_directory()
      keys.mac('a', 'b', 'c')
      audit.append(ARRAY['{}'::jsonb])
      pg_catalog.pg_catalog.now()
      public.sum(1)
      public.similarity('a', 'b')
      pg_catalog.similarity('a', 'b')
      information_schema._pg_truetypid(1, 2)
      zava.pg_catalog.now()
      unknown_function(1)
      gen_random_bytes(10)
      crypt('a', 'b')
      pgp_sym_encrypt('a', 'b')
      postgres_fdw_get_connections()`),
  },
  {
    name: 'forbidden calls in every place of a statement',
    reason: notAllowed,
    statements: [
      'WITH f AS (SELECT pg_sleep(1)) SELECT 1',
      'WITH RECURSIVE f(n) AS (SELECT 1 UNION ALL SELECT n + length(pg_sleep(1)::text) FROM f) SELECT * FROM f',
      'SELECT * FROM pg_sleep(1)',
      'SELECT * FROM pg_ls_dir($$/$$) AS d(name)',
      'SELECT * FROM ROWS FROM (generate_series(1, 2), pg_ls_dir($$/$$)) AS x',
      'SELECT * FROM orders o, LATERAL pg_sleep(o.order_id) s',
      'SELECT * FROM orders JOIN stores ON pg_sleep(1) IS NULL',
      'SELECT * FROM orders JOIN LATERAL (SELECT pg_sleep(1)) s ON true',
      'SELECT order_id FROM orders WHERE pg_sleep(1) IS NULL',
      'SELECT count(*) FROM orders GROUP BY pg_sleep(1)',
      'SELECT count(*) FROM orders GROUP BY ROLLUP (store_id, pg_sleep(1))',
      'SELECT count(*) FROM orders GROUP BY GROUPING SETS ((store_id), (pg_sleep(1)))',
      'SELECT count(*) FROM orders HAVING pg_sleep(1) IS NULL',
      'SELECT order_id FROM orders ORDER BY pg_sleep(1)',
      'SELECT order_id FROM orders LIMIT length(pg_sleep(1)::text)',
      'SELECT order_id FROM orders OFFSET length(pg_sleep(1)::text)',
      'SELECT DISTINCT ON (pg_sleep(1)) order_id FROM orders',
      'SELECT sum(total_amount) OVER (PARTITION BY pg_sleep(1)) FROM orders',
      'SELECT sum(total_amount) OVER (ORDER BY pg_sleep(1)) FROM orders',
      'SELECT sum(total_amount) OVER (ORDER BY order_id ROWS length(pg_sleep(1)::text) PRECEDING) FROM orders',
      'SELECT sum(total_amount) OVER w FROM orders WINDOW w AS (PARTITION BY pg_sleep(1))',
      'SELECT sum(total_amount) FILTER (WHERE pg_sleep(1) IS NULL) FROM orders',
      'SELECT array_agg(order_id ORDER BY pg_sleep(1)) FROM orders',
      'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY length(pg_sleep(1)::text)) FROM orders',
      'SELECT CASE WHEN pg_sleep(1) IS NULL THEN 1 END',
      'SELECT CASE 1 WHEN 1 THEN pg_sleep(1)::text ELSE pg_sleep(2)::text END',
      'SELECT COALESCE(NULL, pg_sleep(1)::text), GREATEST(pg_sleep(1)::text)',
      'SELECT NULLIF(pg_sleep(1)::text, $$a$$)',
      'SELECT ARRAY[pg_sleep(1)::text]',
      'SELECT ROW(pg_sleep(1))',
      'SELECT (ARRAY[1])[length(pg_sleep(1)::text)]',
      'SELECT (SELECT pg_sleep(1))',
      'SELECT 1 IN (SELECT length(pg_sleep(1)::text))',
      'SELECT 1 = ANY (ARRAY[length(pg_sleep(1)::text)])',
      'SELECT 1 BETWEEN 0 AND length(pg_sleep(1)::text)',
      'SELECT NOT (pg_sleep(1) IS NULL)',
      'SELECT (pg_sleep(1) IS NULL) IS TRUE',
      'SELECT CAST(pg_sleep(1) AS text)',
      'SELECT pg_sleep(1)::text COLLATE "C"',
      'SELECT pg_sleep(1)::text LIKE $$a$$',
      'SELECT current_setting($$x$$) AT TIME ZONE $$UTC$$',
      'SELECT EXTRACT(year FROM pg_postmaster_start_time())',
      'SELECT trim(current_setting($$x$$))',
      'SELECT 1 UNION SELECT length(pg_sleep(1)::text)',
      '(SELECT 1) EXCEPT (SELECT length(pg_sleep(1)::text))',
      'VALUES (pg_sleep(1))',
      'VALUES (1) ORDER BY pg_sleep(1)',
      'SELECT * FROM (VALUES (pg_sleep(1))) v',
      'SELECT * FROM orders TABLESAMPLE system (length(pg_sleep(1)::text))',
      'SELECT * FROM orders TABLESAMPLE system (1) REPEATABLE (length(pg_sleep(1)::text))',
      'SELECT JSON_OBJECT($$a$$ : pg_sleep(1))',
      'SELECT JSON_ARRAY(pg_sleep(1))',
      'SELECT JSON_ARRAY(SELECT pg_sleep(1))',
      'SELECT JSON_OBJECTAGG(store_id : pg_sleep(1)) FROM stores',
      'SELECT JSON_VALUE($${}$$, $$$.a$$ PASSING pg_sleep(1) AS x)',
      'SELECT JSON_VALUE($${}$$, $$$.a$$ DEFAULT pg_sleep(1)::text ON EMPTY)',
      "SELECT * FROM JSON_TABLE(current_setting('x'), '$' COLUMNS (a int)) t",
      'SELECT count(DISTINCT pg_sleep(1)) FROM orders',
      'SELECT concat(VARIADIC ARRAY[current_setting($$x$$)])',
      'SELECT make_interval(days => length(pg_sleep(1)::text))',
      'TABLE orders ORDER BY pg_sleep(1)',
    ],
  },
  {
    name: 'session information by keyword',
    reason: /^Session information|^Function .* is not allowed|^There is no/,
    statements: [
      'SELECT current_user',
      'SELECT session_user',
      'SELECT user',
      'SELECT current_role',
      'SELECT current_catalog',
      'SELECT current_schema',
      'SELECT system_user',
      'SELECT * FROM current_user',
      'SELECT count(*) FROM orders WHERE session_user = $$x$$',
    ],
  },
  {
    name: 'statements that are no SELECT',
    reason: onlySelect,
    statements: [
      'INSERT INTO orders SELECT * FROM orders',
      'UPDATE orders SET total_amount = 0',
      'DELETE FROM orders',
      'TRUNCATE orders',
      'MERGE INTO orders o USING orders s ON true WHEN MATCHED THEN DELETE',
      'DROP TABLE orders',
      'CREATE TABLE t (a int)',
      'CREATE TABLE t AS SELECT 1',
      'CREATE TEMP TABLE t AS SELECT 1',
      'CREATE VIEW v AS SELECT 1',
      'CREATE MATERIALIZED VIEW v AS SELECT 1',
      'ALTER TABLE orders DISABLE ROW LEVEL SECURITY',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      'CREATE EXTENSION dblink',
      'CREATE ROLE x SUPERUSER',
      'GRANT ALL ON orders TO PUBLIC',
      'REVOKE ALL ON orders FROM PUBLIC',
      'SET ROLE postgres',
      'SET LOCAL row_security = off',
      'RESET ALL',
      'SHOW ALL',
      'SHOW search_path',
      'DISCARD ALL',
      'BEGIN',
      'COMMIT',
      'ROLLBACK',
      'SAVEPOINT a',
      'PREPARE p AS SELECT 1',
      'EXECUTE p',
      'DEALLOCATE p',
      'DECLARE c CURSOR FOR SELECT 1',
      'FETCH 1 FROM c',
      'CLOSE c',
      'DO $$ BEGIN END $$',
      'CALL p()',
      'COPY orders TO STDOUT',
      "COPY orders TO PROGRAM 'sh'",
      "COPY (SELECT 1) TO '/tmp/x'",
      'VACUUM',
      'ANALYZE orders',
      'CLUSTER',
      'REINDEX TABLE orders',
      'CHECKPOINT',
      'LOAD $$x$$',
      'LISTEN a',
      'NOTIFY a',
      'UNLISTEN *',
      'LOCK TABLE orders',
      'EXPLAIN SELECT 1',
      'EXPLAIN ANALYZE SELECT 1',
      'REFRESH MATERIALIZED VIEW v',
      'COMMENT ON TABLE orders IS $$x$$',
      'SECURITY LABEL ON TABLE orders IS $$x$$',
      'IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c',
      'REASSIGN OWNED BY a TO b',
      'ALTER SYSTEM SET a = 1',
    ],
  },
  {
    name: 'several statements in one text',
    reason: oneStatement,
    statements: [
      'SELECT 1; SELECT 2',
      'SELECT 1; TRUNCATE orders',
      'SELECT 1; GRANT ALL ON orders TO PUBLIC',
      'SELECT 1; SET ROLE postgres',
      "SELECT 1; COPY orders TO PROGRAM 'sh'",
      'SELECT 1; DO $$ BEGIN END $$',
      'SELECT 1; CALL p()',
      'SELECT 1; VACUUM',
      'COMMIT; DROP TABLE orders',
      'SELECT 1 /* ; */ ; /* */ DELETE FROM orders',
      'SELECT 1;;DROP TABLE orders',
      "SELECT ';' ; DROP TABLE orders --",
    ],
  },
  {
    name: 'texts that are no SQL or nothing',
    reason: /^This is not valid SQL|^The statement is empty|NUL character|not valid Unicode/,
    statements: [
      '',
      '   ',
      '\n\t',
      '-- nothing',
      '/* nothing */',
      ';',
      ';;',
      'SELECTED * FROM orders',
      'SELEC 1',
      'select from where',
      'SELECT * FORM orders',
      "SELECT 'unterminated",
      'SELECT "unterminated',
      'SELECT /* unterminated',
      'SELECT $$unterminated',
      'SELECT (1',
      'SELECT 1)',
      'hello',
      'SELECT 1\0; DROP TABLE orders',
      'SELECT \ud800',
      "SELECT U&'\\D800'",
      "SELECT '\\x00'::bytea \\g",
      'retail.orders; --',
      '"retail"."orders"x',
    ],
  },
  {
    name: 'data-changing and storing SELECTs',
    reason: /^(A data-changing CTE|SELECT INTO|A locking clause)/,
    statements: [
      'WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d',
      'WITH u AS (UPDATE orders SET total_amount = 0 RETURNING *) SELECT * FROM u',
      'WITH i AS (INSERT INTO orders SELECT * FROM orders RETURNING *) SELECT * FROM i',
      'WITH m AS (MERGE INTO orders o USING stores s ON true WHEN MATCHED THEN DELETE RETURNING *) SELECT * FROM m',
      'SELECT * FROM (WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d) x',
      'SELECT * INTO kept FROM orders',
      'SELECT 1 INTO TEMP kept',
      'SELECT * FROM orders FOR UPDATE',
      'SELECT * FROM orders FOR NO KEY UPDATE',
      'SELECT * FROM orders FOR SHARE',
      'SELECT * FROM orders FOR KEY SHARE SKIP LOCKED',
      'SELECT * FROM orders FOR UPDATE NOWAIT',
      'SELECT * FROM (SELECT * FROM orders FOR UPDATE) x',
      'WITH a AS (SELECT * FROM orders FOR SHARE) SELECT * FROM a',
    ],
  },
  {
    name: 'tables that are not served',
    reason: notServed,
    statements: [
      'SELECT * FROM pg_class',
      'SELECT * FROM pg_catalog.pg_class',
      'SELECT * FROM pg_authid',
      'SELECT * FROM pg_stats',
      'SELECT * FROM pg_statistic',
      'SELECT * FROM pg_settings',
      'SELECT * FROM pg_stat_activity',
      'SELECT * FROM information_schema.tables',
      'SELECT * FROM information_schema.columns',
      'SELECT * FROM keys.scope_keys',
      'SELECT * FROM audit.events',
      'SELECT * FROM ops.revocations',
      'SELECT * FROM retail.product_description_embeddings',
      'SELECT * FROM product_image_embeddings',
      'SELECT * FROM public.orders',
      'SELECT * FROM pg_temp.orders',
      'SELECT * FROM "Orders"',
      'SELECT * FROM "ORDERS"',
      'SELECT * FROM "retail.orders"',
      'SELECT * FROM "Retail".orders',
      'SELECT * FROM nothing',
      'TABLE pg_class',
      'SELECT * FROM ONLY pg_class',
      'SELECT * FROM orders UNION ALL SELECT * FROM pg_class',
      'SELECT (SELECT count(*) FROM pg_class)',
      'SELECT * FROM orders WHERE EXISTS (SELECT 1 FROM pg_roles)',
      'WITH pg AS (SELECT * FROM pg_class) SELECT * FROM pg',
      'SELECT * FROM orders JOIN pg_class ON true',
      'SELECT * FROM pg_class TABLESAMPLE system (1)',
      'SELECT * FROM orders, LATERAL (SELECT * FROM pg_proc) x',
      'WITH orders AS (SELECT 1 AS a) SELECT * FROM public.orders',
      'SELECT * FROM json_table',
      'WITH x AS (SELECT * FROM y), y AS (SELECT 1 AS a) SELECT * FROM x',
      'SELECT * FROM (WITH c AS (SELECT 1 AS a) SELECT * FROM c) s, c',
    ],
  },
  {
    name: 'tables of another database',
    reason: /^A database name before a table/,
    statements: ['SELECT * FROM postgres.retail.orders', 'SELECT * FROM zava.pg_catalog.pg_class'],
  },
  {
    name: 'columns that the reader may not read',
    reason: unreadable,
    statements: [
      'SELECT cost FROM products',
      'SELECT p.cost FROM products p',
      'SELECT products.cost FROM retail.products',
      'SELECT retail.products.cost FROM retail.products',
      'SELECT sum(cost) FROM products',
      'SELECT gross_margin_percent FROM products',
      'SELECT search_text FROM products',
      'SELECT rls_user_id FROM stores',
      'SELECT email FROM customers',
      'SELECT c.phone FROM customers c',
      'SELECT product_id FROM products WHERE cost > 10',
      'SELECT product_id FROM products ORDER BY cost',
      'SELECT 1 AS p FROM products p ORDER BY p.cost',
      'SELECT 1 AS p FROM products p GROUP BY p.cost',
      'SELECT DISTINCT ON (p.cost) 1 AS p FROM products p',
      'SELECT count(*) FROM products GROUP BY cost',
      'SELECT base_price AS cost FROM products GROUP BY cost',
      'SELECT count(*) FROM products HAVING max(cost) > 1',
      'SELECT (SELECT cost FROM products LIMIT 1)',
      'SELECT x.cost FROM (SELECT cost FROM products) x',
      'WITH x AS (SELECT cost AS c FROM products) SELECT c FROM x',
      'SELECT order_id FROM orders o WHERE EXISTS (SELECT 1 FROM products WHERE cost > o.total_amount)',
      'SELECT a.f FROM products AS a(a, b, c, d, e, f)',
      'SELECT (p).cost FROM products p',
      'SELECT x.c FROM products p, LATERAL (SELECT p.cost AS c) x',
      'SELECT j.cost FROM (products p JOIN categories c USING (category_id)) AS j',
      'SELECT * FROM products a JOIN products b USING (cost)',
      'SELECT * FROM products a NATURAL JOIN products b',
      'SELECT rank() OVER (ORDER BY cost) FROM products',
      'SELECT string_agg(email, $$,$$) FROM customers',
      'SELECT DISTINCT ON (email) customer_id FROM customers',
      'SELECT customer_id FROM customers ORDER BY lower(email)',
      'SELECT count(email) FROM customers',
    ],
  },
  {
    name: 'names that PostgreSQL would find further out, at a column that the reader may not read',
    reason: /could be mistaken for|not readable with your permissions|^A join that is NATURAL|^The star would give two/,
    statements: [
      // A function in FROM that gives rows has their columns, and none with the name of its alias
      "SELECT (SELECT cost FROM unnest('a'::tsvector) AS cost) FROM products",
      'SELECT (SELECT cost FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost LIMIT 1) FROM products',
      'SELECT (SELECT cost FROM orders o, LATERAL coalesce(o) AS cost LIMIT 1) FROM products',
      'SELECT (SELECT cost FROM orders o, LATERAL greatest(o, o) AS cost LIMIT 1) FROM products',
      'SELECT (SELECT cost FROM orders o, LATERAL nullif(o, NULL) AS cost LIMIT 1) FROM products',
      'SELECT (SELECT max(cost) FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) FROM products',
      'SELECT (SELECT (cost)[1] FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) FROM products',
      'SELECT 1 FROM products WHERE EXISTS (SELECT 1 FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost WHERE cost IS NOT NULL)',
      'SELECT (SELECT cost FROM (SELECT cost.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) s LIMIT 1) FROM products',
      'WITH s AS (SELECT cost.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) SELECT (SELECT cost FROM s LIMIT 1) FROM products',
      'SELECT cost.* FROM products, unnest(ARRAY(SELECT o FROM orders o)) AS cost ORDER BY cost',
      'SELECT DISTINCT ON (cost) cost.* FROM products, unnest(ARRAY(SELECT o FROM orders o)) AS cost',
      'SELECT (SELECT count(*) FROM (SELECT cost.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) s GROUP BY cost) FROM products',
      'SELECT (SELECT ctid FROM unnest(ARRAY(SELECT o FROM orders o)) AS ctid LIMIT 1) FROM products',
      'SELECT (SELECT email FROM unnest(ARRAY(SELECT o FROM orders o)) AS email LIMIT 1) FROM customers',
      'SELECT 1 FROM products NATURAL JOIN unnest(ARRAY(SELECT o FROM orders o)) AS u',
      'SELECT 1 FROM unnest(ARRAY(SELECT o FROM orders o)) AS u NATURAL JOIN products',
      'SELECT 1 FROM products NATURAL JOIN (SELECT u.* FROM orders o, LATERAL coalesce(o) AS u) s',
      'SELECT 1 FROM products NATURAL JOIN unnest(ARRAY[1], ARRAY(SELECT o FROM orders o)) AS u',
      'SELECT 1 FROM products NATURAL JOIN (SELECT u.* FROM orders o, unnest(ARRAY[NULL, o]) AS u) s',
      'SELECT 1 FROM products NATURAL JOIN (SELECT u.* FROM orders o, ROWS FROM (generate_series(1, 2), pg_catalog.unnest(ARRAY[o])) AS u) s',
      'SELECT (SELECT max(cost) FROM (SELECT cost.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) a NATURAL JOIN (SELECT cost.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost) b) FROM products',
      // More columns than are counted move the names that a join gives by place
      'SELECT j.z FROM (unnest(ARRAY(SELECT o FROM orders o)) AS u CROSS JOIN products) AS j(a, b, c, d, e, f, g, z)',
      'SELECT j.z FROM (orders o CROSS JOIN LATERAL (VALUES (o.*)) AS v CROSS JOIN products) AS j(a, b, c, d, e, f, g, h, z)',
      'SELECT j.z FROM (orders o CROSS JOIN LATERAL (VALUES ((o).*)) AS v CROSS JOIN products) AS j(a, b, c, d, e, f, g, h, z)',
      'SELECT j.z FROM (orders o CROSS JOIN LATERAL (VALUES (1, o.*)) AS v CROSS JOIN products) AS j(a, b, c, d, e, f, g, h, i, z)',
      // An aggregate of the SELECT around gives the row that it found
      'SELECT (SELECT j.h FROM (any_value(r) AS u CROSS JOIN products) AS j(a, b, c, d, e, f, g, h) LIMIT 1) FROM regions r',
      // Sampling sees nothing to its left, and so what is further out
      'SELECT (SELECT count(*) FROM (SELECT 1) AS a(cost), orders TABLESAMPLE system (cost)) FROM products',
      'SELECT (SELECT count(*) FROM (SELECT 1) AS a(cost), orders TABLESAMPLE system (10) REPEATABLE (cost)) FROM products',
      // Nested columns come after the others: here AS renames b
      "SELECT 1 FROM JSON_TABLE('[]', '$' COLUMNS (NESTED PATH '$' COLUMNS (cost numeric), b int)) AS t(x) NATURAL JOIN products",
      // What SEARCH and CYCLE add a star leaves out within the recursion
      'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT t.n FROM t CROSS JOIN LATERAL (SELECT j.g FROM ((SELECT t.*) AS s CROSS JOIN products) AS j(a, b, c, d, e, f, g, h, i)) AS q) SEARCH DEPTH FIRST BY n SET seq SELECT n FROM t',
      'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT j.a FROM (t CROSS JOIN products) AS j(a, b, c, d, e, f, g, h, i) WHERE j.i IS NOT NULL) CYCLE n SET c USING p SELECT n FROM t',
      'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT j.a FROM (t CROSS JOIN products) AS j(a, b, c, d, e, f, g, h) WHERE j.h > 5) SEARCH DEPTH FIRST BY n SET s SELECT n FROM t',
      // Of two columns with the name the open one may not be there
      'SELECT j.cost FROM (unnest(ARRAY(SELECT o FROM orders o)) AS cost CROSS JOIN products) AS j',
      'SELECT j.* FROM (unnest(ARRAY(SELECT o FROM orders o)) AS cost CROSS JOIN products) AS j',
      'SELECT (j).cost FROM (unnest(ARRAY(SELECT o FROM orders o)) AS cost CROSS JOIN products) AS j',
      // With no column of that name it is the whole row of the nearest table
      'SELECT (SELECT to_jsonb(u) FROM customers AS u LIMIT 1) FROM unnest(ARRAY(SELECT o FROM orders o)) AS u',
      'SELECT (SELECT u FROM products AS u LIMIT 1) FROM orders o, LATERAL greatest(o) AS u',
      'SELECT (SELECT 1 FROM customers AS u ORDER BY u LIMIT 1) FROM unnest(ARRAY(SELECT o FROM orders o)) AS u',
      'SELECT u.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS u, LATERAL (SELECT 1 FROM products AS u ORDER BY u) v',
      'SELECT (SELECT u.* FROM (SELECT 1 AS z) AS u) FROM (products AS p CROSS JOIN stores) AS u ORDER BY u',
      // A row taken apart has the names of its columns, whatever AS says
      'WITH s AS (SELECT (cost).* FROM orders AS cost) SELECT (SELECT cost FROM s LIMIT 1) FROM products',
      'WITH s AS (SELECT (o).* AS cost FROM orders o) SELECT (SELECT cost FROM s LIMIT 1) FROM products',
      'SELECT (o).* AS cost FROM orders o, products ORDER BY cost',
      'SELECT o.* AS cost FROM orders o, products ORDER BY cost',
      'SELECT cost.*, (o).* AS cost FROM unnest(ARRAY(SELECT o FROM orders o)) AS cost, orders o, products ORDER BY cost',
      // A sub-select is named after its first column, not after a star in it
      'SELECT (SELECT cost.* FROM (SELECT 1 AS z) AS cost) FROM products ORDER BY cost',
      'SELECT DISTINCT ON (cost) (SELECT cost.* FROM (SELECT 1 AS z) AS cost) FROM products',
      // ROW(…) is an expression, in which no column of the result is seen
      'SELECT (SELECT 1 AS cost FROM orders GROUP BY ROW(cost)) FROM products',
      'SELECT (SELECT 1 AS cost FROM orders GROUP BY ROLLUP (ROW(cost, 1))) FROM products',
    ],
  },
  {
    name: 'whole rows that hold unreadable columns',
    reason: /^The whole row of/,
    statements: [
      'SELECT c FROM customers c',
      'SELECT customers FROM customers',
      'SELECT row_to_json(p) FROM products p',
      'SELECT to_jsonb(c) FROM customers c',
      'SELECT count(p.*) FROM products p',
      'SELECT count(p) FROM products p',
      'SELECT ROW(p.*) FROM products p',
      'SELECT (p).* FROM products p',
      'SELECT (p).sku FROM products p',
      'SELECT p::text FROM products p',
      'SELECT json_agg(c) FROM customers c',
      'SELECT array_agg(s) FROM stores s',
      'SELECT c = c FROM customers c',
      'SELECT c IS NULL FROM customers c',
      'SELECT concat(c) FROM customers c',
      'SELECT json_agg(p.*) FROM products p',
      'SELECT x FROM customers c, LATERAL (SELECT c AS x) y',
      'SELECT j FROM (products JOIN categories USING (category_id)) AS j',
      'SELECT c FROM customers c ORDER BY c',
      'SELECT DISTINCT ON (c) customer_id FROM customers c',
      'SELECT customer_id FROM customers c GROUP BY customer_id, c',
    ],
  },
  {
    name: 'functions called as if they were columns',
    reason: /^There is no column|^The field selection|not readable|could be a function call/,
    statements: [
      'SELECT o.to_jsonb FROM orders o',
      'SELECT c.row_to_json FROM customers c',
      'SELECT (c).row_to_json FROM customers c',
      'SELECT orders.pg_column_size FROM orders',
      'SELECT (x.r).to_jsonb FROM (SELECT o AS r FROM orders o) x',
      'SELECT (ROW(1, 2)).pg_typeof',
      'SELECT (SELECT o FROM orders o LIMIT 1).to_json',
      'SELECT o.text FROM orders o',
      'SELECT (array_agg(o))[1].row_to_json FROM orders o',
      'SELECT (ROW(1)).xf1',
      'SELECT (ROW(1)).f1x',
      // A function that gives rows has no column of its own name, but a function of that name may take the row
      'SELECT pg_column_size.pg_column_size FROM unnest(ARRAY(SELECT o FROM orders o)) AS pg_column_size',
      'SELECT (pg_typeof).pg_typeof FROM unnest(ARRAY(SELECT o FROM orders o)) AS pg_typeof',
      "SELECT pg_typeof.pg_typeof FROM unnest('a'::tsvector) AS pg_typeof",
      'SELECT pg_typeof.pg_typeof FROM orders o, LATERAL coalesce(o) AS pg_typeof',
      'SELECT (SELECT pg_typeof.pg_typeof FROM any_value(o) AS pg_typeof) FROM orders o',
      "SELECT * FROM (orders CROSS JOIN unnest('a b'::tsvector) AS pg_typeof) AS j",
      "SELECT j.* FROM (orders CROSS JOIN unnest('a b'::tsvector) AS pg_typeof) AS j",
      'SELECT * FROM orders NATURAL JOIN (order_items CROSS JOIN unnest(ARRAY(SELECT r FROM regions r)) AS pg_typeof)',
      'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT s.n FROM t, LATERAL (SELECT t.*) AS s WHERE s.pg_typeof IS NOT NULL) SEARCH DEPTH FIRST BY n SET pg_typeof SELECT n FROM t',
      'SELECT x.pg_typeof FROM (SELECT pg_typeof.* FROM unnest(ARRAY(SELECT o FROM orders o)) AS pg_typeof) x',
      'SELECT pg_typeof.pg_typeof FROM ROWS FROM (unnest(ARRAY[1]), unnest(ARRAY(SELECT o FROM orders o))) AS pg_typeof',
    ],
  },
  {
    name: 'system columns',
    reason: /^System column/,
    statements: [
      'SELECT ctid FROM orders',
      'SELECT o.xmin FROM orders o',
      'SELECT xmax, cmin FROM orders',
      'SELECT cmin FROM orders',
      'SELECT (SELECT ctid FROM orders LIMIT 1) FROM (SELECT 1 AS ctid) x',
      'SELECT tableoid FROM orders',
      'SELECT order_id FROM orders WHERE ctid IS NOT NULL',
      'SELECT retail.orders.cmax FROM retail.orders',
      'SELECT (o).tableoid FROM orders o',
      'SELECT order_id FROM orders ORDER BY xmin',
    ],
  },
  {
    name: 'types that read the catalogue or are not of the server',
    reason: type,
    statements: [
      "SELECT 'keys.scope_keys'::regclass",
      "SELECT regclass 'orders'",
      "SELECT CAST('x' AS regproc)",
      "SELECT 'x'::regprocedure",
      "SELECT 'postgres'::regrole",
      "SELECT 'keys'::regnamespace",
      "SELECT 'int'::regtype",
      "SELECT 'english'::regconfig",
      'SELECT 1::oid',
      "SELECT '1'::xid",
      "SELECT '(0,1)'::tid",
      "SELECT 'x'::name",
      "SELECT '<a/>'::xml",
      'SELECT \'x\'::"char"',
      'SELECT NULL::orders',
      'SELECT NULL::retail.orders',
      'SELECT ROW(1)::record',
      "SELECT '{}'::aclitem[]",
      "SELECT 'x'::refcursor",
      "SELECT '1/0'::pg_lsn",
      "SELECT 'x'::public.vector",
      'SELECT NULL::pg_catalog.pg_class',
      "SELECT '{1}'::oid[]",
      "SELECT '{orders}'::regclass[]",
      "SELECT 'x'::unknown",
      "SELECT 'x'::cstring",
      "SELECT * FROM json_to_record('{}') AS t(a regclass)",
      "SELECT JSON_VALUE('{}', '$.a' RETURNING regclass)",
      "SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a regclass)) t",
      "SELECT DATE 'today', regclass 'x'",
      'SELECT 1::pg_catalog.pg_catalog.int4',
      'SELECT 1::retail.int4',
    ],
  },
  {
    name: 'types by reference',
    reason: /^Type orders|%TYPE|SETOF/,
    statements: ['SELECT NULL::orders.order_id%TYPE', 'SELECT NULL::SETOF int'],
  },
  {
    name: 'operators and collations of other schemas',
    reason: /^Operator|^Collation/,
    statements: [
      'SELECT 1 OPERATOR(public.+) 2',
      'SELECT 1 OPERATOR(retail.=) 1',
      'SELECT 1 OPERATOR(a.b.+) 2',
      'SELECT 1 OPERATOR(pg_catalog.pg_catalog.+) 2',
      'SELECT 1 = ANY (SELECT 1) AND 1 OPERATOR(pg_catalog.<<<>>>) ANY (SELECT 1)',
      'SELECT order_id FROM orders ORDER BY order_id USING <<<>>>',
      'SELECT 1 = ANY (SELECT 1) AND 1 OPERATOR(public.=) ANY (SELECT 1)',
      'SELECT order_id FROM orders ORDER BY order_id USING OPERATOR(public.<)',
      'SELECT 1 <<<>>> 2',
      'SELECT 1 @#@ 2',
      "SELECT 'a' COLLATE evil",
      'SELECT \'a\' COLLATE public."C"',
      'SELECT \'a\' COLLATE pg_catalog.pg_catalog."C"',
      "SELECT 'a' COLLATE pg_catalog.evil",
    ],
  },
  {
    name: 'parameters',
    reason: /^A parameter/,
    statements: [
      'SELECT $1',
      'SELECT * FROM orders WHERE store_id = $1',
      'SELECT * FROM orders LIMIT $2',
      "SELECT '$1', $1::text",
    ],
  },
  {
    name: 'XML and other constructs',
    reason: /is not allowed/,
    statements: [
      "SELECT xmlelement(name a, 'b')",
      "SELECT xmlparse(document '<a/>')",
      "SELECT xmlserialize(content '<a/>' AS text)",
      'SELECT xmlforest(1 AS a)',
      "SELECT xmlroot('<a/>', version '1.0')",
      "SELECT '<a/>' IS DOCUMENT",
      "SELECT * FROM xmltable('/a' PASSING '<a/>' COLUMNS b text)",
      "SELECT xmlagg('<a/>')",
      "SELECT xmlexists('/a' PASSING '<a/>')",
      "SELECT collation for ('a')",
      'SELECT order_id FROM orders ORDER BY total_amount FETCH FIRST 3 ROWS WITH TIES',
      'SELECT (ARRAY[1, 2, 3])[1:2]',
      'SELECT a[2:] FROM (SELECT ARRAY[1, 2] AS a) x',
      'SELECT store_id, count(*) FROM orders GROUP BY DISTINCT ROLLUP (store_id), ROLLUP (store_id)',
      'SELECT * FROM orders TABLESAMPLE evil (1)',
      'SELECT * FROM orders TABLESAMPLE pg_catalog.system (1)',
      'SELECT * FROM orders TABLESAMPLE evil.bernoulli (1)',
    ],
  },
  {
    name: 'sizes',
    reason: /must be|would make|more than|longer than|too large|^A series of dates needs/,
    statements: [
      "SELECT repeat('x', 1e9::int)",
      "SELECT repeat('x', 1000000000)",
      "SELECT repeat('x', 10001)",
      "SELECT repeat('xx', 6000)",
      "SELECT repeat('x', quantity) FROM order_items",
      'SELECT repeat(product_name, 5000) FROM products',
      "SELECT repeat(repeat('x', 10000), 1000)",
      "WITH a AS (SELECT repeat('x', 10000) AS x) SELECT repeat(x, 1000) FROM a",
      "SELECT repeat('x', (SELECT 1000000000))",
      "SELECT pg_catalog.repeat('x', 1000000000)",
      "SELECT repeat('x', 5000 * 5000)",
      "SELECT repeat('x', '1000000000')",
      "SELECT repeat('x', - -1000000000)",
      "SELECT lpad('x', 1000000000)",
      "SELECT lpad('x', quantity) FROM order_items",
      "SELECT rpad('x', 20000, 'y')",
      "SELECT rpad('x', (SELECT max(order_id) FROM orders))",
      "SELECT format('%1000000s', 'x')",
      "SELECT format('%-99999s', 'x')",
      "SELECT format('%*s', 1000000, 'x')",
      "SELECT format('%1$*2$s', 'x', 1000000)",
      "SELECT format(product_name, 'x') FROM products",
      "SELECT format('%1$100000s', 'x')",
      'SELECT generate_series(1, 1000000000)',
      'SELECT * FROM generate_series(1, 100002)',
      'SELECT generate_series(1, 10, 0.00001)',
      'SELECT generate_series(1, quantity) FROM order_items',
      'SELECT * FROM orders o, generate_series(1, o.order_id)',
      "SELECT generate_series('2024-01-01'::timestamp, '2034-01-01', '1 second')",
      "SELECT generate_series('0001-01-01'::date, '9999-01-01', '1 day')",
      "SELECT generate_series((SELECT min(order_date) FROM orders), (SELECT max(order_date) FROM orders), '1 second')",
      "SELECT generate_series(now() - interval '1000 years', now(), '1 day')",
      'SELECT generate_series(1, (SELECT count(*) FROM orders a, orders b))',
      'SELECT generate_series(1::numeric, 1e9)',
      "SELECT generate_series('2024-01-01'::date, '2024-12-31', '0 days')",
      "SELECT generate_series('2024-01-01'::date, '2024-12-31', (SELECT interval '1 microsecond'))",
      'SELECT generate_series(1, 10, 0)',
      'SELECT array_fill(0, ARRAY[1000000000])',
      'SELECT array_fill(0, ARRAY[1000, 1000])',
      "SELECT array_fill(0, '{1000000}')",
      'SELECT array_fill(0, ARRAY[order_id]) FROM orders',
      'SELECT factorial(100000)',
      'SELECT factorial(order_id) FROM orders',
      'SELECT 10::numeric ^ 100000',
      'SELECT power(10::numeric, 100000)',
      'SELECT pow(2, -1000000)',
      'SELECT 1e100000',
      "SELECT 'x'::char(10000000)",
      "SELECT B'1'::bit(80000000)",
      "SELECT 'x'::character(20000)",
      "SELECT CAST('1' AS bit varying(90000000))",
      "SELECT * FROM json_to_record('{}') AS t(a char(10000000))",
      "SELECT '{x,x,x}'::_bpchar(10000000)",
      "SELECT '{x,x,x}'::char(10000000)[]",
      "SELECT generate_series(1, array_upper('[2000000000:2000000000]={1}'::int[], 1))",
      "SELECT generate_series(array_lower('[-2000000000:-2000000000]={1}'::int[], 1), 0)",
      "SELECT generate_series(date '1900-01-01', to_date('22000101', 'J'), '1 day')",
      `SELECT '${'x'.repeat(5000)}'`,
      `SELECT B'${'1'.repeat(5000)}'`,
      `SELECT '${'é'.repeat(3000)}'`,
      `SELECT ${'1 + '.repeat(5000)}1`,
    ],
  },
  {
    name: 'depth',
    reason:
      /nested too deeply|more than 1500 operators|operator characters in a row|reads more than|reads from more than|not valid SQL: memory exhausted|longer than|would give more than/,
    statements: [
      `SELECT ${'('.repeat(8000)}1`,
      `SELECT ${'('.repeat(4000)}1${')'.repeat(4000)}`,
      `SELECT ${'NOT '.repeat(4000)}true`,
      `SELECT ${'- '.repeat(8000)}order_id FROM orders`,
      // One run of characters, five hundred operators
      `SELECT ${`${'+-'.repeat(250)} `.repeat(19)}order_id FROM orders`,
      `SELECT 1${'+1'.repeat(8000)}`,
      `SELECT 1${' UNION SELECT 1'.repeat(1000)}`,
      `SELECT ${'(SELECT '.repeat(1800)}1${')'.repeat(1800)}`,
      `SELECT ${'abs('.repeat(3000)}1${')'.repeat(3000)}`,
      `SELECT ${'ARRAY['.repeat(2000)}1${']'.repeat(2000)}`,
      `SELECT 1${'::int'.repeat(3000)}`,
      `SELECT ${'CASE WHEN true THEN '.repeat(600)}1${' END'.repeat(600)}`,
      `SELECT * FROM ${'(SELECT * FROM '.repeat(900)}orders${')'.repeat(900)}`,
      `SELECT * FROM orders${' NATURAL JOIN orders'.repeat(800)}`,
      `SELECT ${"(SELECT ')' || ".repeat(900)}'x'${')'.repeat(900)}`,
      `${'('.repeat(7000)}SELECT 1${')'.repeat(7000)}`,
      `SELECT 1 WHERE ${'(true AND '.repeat(1500)}true${')'.repeat(1500)}`,
      `SELECT ${'ROW(1, '.repeat(1500)}1${')'.repeat(1500)}`,
      `SELECT 'a'${" || 'a'".repeat(1000)}`,
      `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
      `SELECT 1${' UNION SELECT 1'.repeat(10_000)}`,
      `SELECT ${'NOT '.repeat(10_000)}true`,
      'x'.repeat(1_000_000),
      `SELECT 1 ${'/**/'.repeat(4000)}`,
      '/*'.repeat(8000),
      `SELECT * FROM orders ${Array.from({ length: 260 }, (_, n) => `JOIN orders o${n} ON true`).join(' ')}`,
      `SELECT * FROM ${Array.from({ length: 300 }, (_, n) => `orders o${n}`).join(', ')}`,
      `SELECT ${'*, '.repeat(400)} * FROM orders`,
      // More pairs of names than a process can compare in a minute
      `WITH a AS (VALUES (1${', 1'.repeat(1599)})) SELECT 1 FROM a${' NATURAL JOIN a'.repeat(100)}`,
      `WITH a0 AS (SELECT * FROM orders)${Array.from({ length: 24 }, (_, n) => `, a${n + 1} AS (SELECT *, * FROM a${n})`).join('')} SELECT * FROM a24`,
    ],
  },
  {
    name: 'stars that cannot be written out',
    reason: /star|^SELECT \* needs/i,
    statements: [
      'SELECT *',
      'SELECT orders.* IS NULL, ARRAY[(SELECT *)] FROM orders',
      'SELECT * FROM (orders o JOIN order_items i ON true) AS j',
      'SELECT * FROM (SELECT 1 AS a, 2 AS a, 3 AS b) x FULL JOIN (SELECT 1 AS b) y USING (b)',
    ],
  },
  {
    name: 'names that are not there',
    reason: /^There is no|is ambiguous|refers to itself|^Table/,
    statements: [
      'SELECT nothing FROM orders',
      'SELECT o.nothing FROM orders o',
      'SELECT orders.order_id FROM orders o',
      'SELECT x.* FROM orders o',
      'SELECT public.orders.order_id FROM retail.orders',
      'SELECT a.b.c.d FROM orders',
      'SELECT order_id FROM orders o, order_items i',
      'SELECT order_id',
      'WITH RECURSIVE t AS (SELECT * FROM t UNION ALL SELECT 1) SELECT * FROM t',
      'WITH t AS (SELECT * FROM t) SELECT * FROM t',
      'SELECT o.store_id FROM orders o, (SELECT o.order_id) x',
      'SELECT * FROM orders o JOIN stores s ON s.store_id = i.store_id, order_items i',
      'SELECT 1 ORDER BY nothing',
      'SELECT order_id FROM orders LIMIT order_id',
    ],
  },
];

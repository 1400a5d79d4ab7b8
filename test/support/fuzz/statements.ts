import fc from 'fast-check';
import { retailTables } from '../../../src/retail/tables.ts';

/** Statements by PostgreSQL's grammar: most are sound, and in every place where an expression or a relation can stand, some are not. */

const one = <T>(...choices: T[]) => fc.constantFrom(...choices);
const join = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(...parts).map((texts) => texts.filter((text) => text !== '').join(' '));
const often = (usual: fc.Arbitrary<string>, rare: fc.Arbitrary<string>, weight: number) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });
const maybe = (part: fc.Arbitrary<string>, weight = 3) => often(fc.constant(''), part, weight);

const tables = retailTables.map(({ name }) => name);
/** Columns that every reader may read, as `o` names them, and now and then by name alone. */
const columnsOf = (table: string, types: readonly string[]) =>
  retailTables
    .filter(({ name }) => name === table)
    .flatMap(({ columns }) => columns.filter(({ type, readableWith }) => readableWith === undefined && types.includes(type)))
    .flatMap(({ name }) => [`o.${name}`, `o.${name}`, name]);

/** What must never get through, as expressions. Whatever of it is refused or runs and does nothing is well. */
const forbiddenCalls = [
  "set_config('zava.tenant_scope', '2', true)",
  "set_config('role', 'postgres', false)",
  "set_config('search_path', 'pg_catalog', false)",
  "current_setting('zava.tenant_scope')",
  "query_to_xml('SELECT * FROM retail.orders', true, false, '')",
  "query_to_xml('UPDATE retail.inventory SET stock_level = 0', true, false, '')",
  "table_to_xml('retail.customers', true, false, '')",
  "cursor_to_xml('c', 1, true, false, '')",
  "ts_rewrite('a'::tsquery, 'SELECT a, b FROM x')",
  "pg_read_file('/etc/passwd')",
  "pg_ls_dir('.')",
  "pg_stat_file('postgresql.conf')",
  'lo_create(0)',
  "lo_import('/etc/passwd')",
  "lo_from_bytea(0, 'x')",
  "nextval('retail.orders_order_id_seq')",
  "setval('retail.orders_order_id_seq', 1)",
  "currval('retail.orders_order_id_seq')",
  'pg_advisory_lock(7)',
  'pg_try_advisory_lock(7)',
  'pg_advisory_xact_lock(7)',
  "pg_notify('zava_table_changed', 'orders:1')",
  'pg_backend_pid()',
  'pg_terminate_backend(0)',
  'pg_reload_conf()',
  'txid_current()',
  'pg_current_xact_id()',
  'pg_export_snapshot()',
  'pg_relation_size(1259)',
  'retail.current_store_ids()',
  "retail.use_scope('v1.x.1.0.2.00')",
  'retail.rebuild_rollups()',
  'audit.append(ARRAY[]::jsonb[])',
  'ops.note_table_change()',
  'current_user',
  'session_user',
  'current_role',
  'current_catalog',
  'version()',
  'inet_client_addr()',
  "has_table_privilege('keys.scope_keys', 'SELECT')",
  "to_regclass('keys.scope_keys')",
  "'keys.scope_keys'::regclass",
  '1::oid::regclass',
  "'postgres'::regrole",
  "pg_get_viewdef('pg_views')",
  "obj_description(1, 'pg_class')",
  'col_description(1259, 1)',
  'extensions.set_limit(0.1)',
  "dblink('', 'SELECT 1')",
  '$1',
  '(SELECT max(rls_user_id::text) FROM stores)',
  '(SELECT max(cost) FROM products)',
  '(SELECT string_agg(email, $$,$$) FROM customers)',
  '(SELECT count(*) FROM pg_class)',
  '(SELECT count(*) FROM keys.scope_keys)',
  '(SELECT rolpassword FROM pg_authid LIMIT 1)',
  '(SELECT count(*) FROM retail.product_description_embeddings)',
  '(TABLE audit.events LIMIT 1)',
  'xmlparse(content $$<a/>$$)',
  'xmlelement(name a, 1)',
  'CAST($$retail$$ AS regnamespace)',
  'pg_catalog.pg_sleep(0)',
  'pg_sleep(0)',
  "pg_catalog.set_config('role', 'x', true)",
  '"set_config"($$role$$, $$x$$, true)',
  'U&"set\\005fconfig"($$role$$, $$x$$, true)',
  'OPERATOR(pg_catalog.+) 1',
  'ctid',
  'xmin',
  'tableoid',
  'o.ctid',
  'o',
  'row_to_json(o)',
  'o::text',
  "repeat('x', 1000000000)",
  "lpad('x', 1000000000)",
] as const;

const forbiddenRelations = [
  'pg_class',
  'pg_catalog.pg_stats',
  'information_schema.tables',
  'keys.scope_keys',
  'audit.events',
  'ops.revocations',
  'retail.product_description_embeddings',
  'pg_stat_activity',
  'pg_settings',
  'pg_read_file($$/etc/passwd$$)',
  'generate_series(1, 1000000000)',
  'ts_stat($$SELECT 1$$)',
  "query_to_xml('SELECT 1', true, false, '')",
  'retail.tenant_directory()',
  "json_populate_record(NULL::pg_class, '{}')",
  'ROWS FROM (pg_ls_dir($$.$$))',
  'ROWS FROM (generate_series(1, 2), pg_ls_dir($$.$$))',
  "XMLTABLE('/a' PASSING '<a/>' COLUMNS x int)",
  '(DELETE FROM orders RETURNING *)',
] as const;

const forbiddenWhole = [
  (sql: string) => `${sql} FOR UPDATE`,
  (sql: string) => `${sql} FOR SHARE OF o`,
  (sql: string) => `${sql}; DELETE FROM retail.orders`,
  (sql: string) => `${sql}; COMMIT`,
  (sql: string) => `WITH gone AS (DELETE FROM orders RETURNING *) ${sql}`,
  (sql: string) => `WITH changed AS (UPDATE inventory SET stock_level = 0 RETURNING *) SELECT * FROM changed, (${sql}) o`,
  (sql: string) => `WITH put AS (INSERT INTO regions VALUES (99, 'x') RETURNING *) ${sql}`,
  (sql: string) => `WITH m AS (MERGE INTO regions r USING stores s ON false WHEN NOT MATCHED THEN DO NOTHING RETURNING 1) ${sql}`,
  (sql: string) => sql.replace(/ FROM /, ' INTO loot FROM '),
  (sql: string) => sql.replace(/ FROM /, ' INTO TEMP loot FROM '),
  (sql: string) => `CREATE TABLE loot AS ${sql}`,
  (sql: string) => `CREATE VIEW loot AS ${sql}`,
  (sql: string) => `EXPLAIN ANALYZE ${sql}`,
  (sql: string) => `PREPARE p AS ${sql}`,
  (sql: string) => `DECLARE c CURSOR WITH HOLD FOR ${sql}`,
  (sql: string) => `COPY (${sql}) TO PROGRAM 'cat'`,
  (sql: string) => `COPY (${sql}) TO STDOUT`,
  (sql: string) => `INSERT INTO orders ${sql}`,
  (sql: string) => `DO $x$ BEGIN PERFORM 1; END $x$ -- ${sql}`,
  (sql: string) => `SET ROLE postgres; ${sql}`,
] as const;

const forbidden = one(...forbiddenCalls);

/** Of `depth` more levels: a statement's size is bounded, and so is what running it takes. */
function expressions(depth: number, honest: boolean, table: string) {
  const bad = (good: fc.Arbitrary<string>, weight = 60) => (honest ? good : often(good, forbidden, weight));
  const numberColumn = one('1', ...columnsOf(table, ['int2', 'int4', 'int8', 'numeric']));
  const textColumn = one("'b'", ...columnsOf(table, ['text']));
  const leafNumber = fc.oneof(
    numberColumn,
    numberColumn,
    fc.nat(20).map(String),
    one('1.5', '-2', '0x1F', '1e3', 'NULL', '1_000'),
  );
  const leafText = fc.oneof(textColumn, one("'a'", "'it''s'", "E'\\n'", '$$x$$', "'; drop table x --'", "'%update%'", 'NULL'));
  const leafDate = fc.oneof(
    one("DATE '2024-05-05'", ...columnsOf(table, ['date', 'timestamp'])),
    one("DATE '2024-03-01'", "'2024-01-01'::date", "timestamp '2024-01-01 10:00'"),
  );
  if (depth === 0) {
    const flag = fc.tuple(leafNumber, one('=', '<>', '<', '>=', 'IS DISTINCT FROM'), leafNumber).map((parts) => parts.join(' '));
    return {
      number: bad(leafNumber, 90),
      text: bad(leafText, 90),
      date: leafDate,
      flag,
      any: fc.oneof(leafNumber, leafText, leafDate),
    };
  }
  type Kinds = Record<'number' | 'text' | 'date' | 'flag' | 'any', fc.Arbitrary<string>>;
  const inner: Kinds = expressions(depth - 1, honest, table);
  const { number, text, date, flag } = inner;
  const call = (pattern: string, ...given: fc.Arbitrary<string>[]) =>
    fc.tuple(...given).map((texts) => texts.reduce((sql, value) => sql.replace('?', () => value), pattern));
  const numbers = fc.oneof(
    { weight: 4, arbitrary: leafNumber },
    call('(? + ?)', number, number),
    call('(? * ?)', number, number),
    call('? / nullif(?, 0)', number, number),
    call('CASE WHEN ? THEN ? ELSE ? END', flag, number, number),
    call('coalesce(?, ?)', number, number),
    call('greatest(?, ?)', number, number),
    call('abs(?)', number),
    call('round(?::numeric, 2)', number),
    call('length(?)', text),
    call('extract(? FROM ?)', one('year', 'quarter', 'isodow'), date),
    call('(ARRAY[?, ?])[1]', number, number),
    call('(?)::int', number),
    call('count(*) FILTER (WHERE ?)', flag),
    call('sum(?) OVER (PARTITION BY ? ORDER BY ?)', number, text, number),
    call('(SELECT max(?) FROM ?)', leafNumber, one(...tables)),
    call('row_number() OVER (ORDER BY ? DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)', number),
    call('percentile_cont(0.5) WITHIN GROUP (ORDER BY ?)', number),
    call("(?->>'a')::int", one('\'{"a": 1}\'::jsonb', "json_build_object('a', 1)")),
  );
  const textual = fc.oneof(
    { weight: 4, arbitrary: leafText },
    call('? || ?', text, text),
    call('upper(?)', text),
    call('substr(?, 1, 3)', text),
    call('to_char(?, $$YYYY-MM$$)', date),
    call('string_agg(?, $$,$$ ORDER BY ?)', text, number),
    call('(?)::text', number),
    call('CASE ? WHEN ? THEN ? END', text, text, text),
    call('trim(both from ?)', text),
    call('? COLLATE "C"', text),
    call('repeat(?, 3)', text),
    call("regexp_replace(?, '[aeiou]', '*')", text),
    call('(ROW(?, ?)).f1', text, number),
    call('json_build_array(?, ?)::text', text, number),
    call('overlay(? placing $$x$$ from 1)', text),
  );
  const dates = fc.oneof(
    leafDate,
    call("date_trunc('month', ?)", date),
    call("? + interval '1 day'", date),
    call("? AT TIME ZONE 'UTC'", date),
    call('min(?)', date),
  );
  const flags = fc.oneof(
    call('? ? ?', number, one('=', '<', '>=', '<>', 'IS DISTINCT FROM', 'OPERATOR(pg_catalog.=)'), number),
    call('? LIKE ?', text, text),
    call('? ~* ?', text, one("'a+'", "'^z'")),
    call('? BETWEEN ? AND ?', number, number, number),
    call('? IN (?, ?)', number, number, number),
    call('? IN (SELECT ? FROM ?)', number, numberColumn, one(...tables)),
    call('EXISTS (SELECT ? FROM ? x WHERE ?)', number, one(...tables), flag),
    call('? = ANY (ARRAY[?, ?])', number, number, number),
    call('? > ALL (SELECT ? FROM stores)', number, one('store_id', 'region_id')),
    call('(? AND NOT ?)', flag, flag),
    call('(? OR ?)', flag, flag),
    call('? IS NOT NULL', text),
    call('(?, ?) < (?, ?)', number, number, number, number),
    call('(? OVERLAPS ?)', one("(DATE '2024-01-01', DATE '2024-02-01')"), one("(DATE '2024-01-15', INTERVAL '2 days')")),
    call("? < DATE '2025-01-01'", date),
  );
  const kinds = { number: bad(numbers), text: bad(textual), date: dates, flag: flags };
  return { ...kinds, any: fc.oneof(kinds.number, kinds.number, kinds.text, kinds.date, kinds.flag) };
}

const made = new Map<string, fc.Arbitrary<string>>();

/** Made once for each of its kinds: there are some dozen of them, and they hold each other. */
function selects(depth: number, honest: boolean): fc.Arbitrary<string> {
  const key = `${depth} ${honest}`;
  const known = made.get(key) ?? fc.oneof(...tables.map((table) => selectsFrom(table, depth, honest)));
  made.set(key, known);
  return known;
}

function selectsFrom(own: string, depth: number, honest: boolean): fc.Arbitrary<string> {
  const { number, text, flag, any } = expressions(depth, honest, own);
  const other = honest ? one(...tables) : often(one(...tables), one(...forbiddenRelations), 40);
  const of = (relation: fc.Arbitrary<string>, alias: string) =>
    fc.oneof(
      { weight: 6, arbitrary: relation.map((name) => `${name} AS ${alias}`) },
      { weight: 2, arbitrary: relation.map((name) => `retail.${name} ${alias}`) },
      { weight: 1, arbitrary: relation.map((name) => `ONLY ${name} ${alias}`) },
      { weight: 1, arbitrary: relation.map((name) => `${name} ${alias} TABLESAMPLE BERNOULLI (50)`) },
    );
  const named = (alias: string) =>
    fc.oneof(
      { weight: 8, arbitrary: of(other, alias) },
      ...(depth > 0 ? [{ weight: 1, arbitrary: selects(depth - 1, honest).map((sql) => `(${sql}) AS ${alias}`) }] : []),
      { weight: 1, arbitrary: one(`generate_series(1, 5) AS ${alias}(n)`, `(VALUES (1, 'a'), (2, 'b')) AS ${alias}(n, t)`) },
    );
  const main = often(of(fc.constant(own), 'o'), named('o'), 10);
  const second = fc.oneof(
    fc.tuple(one('JOIN', 'LEFT JOIN', 'FULL JOIN'), named('b'), flag).map(([kind, table, on]) => `${kind} ${table} ON ${on}`),
    fc
      .tuple(one('JOIN', 'LEFT JOIN'), one('stores', 'orders', 'inventory'))
      .map(([kind, table]) => `${kind} ${table} b USING (store_id)`),
    one(...tables).map((table) => `NATURAL JOIN ${table}`),
    named('b').map((table) => `CROSS JOIN ${table}`),
    named('b').map((table) => `, ${table}`),
    fc.tuple(one(...tables), flag).map(([table, where]) => `, LATERAL (SELECT * FROM ${table} l WHERE ${where} LIMIT 2) b`),
  );
  const items = fc.oneof(
    { weight: 2, arbitrary: one('*', 'o.*', 'count(*)', 'o.*, 1 AS extra') },
    { weight: 6, arbitrary: fc.array(any, { minLength: 1, maxLength: 3 }).map((list) => list.join(', ')) },
    { weight: 2, arbitrary: fc.tuple(any, fc.nat(9)).map(([value, name]) => `${value} AS c${name}`) },
  );
  const grouped = fc
    .tuple(
      fc.oneof(text, number),
      number,
      main,
      maybe(flag.map((having) => `HAVING ${having}`)),
      one('?', 'ROLLUP (?)', 'GROUPING SETS ((?), ())', 'CUBE (?)'),
    )
    .map(
      ([key, value, table, having, form]) =>
        `SELECT ${key} AS k, sum(${value}) AS v FROM ${table} GROUP BY ${form.replace('?', () => key)} ${having}`,
    );
  const plain = join(
    one('SELECT', 'SELECT', 'SELECT', 'SELECT DISTINCT', 'SELECT DISTINCT ON (1)', 'SELECT ALL'),
    items,
    fc.constant('FROM'),
    main,
    maybe(second, 2),
    maybe(
      flag.map((where) => `WHERE ${where}`),
      1,
    ),
    maybe(
      number.map((key) => `ORDER BY ${key} DESC NULLS LAST`),
      2,
    ),
    maybe(
      fc.oneof(
        one('LIMIT 5', 'LIMIT 5 OFFSET 1', 'FETCH FIRST 3 ROWS ONLY', 'FETCH FIRST 3 ROWS WITH TIES', 'LIMIT ALL'),
        number.map((size) => `LIMIT ${size}`),
      ),
      2,
    ),
  );
  const body = fc.oneof({ weight: 6, arbitrary: plain }, { weight: 3, arbitrary: grouped });
  if (depth === 0) return body;
  const smaller = selects(depth - 1, honest);
  return fc.oneof(
    { weight: 10, arbitrary: body },
    {
      weight: 1,
      arbitrary: fc
        .tuple(smaller, smaller, one('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'))
        .map(([a, b, kind]) => `(${a}) ${kind} (${b})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(smaller, one('', 'MATERIALIZED ', 'NOT MATERIALIZED '))
        .map(([sql, how]) => `WITH w AS ${how}(${sql}) SELECT * FROM w`),
    },
    {
      weight: 1,
      arbitrary: number.map(
        (start) =>
          `WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n, ${start} FROM r, stores o`,
      ),
    },
    { weight: 1, arbitrary: fc.tuple(number, text).map(([a, b]) => `VALUES (${a}, ${b}), (1, 'x')`) },
    { weight: 1, arbitrary: one(...tables).map((table) => `TABLE ${table}`) },
  );
}

const noise = one(
  ' ',
  '\n',
  ' /* c */ ',
  ' -- x\n',
  ';',
  ' AS x ',
  ' ( ',
  ' ) ',
  "'",
  '"',
  ' SELECT ',
  ' FROM ',
  ' pg_class ',
  ' :: ',
  '[1:2]',
  ' $$ ',
);

/** Statements of one seed, always the same. */
export function fuzzStatements(count: number, seed: number): string[] {
  const sound = fc.oneof(
    { weight: 2, arbitrary: selects(1, true) },
    { weight: 2, arbitrary: selects(1, false) },
    { weight: 1, arbitrary: selects(2, false) },
  );
  const spoiled = fc.tuple(sound, fc.nat(400), noise).map(([sql, at, insert]) => {
    const place = at % (sql.length + 1);
    return `${sql.slice(0, place)}${insert}${sql.slice(place)}`;
  });
  const wrapped = fc.tuple(sound, one(...forbiddenWhole)).map(([sql, wrap]) => wrap(sql));
  const statement = fc.oneof(
    { weight: 16, arbitrary: sound },
    { weight: 2, arbitrary: spoiled },
    { weight: 1, arbitrary: wrapped },
  );
  return fc.sample(statement, { numRuns: count, seed });
}

import { beforeAll, describe, expect, test } from 'vitest';
import { createGuard, type Guard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

let guard: Guard;
beforeAll(async () => {
  guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
});
const textOf = (sql: string) => guard.approve(sql, retailDefinition.readerRoles[0]!).text;

describe('a star is written out', () => {
  test.each([
    ['SELECT * FROM regions', 'SELECT regions.region_id, regions.region_name FROM retail.regions'],
    ['SELECT r.*, 1 AS one FROM regions r', 'SELECT r.region_id, r.region_name, 1 AS one FROM retail.regions AS r'],
    ['SELECT retail.regions.* FROM retail.regions', 'SELECT regions.region_id, regions.region_name FROM retail.regions'],
    ['SELECT * FROM regions r(id)', 'SELECT r.id, r.region_name FROM retail.regions AS r(id)'],
    // without the columns that the reader may not read
    ['SELECT * FROM stores', 'SELECT stores.store_id, stores.store_name, stores.is_online, stores.region_id FROM retail.stores'],
    // from-item by from-item
    [
      'SELECT * FROM regions a, categories b',
      'SELECT a.region_id, a.region_name, b.category_id, b.category_name FROM retail.regions AS a, retail.categories AS b',
    ],
    [
      'SELECT * FROM regions a JOIN categories b ON true JOIN regions c ON true',
      'SELECT a.region_id, a.region_name, b.category_id, b.category_name, c.region_id, c.region_name FROM retail.regions AS a JOIN retail.categories AS b ON true JOIN retail.regions AS c ON true',
    ],
    // merged columns first and once
    [
      'SELECT * FROM stores s JOIN regions r USING (region_id)',
      'SELECT region_id, s.store_id, s.store_name, s.is_online, r.region_name FROM retail.stores AS s JOIN retail.regions AS r USING (region_id)',
    ],
    [
      'SELECT * FROM stores NATURAL JOIN regions',
      'SELECT region_id, stores.store_id, stores.store_name, stores.is_online, regions.region_name FROM retail.stores NATURAL JOIN retail.regions',
    ],
    [
      'SELECT s.* FROM stores s JOIN regions r USING (region_id)',
      'SELECT s.store_id, s.store_name, s.is_online, s.region_id FROM retail.stores AS s JOIN retail.regions AS r USING (region_id)',
    ],
    // a merged column whose bare name another item has too comes from the side that PostgreSQL takes it from
    [
      'SELECT * FROM regions a LEFT JOIN regions b USING (region_id), regions c',
      'SELECT a.region_id, a.region_name, b.region_name, c.region_id, c.region_name FROM retail.regions AS a LEFT JOIN retail.regions AS b USING (region_id), retail.regions AS c',
    ],
    [
      'SELECT * FROM regions a RIGHT JOIN regions b USING (region_id), regions c',
      'SELECT b.region_id, a.region_name, b.region_name, c.region_id, c.region_name FROM retail.regions AS a RIGHT JOIN retail.regions AS b USING (region_id), retail.regions AS c',
    ],
    // an alias for the join hides its members
    [
      'SELECT j.*, * FROM (stores s JOIN regions r USING (region_id)) AS j(x)',
      `SELECT ${Array(2).fill('j.x, j.store_id, j.store_name, j.is_online, j.region_name').join(', ')} FROM (retail.stores AS s JOIN retail.regions AS r USING (region_id)) j(x)`,
    ],
    [
      'SELECT m.* FROM stores s JOIN regions r USING (region_id) AS m',
      'SELECT m.region_id FROM retail.stores AS s JOIN retail.regions AS r USING (region_id) AS m',
    ],
    [
      'SELECT j.* FROM (stores s CROSS JOIN (SELECT 1 AS one) x) AS j',
      'SELECT j.store_id, j.store_name, j.is_online, j.region_id, j.one FROM (retail.stores AS s CROSS JOIN ( SELECT 1 AS one ) AS x) j',
    ],
    // what the caller made may keep its star
    [
      'SELECT * FROM regions r JOIN (SELECT 1 AS a, 2 AS a) x ON true',
      'SELECT r.region_id, r.region_name, x.* FROM retail.regions AS r JOIN ( SELECT 1 AS a, 2 AS a ) AS x ON true',
    ],
    ['SELECT * FROM (SELECT 1 AS a, 2 AS a) x', 'SELECT x.* FROM ( SELECT 1 AS a, 2 AS a ) AS x'],
    ['SELECT * FROM (SELECT 1 AS a)', 'SELECT unnamed_subquery_1.* FROM ( SELECT 1 AS a ) AS unnamed_subquery_1'],
    [
      'WITH c AS (SELECT * FROM regions) SELECT * FROM c',
      'WITH c AS (SELECT regions.region_id, regions.region_name FROM retail.regions) SELECT c.* FROM c',
    ],
  ])('%s', (sql, text) => {
    expect(textOf(sql).replace(/\s+/g, ' ')).toBe(text);
  });

  test.each([
    [
      'SELECT * FROM regions a FULL JOIN regions b USING (region_id), regions c',
      'The star would give two columns named "region_id"',
    ],
    ['SELECT * FROM (regions a JOIN regions b ON true) AS j', 'The star would give two columns named "region_id"'],
    [
      'SELECT * FROM (regions a FULL JOIN regions b USING (region_id)) JOIN regions d USING (region_id), regions c',
      'The star would give two columns named "region_id"',
    ],
    ['SELECT *', 'SELECT * needs a FROM'],
    ['SELECT x.* FROM regions r', 'There is no "x" in FROM'],
    ['SELECT public.regions.* FROM regions', 'There is no "public.regions" in FROM'],
    ['SELECT retail.r.* FROM regions r', 'There is no "retail.r" in FROM'],
    [
      'SELECT (SELECT max(x) FROM (SELECT count(*)) AS t(x) WHERE ROW(t.*) = ROW(1)), s.* IS NULL FROM stores s',
      'The whole row of s is not readable',
    ],
    [
      `SELECT * FROM regions a JOIN (SELECT 1 AS region_id, 2 AS region_id) b USING (region_id)`,
      'Column "region_id" occurs more than once on one side of the join',
    ],
    [
      'SELECT * FROM regions JOIN categories USING (region_id)',
      'Column "region_id" is not on both sides of the join (at position 28)',
    ],
  ])('or refused: %s', (sql, message) => {
    expect(() => textOf(sql)).toThrow(message);
  });
});

describe('a name means what PostgreSQL takes it for', () => {
  test.each([
    // CTEs
    'WITH c AS (SELECT 1 AS cost) SELECT cost FROM c',
    'WITH c(cost) AS (SELECT 1) SELECT c.cost FROM c',
    'WITH products AS (SELECT 1 AS cost) SELECT (WITH v AS (SELECT 2) SELECT cost FROM products)',
    'WITH products AS (SELECT 1 AS cost) SELECT cost FROM products WHERE EXISTS (SELECT cost FROM products)',
    'WITH products AS (SELECT base_price AS cost FROM products) SELECT cost FROM products',
    'SELECT cost FROM (WITH p AS (SELECT 1 AS cost) SELECT * FROM p) x',
    'WITH RECURSIVE b AS (SELECT a.n FROM a), a AS (SELECT 1 AS n) SELECT n FROM b',
    'WITH RECURSIVE t AS (SELECT 1 AS n UNION SELECT (SELECT max(u.n) FROM t AS u) FROM t WHERE n < 3) SELECT n FROM t',
    // levels
    'SELECT (SELECT o.order_id) FROM orders o',
    'SELECT (SELECT order_id FROM regions LIMIT 1) FROM orders',
    'SELECT x.total FROM orders o, LATERAL (SELECT o.total_amount AS total) x',
    'SELECT v.a FROM orders o, LATERAL (VALUES (o.order_id)) AS v(a)',
    'SELECT n FROM orders o CROSS JOIN generate_series(1, cardinality(ARRAY[o.order_id])) AS n',
    'SELECT s.store_name FROM regions r JOIN (stores s JOIN orders o USING (store_id)) ON s.region_id = r.region_id',
    // output names
    'SELECT base_price AS cost FROM products ORDER BY cost',
    'SELECT DISTINCT ON (cost) base_price AS cost FROM products',
    'SELECT base_price + 1 AS extra FROM products GROUP BY extra',
    'SELECT region_id AS r, count(*) FROM stores GROUP BY ROLLUP (r), (r, is_online)',
    'SELECT count(*) FROM orders ORDER BY count',
    'SELECT total_amount::int FROM orders ORDER BY total_amount',
    "SELECT '1'::int ORDER BY int4",
    'SELECT CASE WHEN true THEN 1 END ORDER BY "case"',
    'SELECT EXISTS (SELECT 1), ARRAY(SELECT 1), ARRAY[1], ROW(1), COALESCE(1), GREATEST(1), LEAST(2), NULLIF(1, 2), GROUPING(region_id) FROM regions GROUP BY region_id ORDER BY "exists", "array", "row", "coalesce", "greatest", "least", "nullif", "grouping"',
    'SELECT x.current_date, x.lower, x."?column?", x.store_name, x.f FROM (SELECT CURRENT_DATE, lower(\'A\'), 1 + 1, store_name COLLATE "C", (SELECT region_id AS f FROM regions LIMIT 1) FROM stores) x',
    "SELECT x.column1, x.max, x.key FROM (SELECT (VALUES (1)), (SELECT max(region_id) FROM regions), (json_each('{}')).key) x",
    "SELECT x.json_value, x.json_object, x.json_array, x.json, x.json_scalar, x.json_serialize FROM (SELECT JSON_VALUE('{}', '$'), JSON_OBJECT('a' : 1), JSON_ARRAY(1), JSON('{}'), JSON_SCALAR(1), JSON_SERIALIZE('{}')) x",
    'SELECT x.json_objectagg, x.json_arrayagg FROM (SELECT JSON_OBJECTAGG(1 : 2), JSON_ARRAYAGG(1)) x',
    'SELECT 1 AS a UNION SELECT 2 ORDER BY a',
    'VALUES (1, 2) ORDER BY column2',
    'VALUES (3), (1) ORDER BY -column1',
    // functions in FROM
    "SELECT value FROM json_array_elements('[]') x",
    "SELECT x.value FROM json_array_elements('[]') AS x",
    'SELECT x FROM generate_series(1, 2) AS x',
    'SELECT x.x FROM generate_series(1, 2) AS x',
    'SELECT generate_series FROM generate_series(1, 2)',
    'SELECT n, ordinality FROM generate_series(1, 2) WITH ORDINALITY AS g(n)',
    'SELECT d.d FROM CURRENT_DATE AS d',
    "SELECT a, b FROM json_to_record('{}') AS r(a int, b text)",
    'SELECT u.u FROM unnest(ARRAY[1, 2]) AS u',
    "SELECT u.u FROM unnest(ARRAY[date '2024-01-01']) AS u",
    'SELECT u.u FROM orders o, unnest(ARRAY[o.order_id]::text[]) AS u',
    'SELECT u.u FROM orders o, unnest(ARRAY[o.order_id]) AS u(u)',
    'SELECT u FROM orders o, unnest(ARRAY[o.order_id]) AS u',
    'SELECT p.sku, o.order_id FROM products p, orders o, unnest(ARRAY[o.order_id]) AS sku',
    'SELECT x.tag FROM (SELECT t.* FROM orders o, unnest(ARRAY[o.order_id]) AS t(tag)) x',
    "SELECT t.n FROM (SELECT '[1]'::jsonb AS j) d, JSON_TABLE(d.j, '$[*]' COLUMNS (n int PATH '$')) t",
    "SELECT t.x, t.n, t.a FROM JSON_TABLE('[]', '$' COLUMNS (NESTED PATH '$' COLUMNS (a int), b int, n int)) AS t(x)",
    // beside rows whose columns are not known
    'SELECT p.sku FROM products p JOIN unnest(ARRAY(SELECT 1)) AS u ON true',
    'SELECT j.sku FROM (products CROSS JOIN unnest(ARRAY(SELECT 1)) AS u) AS j',
    'SELECT 1 FROM regions NATURAL JOIN unnest(ARRAY(SELECT 1)) AS u',
    // rows
    'SELECT count(retail.orders.*) FROM orders',
    'SELECT x.a[r.region_id] FROM regions r, (SELECT ARRAY[1, 2] AS a) x',
    'SELECT (ROW(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)).f10',
    'SELECT o FROM orders o',
    'SELECT row_to_json(x) FROM (SELECT 1 AS a) x',
    'SELECT (o).order_id FROM orders o',
    'SELECT (ROW(1, 2)).f2',
    'SELECT (orders.order_id) FROM orders',
    'SELECT x.a[1] FROM (SELECT ARRAY[1] AS a) x',
    'SELECT (x).* FROM (SELECT 1 AS a) x',
    // a column that shares the name of a system column, or of its own item
    'SELECT ctid FROM (SELECT 1 AS ctid) x',
    'SELECT c FROM (SELECT 1 AS c) c',
    'SELECT (SELECT ctid FROM (orders CROSS JOIN regions) AS j LIMIT 1) FROM (SELECT 1) x(ctid)',
    'SELECT region_id FROM stores JOIN regions USING (region_id) AS m',
    'SELECT xmin FROM (SELECT 1 AS xmin) x, orders o JOIN regions r ON true',
  ])('approved: %s', (sql) => {
    expect(textOf(sql)).not.toBe('');
  });

  test.each([
    ['WITH c AS (SELECT 1 AS a) SELECT cost FROM c, products', 'products.cost'],
    ['WITH c AS (SELECT cost FROM products), products AS (SELECT 1 AS cost) SELECT 1', 'products.cost'],
    ['WITH products AS (SELECT 1 AS cost) SELECT cost FROM retail.products', 'products.cost'],
    ['SELECT (WITH p AS (SELECT 1 AS cost) SELECT p.cost FROM p), cost FROM products', 'products.cost'],
    ['SELECT base_price AS cost FROM products ORDER BY cost + 1', 'products.cost'],
    ['SELECT base_price AS cost FROM products GROUP BY ROLLUP (cost)', 'products.cost'],
    ['SELECT 1 AS cost FROM products WHERE cost > 1', 'products.cost'],
    ['SELECT array_agg(1 ORDER BY cost) AS cost FROM products', 'products.cost'],
    ['SELECT (SELECT cost) FROM products', 'products.cost'],
    ['SELECT (SELECT p) FROM products p', 'The whole row of p'],
    ['SELECT x.y FROM products p, LATERAL (SELECT p AS y) x', 'The whole row of p'],
    ['SELECT order_id FROM orders o, LATERAL (SELECT xmin) x', 'System column xmin'],
    ['SELECT order_id FROM orders UNION SELECT store_id FROM stores ORDER BY store_id', 'There is no column "store_id" here'],
    ['SELECT x.a FROM regions r, (SELECT r.region_id AS a) x', 'There is no "r" in FROM'],
    ['SELECT (x).b FROM (SELECT 1 AS a) x', 'There is no column "b" in x'],
    ['SELECT ((o).order_id).text FROM orders o', 'A field of a field|The field selection'],
    ['SELECT (o).order_id.x FROM orders o', 'A field of a field'],
    ['SELECT (o).order_id FROM orders o, (SELECT 1 AS o) x', 'The field selection (…).order_id is not allowed'],
    ['SELECT ordinality FROM generate_series(1, 2) AS g', 'There is no column "ordinality" here'],
    ['SELECT r.r FROM ROWS FROM (generate_series(1, 2), generate_series(1, 2)) AS r', 'There is no column "r" in r'],
    [
      "SELECT t.b FROM JSON_TABLE('[]', '$' COLUMNS (NESTED PATH '$' COLUMNS (a int), b int)) AS t(x)",
      'There is no column "b" in t',
    ],
    ['SELECT retail.orders.order_id.order_id FROM orders', 'There is no "retail.orders.order_id" in FROM'],
    ['SELECT total_amount FROM (SELECT (o).order_id FROM orders o) s', 'There is no column "total_amount" here'],
    ['SELECT (ARRAY[1, 2])[cost::int] FROM products', 'products.cost'],
    ["SELECT (json_each('{}')).*", 'The field selection (…).* is not allowed (at position 9)'],
    ['SELECT (ROW(1, 2)).size', 'The field selection (…).size is not allowed (at position 9)'],
    ['SELECT 1 LIMIT (SELECT nothing)', 'There is no column "nothing" here'],
    ['WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT 1', 'refers to itself too early'],
    ['SELECT * FROM (SELECT 1 AS a) x NATURAL JOIN products y JOIN products z USING (cost)', 'products.cost'],
  ])('refused: %s', (sql, message) => {
    expect(() => textOf(sql)).toThrow(new RegExp(message.replace(/[()"*]/g, '.')));
  });
});

test('a statement may give as many columns as PostgreSQL lets it, and no more', () => {
  const wide = `(SELECT ${Array.from({ length: 128 }, (_, n) => `${n} AS c${n}`).join(', ')}) AS x`;
  const stars = (count: number) => `SELECT ${Array(count).fill('x.*').join(', ')} FROM ${wide}`;
  expect(textOf(stars(13))).toContain('x.*');
  expect(() => textOf(stars(14))).toThrow('The star would give more than 1664 columns');
});

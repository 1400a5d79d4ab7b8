import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
const guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
const approve = (sql: string) => guard.approve(sql, reader!).text;

describe('A column of the caller’s own may have the name of a column that is closed to them', () => {
  test.each([
    // written in the statement, so PostgreSQL sees the same
    'SELECT base_price AS cost FROM products ORDER BY cost',
    'SELECT x.cost FROM (SELECT 1 AS cost) x, products ORDER BY cost',
    'SELECT DISTINCT ON (cost) x.cost FROM (SELECT 1 AS cost) x, products',
    'SELECT (SELECT cost FROM unnest(ARRAY[1]) AS u(cost)) FROM products',
    'SELECT (SELECT x.cost FROM (SELECT 1 AS cost) x) FROM products',
    'SELECT (SELECT cost FROM (SELECT 1) AS x(cost)) FROM products',
    'SELECT (SELECT cost FROM (SELECT 1) a(cost) FULL JOIN (SELECT 2) b(cost) USING (cost)) FROM products',
    'SELECT (SELECT cost FROM (SELECT 1 AS cost) a JOIN (SELECT 2 AS cost) b USING (cost)) FROM products',
    'SELECT (SELECT cost FROM (SELECT 1) a(cost) NATURAL JOIN (SELECT 2 AS cost) b) FROM products',
    'SELECT (SELECT cost FROM (SELECT 1 AS cost) a NATURAL JOIN (SELECT 2) b(cost)) FROM products',
    'SELECT 1 AS cost FROM orders GROUP BY (cost)',
    'SELECT (SELECT cost FROM unnest(ARRAY[1]) AS u(cost) ORDER BY cost LIMIT 1) FROM products',
    'SELECT (SELECT n FROM unnest(ARRAY[1]) AS n) FROM products',
    'SELECT (SELECT product_id FROM unnest(ARRAY[1]) AS product_id) FROM products',
    // with no table near that has a closed one
    'SELECT cost FROM unnest(ARRAY[1, 2]) AS cost ORDER BY cost',
    'SELECT (SELECT cost FROM unnest(ARRAY[o.order_id]) AS cost) FROM orders o',
    'SELECT (SELECT (o).order_id FROM orders o LIMIT 1) FROM products',
    'SELECT u.u FROM unnest(ARRAY[1, 2]) AS u, LATERAL (SELECT o.order_id FROM orders o ORDER BY u LIMIT 1) x',
    'WITH s AS (SELECT base_price AS cost FROM products) SELECT avg(cost) FROM s GROUP BY cost',
  ])('approved: %s', (sql) => {
    expect(approve(sql)).not.toBe('');
  });

  test('and is told how to be unmistakable', () => {
    const sql = 'WITH c AS (SELECT 1 AS cost) SELECT sku FROM products WHERE (SELECT cost FROM c) > 1';
    expect(() => approve(sql)).toThrow('Column "cost" could be mistaken for something of that name that is not readable');
    expect(approve(sql.replace('(SELECT cost', '(SELECT c.cost'))).toContain('SELECT c.cost FROM c');
  });
});

describe('The columns of a result are named as PostgreSQL names them', () => {
  test.each([
    ['SELECT o.order_id FROM (SELECT (x).* FROM orders x) o', 'a row that is taken apart'],
    ['SELECT z FROM (SELECT (SELECT r.* FROM (SELECT 1 AS z) r)) s', 'a sub-select with a star'],
    ['SELECT z FROM (SELECT (SELECT * FROM (SELECT 1 AS z) r)) s', 'a sub-select with nothing but a star'],
    ['SELECT b FROM (SELECT (SELECT 1 AS b UNION SELECT 2 AS c)) s', 'a set operation, after its first arm'],
    ['SELECT a FROM (SELECT (WITH w(a) AS (SELECT 1) SELECT w.* FROM w)) s', 'a CTE with names of its own'],
    ['SELECT x.greatest FROM (SELECT GREATEST(1, 2)) x', 'the greatest of several'],
    ['SELECT x.least FROM (SELECT LEAST(1, 2)) x', 'the least of several'],
    ['SELECT x.array FROM (SELECT ARRAY(SELECT 1 AS a)) x', 'an array of a sub-select'],
    ['SELECT x.array FROM (SELECT ARRAY[1]) x', 'an array'],
    ['SELECT x.localtime FROM (SELECT LOCALTIME(0)) x', 'a keyword, without its precision'],
    ["SELECT x.json_exists, x.json_query FROM (SELECT JSON_EXISTS('{}', '$'), JSON_QUERY('{}', '$')) x", 'a JSON function'],
    ['SELECT x.json_array FROM (SELECT JSON_ARRAY(SELECT 1)) x', 'a JSON array of a query'],
    ['SELECT x.order_id FROM (SELECT CASE WHEN true THEN 1 ELSE order_id END FROM orders) x', 'the ELSE of a CASE'],
    [`SELECT x."case" FROM (SELECT CASE WHEN true THEN 1 ELSE '1'::int END) x`, 'a CASE, rather than a type in it'],
    ['SELECT x.text FROM (SELECT (CASE WHEN true THEN 1 END)::text) x', 'a type, rather than a CASE in it'],
    ['SELECT x.numeric FROM (SELECT 1::numeric(3)) x', 'a type, where there is nothing else'],
    ['SELECT x.a FROM (SELECT (y.a)[1] FROM (SELECT ARRAY[1] AS a) y) x', 'an element, after its array'],
    ['SELECT x."?column?" FROM (SELECT 1 = ANY (SELECT 1 AS a)) x', 'a comparison with a sub-select'],
    [`SELECT x."?column?" FROM (SELECT 'a' COLLATE "C") x`, 'a constant'],
    ['SELECT store_id FROM (SELECT (SELECT * FROM (SELECT store_id FROM stores) t LIMIT 1)) s', 'a column of a table'],
  ])('%s', (sql) => {
    expect(approve(sql)).not.toBe('');
  });

  test.each([
    ['SELECT o FROM (SELECT (o).* FROM orders o) s', 'There is no column "o" here'],
    ['SELECT x FROM (SELECT (o).* AS x FROM orders o) s', 'There is no column "x" here'],
    ['SELECT r FROM (SELECT (SELECT r.* FROM (SELECT 1 AS z) r)) s', 'There is no column "r" here'],
    ['SELECT c FROM (SELECT (SELECT 1 AS b UNION SELECT 2 AS c)) s', 'There is no column "c" here'],
    ['SELECT x.numeric FROM (SELECT base_price::numeric FROM products) x', 'There is no column "numeric" in x'],
    ['SELECT x.a FROM (SELECT 1 = ANY (SELECT 1 AS a)) x', 'There is no column "a" in x'],
    ['SELECT x.nullif FROM (SELECT 1 + 1) x', 'There is no column "nullif" in x'],
  ])('and not otherwise: %s', (sql, message) => {
    expect(() => approve(sql)).toThrow(message);
  });
});

describe('GROUP BY and ORDER BY', () => {
  test.each([
    'SELECT store_id, count(*) FROM orders GROUP BY (store_id)',
    'SELECT store_id, customer_id AS c, count(*) FROM orders GROUP BY (store_id, c)',
    'SELECT store_id AS s, customer_id AS c, count(*) FROM orders GROUP BY GROUPING SETS ((s, c), (s), ())',
    'SELECT ROW(store_id, customer_id), count(*) FROM orders GROUP BY ROW(store_id, customer_id)',
    'SELECT count(*), max(total_amount) FROM orders GROUP BY store_id ORDER BY count, max DESC',
    'SELECT order_id FROM orders ORDER BY total_amount, -store_id',
    'SELECT * FROM unnest(ARRAY[3, 1]) AS n ORDER BY n',
  ])('take columns of the result, of FROM, and expressions: %s', (sql) => {
    expect(approve(sql)).not.toBe('');
  });

  test.each([
    'SELECT store_id AS s, count(*) FROM orders GROUP BY ROW(s)',
    'SELECT store_id AS s, count(*) FROM orders GROUP BY (s + 1)',
    'SELECT store_id AS s FROM orders ORDER BY s + 1',
    'SELECT store_id AS s FROM orders ORDER BY (SELECT s)',
    'SELECT DISTINCT ON (s + 1) store_id AS s FROM orders',
  ])('see no column of the result within an expression: %s', (sql) => {
    expect(() => approve(sql)).toThrow('There is no column "s" here');
  });
});

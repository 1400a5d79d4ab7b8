import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
const guard = await createGuard({ definition: retailDefinition, serverMajor: 17 });
const boundForm = (sql: string, tenants: readonly number[] = []) => guard.approve(sql, reader!, tenants).bound;

describe('Literals that a column must be equal to', () => {
  test('become parameters of the type that they had', () => {
    expect(boundForm("SELECT 1 FROM stores WHERE store_name = 'Seattle 1' AND 3 = store_id")).toEqual({
      text: 'SELECT 1 FROM retail.stores WHERE store_name = $1 AND CAST($2 AS int) = store_id',
      values: ['Seattle 1', '3'],
    });
    expect(boundForm("SELECT 1 FROM orders WHERE order_date = date '2025-01-02'")).toEqual({
      text: 'SELECT 1 FROM retail.orders WHERE order_date = CAST($1 AS date)',
      values: ['2025-01-02'],
    });
  });

  test('make one statement of all their values, with the tenants and every other literal in its text', () => {
    const form = (id: number, tenants: readonly number[]) =>
      boundForm(`SELECT order_id, 'a' FROM orders WHERE order_id = ${id} LIMIT 5`, tenants);
    expect(form(7, [3])).toEqual({
      text: "SELECT order_id, 'a' FROM retail.orders WHERE order_id = CAST($1 AS int) AND orders.store_id = 3 LIMIT 5",
      values: ['7'],
    });
    expect(form(8, [3])).toEqual({ ...form(7, [3]), values: ['8'] });
    expect(form(8, [1, 2])?.text).toContain('IN (1, 2)');
  });

  test.each([
    ['the end of a range', "SELECT 1 FROM orders WHERE store_id = 3 AND order_date >= '2025-01-01'"],
    ['between', 'SELECT 1 FROM orders WHERE order_id BETWEEN 1 AND 2'],
    ['another than', 'SELECT 1 FROM orders WHERE order_id <> 1'],
    ['one of several', 'SELECT 1 FROM orders WHERE order_id IN (1, 2)'],
    ['no plain literal', "SELECT 1 FROM stores WHERE store_name = 'it''s'"],
    ['what is selected', 'SELECT store_id = 1 FROM orders'],
    ['what is grouped', 'SELECT count(*) FROM orders WHERE order_id = 1 GROUP BY store_id = 1'],
    ['a condition inside of what is selected', 'SELECT (SELECT count(*) FROM orders WHERE store_id = 1) FROM regions'],
    ['a filter of an aggregate', 'SELECT count(*) FILTER (WHERE store_id = 1) FROM orders'],
    ['a condition on groups', 'SELECT store_id FROM orders GROUP BY store_id HAVING store_id = 1'],
    ['an order', 'SELECT store_id FROM orders ORDER BY store_id = 1'],
    ['a condition within a limit', 'SELECT 1 FROM orders LIMIT (SELECT count(*) FROM orders WHERE store_id = 1)'],
    ['a condition within an offset', 'SELECT 1 FROM orders OFFSET (SELECT count(*) FROM orders WHERE store_id = 1)'],
    ['a condition within a list of values', 'SELECT 1 FROM (VALUES ((SELECT count(*) FROM orders WHERE store_id = 1))) AS v(n)'],
    ['a condition within a function in FROM', 'SELECT n FROM unnest(ARRAY(SELECT order_id FROM orders WHERE store_id = 1)) AS n'],
    ['what is told apart', 'SELECT DISTINCT ON (store_id = 1) order_id FROM orders'],
    ['a window', 'SELECT count(*) OVER w FROM orders WINDOW w AS (PARTITION BY store_id = 1)'],
    ['no comparison at all', 'SELECT 1 FROM orders LIMIT 5'],
  ])('only: %s stays in the text', (_what, sql) => {
    expect(boundForm(sql)).toBeUndefined();
  });

  test('make no second form where there are none, though tenants are named', () => {
    expect(boundForm('SELECT 1 FROM orders LIMIT 5', [1])).toBeUndefined();
  });

  test('are still no parameters of a caller’s', () => {
    expect(() => boundForm('SELECT 1 FROM orders WHERE order_id = $1')).toThrow(/not allowed/i);
  });
});

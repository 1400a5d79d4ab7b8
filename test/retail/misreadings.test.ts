import { beforeAll, describe, expect, test } from 'vitest';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { retailDefinition as definition } from '../../src/retail/definition.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { retailQueries } from '../support/corpus/retail-queries.ts';

const reader = definition.readerRoles.at(-1)!;
const misreadings = retailMetrics.metrics.flatMap((metric) => metric.misreadings ?? []);

let guard: Guard;
beforeAll(async () => {
  guard = await createGuard({ definition, serverMajor: 17, misreadings });
});
const hintOf = (sql: string, tenants: number[] = [1]) => guard.approve(sql, reader, tenants).hint;

const discounts = /leaves discounts out/;
const lines = /counts order lines/;
const average = /average line/;
const repeated = /repeated for each line/;

describe('A figure that is not what it is called gets a hint', () => {
  test.each<[RegExp, string]>([
    [discounts, 'SELECT sum(quantity * unit_price) AS revenue FROM order_items'],
    [discounts, 'SELECT store_id, SUM(oi.unit_price * oi.quantity) AS total_sales FROM retail.order_items oi GROUP BY 1'],
    [
      discounts,
      'SELECT p.product_name, round(sum(i.quantity * i.unit_price), 2) AS revenue FROM order_items i JOIN products p USING (product_id) GROUP BY 1 ORDER BY 2 DESC LIMIT 20',
    ],
    [
      discounts,
      'WITH s AS (SELECT store_id, sum(quantity*unit_price) turnover FROM order_items GROUP BY store_id) SELECT * FROM s JOIN stores USING (store_id)',
    ],
    [
      discounts,
      "SELECT coalesce(sum(oi.quantity * oi.unit_price) FILTER (WHERE o.order_date >= '2025-01-01'), 0) AS revenue_2025 FROM orders o JOIN order_items oi ON oi.order_id = o.order_id",
    ],
    [
      discounts,
      'SELECT (SELECT sum(i.quantity * i.unit_price) AS revenue FROM order_items i WHERE i.store_id = s.store_id) FROM stores s',
    ],
    [discounts, 'SELECT sum(quantity * unit_price) / count(DISTINCT order_id) AS average_order_value FROM order_items'],
    [lines, 'SELECT count(*) AS orders FROM order_items'],
    [
      lines,
      'SELECT s.store_name, COUNT(*) AS order_count FROM orders o JOIN order_items i ON i.order_id = o.order_id JOIN stores s ON s.store_id = o.store_id GROUP BY 1',
    ],
    [lines, 'SELECT count(oi.order_id) AS number_of_orders FROM order_items oi'],
    [lines, 'SELECT count(o.order_id) AS total_orders FROM orders o JOIN order_items i ON i.order_id = o.order_id'],
    [lines, 'SELECT count(order_item_id) AS num_orders FROM order_items'],
    [average, 'SELECT avg(total_amount) AS average_order_value FROM order_items'],
    [average, 'SELECT store_id, round(avg(oi.total_amount), 2) AS avg_order FROM order_items oi GROUP BY store_id'],
    [average, 'SELECT sum(total_amount) / count(*) AS aov FROM order_items'],
    [repeated, 'SELECT sum(o.total_amount) AS revenue FROM orders o JOIN order_items i ON i.order_id = o.order_id'],
    [
      repeated,
      'SELECT c.category_name, sum(o.total_amount) FROM orders o JOIN order_items i USING (order_id) JOIN products p USING (product_id) JOIN categories c USING (category_id) GROUP BY 1',
    ],
    [
      repeated,
      'SELECT avg(o.total_amount) AS average_order_value FROM orders o, order_items i WHERE i.order_id = o.order_id AND i.quantity > 3',
    ],
    [repeated, 'SELECT sum(orders.total_amount) FROM orders LEFT JOIN order_items ON order_items.order_id = orders.order_id'],
  ])('%s: %s', (hint, sql) => {
    expect(hintOf(sql)).toMatch(hint);
    expect(hintOf(sql, [])).toMatch(hint);
  });
});

describe('An honest question gets none', () => {
  test.each([
    'SELECT sum(total_amount) AS revenue FROM orders',
    'SELECT sum(oi.total_amount) AS revenue FROM order_items oi JOIN orders o ON o.order_id = oi.order_id',
    'SELECT sum(quantity * unit_price) AS gross_revenue FROM order_items',
    'SELECT sum(quantity * unit_price) AS revenue_before_discount FROM order_items',
    'SELECT sum(quantity * unit_price) - sum(discount_amount) AS revenue FROM order_items',
    'SELECT sum(quantity * unit_price - discount_amount) AS revenue FROM order_items',
    'SELECT sum(quantity * unit_price * (1 - discount_percent / 100.0)) AS revenue FROM order_items',
    'SELECT sum(quantity * unit_price) FROM order_items',
    'SELECT sum(quantity * unit_price) AS list_value FROM order_items',
    'SELECT 100.0 * sum(discount_amount) / sum(quantity * unit_price) AS discount_share_of_sales FROM order_items',
    'SELECT sum(i.quantity * p.base_price) AS revenue_at_list_price FROM order_items i JOIN products p USING (product_id)',
    'SELECT sum(p.base_price * v.stock_level) AS sales_value FROM inventory v JOIN products p USING (product_id)',
    'SELECT count(*) AS orders FROM orders',
    'SELECT count(*) AS orders FROM orders o JOIN stores s ON s.store_id = o.store_id',
    'SELECT count(DISTINCT order_id) AS orders FROM order_items',
    'SELECT count(DISTINCT o.order_id) AS orders, sum(i.total_amount) AS revenue FROM orders o JOIN order_items i ON i.order_id = o.order_id',
    'SELECT count(*) AS lines FROM order_items',
    'SELECT count(*) FROM order_items',
    'SELECT count(*) AS order_lines, count(*) AS order_items FROM order_items',
    'SELECT count(*) AS orders FROM (SELECT order_id FROM order_items GROUP BY order_id HAVING count(*) > 3) x',
    'SELECT order_id, count(*) AS orders FROM order_items GROUP BY order_id',
    'SELECT count(*) AS orders FROM orders o WHERE EXISTS (SELECT FROM order_items i WHERE i.order_id = o.order_id AND i.product_id = 5)',
    'SELECT sum(o.total_amount) AS revenue FROM orders o WHERE o.order_id IN (SELECT order_id FROM order_items WHERE product_id = 5)',
    'SELECT avg(total_amount) AS average_order_value FROM orders',
    'SELECT avg(total_amount) AS average_line FROM order_items',
    'SELECT avg(total_amount) FROM order_items',
    'SELECT avg(total_amount) AS avg_item_value_per_order_line FROM order_items',
    'SELECT avg(t.total) AS average_order_value FROM (SELECT order_id, sum(total_amount) AS total FROM order_items GROUP BY order_id) t',
    'SELECT sum(i.total_amount) / count(DISTINCT i.order_id) AS average_order_value FROM order_items i',
    'SELECT max(o.total_amount) AS largest_order FROM orders o JOIN order_items i ON i.order_id = o.order_id',
    'SELECT o.order_id, o.total_amount, count(*) AS lines FROM orders o JOIN order_items i ON i.order_id = o.order_id GROUP BY o.order_id, o.total_amount',
    'WITH orders AS (SELECT store_id, total_amount FROM order_items) SELECT sum(total_amount) AS revenue FROM orders',
    'SELECT sum(total_amount) AS revenue FROM (SELECT total_amount FROM orders) o',
    'SELECT sum(d.revenue) AS revenue, sum(d.orders) AS orders FROM sales_by_day d',
    "SELECT 'quantity * unit_price' AS revenue",
  ])('%s', (sql) => {
    expect(hintOf(sql)).toBeUndefined();
  });

  test('nor does anything that analysts are known to ask', () => {
    const hinted = retailQueries.filter((sql) => hintOf(sql) !== undefined);
    expect(hinted.map((sql) => [sql, hintOf(sql)])).toEqual([]);
  });
});

test('the hint comes again with a text that differs in a literal alone', () => {
  const of = (day: string) =>
    hintOf(
      `SELECT sum(o.total_amount) FROM orders o JOIN order_items i ON i.order_id = o.order_id WHERE o.order_date >= '${day}'`,
    );
  expect([of('2024-01-01'), of('2025-01-01')]).toEqual([expect.stringMatching(repeated), expect.stringMatching(repeated)]);
});

test('each hint names the metric that its declaration belongs to', () => {
  for (const { name, misreadings: own = [] } of retailMetrics.metrics) for (const { hint } of own) expect(hint).toContain(name);
});

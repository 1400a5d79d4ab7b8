import { beforeAll, describe, expect, test } from 'vitest';
import type { SchemaDefinition } from '../../../src/core/schema-definition.ts';
import { createGuard, type Guard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
let guard: Guard;
beforeAll(async () => {
  guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
});
const textFor = (sql: string, tenants: readonly number[] = [3]) => guard.approve(sql, reader!, tenants).text;
/** From the first FROM on, without the schema: that much is always the same. */
const fromOf = (sql: string, tenants?: readonly number[]) =>
  textFor(sql, tenants)
    .replace(/^SELECT 1 FROM /, '')
    .replaceAll('retail.', '')
    .replaceAll(/\( +| +(?=\))/g, (blank) => blank.trim())
    .replaceAll(') j', ') AS j');

describe('the tenants of the scope stand next to each table that a policy separates by them', () => {
  test.each<[string, string, string]>([
    ['a table without alias', 'orders', 'orders WHERE orders.store_id = 3'],
    ['a table with an alias', 'orders o', 'orders AS o WHERE o.store_id = 3'],
    ['a quoted alias', 'orders "My O"', 'orders AS "My O" WHERE "My O".store_id = 3'],
    ['ONLY the table', 'ONLY orders', 'ONLY orders WHERE orders.store_id = 3'],
    ['renamed columns', 'orders o(a, b, shop)', 'orders AS o(a, b, shop) WHERE o.shop = 3'],
    ['a sample of it', 'orders o TABLESAMPLE system (10)', 'orders AS o TABLESAMPLE system (10) WHERE o.store_id = 3'],
    ['a condition', 'orders WHERE total_amount > 5', 'orders WHERE total_amount > 5 AND orders.store_id = 3'],
    [
      'two conditions',
      'orders WHERE total_amount > 5 AND order_id < 9',
      'orders WHERE total_amount > 5 AND order_id < 9 AND orders.store_id = 3',
    ],
    [
      'alternatives',
      'orders WHERE order_id = 5 OR order_id = 6',
      'orders WHERE (order_id = 5 OR order_id = 6) AND orders.store_id = 3',
    ],
    ['a comma', 'orders o, inventory i', 'orders AS o, inventory AS i WHERE o.store_id = 3 AND i.store_id = 3'],
    [
      'a cross join',
      'orders o CROSS JOIN inventory i',
      'orders AS o CROSS JOIN inventory AS i WHERE o.store_id = 3 AND i.store_id = 3',
    ],
    [
      'an inner join',
      'orders o JOIN order_items i ON i.order_id = o.order_id',
      'orders AS o JOIN order_items AS i ON i.order_id = o.order_id WHERE o.store_id = 3 AND i.store_id = 3',
    ],
    [
      'merged columns',
      'orders o JOIN order_items i USING (order_id, store_id) NATURAL JOIN stores',
      'orders AS o JOIN order_items AS i USING (order_id, store_id) NATURAL JOIN stores WHERE o.store_id = 3 AND i.store_id = 3',
    ],
    [
      'the nullable side of a left join',
      'orders o LEFT JOIN order_items i ON i.order_id = o.order_id',
      'orders AS o LEFT JOIN order_items AS i ON i.order_id = o.order_id AND i.store_id = 3 WHERE o.store_id = 3',
    ],
    [
      'the nullable side of a right join',
      'orders o RIGHT JOIN order_items i ON i.order_id = o.order_id',
      'orders AS o RIGHT JOIN order_items AS i ON i.order_id = o.order_id AND o.store_id = 3 WHERE i.store_id = 3',
    ],
    [
      'joins within the nullable side',
      'stores s LEFT JOIN (orders o JOIN order_items i USING (order_id)) ON o.store_id = s.store_id',
      'stores AS s LEFT JOIN (orders AS o JOIN order_items AS i USING (order_id)) ON o.store_id = s.store_id AND o.store_id = 3 AND i.store_id = 3',
    ],
    [
      'outer joins within outer joins',
      'stores s LEFT JOIN (orders o LEFT JOIN order_items i ON i.order_id = o.order_id) ON o.store_id = s.store_id',
      'stores AS s LEFT JOIN (orders AS o LEFT JOIN order_items AS i ON i.order_id = o.order_id AND i.store_id = 3) ON o.store_id = s.store_id AND o.store_id = 3',
    ],
    [
      'an inner join within a full join',
      '(orders o JOIN order_items i ON i.order_id = o.order_id) FULL JOIN stores s ON s.store_id = o.store_id',
      'orders AS o JOIN order_items AS i ON i.order_id = o.order_id AND o.store_id = 3 AND i.store_id = 3 FULL JOIN stores AS s ON s.store_id = o.store_id',
    ],
    [
      'a join with a name of its own',
      '(orders o CROSS JOIN stores s) AS j',
      '(orders AS o JOIN stores AS s ON o.store_id = 3) AS j',
    ],
    [
      'sub-selects, each at its own level',
      'orders o WHERE EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.order_id)',
      'orders AS o WHERE EXISTS (SELECT 1 FROM order_items AS i WHERE (i.order_id = o.order_id AND i.store_id = 3)) AND o.store_id = 3',
    ],
    [
      'a LATERAL sub-select',
      'orders o CROSS JOIN LATERAL (SELECT 1 FROM order_items i WHERE i.order_id = o.order_id) l',
      'orders AS o CROSS JOIN LATERAL (SELECT 1 FROM order_items AS i WHERE i.order_id = o.order_id AND i.store_id = 3) AS l WHERE o.store_id = 3',
    ],
    [
      'each arm of a set operation',
      'orders UNION ALL SELECT 1 FROM inventory',
      'orders WHERE orders.store_id = 3 UNION ALL SELECT 1 FROM inventory WHERE inventory.store_id = 3',
    ],
  ])('%s', (_name, from, expected) => {
    expect(fromOf(`SELECT 1 FROM ${from}`)).toBe(expected);
  });

  test('in a CTE, not where it is referred to', () => {
    expect(textFor('WITH orders AS (SELECT order_id FROM retail.orders) SELECT order_id FROM orders')).toBe(
      'WITH orders AS (SELECT order_id FROM retail.orders WHERE orders.store_id = 3) SELECT order_id FROM orders',
    );
  });

  test('in both arms of a recursive CTE', () => {
    const text = textFor(
      'WITH RECURSIVE r(n) AS (SELECT min(order_id) FROM orders UNION ALL SELECT o.order_id FROM r JOIN orders o ON o.order_id = r.n + 1) SELECT n FROM r',
    );
    expect(text.match(/store_id = 3/g)?.length).toBe(2);
    expect(text).toMatch(/SELECT n FROM r$/);
  });

  test('as a list where there are several', () => {
    expect(fromOf('SELECT 1 FROM orders o', [2, 5, 7])).toBe('orders AS o WHERE o.store_id IN (2, 5, 7)');
  });
});

describe('nothing is added', () => {
  test.each<[string, string]>([
    ['to shared tables', 'stores AS s JOIN products AS p ON p.product_id = s.store_id'],
    ['to a table whose policy asks another one as well', 'customers'],
    ['to either side of a full join', 'orders AS o FULL JOIN order_items AS i ON i.order_id = o.order_id'],
    ['to the nullable side where columns are merged', 'stores LEFT JOIN orders USING (store_id)'],
    ['behind the name of a join that merges columns', '(stores JOIN orders USING (store_id)) AS j'],
    ['where the column’s name is given twice', 'orders AS o(store_id)'],
    ['to functions and VALUES', 'generate_series(1, 3) AS g, (VALUES (1)) AS v'],
  ])('%s', (_name, from) => {
    expect(fromOf(`SELECT 1 FROM ${from}`)).toBe(from);
  });

  test.each<[string, readonly number[]]>([
    ['without tenants', []],
    ['for more tenants than a list should hold', Array.from({ length: 101 }, (_, index) => index)],
    ['for what is not a whole number', [1.5]],
    ['when one of several is not', [1, Number.NaN]],
  ])('%s', (_name, tenants) => {
    expect(fromOf('SELECT 1 FROM orders', tenants)).toBe('orders');
  });

  test('where the text holds the number that stands for the tenants', () => {
    const sql = 'SELECT 1 FROM retail.orders WHERE order_id <> 2147480011';
    expect(textFor(sql)).toBe(sql);
    expect(textFor(sql.replace('2147480011', '0x8000_000A + 1'))).toContain('store_id = 3');
  });
});

describe('another schema', () => {
  const definition = (changes: Partial<SchemaDefinition['relations'][number]>): SchemaDefinition => ({
    ...retailDefinition,
    schema: 'lab',
    relations: [
      {
        name: 'runs',
        purpose: 'Runs of the laboratory.',
        tenantScoped: true,
        tenantColumn: 'bench',
        policyReads: [],
        columns: [
          { name: 'run', type: 'int8', nullable: false },
          { name: 'bench', type: 'int8', nullable: false },
        ],
        primaryKey: ['run'],
        uniqueKeys: [],
        relationships: [],
        hints: [],
        ...changes,
      },
    ],
  });
  const ofLab = async (changes: Partial<SchemaDefinition['relations'][number]>) =>
    (await createGuard({ definition: definition(changes), serverMajor: 17 })).approve('SELECT run FROM runs', reader!, [-4]).text;

  test('has its own tenant column, and ids of either sign', async () => {
    expect(await ofLab({})).toBe('SELECT run FROM lab.runs WHERE runs.bench = -4');
  });

  test.each<[string, Partial<SchemaDefinition['relations'][number]>]>([
    ['has no tenants', { tenantScoped: false }],
    ['names no column for them', { tenantColumn: 'station' }],
    [
      'keeps them as text',
      {
        columns: [
          { name: 'run', type: 'int8', nullable: false },
          { name: 'bench', type: 'text', nullable: false },
        ],
      },
    ],
    [
      'closes the column to the reader',
      {
        columns: [
          { name: 'run', type: 'int8', nullable: false },
          { name: 'bench', type: 'int8', nullable: false, readableWith: 'nobody' },
        ],
      },
    ],
  ])('is left alone where it %s', async (_name, changes) => {
    expect(await ofLab(changes)).toBe('SELECT run FROM lab.runs');
  });
});

test('an approval is read once for all scopes of a form', () => {
  const sql = 'SELECT order_id FROM orders WHERE order_id > 77';
  const texts = [1, 2, 300].map((tenant) => textFor(sql, [tenant]));
  expect(texts.map((text) => text.replace(/^.*= /, ''))).toEqual(['1', '2', '300']);
  expect(guard.approve('SELECT 1 FROM stores', reader!, [1])).toBe(guard.approve('SELECT 1 FROM stores', reader!, [2]));
  expect(Object.isFrozen(guard.approve(sql, reader!, [1]))).toBe(true);
});

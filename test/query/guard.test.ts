import { beforeAll, describe, expect, test } from 'vitest';
import type { ReaderRole, SchemaDefinition } from '../../src/core/schema-definition.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { refusalOf } from '../support/refusal.ts';

const reader = (suffix: string): ReaderRole => retailDefinition.readerRoles.find((role) => role.suffix === suffix)!;
let guard: Guard;
beforeAll(async () => {
  guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
});

const approve = (sql: string, suffix = 'reader') => guard.approve(sql, reader(suffix));

const refusal = (sql: string, suffix?: string) => refusalOf(() => approve(sql, suffix));

describe('an approval', () => {
  test('carries the rewritten text, the reader, the tables read and no more', () => {
    const approved = approve(
      'select o.order_id from stores join orders o using (store_id) where exists (select 1 from retail.orders)',
    );
    expect({ ...approved }).toMatchObject({
      text: 'SELECT o.order_id FROM retail.stores JOIN retail.orders AS o USING (store_id) WHERE EXISTS (SELECT 1 FROM retail.orders)',
      reader: reader('reader'),
      relations: ['orders', 'stores'],
      volatile: false,
    });
    expect(Object.isFrozen(approved)).toBe(true);
  });

  test('may choose from a list by a column', () => {
    const sql = "SELECT (ARRAY['low', 'high'])[store_id] FROM orders WHERE (CASE WHEN store_id = 1 THEN ARRAY[1] END)[1] = 1";
    expect(approve(sql).text).toBe(
      "SELECT (ARRAY['low', 'high'])[store_id] FROM retail.orders WHERE (CASE WHEN store_id = 1 THEN ARRAY[1] END)[1] = 1",
    );
  });

  test('is the same text for every spelling of the same query', () => {
    const spellings = [
      "SELECT order_id, 'a  B' FROM orders WHERE total_amount>5",
      "select  order_id , 'a  B'\n from ORDERS -- a comment\n where Total_Amount > 5 ;",
      '/* x */ SELECT "order_id", \'a  B\' FROM retail.orders WHERE (total_amount > 5)',
    ];
    expect(new Set(spellings.map((sql) => approve(sql).text)).size).toBe(1);
    expect(approve("SELECT 'a b'").text).not.toBe(approve("SELECT 'A b'").text);
  });

  test('gives the same object for the same text and reader, and another for another reader', () => {
    const sql = 'SELECT product_id, base_price FROM products';
    expect(approve(sql)).toBe(approve(sql));
    expect(approve(sql, 'reader_costs')).not.toBe(approve(sql));
    expect(approve(sql, 'reader_costs').reader.suffix).toBe('reader_costs');
  });

  test('is remembered for the latest five hundred texts only', () => {
    const first = approve('SELECT 0');
    for (let n = 1; n <= 500; n += 1) approve(`SELECT ${n}`);
    expect(approve('SELECT 500')).toBe(approve('SELECT 500'));
    expect(approve('SELECT 0')).not.toBe(first);
  });

  test('is remembered beside others that differ in a literal, however often one of them comes', () => {
    const upTo = (count: number) => approve(`SELECT order_id FROM orders ORDER BY order_id LIMIT ${count}`);
    const six = upTo(6);
    for (let again = 0; again < 10; again += 1) upTo(5);
    expect(upTo(6)).toBe(six);
  });

  test('names a hundred tenants, and no longer list', () => {
    const textFor = (count: number) =>
      guard.approve(
        'SELECT 1 FROM orders',
        reader('reader'),
        Array.from({ length: count }, (_, id) => id + 1),
      ).text;
    expect(textFor(100)).toMatch(/IN \(1, 2, .*, 100\)$/);
    expect(textFor(101)).toBe('SELECT 1 FROM retail.orders');
  });

  test.each([
    'SELECT now()',
    'SELECT CURRENT_DATE',
    'SELECT random()',
    'SELECT gen_random_uuid()',
    'SELECT age(order_date) FROM orders',
    "SELECT count(*) FROM orders WHERE order_date > 'today'",
    "SELECT ' Yesterday '::date",
    "SELECT ('to' || 'day')::date",
    "SELECT lower('TODAY')::timestamp",
    "SELECT (j ->> 'd')::date FROM (VALUES ('{}'::json)) v(j)",
    'SELECT * FROM orders TABLESAMPLE system (10)',
    'WITH x AS (SELECT localtimestamp AS t) SELECT t FROM x',
    "SELECT 'today05:00'::timestamp",
    "SELECT order_id FROM orders WHERE order_date = 'today00:00'",
  ])('is volatile: %s', (sql) => {
    expect(approve(sql).volatile).toBe(true);
  });

  test.each([
    "SELECT age(order_date, '2024-01-01') FROM orders",
    "SELECT date_trunc('month', order_date)::date FROM orders",
    "SELECT 'knowing' , to_timestamp(0)",
    'SELECT 1::text || 2::text',
    "SELECT sku FROM products WHERE product_name LIKE '%snow%' OR product_name = 'Unknown'",
  ])('is not volatile: %s', (sql) => {
    expect(approve(sql).volatile).toBe(false);
  });
});

describe('a refusal', () => {
  test.each([
    ['SELECT order_id, pg_sleep(1) FROM orders', 'Function pg_sleep() is not allowed (at position 18)'],
    ["SELECT 'é☕', pg_sleep(1)", 'Function pg_sleep() is not allowed (at position 14)'],
    ['SELECT order_id FROM orders FOR SHARE', 'A locking clause (FOR UPDATE, FOR SHARE) is not allowed (at position 29)'],
    ["SELECT 'é' FORM orders o", 'This is not valid SQL: syntax error at or near "orders" (at position 17)'],
    [
      'SELECT 1 ; /* and */ DELETE FROM orders',
      'Only one statement is allowed at a time, and a second one begins (at position 22)',
    ],
    ['  -- why\n DROP TABLE orders', 'Only SELECT is allowed here, not DROP (at position 11)'],
    ['SELECT $1', 'A parameter ($1) is not allowed (at position 8)'],
    [
      'SELECT cost FROM products',
      'Column products.cost is not readable with your permissions: it needs the permission costs:read (at position 8)',
    ],
    [
      'SELECT rls_user_id FROM stores',
      'Column stores.rls_user_id is not readable with your permissions: no caller may read it (at position 8)',
    ],
    ['pg_sleep', 'This is not valid SQL: syntax error at or near "pg_sleep" (at position 1)'],
    ['SELECT 1 INTO kept', 'SELECT INTO is not allowed (at position 10)'],
  ])('of %s says what and where', (sql, message) => {
    expect(refusal(sql).message).toBe(message);
  });

  test.each([
    ['SELECT * FROM "Orders"', /^Did you mean retail\.orders\? Tables: stores, customers,/],
    ['SELECT * FROM pg_class', /^Tables: stores, customers, categories/],
    ['SELECT totl FROM orders', /^Known here: order_id, customer_id, store_id, order_date, total_amount\.$/],
    ['SELECT o.totl FROM orders o', /^Its columns: order_id/],
    ['SELECT store_id FROM orders o, stores s', /^Say which one: o\.store_id or s\.store_id\.$/],
    [
      'SELECT p FROM products p',
      /^Name the columns you need \(product_id, sku, product_name, category_id, type_id, base_price, product_description\)/,
    ],
    ["SELECT lpad('x', order_id) FROM orders", /left\(lpad\(x, 100\), n\)/],
    ["SELECT repeat('x', order_id) FROM orders", /left\(repeat\('#', 100\), n\)/],
    ['SELECT order_id FROM orders ORDER BY 1 FETCH FIRST 2 ROWS WITH TIES', /rank\(\) OVER/],
    ['SELECT (ARRAY[1,2])[1:1]', /unnest/],
    ["SELECT query_to_xml('x', true, true, '')", /row_to_json/],
    ["SELECT current_setting('x')", /Settings/],
    ['SELECT version()', /Session information/],
    ["SELECT nextval('x')", /row_number/],
    ["SELECT ts_stat('x')", /ts_rank/],
    ['SELECT setseed(1)', /without a seed/],
    ['SELECT pg_typeof(1)', /schema of the table/],
    ['SELECT pg_sleep(1)', /ordinary built-in function/],
    ['SELECT generate_series(1, order_id) FROM orders', /WHERE/],
  ])('of %s shows the way round', (sql, hint) => {
    expect(refusal(sql).hint).toMatch(hint);
  });

  test('comes before the parser for a text of a megabyte', () => {
    const start = performance.now();
    expect(refusal(`SELECT '${'x'.repeat(1_000_000)}'`).message).toBe('The statement is longer than 16 KiB');
    expect(performance.now() - start).toBeLessThan(50);
    expect(refusal(`SELECT '${'é'.repeat(9_000)}'`).message).toBe('The statement is longer than 16 KiB');
  });

  test('leaves the guard as it was', () => {
    const before = approve('SELECT sum(total_amount) FROM orders').text;
    for (const sql of [`SELECT ${'('.repeat(8000)}1`, `SELECT 1${'+1'.repeat(8000)}`, 'SELECT FROM FROM']) refusal(sql);
    expect(approve('SELECT sum(total_amount)  FROM orders').text).toBe(before);
  });
});

describe('what a permission opens', () => {
  test('is what its reader login may read', () => {
    expect(approve('SELECT cost FROM products', 'reader_costs').text).toBe('SELECT cost FROM retail.products');
    expect(approve('SELECT email FROM customers', 'reader_pii').text).toBe('SELECT email FROM retail.customers');
    expect(refusal('SELECT email FROM customers', 'reader_costs').message).toContain('customers:pii');
    expect(approve('SELECT c FROM customers c', 'reader_pii').relations).toEqual(['customers']);
    expect(refusal('SELECT p FROM products p', 'reader_costs_pii').message).toContain('products.search_text');
  });
});

describe('the server major', () => {
  test('decides which constructs are known', async () => {
    const old = await createGuard({ definition: retailDefinition, serverMajor: 16 });
    const sql = "SELECT JSON_VALUE('{}', '$.a')";
    expect(approve(sql).text).toBe(sql);
    expect(() => old.approve(sql, reader('reader'))).toThrow('The construct JsonFuncExpr is not allowed here (at position 8)');
    expect(old.approve("SELECT JSON_OBJECT('a' : 1)", reader('reader')).text).toBe("SELECT JSON_OBJECT('a' : 1 NULL ON NULL)");
  });

  test('16 is the first', async () => {
    for (const serverMajor of [16, 17, 18]) {
      const { approve: approveThere } = await createGuard({ definition: retailDefinition, serverMajor });
      expect(approveThere('SELECT 1', reader('reader')).text).toBe('SELECT 1');
    }
  });

  test.each([15, Number.NaN])('%s is refused at the start', async (serverMajor) => {
    await expect(createGuard({ definition: retailDefinition, serverMajor })).rejects.toMatchObject({
      ...{ code: 'misconfigured', hint: 'Use PostgreSQL 16, 17 or 18.' },
    });
  });
});

test('a fault of the guard’s own is no refusal', async () => {
  const broken: SchemaDefinition = {
    ...retailDefinition,
    get relations(): never {
      throw new TypeError('broken');
    },
  };
  const own = await createGuard({ definition: broken, serverMajor: 17 });
  expect(() => own.approve('SELECT 1 FROM orders', reader('reader'))).toThrow(TypeError);
});

test('another schema is another definition and nothing else', async () => {
  const reader = { suffix: 'r', permissions: [] };
  const tiny: SchemaDefinition = {
    schema: 'Lab',
    relations: [
      {
        name: 'Sample Runs',
        purpose: 'x',
        columns: [
          { name: 'Id', type: 'int4', nullable: false },
          { name: 'user', type: 'text', nullable: false },
          { name: 'secret', type: 'text', nullable: false, readableWith: 'nobody' },
        ],
        primaryKey: ['Id'],
        uniqueKeys: [],
        relationships: [],
        hints: [],
        tenantScoped: false,
        policyReads: [],
      },
    ],
    readerRoles: [reader],
    callerRoles: [],
    permissions: [],
    useScopeFunction: 'x.y',
    tenantDirectoryFunction: 'x.z',
  };
  const other = await createGuard({ definition: tiny, serverMajor: 17 });
  expect(other.approve('SELECT * FROM "Sample Runs"', reader).text).toBe(
    'SELECT "Sample Runs"."Id", "Sample Runs"."user" FROM "Lab"."Sample Runs"',
  );
  expect(() => other.approve('SELECT * FROM orders', reader)).toThrow('Table "orders" is not served (at position 15)');
});

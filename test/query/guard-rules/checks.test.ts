import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';

const [reader] = retailDefinition.readerRoles;
const guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });
const approve = (sql: string) => guard.approve(sql, reader!);

describe('Names of PostgreSQL’s own schema', () => {
  test.each([
    'SELECT pg_catalog.lower(sku), pg_catalog.now() FROM products',
    "SELECT 1::pg_catalog.int4, '{1}'::pg_catalog._int4",
    'SELECT 1 OPERATOR(pg_catalog.+) 2',
    'SELECT sku COLLATE pg_catalog."C", sku COLLATE "C" FROM products',
    'SELECT 2 BETWEEN 1 AND 3, 2 NOT BETWEEN 1 AND 3, 2 BETWEEN SYMMETRIC 3 AND 1, 2 NOT BETWEEN SYMMETRIC 3 AND 1',
    'SELECT order_id FROM orders TABLESAMPLE bernoulli (10)',
  ])('may be written with it: %s', (sql) => {
    expect(approve(sql).text).not.toBe('');
  });

  test.each([
    ['SELECT public.sum(1)', 'Function public.sum() is not allowed'],
    ["SELECT 'orders'::regclass", 'Type regclass is not allowed here'],
    ["SELECT '{orders}'::regclass[]", 'Type regclass[] is not allowed here'],
    ['SELECT 1 FROM orders TABLESAMPLE system.evil (1)', 'Sampling method system.evil is not allowed'],
  ])('are told apart from others: %s', (sql, message) => {
    expect(() => approve(sql)).toThrow(message);
  });
});

describe('The length of a padded type', () => {
  test.each([
    "SELECT 'x'::char(10000), 'x'::bpchar, '{x}'::bpchar[], '{x}'::_bpchar(10)",
    "SELECT '1'::varbit(10000), '1'::varbit",
  ])('may be small or left out: %s', (sql) => {
    expect(approve(sql).text).not.toBe('');
  });

  test.each([
    "SELECT 'x'::char(10001)",
    "SELECT 'x'::bpchar('many')",
    "SELECT '{x}'::_bpchar(10001)",
    "SELECT B'1'::bit(10001)",
    "SELECT B'1'::bit varying(10001)",
  ])('may not be large or unknown: %s', (sql) => {
    expect(() => approve(sql)).toThrow('is more than 10000');
  });
});

describe('An exponent', () => {
  test.each(['SELECT 2 ^ 1001', 'SELECT 2 OPERATOR(pg_catalog.^) 1001', 'SELECT 2 ^ -1001'])(
    'of a thousand at most: %s',
    (sql) => {
      expect(() => approve(sql)).toThrow('more than 1,000');
    },
  );
});

describe('A text that is put together may name the day', () => {
  test.each([
    "SELECT replace('toxday', 'x', '')::date",
    "SELECT array_to_string(ARRAY['to', 'day'], '')::timestamp",
    "SELECT date(replace('toxday', 'x', ''))",
    "SELECT timestamptz('to' || 'day')",
    "SELECT ('to' || 'day')::time",
    "SELECT ('{to' || 'day}')::_date, ('{to' || 'day}')::date[]",
    "SELECT (j ->> 'd')::date FROM (SELECT '{}'::json AS j) v",
    "SELECT (j #>> '{d}')::date FROM (SELECT '{}'::json AS j) v",
    'SELECT 1 FROM orders TABLESAMPLE bernoulli (10)',
  ])('so its answer depends on the clock: %s', (sql) => {
    expect(approve(sql).volatile).toBe(true);
  });

  test.each([
    'SELECT order_date::timestamp, date(order_date), (order_date + 1)::date FROM orders',
    "SELECT (CASE WHEN true THEN '2024-01-01' END)::date, make_date(2024, 1, 1)::timestamp, '2024-01-01'::date",
    "SELECT lower('A'), 'a' || 'b', (1 || '2')::int, upper('x')::text, concat('a')::bytea",
  ])('where other values do not: %s', (sql) => {
    expect(approve(sql).volatile).toBe(false);
  });
});

test.each([
  ["SELECT 'a'::char(100000)", 'The length of char is more than'],
  ["SELECT B'1'::bit varying(100000)", 'The length of bit varying is more than'],
  ["SELECT B'1'::bit(100000)", 'The length of bit is more than'],
])('a type is called what callers call it: %s', (sql, message) => {
  expect(() => approve(sql)).toThrow(message);
});

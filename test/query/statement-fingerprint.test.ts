import { describe, expect, test } from 'vitest';
import { createStatementFingerprint } from '../../src/query/statement-fingerprint.ts';

const fingerprint = await createStatementFingerprint(3);
const base = "SELECT count(*) FROM orders WHERE store_id = 3 AND note = 'Jane'";

describe('a statement’s fingerprint', () => {
  test.each([
    ["SELECT count(*) FROM orders WHERE store_id = 99 AND note = 'Jane''s'"],
    ["select  count( * )\nfrom orders -- of today\nwhere store_id=3 and note='x'"],
  ])('leaves literals, blanks, case and comments out: %s', (sql) => {
    expect(fingerprint(sql)).toBe(fingerprint(base));
  });

  test.each([
    ["SELECT count(*) FROM orders WHERE store_id = 3 OR note = 'Jane'"],
    ['SELECT count(*) FROM customers'],
    ['DROP TABLE orders'],
  ])('tells %s apart', (sql) => {
    expect(fingerprint(sql)).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprint(sql)).not.toBe(fingerprint(base));
  });

  test('is the one that libpg_query has always given', () => {
    expect(fingerprint('SELECT 1')).toBe('50fde20626009aba');
  });

  test.each([
    ['no SQL', 'how much did we sell?'],
    ['a text that is too long', `SELECT '${'x'.repeat(20_000)}'`],
    ['a NUL', 'SELECT 1\0'],
    ['a depth bomb', `SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`],
  ])('of %s says that there is none', (_what, sql) => {
    expect(fingerprint(sql)).toBe('unparsed');
  });

  test('is the same when it is asked for again, remembered or not', () => {
    const several = Array.from({ length: 6 }, (_, index) => `SELECT column_${index} FROM orders`);
    const first = several.map(fingerprint);
    expect(new Set(first).size).toBe(6);
    expect(several.map(fingerprint)).toEqual(first);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { sameTree } from '../../../src/query/guard-rules/compare.ts';
import { loadParser, parseSync } from '../../../src/query/guard-rules/parser.ts';

beforeAll(loadParser);
const same = (a: string, b: string) => sameTree(parseSync(a).stmts, parseSync(b).stmts);

describe('two texts mean the same', () => {
  test.each([
    ['SELECT a, b FROM t WHERE x = 1', 'select  a ,\n b from t where (x = 1)'],
    // lists whose ends are told as places
    ['SELECT a IN (1, 2)', 'SELECT   a IN   (  1,2  )'],
    ['SELECT ARRAY[1, 2]', 'SELECT   ARRAY  [  1,2  ]'],
    [
      "SELECT 1 FROM JSON_TABLE('[]', '$' AS p COLUMNS (n int))",
      "SELECT 1 FROM   JSON_TABLE('[]',   '$'   AS   p COLUMNS (n int))",
    ],
  ])('when they differ in spacing alone: %s', (a, b) => {
    expect(same(a, b)).toBe(true);
  });

  test.each([
    ['SELECT 1', 'SELECT 2'],
    ['SELECT a', 'SELECT b'],
    ['SELECT a', 'SELECT a, b'],
    ['SELECT a, b', 'SELECT b, a'],
    ['SELECT a', 'SELECT DISTINCT a'],
    ['SELECT a', "SELECT 'a'"],
    ['SELECT a AND b', 'SELECT a OR b'],
    ['SELECT 1', 'SELECT 1; SELECT 1'],
    ['SELECT 0', 'SELECT NULL'],
    ['SELECT a.b', 'SELECT (a).b'],
  ])('and not when more differs: %s and %s', (a, b) => {
    expect(same(a, b)).toBe(false);
    expect(same(b, a)).toBe(false);
  });

  test('and a list is no message, and nothing is neither', () => {
    for (const [a, b] of [
      [[], {}],
      [{ 0: 'a' }, ['a']],
      [null, {}],
      [undefined, []],
      [{ a: null }, { a: {} }],
      ['a', ['a']],
      [{ a: undefined }, { b: undefined }],
    ]) {
      expect(sameTree(a, b)).toBe(false);
      expect(sameTree(b, a)).toBe(false);
    }
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { sameTree } from '../../../src/query/guard-rules/compare.ts';
import { deparse } from '../../../src/query/guard-rules/deparse.ts';
import { loadParser } from '../../../src/query/guard-rules/parser.ts';
import { parseSelect, reparse } from '../../../src/query/parse-sql.ts';

beforeAll(loadParser);

describe('SQL/JSON that the deparser does not know is written so that it reads the same', () => {
  test.each([
    "SELECT JSON_VALUE('{}', '$.a')",
    'SELECT JSON_VALUE(a FORMAT JSON, \'$.a\' PASSING 1 AS x, b AS "Odd name" RETURNING int DEFAULT 1 + 1 ON EMPTY ERROR ON ERROR) FROM t',
    "SELECT JSON_VALUE('{}', '$.a' NULL ON EMPTY NULL ON ERROR)",
    "SELECT JSON_EXISTS(a, '$.b' TRUE ON ERROR), JSON_EXISTS(a, '$.b' UNKNOWN ON ERROR), JSON_EXISTS(a, '$.b' FALSE ON ERROR) FROM t",
    "SELECT JSON_QUERY(a, '$' WITH WRAPPER), JSON_QUERY(a, '$' WITHOUT WRAPPER OMIT QUOTES) FROM t",
    "SELECT JSON_QUERY(a, '$' RETURNING text WITH CONDITIONAL WRAPPER KEEP QUOTES EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR) FROM t",
    "SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int)) AS t(x)",
    "SELECT * FROM t, LATERAL JSON_TABLE(t.a, '$[*]' AS root PASSING 1 AS x COLUMNS (n FOR ORDINALITY, \"Odd name\" text PATH '$.b' WITH WRAPPER OMIT QUOTES NULL ON EMPTY DEFAULT 'y' ON ERROR, e bool EXISTS PATH '$.c' FALSE ON ERROR, f jsonb FORMAT JSON PATH '$', NESTED PATH '$.d[*]' AS inner_path COLUMNS (g date))  ERROR ON ERROR) j",
    "SELECT * FROM JSON_TABLE(a, '$' COLUMNS (NESTED '$.x' COLUMNS (NESTED '$.y' COLUMNS (z int EXISTS)))) j",
  ])('%s', (sql) => {
    const tree = parseSelect(sql);
    expect(sameTree(reparse(deparse(tree)), tree)).toBe(true);
  });
});

describe('what is chosen from a value is written so that it reads the same', () => {
  test.each([
    "SELECT (ARRAY['low', 'high'])[n + 1], (ARRAY[ARRAY[1, 2], ARRAY[3, 4]])[n][2] FROM t",
    "SELECT (CASE WHEN a THEN b ELSE c END)[1], (COALESCE(b, c))[1], (GREATEST(b, c))[2], ('{1,2}'::int[])[1], ('{1}')[1] FROM t",
    'SELECT (t).a, ((t).b)."Odd name", (f(a)).*, ((b)[1])[2], (ROW(1, 2)).f1, (SELECT b FROM t)[1], b[1], t.b[2], (b || c)[1] FROM t',
  ])('%s', (sql) => {
    const tree = parseSelect(sql);
    expect(sameTree(reparse(deparse(tree)), tree)).toBe(true);
  });
});

describe('two trees are the same', () => {
  const same = (a: string, b: string) => sameTree(parseSelect(a), parseSelect(b));

  test('when only blanks, brackets without meaning and places differ', () => {
    expect(same('SELECT a FROM t WHERE (b IN (1, 2))', 'select  a\nfrom t where b in(1,2)')).toBe(true);
  });

  test.each([
    ['SELECT a', 'SELECT b'],
    ['SELECT a', 'SELECT a, b'],
    ['SELECT a, b', 'SELECT a'],
    ['SELECT a', 'SELECT a AS c'],
    ['SELECT a AS c', 'SELECT a'],
    ['SELECT 1', "SELECT '1'"],
    ['SELECT 1.0', 'SELECT 1.00'],
    ['SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES', 'SELECT a FROM t ORDER BY a LIMIT 3'],
    ['SELECT (a)[1:2]', 'SELECT a[1]'],
    ['SELECT a - (b - c)', 'SELECT a - b - c'],
    ['SELECT NOT a = b', 'SELECT (NOT a) = b'],
    ['SELECT a FROM ONLY t', 'SELECT a FROM t'],
    ['SELECT DISTINCT a', 'SELECT a'],
  ])('and not when the meaning differs: %s | %s', (a, b) => {
    expect(same(a, b)).toBe(false);
    expect(same(b, a)).toBe(false);
  });

  test('and never when there is nothing to compare with, or the kinds differ', () => {
    expect(sameTree(undefined, parseSelect('SELECT 1'))).toBe(false);
    expect(sameTree([], {})).toBe(false);
    expect(sameTree({}, [])).toBe(false);
    expect(sameTree({ a: [1] }, { a: [1, 2] })).toBe(false);
  });

  test('a text that is no SELECT, or two, gives no tree to compare with', () => {
    expect(reparse('SELECT 1; SELECT 2')).toBeUndefined();
    expect(reparse('DROP TABLE t')).toBeUndefined();
    expect(reparse('SELEC')).toBeUndefined();
  });
});

test('the deparser still changes WITH TIES, which is why its word is not taken for it', () => {
  const tree = parseSelect('SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES');
  expect(sameTree(reparse(deparse(tree)), tree)).toBe(false);
});

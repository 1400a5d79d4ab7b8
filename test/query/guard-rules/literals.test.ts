import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { cutAtLiterals, freeConstants, isPlain } from '../../../src/query/guard-rules/literals.ts';
import { parseSelect } from '../../../src/query/parse-sql.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';
import { hostileClasses } from '../../support/corpus/hostile-statements.ts';
import { retailQueries } from '../../support/corpus/retail-queries.ts';

const [reader] = retailDefinition.readerRoles;
const newGuard = () => createGuard({ definition: retailDefinition, serverMajor: 17 });
const guard = await newGuard();

/** Texts of the literals that may differ. */
function freeIn(sql: string): string[] {
  const cut = cutAtLiterals(sql);
  if (cut === undefined) return [];
  return freeConstants(parseSelect(sql), cut).map(({ literal }) => cut.literals[literal]?.text ?? '');
}

describe('a literal may differ without reading the statement again', () => {
  test.each([
    ['SELECT 1 FROM orders WHERE order_id = 5', ['5']],
    ['SELECT 1 FROM orders WHERE 7 < order_id AND order_id <> 0', ['7', '0']],
    ["SELECT 1 FROM orders WHERE order_date BETWEEN '2025-01-01' AND date '2025-02-01'", ["'2025-01-01'", "'2025-02-01'"]],
    ["SELECT 1 FROM orders WHERE order_date >= '2025-01-01'::timestamp", ["'2025-01-01'"]],
    ["SELECT 1 FROM stores WHERE store_name IN ('a', 'b c') OR store_id IN (1, 22)", ["'a'", "'b c'", '1', '22']],
    ["SELECT 1 FROM stores WHERE store_name = ''", ["''"]],
    ['SELECT 1 FROM orders o JOIN order_items i ON i.order_id = 5 AND o.order_id = i.order_id', ['5']],
    ['SELECT (SELECT count(*) FROM orders WHERE store_id = 3) FROM stores', ['3']],
    ['SELECT 1 FROM orders WHERE order_id > 1 AND order_id <= 2 AND 3 >= store_id', ['1', '2', '3']],
    [
      "SELECT 1 FROM orders WHERE order_date < timestamptz '2025-01-01' OR order_date > '2025-02-01'::date",
      ["'2025-01-01'", "'2025-02-01'"],
    ],
  ])('where a column is compared with it: %s', (sql, free) => {
    expect(freeIn(sql).sort()).toEqual([...free].sort());
  });
});

describe('a literal must be the same', () => {
  test.each([
    ['a limit', 'SELECT 1 FROM orders LIMIT 5 OFFSET 7'],
    ['an argument', "SELECT repeat('x', 5), generate_series(1, 12)"],
    ['a result', "SELECT 5, 'x'"],
    ['a place in the result', 'SELECT store_id FROM orders GROUP BY 1 ORDER BY 1'],
    ['compared with an expression', 'SELECT 1 FROM orders WHERE order_id + 1 = 5'],
    ['negative', 'SELECT 1 FROM orders WHERE order_id > -5'],
    ['a fraction', 'SELECT 1 FROM orders WHERE total_amount > 5.5 AND total_amount > .5 AND total_amount > 1e3'],
    ['larger than an int4', 'SELECT 1 FROM orders WHERE order_id = 4000000000'],
    ['with a leading zero', 'SELECT 1 FROM orders WHERE order_id = 007'],
    ['hexadecimal, or with underscores', 'SELECT 1 FROM orders WHERE order_id = 0x1F OR order_id = 1_000'],
    ['with a quote in it', "SELECT 1 FROM stores WHERE store_name = 'it''s'"],
    ['of another kind', "SELECT 1 FROM stores WHERE store_name = E'a' OR store_name = $$b$$ OR store_name = U&'c'"],
    ['in two parts', "SELECT 1 FROM stores WHERE store_name = 'a'\n'b'"],
    ['with a backslash', "SELECT 1 FROM stores WHERE store_name = 'a\\b'"],
    ['a word of the clock', "SELECT 1 FROM orders WHERE order_date > 'yesterday' OR order_date = date 'today'"],
    ['a cast of another kind', "SELECT 1 FROM orders WHERE store_id = '5'::int OR order_date > '1 day'::interval + order_date"],
    ['a cast that rounds', "SELECT 1 FROM orders WHERE order_date = '2025-01-01'::timestamp(0)"],
    ['a cast to several', "SELECT 1 FROM orders WHERE order_date = '2025-01-01'::date[]"],
    [
      'compared by other means',
      "SELECT NULLIF(store_id, 5) FROM orders WHERE store_id IS DISTINCT FROM 6 OR store_id = ANY ('1')",
    ],
    [
      'compared with what is no column',
      'SELECT 1 FROM orders WHERE 1 = 1 AND abs(store_id) IN (2, 3) AND 4 BETWEEN store_id AND 5',
    ],
    ['a pattern', "SELECT 1 FROM stores WHERE store_name LIKE 'a%' OR store_name ~ 'a'"],
    ['in a name', 'SELECT "order_id" AS "a 5" FROM orders'],
    ['of a sample', 'SELECT 1 FROM orders TABLESAMPLE BERNOULLI (5)'],
  ])('%s', (_what, sql) => {
    expect(freeIn(sql)).toEqual([]);
  });

  test('two hundred literals are cut, and no more', () => {
    const listOf = (count: number) => `SELECT ${Array(count).fill('1').join(', ')}`;
    expect(cutAtLiterals(listOf(200))?.literals).toHaveLength(200);
    expect(cutAtLiterals(listOf(201))).toBeUndefined();
  });

  test.each([['SELECT 1 -- 5'], ['SELECT /* 5 */ 1'], ["SELECT 'ä'"], ['SELECT 1\u0001']])('nothing is cut in %j', (sql) => {
    expect(cutAtLiterals(sql)).toBeUndefined();
  });

  test.each([
    ['5', true],
    ['0', true],
    ["'Seattle'", true],
    ["''", true],
    ['05', false],
    ['1234567890', false],
    ["'snow'", true],
    ["'TODAY'", false],
    ["'today05:00'", false],
    ["'is it now_'", false],
    [`'${'x'.repeat(101)}'`, false],
    ["'a;b'", false],
    ["'a''b'", false],
    ["'a\nb'", false],
  ])('whether %s may stand in another’s place: %s', (text, plain) => {
    expect(isPlain(text)).toBe(plain);
  });
});

/** What a guard that has read nothing before says. */
async function readAnew(sql: string, tenants: readonly number[]): Promise<unknown> {
  const fresh = await newGuard();
  return said(() => fresh.approve(sql, reader!, tenants));
}
function said(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return { refused: String(error) };
  }
}

const number = fc.constantFrom(
  '0',
  '1',
  '5',
  '42',
  '999999999',
  '05',
  '5.0',
  '1e1',
  '2147483648',
  '-3',
  '0x1',
  '1_0',
  '5 OR true',
);
const text = fc.constantFrom(
  ...[
    "''",
    "'a'",
    "'Zava Retail Seattle'",
    "'2025-01-01'",
    "'today'",
    "'it''s'",
    "'a' 'b'",
    "'a'\n'b'",
    "E'a'",
    "'a\\'",
    "'x' OR 'a' = 'a'",
    "'%'",
  ],
);
const frames: ((a: string, b: string) => string)[] = [
  (a) => `SELECT count(*) FROM orders WHERE store_id = ${a}`,
  (a, b) => `SELECT store_name FROM stores WHERE store_id IN (${a}, 2) AND store_name <> ${b}`,
  (a, b) => `SELECT o.order_id FROM orders o LEFT JOIN order_items i ON i.order_id = ${a} AND o.order_date >= ${b} LIMIT 3`,
  (a, b) =>
    `SELECT sum(total_amount) FROM orders WHERE order_date BETWEEN ${b} AND date ${b} GROUP BY store_id HAVING store_id > ${a}`,
  (a, b) =>
    `WITH x AS (SELECT * FROM stores WHERE store_name = ${b}) SELECT * FROM x WHERE store_id < ${a} UNION ALL SELECT * FROM x`,
  (a, b) => `SELECT repeat('x', ${a}), ${b} FROM regions LIMIT ${a}`,
];

test('whatever was read before, a statement gets the verdict and the text that it would get anew', async () => {
  const statement = fc.tuple(fc.constantFrom(...frames), number, text).map(([frame, a, b]) => frame(a, b));
  const used = await newGuard();
  await fc.assert(
    fc.asyncProperty(statement, fc.constantFrom([], [1], [2, 5]), async (sql, tenants) => {
      const anew = await readAnew(sql, tenants);
      expect(said(() => used.approve(sql, reader!, tenants))).toEqual(anew);
      // Now from memory.
      expect(said(() => used.approve(sql, reader!, tenants))).toEqual(anew);
    }),
    { numRuns: 400 },
  );
}, 120_000);

test('the retail corpus gets the same text from memory, with other literals too', async () => {
  let differed = 0;
  for (const sql of retailQueries) {
    const first = guard.approve(sql, reader!, [1]);
    expect(guard.approve(sql, reader!, [1])).toEqual(first);
    const other = sql.replace(/(?<=[=<>] )\d+(?![\w.])/g, '7').replace(/'20(\d\d)-(\d\d)-(\d\d)'/g, "'2023-03-03'");
    if (other === sql) continue;
    differed += 1;
    expect(said(() => guard.approve(other, reader!, [1]))).toEqual(await readAnew(other, [1]));
  }
  expect(differed).toBeGreaterThan(20);
});

test('a hostile statement is refused however like an approved one it looks', async () => {
  for (const sql of retailQueries) guard.approve(sql, reader!);
  for (const sql of hostileClasses.flatMap(({ statements }) => statements)) {
    expect([sql, said(() => guard.approve(sql, reader!))]).toEqual([sql, { refused: expect.any(String) }]);
  }
});

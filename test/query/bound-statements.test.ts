import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Guard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { openGuarded } from '../support/guarded-database.ts';

const [reader] = retailDefinition.readerRoles;
const limits = { maxRows: 20_000, maxBytes: 5_000_000 };

/** A column and literals that callers compare it with: right ones, empty ones, and some of another type than the column's. */
const comparisons = [
  ['orders', 'order_id', ['1', '7', '999999', "'12'", "'x'", "''", "'1.5'"]],
  ['orders', 'order_date', ["'2024-03-01'", "date '2024-03-02'", "'2024-03-01'::timestamp", "'2024-13-01'", "'Mar 3 2024'", '5']],
  ['orders', 'total_amount', ['5', '0', "'12.50'", "'NaN'", "'ten'"]],
  ['stores', 'store_name', ["'Zava Retail Seattle'", "'zava retail seattle'", "'Zava Retail Seattle '", '5']],
  ['stores', 'is_online', ["'true'", "'t'", "'no'", '1']],
  ['inventory', 'stock_level', ['10', '0', "' 10 '", "'10:00'"]],
  ['customers', 'created_at', ["'2024-03-01'", "'2024-03-01 10:00:00'", "date '2024-03-01'"]],
] as const;

const statements = fc
  .constantFrom(...comparisons)
  .chain(([table, column, literals]) =>
    fc.record({
      table: fc.constant(table),
      column: fc.constant(column),
      literals: fc.array(fc.constantFrom(...literals), { minLength: 1, maxLength: 2 }),
      swapped: fc.boolean(),
      shape: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('where', 'join') },
        { weight: 2, arbitrary: fc.constantFrom('case', 'filter', 'group', 'cube', 'distinct', 'having', 'nested') },
      ),
    }),
  )
  .map(({ table, column, literals, swapped, shape }) => {
    const condition = literals.map((text) => (swapped ? `${text} = ${column}` : `${column} = ${text}`)).join(' OR ');
    if (shape === 'case') return `SELECT CASE WHEN ${condition} THEN 'a' ELSE 'b' END, ${column} FROM ${table}`;
    if (shape === 'group') return `SELECT ${condition} AS x, count(*) FROM ${table} GROUP BY ${condition}`;
    if (shape === 'cube')
      return `SELECT ${column}, ${condition} AS x, count(*) FROM ${table} GROUP BY CUBE(${column}, ${condition})`;
    if (shape === 'distinct') return `SELECT DISTINCT ON (${condition}) ${condition} AS x FROM ${table} ORDER BY ${condition}`;
    if (shape === 'having') return `SELECT ${column} FROM ${table} GROUP BY ${column} HAVING ${condition}`;
    if (shape === 'join') return `SELECT count(*) FROM ${table} JOIN regions ON ${condition}`;
    if (shape === 'nested')
      return `SELECT (SELECT count(*) FROM ${table} WHERE ${condition}) AS n, count(*) FROM regions GROUP BY (SELECT count(*) FROM ${table} WHERE ${condition})`;
    if (shape === 'filter') return `SELECT count(*) FILTER (WHERE ${condition}), count(*) FROM ${table}`;
    return `SELECT * FROM ${table} WHERE ${condition}`;
  });

onEveryDatabase('A statement with its literals bound', (tier) => {
  let db: TestDatabase;
  let guard: Guard;
  beforeAll(async () => {
    ({ db, guard } = await openGuarded(tier));
  });
  afterAll(() => db.close());

  /** Columns and rows, or the error that PostgreSQL names. */
  const outcome = async (text: string, values: readonly string[] = []) => {
    try {
      const { columns, rows } = await db.asStores([1, 2], text, { limits, values });
      return { columns, rows: rows.map((row) => JSON.stringify(row)).sort() };
    } catch (error) {
      const { code, cause } = error as { code: string; cause?: { code?: string; message?: string } };
      return { code, state: cause?.code, message: cause?.message };
    }
  };

  test('answers as the same statement with the literals in its text, also with errors', { timeout: 120_000 }, async () => {
    const seen = { statements: 0, bound: 0, rows: 0, errors: 0 };
    await fc.assert(
      fc.asyncProperty(statements, async (sql) => {
        const { text, bound } = guard.approve(sql, reader!, [1, 2]);
        seen.statements += 1;
        if (bound === undefined) return;
        seen.bound += 1;
        const expected = await outcome(text);
        seen.rows += expected.rows?.length ?? 0;
        seen.errors += expected.rows === undefined ? 1 : 0;
        const answered = await outcome(bound.text, bound.values);
        // Of two mistakes in one statement another may be named first.
        if (bound.values.length > 1 && expected.rows === undefined) expect(answered.code).toBe(expected.code);
        else expect(answered).toEqual(expected);
      }),
      { numRuns: 250 },
    );
    expect(seen.bound).toBeGreaterThan(50);
    expect(seen.bound).toBeLessThan(seen.statements);
    expect(seen.rows).toBeGreaterThan(50);
    expect(seen.errors).toBeGreaterThan(0);
  });

  test.each([
    'SELECT store_id = 1 AS x, count(*) FROM orders GROUP BY store_id = 1',
    "SELECT store_id, CASE WHEN store_id = 1 THEN 'first' ELSE 'other' END AS kind, count(*) FROM orders GROUP BY CUBE(store_id, CASE WHEN store_id = 1 THEN 'first' ELSE 'other' END) ORDER BY 1, 2, 3",
    'SELECT DISTINCT ON (store_id = 1) store_id = 1 FROM orders ORDER BY store_id = 1',
  ])('is none where literals are a part of what is grouped or sorted, and answers the same every time: %s', async (sql) => {
    const { text, bound } = guard.approve(sql, reader!, [1, 2]);
    expect(bound).toBeUndefined();
    const first = await outcome(text);
    expect(first.rows?.length).toBeGreaterThan(1);
    for (let call = 2; call <= 10; call += 1) expect(await outcome(text)).toEqual(first);
  });

  test('answers right again and again, also once PostgreSQL plans it for any value', async () => {
    const [first, last] = (await db.asStores([1], 'SELECT min(order_id), max(order_id) FROM retail.orders', { limits })).rows[0]!;
    for (const id of [first, last, '0', first, last, first, last, '0', first, last]) {
      const { bound } = guard.approve(`SELECT order_id FROM orders WHERE order_id = ${id}`, reader!, [1]);
      const { rows } = await db.asStores([1], bound!.text, { limits, values: bound!.values });
      expect(rows).toEqual(id === '0' ? [] : [[id]]);
    }
  });
});

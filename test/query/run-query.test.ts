import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCallUsages } from '../../src/core/call-usage.ts';
import type { Principal } from '../../src/core/principal.ts';
import { jsonConverter } from '../../src/query/json-value.ts';
import type { RunQuery } from '../../src/query/query-result.ts';
import { loadTypeCatalog } from '../../src/query/type-catalog.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { openRunQuery } from '../support/run-query.ts';

onEveryDatabase('A caller’s query', (tier) => {
  let db: TestDatabase;
  let runQuery: RunQuery;
  let seattle: Principal;
  let bellevue: Principal;
  beforeAll(async () => {
    db = await tier.open();
    runQuery = await openRunQuery(db);
    seattle = await principalFor(db.database, 'store_manager', [1]);
    bellevue = await principalFor(db.database, 'store_manager', [2]);
  });
  afterAll(() => db.close());

  test('is answered with named types, the scope and the time it took', async () => {
    const result = await runQuery({ sql: 'SELECT DISTINCT store_id, 1.50 AS n FROM orders', principal: seattle });
    expect(result).toMatchObject({
      columns: [
        { name: 'store_id', type: 'int4' },
        { name: 'n', type: 'numeric' },
      ],
      rowsJson: '[[1,1.50]]',
      rowCount: 1,
      truncated: false,
      cached: false,
      scope: ['Zava Retail Seattle'],
    });
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
  });

  test('of two stores at once is answered to each with its own', async () => {
    const sql = 'SELECT DISTINCT store_id FROM retail.orders';
    const answers = await Promise.all([seattle, bellevue, seattle, bellevue].map((principal) => runQuery({ sql, principal })));
    expect(answers.map((answer) => answer.rowsJson)).toEqual(['[[1]]', '[[2]]', '[[1]]', '[[2]]']);
  });

  test('is on the account of its call: the time in the database, or what a kept answer saved', async () => {
    const usages = createCallUsages();
    let kept = false;
    const counted = await openRunQuery(db, {
      usages,
      remember: async ({ signal, produce }) => ({
        result: await produce(signal),
        ...{ cached: kept, stale: false, ...(kept && { saved: { ms: 70, warmed: true } }) },
      }),
    });
    const ask = (sql: string) => counted({ sql, principal: seattle, requestId: 'r' });
    const usage = usages.begin('r');
    await ask('SELECT count(*) FROM orders');
    await expect(ask('SELECT 1 / (store_id - 1) FROM orders')).rejects.toThrow('division by zero');
    expect(usage).toMatchObject({ queries: 1, cacheHits: 0, savedMs: 0 });
    expect(usage.databaseMs).toBeGreaterThan(0);
    kept = true;
    await ask('SELECT count(*) FROM orders');
    expect(usage).toMatchObject({ queries: 2, cacheHits: 1, warmHits: 1, savedMs: 70 });
    usages.end('r');
    const before = { ...usage };
    await ask('SELECT count(*) FROM orders');
    expect(usage).toEqual(before);
  });

  test('is cut at the row cap, and says so', async () => {
    expect(await runQuery({ sql: 'SELECT product_id FROM products ORDER BY 1', principal: seattle })).toMatchObject({
      rowsJson: '[[1],[2],[3]]',
      rowCount: 3,
      truncated: true,
    });
  });

  test('that the guard refuses, or that fails, says what is wrong with it', async () => {
    await expect(runQuery({ sql: 'DELETE FROM orders', principal: seattle })).rejects.toMatchObject({ code: 'query_rejected' });
    await expect(runQuery({ sql: 'SELECT 1 / 0', principal: seattle })).rejects.toMatchObject({ code: 'query_failed' });
    await expect(runQuery({ sql: 'SELECT 1', principal: seattle, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'query_timeout',
    });
  });

  describe('in every type that PostgreSQL prints', () => {
    test.each([
      ["date '2024-02-29'", '"2024-02-29"'],
      ["timestamp '2024-02-29 12:00'", '"2024-02-29T12:00:00"'],
      ["timestamptz '2024-02-29 12:00+02'", '"2024-02-29T10:00:00Z"'],
      ["interval '1 day 2 hours'", '"1 day 02:00:00"'],
      ['0.1::float8 + 0.2::float8', '0.30000000000000004'],
      ["ARRAY['a b', NULL, 'c\"d']", '["a b",null,"c\\"d"]'],
      ['ARRAY[[1, 2], [3, 4]]', '[[1,2],[3,4]]'],
      ['\'{"a": [1, 2.50]}\'::jsonb', '{"a": [1, 2.50]}'],
      ['9007199254740993', '"9007199254740993"'],
      ["'NaN'::numeric", '"NaN"'],
      ['true', 'true'],
      ['NULL', 'null'],
    ])('%s is %s', async (expression, json) => {
      const { rows, columns } = await db.asStores([1], `SELECT ${expression}`);
      const types = await loadTypeCatalog(db.database);
      const [value] = rows[0]!;
      expect(value === null ? 'null' : jsonConverter(columns[0]!.typeOid, types)(value!)).toBe(json);
    });

    test("'1 2'::int2vector and oidvector end", async () => {
      const types = await loadTypeCatalog(db.database);
      const { rows, columns } = await db.asStores([1], "SELECT '1 2'::int2vector, '3 4'::oidvector");
      expect(rows[0]!.map((value, index) => jsonConverter(columns[index]!.typeOid, types)(value!))).toEqual(['"1 2"', '"3 4"']);
    });
  });
});

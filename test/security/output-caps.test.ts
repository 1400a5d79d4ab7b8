import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onEveryDatabase, type TestDatabase, tiers } from '../support/databases.ts';

onEveryDatabase('The caps on an answer', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const rowsOf = (count: number, maxRows: number) =>
    db.asStores([1], `SELECT n FROM generate_series(1, ${count}) n`, { limits: { maxRows, maxBytes: 1_000_000 } });

  test.each([
    [9, 10, 9, false],
    [10, 10, 10, false],
    [11, 10, 10, true],
    [0, 10, 0, false],
    [5000, 10, 10, true],
    [2, 1, 1, true],
  ])('of %i rows under a cap of %i there are %i, and truncated is %s', async (count, maxRows, kept, truncated) => {
    const result = await rowsOf(count, maxRows);
    expect(result.rows.map((row) => Number(row[0]))).toEqual(Array.from({ length: kept }, (_, index) => index + 1));
    expect(result.truncated).toBe(truncated);
  });

  test.each([
    [100, 10, 10, false],
    [100, 11, 10, true],
  ])(
    'of rows of ten bytes under a cap of %i bytes, %i rows give %i, and truncated is %s',
    async (maxBytes, count, kept, truncated) => {
      const result = await db.asStores([1], `SELECT repeat('x', 10) FROM generate_series(1, ${count})`, {
        limits: { maxRows: 1000, maxBytes },
      });
      expect(result.rows.length).toBe(kept);
      expect(result.truncated).toBe(truncated);
    },
  );

  test('bytes are counted as UTF-8, and NULL has none', async () => {
    const ask = (maxBytes: number) => db.asStores([1], "SELECT 'äöü', NULL", { limits: { maxRows: 10, maxBytes } });
    expect(await ask(6)).toMatchObject({ rows: [['äöü', null]], truncated: false });
    expect(await ask(5)).toMatchObject({ rows: [], truncated: true });
  });

  test('a row limit stops the statement itself, which would never end', async () => {
    const result = await db.asStores([1], 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r', {
      limits: { maxRows: 3, maxBytes: 1000 },
      timeoutMs: 5000,
    });
    expect(result).toMatchObject({ rows: [['1'], ['2'], ['3']], truncated: true });
  });

  test('a value beyond the cap is left out, and the next call is answered', async () => {
    const result = await db.asStores([1], "SELECT repeat('x', 20000000)", { timeoutMs: 20_000 });
    expect(result).toMatchObject({ verifiedTenantIds: [1], rows: [], truncated: true });
    expect((await db.asStores([1], 'SELECT 1')).rows).toEqual([['1']]);
  });
});

describe.each(tiers.filter((tier) => tier.name !== 'the embedded database'))('A huge answer, on $name', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const growthOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.memoryUsage().rss;
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    await work();
    clearInterval(timer);
    return (Math.max(most, process.memoryUsage().rss) - before) / 1e6;
  };

  test('a cell of 100 MB is never held in memory', async () => {
    const ask = () => db.asStores([1], "SELECT repeat('x', 100000000)", { timeoutMs: 20_000 });
    expect(await growthOf(ask)).toBeLessThan(60);
    expect(await ask()).toMatchObject({ rows: [], truncated: true });
  });

  test('rows before the huge one are kept', async () => {
    const result = await db.asStores(
      [1],
      "SELECT n, CASE WHEN n = 3 THEN repeat('x', 50000000) END FROM generate_series(1, 4) n ORDER BY n",
    );
    expect(result).toMatchObject({
      verifiedTenantIds: [1],
      rows: [
        ['1', null],
        ['2', null],
      ],
      truncated: true,
    });
  });

  test('a thousand rows of 100 kB are left on the server', async () => {
    expect(
      await growthOf(() => db.asStores([1], "SELECT repeat('x', 100000) FROM generate_series(1, 1000)", { timeoutMs: 20_000 })),
    ).toBeLessThan(60);
  });

  test('an endless copy out is cut as well', async () => {
    const call = db.asStores([1], "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO STDOUT", {
      timeoutMs: 20_000,
    });
    expect((await call).truncated).toBe(true);
    expect((await db.asStores([1], 'SELECT 1')).rows).toEqual([['1']]);
  });
});

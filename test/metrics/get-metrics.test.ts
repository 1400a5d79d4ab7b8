import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import type { MetricsQuestion } from '../../src/metrics/request.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { type OpenMetrics, openMetrics } from '../support/metrics.ts';

const everything: MetricsQuestion = { metrics: ['revenue'], dimensions: [], filters: {}, limit: 20, ascending: false };

onEveryDatabase('Metrics', (tier) => {
  let db: TestDatabase;
  let metrics: OpenMetrics;
  let seattle: Principal;
  let head: Principal;
  beforeAll(async () => {
    db = await tier.open();
    metrics = await openMetrics(db);
    seattle = await principalFor(db.database, 'store_manager', [1]);
    head = await principalFor(db.database, 'super_admin', [1, 2, 3, 4, 5, 6, 7, 8]);
  });
  afterAll(() => db.close());

  const ask = (question: Partial<MetricsQuestion>, principal = head) =>
    metrics.getMetrics({ ...everything, ...question }, { principal });

  test('are exact, in the order of time or of size, with the days they are of and what they mean', async () => {
    const answer = await ask({ grain: 'month', startDate: '2024-11-01', endDate: '2025-02-28' });
    const byHand = await db.asStores(
      [1, 2, 3, 4, 5, 6, 7, 8],
      "SELECT date_trunc('month', order_date)::date, sum(total_amount) FROM retail.orders WHERE order_date BETWEEN '2024-11-01' AND '2025-02-28' GROUP BY 1 ORDER BY 1",
    );
    expect(answer.rowsJson).toBe(`[${byHand.rows.map(([month, revenue]) => `["${month}",${revenue}]`).join()}]`);
    expect(answer).toMatchObject({
      columns: [
        { name: 'month', type: 'date' },
        { name: 'revenue', type: 'numeric' },
      ],
      rowCount: 4,
      truncated: false,
      period: { first: '2024-11-01', last: '2025-02-28' },
      definitions: { revenue: 'Sum of line totals after discount.' },
    });
  });

  test('are of the caller’s stores alone', async () => {
    const own = await ask({ dimensions: ['store'], metrics: ['orders'], period: '2025' }, seattle);
    expect(JSON.parse(own.rowsJson)).toEqual([['Zava Retail Seattle', expect.any(Number)]]);
    expect(own.scope).toEqual(['Zava Retail Seattle']);
    await expect(ask({ filters: { store: 'Bellevue' } }, seattle)).rejects.toMatchObject({ code: 'not_found' });
    await expect(ask({ metrics: ['margin'] }, seattle)).rejects.toMatchObject({ code: 'insufficient_scope' });
  });

  test('fill the times in which a group sold nothing, and rank groups by their whole time', async () => {
    const answer = await ask({
      dimensions: ['store'],
      grain: 'month',
      period: '2025',
      limit: 3,
      metrics: ['revenue', 'average_order_value'],
      compareTo: 'previous',
    });
    const rows = JSON.parse(answer.rowsJson) as (string | number | null)[][];
    expect([answer.rowCount, answer.truncated, new Set(rows.map(([, month]) => month)).size]).toEqual([36, true, 12]);
    expect(answer.rowsJson).toMatch(/\[[^\]]*,0\.00,\d/);
    const totals = [0, 1, 2].map((group) =>
      rows.slice(12 * group, 12 * group + 12).reduce((sum, row) => sum + Number(row[2]), 0),
    );
    expect(totals).toEqual(totals.toSorted((a, b) => b - a));
    expect(answer.compared).toEqual({ first: '2024-01-01', last: '2024-12-31' });
  });

  test('of a period without sales are zero, and tell which days there are', async () => {
    const future = await ask({
      startDate: '2031-01-01',
      endDate: '2031-03-31',
      grain: 'month',
      metrics: ['revenue', 'repeat_rate'],
    });
    expect(future.rowsJson).toBe('[["2031-01-01",0.00,null],["2031-02-01",0.00,null],["2031-03-01",0.00,null]]');
    expect(future.extent).toMatchObject({ first: expect.stringMatching(/^2020-01/), last: expect.stringMatching(/^2025-12/) });
    const none = await ask({ startDate: '2031-01-01', endDate: '2031-03-31', dimensions: ['store'] });
    expect([none.rowsJson, none.extent]).toEqual(['[]', future.extent]);
    expect((await ask({ period: '2025' })).extent).toBeUndefined();
  });

  test('of a period, or of one before, that the data reaches over in part say so', async () => {
    const known = (await ask({ period: '2031' })).extent;
    const extentOf = async (question: Partial<MetricsQuestion>) => (await ask(question)).extent;
    expect(await extentOf({ startDate: '2025-06-01', endDate: '2026-01-10' })).toEqual(known);
    expect(await extentOf({ startDate: '2019-06-01', endDate: '2020-06-30' })).toEqual(known);
    expect(await extentOf({ period: '2020', compareTo: 'previous' })).toEqual(known);
    expect(await extentOf({ period: '2025', compareTo: 'previous' })).toBeUndefined();
    // The year has begun a fortnight ago, and the last sale was before that
    expect(await ask({ period: 'this_year' })).toMatchObject({ extent: known, isEmpty: true });
  });

  test('without a period are of the latest twelve months that have figures', async () => {
    expect((await ask({})).period).toEqual({ first: '2025-01-01', last: '2025-12-31' });
  });

  test('are cut by whole groups where an answer would be too long', async () => {
    const small = await openMetrics(db, { maxRows: 60, maxBytes: 700 });
    const asked = { ...everything, dimensions: ['store'], grain: 'month', period: '2025' } as const;
    const cut = await small.getMetrics(asked, { principal: head });
    expect([cut.truncated, cut.rowCount % 12]).toEqual([true, 0]);
    expect(Buffer.byteLength(cut.rowsJson)).toBeLessThanOrEqual(700);
    const series = await small.getMetrics({ ...asked, dimensions: [], grain: 'day', period: '2025-01' }, { principal: head });
    expect(series.truncated || series.rowCount === 31).toBe(true);
    await expect(small.getMetrics({ ...asked, grain: 'day' }, { principal: head })).rejects.toMatchObject({
      code: 'invalid_input',
      hint: expect.stringContaining('coarser'),
    });
  });

  test.each<[string, Partial<MetricsQuestion>, string]>([
    ['a period that nobody knows', { period: 'soon' }, 'last_30_days'],
    ['a period beside dates', { period: '2025', startDate: '2025-01-01' }, ''],
    ['an end without a start', { endDate: '2025-01-01' }, ''],
    ['a day that does not exist', { startDate: '2025-02-30' }, '2025-07-31'],
    ['an end before the start', { startDate: '2025-02-03', endDate: '2025-02-01' }, ''],
    ['a dimension that nobody knows', { dimensions: ['weekday'] }, 'store, region'],
    ['a metric that nobody knows', { metrics: ['profit'] }, 'revenue, orders'],
    ['a filter that nobody knows', { filters: { weekday: 'x' } }, 'store, region'],
    ['a truth that is none', { filters: { is_online: 'maybe' } }, ''],
    ['names that are none', { filters: { category: [] } }, ''],
    ['a name that is no text', { filters: { category: [7] } }, ''],
    ['a name that is too long', { filters: { category: 'x'.repeat(101) } }, ''],
    ['new customers by category', { metrics: ['new_customers'], dimensions: ['category'] }, 'store, region, is_online'],
    ['stock over time', { metrics: ['stock_level'], grain: 'month' }, 'grain'],
    ['stock of before', { metrics: ['stock_cover_weeks'], compareTo: 'previous' }, 'compare_to'],
  ])('refuse %s, and say what would do', async (_what, question, hint) => {
    const refusal = await ask(question).then(
      () => undefined,
      (error: { code: string; hint?: string }) => error,
    );
    expect(refusal).toMatchObject({ code: 'invalid_input' });
    expect(refusal?.hint ?? '').toContain(hint);
  });

  test('name the nearest to a name that is not known, and look a known one up once', async () => {
    await expect(ask({ filters: { category: 'hand tool' } })).rejects.toMatchObject({
      code: 'not_found',
      hint: 'Nearest: HAND TOOLS',
    });
    await ask({ filters: { category: 'HARDWARE' } });
    metrics.statements.length = 0;
    await ask({ filters: { category: 'HARDWARE' } });
    expect(metrics.statements).toHaveLength(1);
  });

  test('read the rollups where they are exact, and the lines where they are not', async () => {
    const relationsOf = async (question: Partial<MetricsQuestion>) => {
      metrics.statements.length = 0;
      await ask(question);
      return [...new Set(metrics.statements[0]?.match(/retail\.(?:sales_by_\w+|order_items|orders)\b/g))].map((name) =>
        name.slice(7),
      );
    };
    expect(await relationsOf({ grain: 'month', period: '2025' })).toEqual(['sales_by_month_category']);
    expect(await relationsOf({ grain: 'day', period: '2025-01' })).toEqual(['sales_by_day']);
    expect(await relationsOf({ metrics: ['revenue', 'orders'], period: '2025' })).toEqual(['sales_by_day']);
    expect(await relationsOf({ dimensions: ['product'], period: '2025-Q3' })).toEqual(['sales_by_month_product']);
    expect(await relationsOf({ dimensions: ['category'], startDate: '2025-01-15', endDate: '2025-03-31' })).toEqual([
      'sales_by_month_category',
      'orders',
      'order_items',
    ]);
    expect(await relationsOf({ metrics: ['customers'], period: '2025' })).toEqual(['orders']);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { dashboardAnswer } from '../../src/mcp/apps/dashboard-answer.ts';
import { createReadDashboard, type DashboardQuestion, type ReadDashboard } from '../../src/metrics/read-dashboard.ts';
import { retailDashboard } from '../../src/retail/dashboard.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { openMetrics, testToday } from '../support/metrics.ts';

const everyStore = [1, 2, 3, 4, 5, 6, 7, 8];

onEveryDatabase('The dashboard', (tier) => {
  let db: TestDatabase;
  let read: ReadDashboard;
  let seattle: Principal;
  let head: Principal;
  beforeAll(async () => {
    db = await tier.open();
    const { getMetrics, runQuery, extentOf } = await openMetrics(db);
    read = createReadDashboard({
      definition: retailDashboard,
      metrics: retailMetrics,
      getMetrics,
      runQuery,
      extentOf,
      clock: testToday,
    });
    seattle = await principalFor(db.database, 'store_manager', [1]);
    head = await principalFor(db.database, 'super_admin', everyStore);
  });
  afterAll(() => db.close());

  const answer = async (principal: Principal, question: Partial<DashboardQuestion> = {}) => {
    const given = dashboardAnswer(await read({ filters: {}, ...question }, { principal }), {
      period: question.period,
      filters: {},
    });
    return { ...JSON.parse(given.structuredJson ?? ''), text: JSON.parse(given.text), given };
  };
  const lines = 'retail.orders AS o JOIN retail.order_items AS i ON i.order_id = o.order_id AND i.store_id = o.store_id';
  const byHand = async (stores: readonly number[], what: string, rest: string) =>
    (await db.asStores(stores, `SELECT ${what} FROM ${lines} ${rest}`)).rows;
  const in2025 = "WHERE o.order_date BETWEEN '2025-01-01' AND '2025-12-31'";
  const sums = 'sum(i.total_amount), count(DISTINCT o.order_id), sum(i.quantity), count(DISTINCT o.customer_id)';

  test('has the totals that SQL gives, of this year and of the one before', async () => {
    const shown = await answer(head);
    const [now = []] = await byHand(everyStore, sums, in2025);
    const [before = []] = await byHand(everyStore, sums, in2025.replaceAll('2025', '2024'));
    const tiles = shown.tiles.map(({ metric, value, previous }: Record<string, unknown>) => [metric, value, previous]);
    const both = (index: number) => [Number(now[index]), Number(before[index])];
    expect(shown).toMatchObject({
      period: { start_date: '2025-01-01', end_date: '2025-12-31' },
      compared: { start_date: '2024-01-01', end_date: '2024-12-31' },
    });
    expect(tiles.slice(0, 2)).toEqual([
      ['revenue', ...both(0)],
      ['orders', ...both(1)],
    ]);
    expect(tiles.slice(3, 5)).toEqual([
      ['units', ...both(2)],
      ['customers', ...both(3)],
    ]);
    expect(shown.tiles[0].change_percent).toBeCloseTo(100 * (Number(now[0]) / Number(before[0]) - 1), 2);
  });

  test('its trend and its panels add up to the totals, row by row as SQL has them', async () => {
    const { trend, panels, tiles } = await answer(head);
    const months = await byHand(
      everyStore,
      "date_trunc('month', o.order_date)::date, sum(i.total_amount)",
      `${in2025} GROUP BY 1 ORDER BY 1`,
    );
    expect(trend.rows.map((row: unknown[]) => [row[0], row[1]])).toEqual(
      months.map(([month, revenue]) => [month, Number(revenue)]),
    );
    const products = await byHand(
      everyStore,
      'p.sku, p.product_name, sum(i.total_amount)',
      `JOIN retail.products AS p USING (product_id) ${in2025} GROUP BY p.product_id, 1, 2 ORDER BY 3 DESC, p.product_id LIMIT 10`,
    );
    const [categories, stores, top] = panels;
    expect(top.rows.map((row: unknown[]) => row.slice(0, 3))).toEqual(
      products.map(([sku, name, sum]) => [sku, name, Number(sum)]),
    );
    expect(top.truncated).toBe(true);
    for (const whole of [categories, stores]) {
      const sum = whole.rows.reduce((all: number, row: number[]) => all + (row[1] ?? 0), 0);
      expect(sum).toBeCloseTo(tiles[0].value, 2);
      expect(whole.truncated).toBe(false);
    }
  });

  test('the text of a host without pages has the very same figures, digit by digit', async () => {
    const { given } = await answer(head);
    const figures = (json: string) => new Set(json.match(/-?\d+\.\d\d\b/g));
    expect([...figures(given.structuredJson ?? '')].filter((figure) => !figures(given.text).has(figure))).toEqual([]);
    expect(given.text.length).toBeLessThan(0.75 * (given.structuredJson ?? '').length);
  });

  test('is of the caller’s stores alone, and offers no others', async () => {
    const { panels, filters, scope, tiles, given } = await answer(seattle);
    const [[revenue] = []] = await byHand([1], 'sum(i.total_amount)', in2025);
    expect(tiles[0].value).toBe(Number(revenue));
    expect(panels[1].rows.map(([name]: string[]) => name)).toEqual(['Zava Retail Seattle']);
    expect([scope, filters[0].options]).toEqual([['Zava Retail Seattle'], ['Zava Retail Seattle']]);
    expect(`${given.text}${given.structuredJson}`).not.toMatch(/Bellevue|Tacoma|Online/);
    await expect(read({ filters: { store: ['Bellevue'] } }, { principal: seattle })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('shows a margin to those who may know costs, and to nobody else', async () => {
    const metricsOf = ({ tiles }: { tiles: { metric: string }[] }) => tiles.map(({ metric }) => metric);
    expect(metricsOf(await answer(head))).toContain('margin_percent');
    expect(metricsOf(await answer(seattle))).not.toContain('margin_percent');
  });

  test('narrows every figure by a filter and a period', async () => {
    const { tiles, trend, panels } = await answer(head, {
      period: '2025-Q3',
      filters: { category: ['HAND TOOLS'], store: ['Seattle'] },
    });
    const [[revenue, , units] = []] = await byHand(
      [1],
      sums,
      "JOIN retail.products AS p USING (product_id) JOIN retail.categories AS c USING (category_id) WHERE c.category_name = 'HAND TOOLS' AND o.order_date BETWEEN '2025-07-01' AND '2025-09-30'",
    );
    expect([tiles[0].value, tiles[3].value]).toEqual([Number(revenue), Number(units)]);
    expect(trend.grain).toBe('week');
    expect(panels[0].rows.map(([name]: string[]) => name)).toEqual(['HAND TOOLS']);
  });

  test('offers groups of tenants once each, and nothing to choose by truth', async () => {
    const { getMetrics, runQuery, extentOf } = await openMetrics(db);
    const definition = {
      ...retailDashboard,
      filters: ['region', 'is_online'].map((dimension) => ({ dimension, label: dimension })),
    };
    const { filters } = await createReadDashboard({
      definition,
      metrics: retailMetrics,
      getMetrics,
      runQuery,
      extentOf,
      clock: testToday,
    })({ filters: {} }, { principal: head });
    expect(filters.map(({ options }) => [...options].sort())).toEqual([expect.arrayContaining(['Puget Sound']), []]);
    expect(new Set(filters[0]?.options).size).toBe(filters[0]?.options.length);
  });

  test('says what days there are where a period holds nothing', async () => {
    const { extent, text, tiles } = await answer(head, { period: '2031' });
    expect(extent).toMatchObject({ start_date: expect.stringMatching(/^2020-01/), end_date: expect.stringMatching(/^2025-12/) });
    expect(text.msg).toMatch(/^nothing in this period: your data is of 2020-01/);
    expect(tiles[0].value).toBe(0);
    await expect(answer(head, { period: 'the good old days' })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import type { MetricsQuestion } from '../../src/metrics/get-metrics.ts';
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
});

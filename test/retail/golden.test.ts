import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { splitRows } from '../../src/query/row-cells.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { type OpenMetrics, openMetrics } from '../support/metrics.ts';
import { goldenQuestions } from './golden-questions.ts';

const everyStore = [1, 2, 3, 4, 5, 6, 7, 8];

test('there are at least sixty questions, each asked once', () => {
  expect(goldenQuestions.length).toBeGreaterThanOrEqual(60);
  expect(new Set(goldenQuestions.map(({ question }) => question)).size).toBe(goldenQuestions.length);
});

onEveryDatabase('The metrics tool is right about', (tier) => {
  let db: TestDatabase;
  let metrics: OpenMetrics;
  let head: Principal;
  beforeAll(async () => {
    db = await tier.open();
    metrics = await openMetrics(db);
    head = await principalFor(db.database, 'super_admin', everyStore);
  });
  afterAll(() => db.close());

  test.each(goldenQuestions)('$question', async ({ ask, sql }) => {
    const answer = await metrics.getMetrics(
      { metrics: [], dimensions: [], filters: {}, limit: 20, ascending: false, ...ask },
      { principal: head },
    );
    const byHand = await db.asStores(everyStore, sql, { reader: 'reader_costs', limits: { maxRows: 5000, maxBytes: 5_000_000 } });
    expect(byHand.rows.length).toBeGreaterThan(0);
    expect(splitRows(answer.rowsJson).map((row) => row.map(textOf))).toEqual(byHand.rows);
  });
});

/** A cell as PostgreSQL prints it. */
function textOf(cell: string): string | null {
  if (cell === 'null') return null;
  if (cell === 'true' || cell === 'false') return cell.charAt(0);
  return cell.startsWith('"') ? (JSON.parse(cell) as string) : cell;
}

import { createDataExtent, type DataExtent } from '../../src/metrics/data-extent.ts';
import { createGetMetrics, type GetMetrics } from '../../src/metrics/get-metrics.ts';
import type { RunQuery } from '../../src/query/query-result.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import type { TestDatabase } from './databases.ts';
import { openRunQuery } from './run-query.ts';

/** 15 January 2026: the last complete quarter is that in which the test data ends. */
export const testToday = { now: () => Date.UTC(2026, 0, 15, 9), monotonic: () => 0 };

export interface OpenMetrics {
  readonly runQuery: RunQuery;
  readonly getMetrics: GetMetrics;
  readonly extentOf: DataExtent;
  /** Statements that were run, in order. */
  readonly statements: string[];
}

/** The metrics as they are served, on a test database. */
export async function openMetrics(
  db: Pick<TestDatabase, 'database' | 'sign'>,
  caps = { maxRows: 1000, maxBytes: 300_000 },
): Promise<OpenMetrics> {
  const served = await openRunQuery(db, caps);
  const statements: string[] = [];
  const runQuery: RunQuery = (request) => {
    statements.push(request.sql);
    return served(request);
  };
  const extentOf = createDataExtent({ definition: retailMetrics, runQuery, clock: testToday });
  return {
    runQuery,
    statements,
    extentOf,
    getMetrics: createGetMetrics({ definition: retailMetrics, runQuery, clock: testToday, extentOf, ...caps }),
  };
}

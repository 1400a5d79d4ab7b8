import { retailSchema } from '../../src/app/served-schema.ts';
import type { TestDatabase } from './databases.ts';
import { testToday } from './metrics.ts';
import { openRunQuery } from './run-query.ts';

/** The served schema's own tools on a test database, in January 2026. */
export async function openReports(db: Pick<TestDatabase, 'database' | 'sign'>) {
  const runQuery = await openRunQuery(db, { maxRows: 1000, maxBytes: 300_000 });
  return retailSchema.reports({ runQuery, database: db.database, clock: testToday });
}

/** Who asks, and how, where nothing else matters. */
export const asker = { requestId: 'test', signal: new AbortController().signal };

export const rowsIn = ({ rowsJson }: { rowsJson: string }) => JSON.parse(rowsJson) as unknown[][];

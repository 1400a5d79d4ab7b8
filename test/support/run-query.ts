import { systemClock } from '../../src/core/clock.ts';
import { loadColumnLabels } from '../../src/query/column-labels.ts';
import { createExecute } from '../../src/query/execute.ts';
import { createGuard } from '../../src/query/guard.ts';
import type { RunQuery } from '../../src/query/query-result.ts';
import { createRunQuery, type RunQueryOptions } from '../../src/query/run-query.ts';
import { loadTypeCatalog } from '../../src/query/type-catalog.ts';
import { retailDefinition as definition } from '../../src/retail/definition.ts';
import type { TestDatabase } from './databases.ts';

/** The path of callers' statements as it is served, on a test database, with caps that tests can reach unless others are given. */
export async function openRunQuery(
  { database, sign }: Pick<TestDatabase, 'database' | 'sign'>,
  {
    maxRows = 3,
    maxBytes = 2000,
    ...more
  }: Partial<Pick<RunQueryOptions, 'maxBytes' | 'remember' | 'usages'>> & { maxRows?: number } = {},
): Promise<RunQuery> {
  const types = await loadTypeCatalog(database);
  return createRunQuery({
    definition,
    guard: await createGuard({ definition, serverMajor: database.serverMajor }),
    execute: createExecute({ database, signScope: sign, maxRows, maxBytes: 5 * maxBytes, timeoutMs: 5000 }),
    types,
    labelColumns: await loadColumnLabels(database, definition, types),
    maxBytes,
    clock: systemClock,
    ...more,
  });
}

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { createRunQuery } from '../../src/query/run-query.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailQueries } from '../support/corpus/retail-queries.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { openGuarded } from '../support/guarded-database.ts';
import { randomStatements } from './random-joins.ts';

const [reader] = retailDefinition.readerRoles;
const everyStore = [1, 2, 3, 4, 5, 6, 7, 8];
const scopes = [[1], [6], [2, 5], everyStore];
const limits = { maxRows: 20_000, maxBytes: 5_000_000 };

/** Which rows a final LIMIT leaves is anybody's guess where the order has ties: all of them are compared. */
const unlimited = (sql: string) =>
  sql.replace(/\s(LIMIT \d+|FETCH (FIRST|NEXT) \d+ ROWS (ONLY|WITH TIES))( OFFSET \d+)?;?\s*$/i, '');

onEveryDatabase('With the tenants named in the text', (tier) => {
  let db: TestDatabase;
  let guard: Guard;
  beforeAll(async () => {
    ({ db, guard } = await openGuarded(tier));
  });
  afterAll(() => db.close());

  const rowsOf = async (text: string, ids: readonly number[]) =>
    (await db.asStores(ids, text, { limits })).rows.map((row) => JSON.stringify(row));

  /** The rows without and with the tenants in the text, in the order in which they came. */
  async function both(sql: string, ids: readonly number[]) {
    const plain = guard.approve(sql, reader!);
    const named = guard.approve(sql, reader!, ids);
    return {
      plain: await rowsOf(plain.text, ids),
      named: named.text === plain.text ? undefined : await rowsOf(named.text, ids),
    };
  }

  test('any join, sub-select, CTE and aggregate gives the same rows', { timeout: 300_000 }, async () => {
    const seen = { statements: 0, named: 0, rows: 0 };
    await fc.assert(
      fc.asyncProperty(randomStatements, fc.constantFrom(...scopes), async (sql, ids) => {
        const { plain, named } = await both(sql, ids);
        seen.statements += 1;
        seen.rows += plain.length;
        if (named === undefined) return;
        seen.named += 1;
        // As one text: comparing thousands of rows one by one takes longer than asking for them.
        expect(named.sort().join('\n')).toBe(plain.sort().join('\n'));
      }),
      { numRuns: 250 },
    );
    expect(seen.named).toBeGreaterThan(seen.statements / 2);
    expect(seen.rows).toBeGreaterThan(seen.statements);
  });

  /** Aggregates whose value follows the order of the rows, which another plan may change. */
  const ordered = /\b(?:jsonb?_agg|array_agg|string_agg|corr|regr_\w+|covar_\w+)\(/i;

  test.each(scopes.map((ids) => [ids] as const))(
    'the corpus gives the same rows to stores %j',
    { timeout: 120_000 },
    async (ids) => {
      const different: string[] = [];
      let compared = 0;
      for (const sql of retailQueries.map(unlimited)) {
        if (guard.approve(sql, reader!).volatile || ordered.test(sql)) continue;
        const { plain, named } = await both(sql, ids);
        if (named === undefined) continue;
        compared += 1;
        if (JSON.stringify(named.sort()) !== JSON.stringify(plain.sort())) different.push(sql);
      }
      expect(different).toEqual([]);
      expect(compared).toBeGreaterThan(80);
    },
  );
});

/** What a caller with these tenants sends to the database. */
async function sentBy(roles: readonly string[], ids: readonly number[]): Promise<string> {
  const sent: string[] = [];
  const runQuery = createRunQuery({
    definition: retailDefinition,
    guard: await createGuard({ definition: retailDefinition, serverMajor: 17 }),
    execute: (approved) => {
      sent.push(approved.text);
      return Promise.resolve({ verifiedTenantIds: ids, columns: [], rows: [], truncated: false });
    },
    types: new Map(),
    labelColumns: () => [],
    maxBytes: 1000,
    clock: systemClock,
  });
  const tenants = ids.map((id) => ({ id, name: `Store ${id}`, key: String(id), group: '' }));
  await runQuery({ sql: 'SELECT order_id FROM orders', principal: { subject: 'a', roles, permissions: new Set(), tenants } });
  return sent.join(';').replace('SELECT order_id FROM retail.orders', '');
}

test.each<[string, readonly string[], readonly number[], string]>([
  ['one store', ['store_manager'], [3], ' WHERE orders.store_id = 3'],
  ['a region', ['regional_manager'], [1, 2, 4], ' WHERE orders.store_id IN (1, 2, 4)'],
  ['every store', ['super_admin'], everyStore, ''],
  ['every store, narrowed to one', ['super_admin'], [5], ' WHERE orders.store_id = 5'],
])('the scope of a caller who sees %s is named where that sorts out rows', async (_who, roles, ids, predicate) => {
  expect(await sentBy(roles, ids)).toBe(predicate);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { ApprovedQuery } from '../../src/query/approved-query.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { retailTables } from '../../src/retail/tables.ts';
import { realServers, type TestDatabase, tiers } from '../support/databases.ts';
import { type BatchReport, openOracle } from '../support/fuzz/oracle.ts';
import { fuzzStatements } from '../support/fuzz/statements.ts';
import { canaries, everythingSeen, plantCanaries } from './canaries.ts';

const statements = Number(process.env.FUZZ_STATEMENTS ?? 20_000);
const seed = Number(process.env.FUZZ_SEED ?? 20_261_122);
const batchSize = 250;
const [reader] = retailDefinition.readerRoles;
const served = new Set(retailTables.map(({ name }) => `retail.${name}`));
const tier = tiers.find(({ name }) => name === realServers()[0]?.name);

describe.skipIf(tier === undefined)('what the guard lets through, with PostgreSQL as the judge', () => {
  let db: TestDatabase;
  let guard: Guard;
  let judge: Awaited<ReturnType<typeof openOracle>>;
  beforeAll(async () => {
    if (tier === undefined) return;
    db = await tier.open();
    // Few rows: joins of everything with everything must end.
    await db.owner.script(`
      DELETE FROM retail.order_items WHERE order_id > 40; DELETE FROM retail.orders WHERE order_id > 40;
      DELETE FROM retail.customers c WHERE NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id);
      DELETE FROM retail.inventory WHERE product_id > 5; DELETE FROM retail.sales_by_day WHERE order_date > '2020-01-05';
      DELETE FROM retail.sales_by_month_product WHERE month > '2020-01-01' OR product_id > 40;
      DELETE FROM retail.sales_by_month_category WHERE month > '2020-01-01';`);
    await plantCanaries(db);
    guard = await createGuard({ definition: retailDefinition, serverMajor: db.database.serverMajor });
    judge = await openOracle(db);
    await db.admin.script("SET statement_timeout = '20s'; SET jit = off; SET search_path = pg_catalog, retail, extensions");
  });
  afterAll(() => db?.close());

  const approve = (sql: string): ApprovedQuery | undefined => {
    try {
      return guard.approve(sql, reader ?? { suffix: 'reader', permissions: [] });
    } catch (error) {
      if (error instanceof AppError && error.code === 'query_rejected') return undefined;
      throw error;
    }
  };
  const faultsOf = ({ changed, relations, before, after }: BatchReport) => [
    ...(changed ? ['changed something'] : []),
    ...(before === after ? [] : ['left something behind']),
    ...relations.filter((name) => !served.has(name)).map((name) => `read ${name}`),
  ];
  /** The statement to blame, for the report of a failure. */
  const blame = async (texts: readonly string[]): Promise<string[]> => {
    const blamed: string[] = [];
    for (const text of texts) {
      const faults = faultsOf(await judge([text]));
      if (faults.length > 0) blamed.push(`${faults.join(', ')}: ${text}`);
    }
    return blamed;
  };

  const expectOwnRows = async ({ text, relations }: ApprovedQuery): Promise<void> => {
    const seen = await everythingSeen(db.asStores([1], text));
    for (const canary of canaries) expect(seen.text, text).not.toContain(canary);
    // What the login may not read the guard must have refused.
    expect(seen.text, text).not.toMatch(/permission denied/);
    // Of `stores`, which is shared, everybody sees all ids; and a number that the statement itself names tells nobody anything.
    const isForeign = (id: unknown) => /^[2-8]$/.test(String(id)) && !new RegExp(`\\b${id}\\b`).test(text);
    expect(relations.includes('stores') ? [] : seen.storeIds.filter(isForeign), text).toEqual([]);
  };

  test('the judge sees what it is there to see', async () => {
    const seen = async (sql: string) => faultsOf(await judge([sql]));
    expect(await seen('SELECT * FROM orders')).toEqual([]);
    expect(await seen('SELECT * FROM keys.scope_keys')).toEqual(['read keys.scope_keys']);
    expect(await seen("SELECT query_to_xml('SELECT * FROM audit.events', true, false, '')")).toContain('read audit.events');
    expect(await seen("SELECT set_config('zava.tenant_scope', '2', false)")).toEqual(['left something behind']);
    expect(await seen("SELECT set_config('zava.tenant_scope', '', false)")).toEqual(['left something behind']);
    expect(await seen('SELECT pg_advisory_lock(7)')).toEqual(['left something behind']);
    await judge(['SELECT pg_advisory_unlock_all()']);
    expect(await seen("SELECT nextval('retail.orders_order_id_seq')")).toContain('left something behind');
    expect(await seen('WITH x AS (UPDATE regions SET region_name = region_name RETURNING 1) SELECT * FROM x')).toContain(
      'changed something',
    );
    expect(await seen('SELECT lo_create(0)')).toContain('changed something');
    const denied = await everythingSeen(db.asStores([1], 'SELECT cost FROM retail.products'));
    expect(denied.text).toMatch(/permission denied/);
  });

  test(
    `${statements} statements: none changes anything, leaves anything behind, reads what is not served or shows another store`,
    async () => {
      const counts = { made: 0, approved: 0, ran: 0, shown: 0 };
      for (let round = 0; counts.made < statements; round += 1) {
        const made = fuzzStatements(Math.min(5000, statements - counts.made), seed + round);
        counts.made += made.length;
        const approved = made.flatMap((sql) => approve(sql) ?? []);
        counts.approved += approved.length;
        for (let from = 0; from < approved.length; from += batchSize) {
          const batch = approved.slice(from, from + batchSize);
          const report = await judge(batch.map(({ text }) => text));
          counts.ran += report.ran;
          if (faultsOf(report).length > 0) expect(await blame(batch.map(({ text }) => text)), `seed ${seed + round}`).toEqual([]);
          expect(faultsOf(report)).toEqual([]);
          // Every fourth as a caller has it: on the reader's login, in Seattle's scope.
          const asked = batch.filter((_, index) => index % 4 === 0);
          await Promise.all(asked.map(expectOwnRows));
          counts.shown += asked.length;
        }
      }
      process.stderr.write(`fuzz: ${JSON.stringify({ seed, ...counts })}\n`);
      // A generator of which nothing passes, or of which nothing runs, would prove nothing.
      expect(counts.approved).toBeGreaterThan(statements * 0.2);
      expect(counts.ran).toBeGreaterThan(counts.approved * 0.3);
      expect(counts.approved).toBeLessThan(statements * 0.9);
    },
    Math.max(180_000, statements * 20),
  );
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { realServers, type TestDatabase, tiers } from '../support/databases.ts';
import { fuzzNames } from '../support/fuzz/names.ts';

const statements = Number(process.env.FUZZ_STATEMENTS ?? 5_000);
const seed = Number(process.env.FUZZ_SEED ?? 777);
const batchSize = 250;
const [reader] = retailDefinition.readerRoles;
const tier = tiers.find(({ name }) => name === realServers()[0]?.name);

describe.skipIf(tier === undefined)('what the guard takes a name for, with the grants of the reader login as the judge', () => {
  let db: TestDatabase;
  let guard: Guard;
  beforeAll(async () => {
    if (tier === undefined) return;
    db = await tier.open();
    guard = await createGuard({ definition: retailDefinition, serverMajor: db.database.serverMajor });
    await db.admin.script(`
      CREATE SCHEMA fuzz;
      GRANT USAGE ON SCHEMA fuzz TO ${db.role('reader')};
      -- EXPLAIN asks for the same rights as running, and runs nothing
      CREATE FUNCTION fuzz.denied(statements text[]) RETURNS jsonb LANGUAGE plpgsql AS $$
      DECLARE
        statement text;
        understood int := 0;
        denied text[] := '{}';
      BEGIN
        FOREACH statement IN ARRAY statements LOOP
          BEGIN
            EXECUTE 'EXPLAIN ' || statement;
            understood := understood + 1;
          EXCEPTION
            WHEN insufficient_privilege THEN denied := denied || (SQLERRM || ': ' || statement);
            WHEN OTHERS THEN -- PostgreSQL does not understand it
          END;
        END LOOP;
        RETURN jsonb_build_object('understood', understood, 'denied', denied);
      END $$;
      -- and what looks like a column may be a call of a function
      ${['cost', 'email', 'ctid', 'store_id', 'order_id', 'u']
        .map((name) => `CREATE FUNCTION fuzz.${name}(record) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';`)
        .join('\n')}
      REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA fuzz FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION fuzz.denied TO ${db.role('reader')};
      SET search_path = pg_catalog, retail, extensions, fuzz;
      SET ROLE ${db.role('reader')}`);
  });
  afterAll(() => db?.close());

  const approve = (sql: string): string | undefined => {
    try {
      return guard.approve(sql, reader ?? { suffix: 'reader', permissions: [] }).text;
    } catch (error) {
      if (error instanceof AppError && error.code === 'query_rejected') return undefined;
      throw error;
    }
  };
  const judge = async (texts: readonly string[]): Promise<{ understood: number; denied: string[] }> => {
    const [row] = await db.admin.query('SELECT fuzz.denied($1) AS report', [texts]);
    return JSON.parse(row?.report ?? 'null');
  };

  test('the judge sees what it is there to see', async () => {
    expect((await judge(['SELECT cost FROM products', 'SELECT nothing', 'SELECT sku FROM products'])).understood).toBe(1);
    expect((await judge(['SELECT (SELECT cost FROM generate_series(1, 2) AS u) FROM products'])).denied).toHaveLength(1);
    expect((await judge(['SELECT u.u FROM unnest(ARRAY(SELECT o FROM orders o)) AS u'])).denied).toHaveLength(1);
  });

  test(
    `${statements} statements: none that the guard lets through reads a column that the login may not read`,
    async () => {
      const counts = { made: 0, approved: 0, understood: 0 };
      for (let round = 0; counts.made < statements; round += 1) {
        const made = fuzzNames(Math.min(5000, statements - counts.made), seed + round);
        counts.made += made.length;
        const approved = made.flatMap((sql) => approve(sql) ?? []);
        counts.approved += approved.length;
        for (let from = 0; from < approved.length; from += batchSize) {
          const { understood, denied } = await judge(approved.slice(from, from + batchSize));
          counts.understood += understood;
          expect(denied, `seed ${seed + round}`).toEqual([]);
        }
      }
      process.stderr.write(`fuzz of names: ${JSON.stringify({ seed, ...counts })}\n`);
      // A generator of which nothing passes, or of which nothing is understood, would prove nothing.
      expect(counts.approved).toBeGreaterThan(statements * 0.03);
      expect(counts.understood).toBeGreaterThan(counts.approved * 0.2);
    },
    Math.max(180_000, statements * 20),
  );
});

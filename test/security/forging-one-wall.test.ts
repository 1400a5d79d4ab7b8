import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { dangerousFunctions } from '../../src/postgres/dangerous-functions.ts';
import { createGuard, type Guard } from '../../src/query/guard.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { type TestDatabase, tiers } from '../support/databases.ts';
import { canaries, everythingSeen, expectNothingForeign, foreignState, plantCanaries } from './canaries.ts';
import { forgingAttempts } from './forging-attempts.ts';

const realTiers = tiers.filter((tier) => tier.name !== 'the embedded database');
const [reader] = retailDefinition.readerRoles;
const setting = (value: string) => `set_config('zava.tenant_scope', ${value}, true)`;
const orders = 'SELECT o.store_id, c.first_name, o.total_amount FROM retail.orders o JOIN retail.customers c USING (customer_id)';

const prefixed = (db: TestDatabase, sql: string) => sql.replaceAll('{{prefix}}', db.role('').slice(0, -1));

/** As a managed service leaves it, whose administrator cannot take PostgreSQL's own functions from PUBLIC. */
async function openUnhardened(tier: (typeof tiers)[number]): Promise<TestDatabase> {
  const db = await tier.open();
  const rows = await db.admin.query(
    `SELECT p.oid::regprocedure::text AS signature FROM pg_proc p
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY ($1) AND p.proname NOT LIKE '%stat%activity'`,
    [dangerousFunctions],
  );
  await db.admin.script(rows.map((row) => `GRANT EXECUTE ON FUNCTION ${row.signature} TO PUBLIC;`).join('\n'));
  await db.admin.script('GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC');
  await plantCanaries(db);
  return db;
}

describe.each(realTiers)('The signed scope alone (no guard, nothing revoked), on $name', (tier) => {
  let db: TestDatabase;
  let before: Record<string, string | null> | undefined;
  beforeAll(async () => {
    db = await openUnhardened(tier);
    before = await foreignState(db);
  });
  afterAll(() => db.close());

  test('settings can be changed at will there', async () => {
    const result = await db.asStores([1], `SELECT ${setting("'2'")}, current_setting('zava.tenant_scope')`);
    expect(result.rows).toEqual([['2', '2']]);
  });

  test.each(forgingAttempts)('nothing of another store is seen by: $name', async ({ sql }) => {
    await expectNothingForeign(db.asStores([1], prefixed(db, sql), { timeoutMs: 5000 }));
  });

  describe('a captured context', () => {
    const capture = (ids: number[]) => db.asStores(ids, "SELECT current_setting('zava.tenant_scope'), pg_backend_pid()");
    const replay = (context: string | null | undefined) =>
      db.asStores(
        [1],
        `WITH f AS MATERIALIZED (SELECT ${setting(`'${context}'`)} AS x, pg_backend_pid()) SELECT * FROM f, (${orders}) o`,
      );

    test('is worth nothing in the next transaction of the same connection', async () => {
      const [[context] = []] = (await capture([2])).rows;
      expect(context).toMatch(/^2\|/);
      expect((await replay(context)).rows).toEqual([]);
    });

    test('is worth nothing on other connections at the same time', async () => {
      const [[context] = []] = (await capture([1, 2, 3, 4, 5, 6, 7, 8])).rows;
      const results = await Promise.all([1, 2, 3, 4].map(() => replay(context)));
      expect(results.map((result) => result.rows)).toEqual([[], [], [], []]);
    });

    test('put back within its own transaction gives its own scope and no more', async () => {
      const result = await db.asStores(
        [1],
        `WITH f AS MATERIALIZED (SELECT ${setting("current_setting('zava.tenant_scope')")} AS x) SELECT DISTINCT o.store_id FROM f, retail.orders o`,
      );
      expect(result.rows).toEqual([['1']]);
    });
  });

  test('a setting put for the whole session does not reach the next call on that connection', async () => {
    await db.asStores([2], "SELECT set_config('zava.tenant_scope', current_setting('zava.tenant_scope'), false)");
    await db.asStores([2], "SELECT set_config('search_path', 'pg_temp', false), set_config('row_security', 'off', false)");
    const result = await db.asStores([1], "SELECT DISTINCT store_id, current_setting('row_security') FROM orders");
    expect(result.rows).toEqual([['1', 'on']]);
  });

  test('a token that a caller got hold of opens its own stores and dies with its time', async () => {
    const other = db.sign([2]);
    const used = await db.asStores(
      [1],
      `WITH f AS MATERIALIZED (SELECT retail.use_scope('${other.replace('.2.', '.2,3.')}') AS ids) SELECT f.ids, o.* FROM f, (${orders}) o`,
    );
    expect(used.rows).toEqual([]);
  });

  test('a DO block that changes settings and raises what it sees raises nothing foreign', async () => {
    await expectNothingForeign(
      db.asStores(
        [1],
        `DO $$ BEGIN PERFORM ${setting("'2|' || extract(epoch FROM transaction_timestamp()) || '|00'")};
         RAISE EXCEPTION 'seen: %', (SELECT string_agg(total_amount::text, ',') FROM retail.orders); END $$`,
      ),
    );
  });

  test('a message sent from a caller’s statement is never delivered', async () => {
    const heard = await db.admin.query('SELECT pg_notification_queue_usage()::text AS used');
    await db.asStores([1], "SELECT pg_notify('zava_table_changed', 'orders:999')");
    expect(await db.admin.query('SELECT pg_notification_queue_usage()::text AS used')).toEqual(heard);
  });

  test('afterwards the foreign stores, the policies and the logins are what they were', async () => {
    expect(await foreignState(db)).toEqual(before);
  });
});

describe.each(realTiers)('The guard alone (the scope a plain setting, nothing revoked), on $name', (tier) => {
  let db: TestDatabase;
  let guard: Guard;
  beforeAll(async () => {
    db = await openUnhardened(tier);
    // Trusts whatever the setting says, as ordinary designs do.
    await db.owner.script(`
      CREATE OR REPLACE FUNCTION retail.current_store_ids() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
      SET search_path = pg_catalog, pg_temp
      AS $$ SELECT string_to_array(split_part(current_setting('zava.tenant_scope', true), '|', 1), ',')::int[] $$`);
    guard = await createGuard({ definition: retailDefinition, serverMajor: db.database.serverMajor });
  });
  afterAll(() => db.close());

  test('without the guard the canaries are taken there, so these tests can fail', async () => {
    const taken: string[] = [];
    for (const { name, sql } of forgingAttempts) {
      const { text } = await everythingSeen(db.asStores([1], prefixed(db, sql), { timeoutMs: 5000 }));
      if (canaries.some((canary) => text.includes(canary))) taken.push(name);
    }
    expect(taken.length).toBeGreaterThanOrEqual(5);
  });

  test.each(forgingAttempts)('the guard refuses, or keeps within the store: $name', async ({ sql }) => {
    let text: string;
    try {
      text = guard.approve(prefixed(db, sql), reader!).text;
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).code).toBe('query_rejected');
      return;
    }
    await expectNothingForeign(db.asStores([1], text, { timeoutMs: 5000 }));
  });

  test('of the attempts on settings, roles, texts and definer functions it lets none through', () => {
    const approved = forgingAttempts.filter(({ sql }) => {
      try {
        guard.approve(prefixed(db, sql), reader!);
        return true;
      } catch {
        return false;
      }
    });
    expect(
      approved.filter(({ sql }) => /set_config|use_scope|_to_xml|keys\.|^\s*(SET|DO|COPY)\b/i.test(sql)).map((one) => one.name),
    ).toEqual([]);
  });
});

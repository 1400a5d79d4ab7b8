import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { bootstrap } from '../../src/postgres/bootstrap.ts';
import type { OwnerSession, TenantStatement } from '../../src/postgres/database.ts';
import { type EmbeddedSession, openEmbeddedSession } from '../../src/postgres/embedded-session.ts';
import { migrate, readMigrations } from '../../src/postgres/migrate.ts';
import { createScopeSigner } from '../../src/postgres/scope-token.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { migrationsDirectory, signingKey } from '../support/databases.ts';

/** In this thread, where a worker would hide what happens. */
describe('PostgreSQL in this thread', () => {
  let session: EmbeddedSession;
  const sign = createScopeSigner({ signingKey: () => signingKey, clock: systemClock });
  beforeAll(async () => {
    session = await openEmbeddedSession({ dataDir: 'memory' });
    const as = (role: string | null): OwnerSession => ({
      query: (text, values = []) => session.query(role, text, values),
      script: (text) => session.script(role, text),
      copyRows: (table, columns, rows) => session.insertRows(role, table, columns, [...rows] as (string | number | null)[][]),
      close: async () => {},
    });
    await bootstrap({ session: as(null), definition: retailDefinition, prefix: 'zava', passwords: {}, signingKey });
    await migrate({ session: as('zava_owner'), migrations: await readMigrations(migrationsDirectory), prefix: 'zava' });
    await session.script(
      'zava_owner',
      `INSERT INTO retail.regions VALUES (1, 'R');
      INSERT INTO retail.stores (store_id, store_name, rls_user_id, region_id) SELECT n, 'S' || n, gen_random_uuid(), 1 FROM generate_series(1, 3) n;
      INSERT INTO retail.customers (customer_id, first_name, last_name, email) VALUES (1, 'a', 'b', 'a@b')`,
    );
    await session.insertRows(
      'zava_owner',
      'retail.orders',
      [
        { name: 'customer_id', type: 'int4' },
        { name: 'store_id', type: 'int4' },
        { name: 'order_date', type: 'date' },
        { name: 'total_amount', type: 'numeric(12,2)' },
      ],
      [
        [1, 1, '2025-01-01', '5.50'],
        [1, 2, '2025-01-01', 7],
        [1, 1, '2025-01-02', '1'],
      ],
    );
  }, 60_000);
  afterAll(() => session.close());

  const ask = (text: string, changes: Partial<TenantStatement> = {}) =>
    session.runAsTenant(
      { reader: 'reader', scopeToken: sign([1]), text, limits: { maxRows: 10, maxBytes: 1000 }, timeoutMs: 1000, ...changes },
      'retail.use_scope',
      'zava_reader',
    );

  test('answers within the scope and as the reader', async () => {
    const result = await ask('SELECT store_id, total_amount, current_user FROM retail.orders ORDER BY 2');
    expect(result).toMatchObject({
      verifiedTenantIds: [1],
      columns: [
        { name: 'store_id', typeOid: 23 },
        { name: 'total_amount', typeOid: 1700 },
        { name: 'current_user', typeOid: 19 },
      ],
      rows: [
        ['1', '1.00', 'zava_reader'],
        ['1', '5.50', 'zava_reader'],
      ],
      truncated: false,
    });
  });

  test('takes nothing but a query, so that the role cannot be left', async () => {
    for (const sql of ['RESET ROLE', 'COMMIT', 'SELECT 1; RESET ROLE', 'DELETE FROM retail.orders', 'SET ROLE postgres', ''])
      await expect(ask(sql)).rejects.toMatchObject({ code: '42601' });
    await expect(ask("SELECT set_config('role', 'postgres', true)")).rejects.toMatchObject({ code: '42501' });
    expect((await ask('SELECT session_user, current_user')).rows).toEqual([['postgres', 'zava_reader']]);
  });

  test('counts the place of an error from the caller’s own first character', async () => {
    await expect(ask('SELECT nonsense')).rejects.toMatchObject({ code: '42703', position: '8' });
    await expect(ask('SELECT 1 +')).rejects.toMatchObject({ code: '42601' });
    await expect(ask('SELECT 1 / (total_amount * 0) FROM retail.orders')).rejects.toMatchObject({
      code: '22012',
      position: undefined,
    });
  });

  test('after an error nothing of the call is left', async () => {
    await ask('SELECT nonsense').catch(() => {});
    expect(await session.query('zava_server', 'SELECT current_user AS me, pg_current_xact_id_if_assigned() AS x', [])).toEqual([
      { me: 'zava_server', x: null },
    ]);
    expect(await session.query(null, 'SELECT retail.current_store_ids() AS ids', [])).toEqual([{ ids: '{}' }]);
    expect((await ask('SELECT count(*) FROM retail.orders')).rows).toEqual([['2']]);
  });

  test('an error under a refused token is told as that', async () => {
    await expect(ask('SELECT 1 / count(*) FROM retail.orders', { scopeToken: 'bad' })).rejects.toMatchObject({ code: '28000' });
    expect(await ask('SELECT count(*) FROM retail.orders', { scopeToken: 'bad' })).toMatchObject({
      verifiedTenantIds: [],
      rows: [['0']],
    });
  });

  test('every type leaves as PostgreSQL’s text', async () => {
    const [row] = await session.query(
      null,
      "SELECT true AS a, 1::int8 AS b, 1.50 AS c, '{\"a\":1}'::json AS d, '{1,2}'::int[] AS e, now() > '2020-01-01' AS f, date '2024-02-29' AS g, '\\x01'::bytea AS h, $1::int[] AS i, $2::text AS j",
      [[1, null], 'x'],
    );
    expect(row).toEqual({
      a: 't',
      b: '1',
      c: '1.50',
      d: '{"a":1}',
      e: '{1,2}',
      f: 't',
      g: '2024-02-29',
      h: '\\x01',
      i: '{1,NULL}',
      j: 'x',
    });
  });

  test('a copy made of its dump holds the same', async () => {
    const template = await session.dump();
    const copy = await openEmbeddedSession({ dataDir: 'memory', template });
    expect(await copy.query('zava_owner', 'SELECT count(*) AS n FROM retail.orders', [])).toEqual([{ n: '3' }]);
    await copy.close();
  });
});

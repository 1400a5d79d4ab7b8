import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/postgres/database.ts';
import type { TestDatabase } from '../support/databases.ts';
import { limits, openPool, realTiers } from './real-servers.ts';

const slow = (millions: number) => `SELECT count(*) FROM generate_series(1, ${millions}000000)`;

describe.each(realTiers)('The connections of a serving process, on $name', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const ask = (database: Database, text: string, changes: { reader?: string; share?: string } = {}) =>
    database.runAsTenant({ reader: 'reader', scopeToken: db.sign([1]), text, limits, timeoutMs: 10_000, ...changes });
  const using = async <T>(changes: Parameters<typeof openPool>[1], work: (database: Database) => Promise<T>) => {
    const database = await openPool(db, changes);
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };

  test('tell which PostgreSQL answers', () =>
    using({}, async (database) => {
      expect(database.kind).toBe('postgresql');
      expect(tier.name).toBe(`PostgreSQL ${database.serverMajor}`);
    }));

  test('when all are held the next caller hears overloaded after the waiting time, and is served later', () =>
    using({ maxConnections: 2, acquireTimeoutMs: 60 }, async (database) => {
      const holders = [ask(database, slow(4)), ask(database, slow(4))];
      const start = performance.now();
      await expect(ask(database, 'SELECT 1')).rejects.toMatchObject({ code: 'overloaded' });
      expect(performance.now() - start).toBeGreaterThanOrEqual(55);
      await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'overloaded' });
      await Promise.all(holders);
      expect((await ask(database, 'SELECT 1')).rows).toEqual([['1']]);
    }));

  test('one is kept for the server’s own statements, however many tenants hold the others', () =>
    using({ maxConnections: 4, acquireTimeoutMs: 60 }, async (database) => {
      let ended = 0;
      const holders = [1, 2, 3].map((share) =>
        ask(database, slow(6), { share: `scope ${share}` }).then(() => {
          ended += 1;
        }),
      );
      await expect(ask(database, 'SELECT 1', { share: 'scope 4' })).rejects.toMatchObject({ code: 'overloaded' });
      expect(await database.query('SELECT 1 AS one')).toEqual([{ one: '1' }]);
      expect(ended).toBe(0);
      await Promise.all(holders);
    }));

  test('beyond the queue’s limit callers hear overloaded at once', () =>
    using({ maxConnections: 1, queueLimit: 1 }, async (database) => {
      const calls = [ask(database, slow(1)), ask(database, 'SELECT 1')];
      await expect(ask(database, 'SELECT 1')).rejects.toMatchObject({ code: 'overloaded' });
      await Promise.all(calls);
    }));

  test('of all five logins together never exceed the budget, idle ones included', () =>
    using({ maxConnections: 3 }, async (database) => {
      const application = 'zava-tests';
      const open = async () =>
        Number(
          (
            await db.admin.query(
              `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
               AND usename NOT IN ('postgres', $2)`,
              [application, db.role('owner')],
            )
          )[0]?.n,
        );
      await db.database.query('SELECT 1');
      const others = (await open()) - 1;
      const readers = ['reader', 'reader_costs', 'reader_pii', 'reader_costs_pii'];
      let most = 0;
      for (let turn = 0; turn < 12; turn += 1) {
        const calls = readers.flatMap((reader) => [
          ask(database, 'SELECT 1', { reader }),
          ask(database, 'SELECT pg_backend_pid()', { reader }),
        ]);
        await Promise.all([...calls, database.query('SELECT 1')]);
        most = Math.max(most, (await open()) - others);
      }
      // A connection being closed may be seen for a moment beside its successor.
      await expect.poll(async () => (await open()) - others).toBeLessThanOrEqual(3);
      expect(most).toBeLessThanOrEqual(5);
    }));

  test('an idle one is used again rather than a new one made', () =>
    using({ maxConnections: 4 }, async (database) => {
      const pids = new Set<unknown>();
      for (let turn = 0; turn < 5; turn += 1) pids.add((await ask(database, 'SELECT pg_backend_pid()')).rows[0]?.[0]);
      expect(pids.size).toBe(1);
    }));

  test('one that an administrator ends while idle is replaced unseen', () =>
    using({ maxConnections: 1 }, async (database) => {
      const [[pid] = []] = (await ask(database, 'SELECT pg_backend_pid()')).rows;
      await db.admin.query('SELECT pg_terminate_backend($1)', [pid ?? null]);
      await expect
        .poll(() =>
          ask(database, 'SELECT 1').then(
            (result) => result.rows,
            () => [],
          ),
        )
        .toEqual([['1']]);
    }));

  test('one that an administrator ends at work fails its own call alone', () =>
    using({ maxConnections: 1 }, async (database) => {
      const [[pid] = []] = (await ask(database, 'SELECT pg_backend_pid()')).rows;
      const call = ask(database, slow(60));
      const outcome = expect(call).rejects.toMatchObject({ code: 'dependency_unavailable' });
      await expect
        .poll(async () => (await db.admin.query('SELECT state FROM pg_stat_activity WHERE pid = $1', [pid ?? null]))[0]?.state)
        .toBe('active');
      await db.admin.query('SELECT pg_terminate_backend($1)', [pid ?? null]);
      await outcome;
      expect((await ask(database, 'SELECT 1')).rows).toEqual([['1']]);
    }));

  test('the server’s own statements speak text, and their failures are ours, not the caller’s', () =>
    using({}, async (database) => {
      expect(await database.query('SELECT 1 AS a, NULL AS b, $1::int[] AS c, now() IS NULL AS d', [[1, 2]])).toEqual([
        { a: '1', b: null, c: '{1,2}', d: 'f' },
      ]);
      await expect(database.query('SELECT nonsense')).rejects.toMatchObject({ code: 'internal' });
      await expect(database.query('SELECT * FROM retail.orders')).rejects.toMatchObject({ code: 'internal' });
      expect(await database.query('SELECT 1 AS a')).toEqual([{ a: '1' }]);
    }));

  test('once closed, nobody gets one, nor who had none before', async () => {
    const database = await openPool(db, {});
    await ask(database, 'SELECT 1');
    await database.close();
    const open = () =>
      db.admin.query('SELECT usename FROM pg_stat_activity WHERE datname = current_database() AND usename = $1', [
        db.role('reader_costs_pii'),
      ]);
    const before = await open();
    for (const reader of ['reader', 'reader_costs_pii'])
      await expect(ask(database, 'SELECT 1', { reader })).rejects.toMatchObject({ code: 'internal' });
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'internal' });
    expect(await open()).toEqual(before);
  });

  test('a wrong password is found at the start', async () => {
    await expect(openPool(db, { server: { user: db.role('server'), password: 'wrong' } })).rejects.toMatchObject({
      code: 'internal',
    });
    await using({ reader: (suffix) => ({ user: db.role(suffix), password: 'wrong' }) }, (database) =>
      expect(ask(database, 'SELECT 1')).rejects.toMatchObject({ code: 'internal' }),
    );
  });

  test('a server that is not there, or hangs up, is an unavailable dependency', async () => {
    await expect(openPool(db, { address: { ...db.address!, port: 1 } })).rejects.toMatchObject({
      code: 'dependency_unavailable',
    });
    const deaf = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const { port } = deaf.address() as { port: number };
    await expect(openPool(db, { address: { ...db.address!, host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'dependency_unavailable',
    });
    await new Promise((resolve) => deaf.close(resolve));
  });

  test('a database without a free connection is overloaded', async () => {
    await using({}, async (database) => {
      await db.admin.script(`ALTER DATABASE ${db.address?.database} CONNECTION LIMIT 0`);
      await expect(ask(database, 'SELECT 1', { reader: 'reader_pii' })).rejects.toMatchObject({ code: 'overloaded' });
    }).finally(() => db.admin.script(`ALTER DATABASE ${db.address?.database} CONNECTION LIMIT -1`));
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabaseCheck } from '../../../src/health/checks/database-check.ts';
import { readMigrations } from '../../../src/postgres/migrate.ts';
import { createPoolDatabase } from '../../../src/postgres/pool-database.ts';
import { migrationsDirectory, onEveryDatabase, type TestDatabase } from '../../support/databases.ts';
import { handClock } from '../../support/hand-clock.ts';

onEveryDatabase('The check of the database', (tier) => {
  let db: TestDatabase;
  let migration = 0;
  beforeAll(async () => {
    db = await tier.open();
    migration = (await readMigrations(migrationsDirectory)).at(-1)?.version ?? 0;
  });
  afterAll(() => db?.close());

  const check = (changes: object = {}) =>
    createDatabaseCheck({ database: db.database, migration, clock: { monotonic: () => performance.now() }, ...changes })();

  test('finds it healthy with the server’s own rights, and says that statistics are unavailable', async () => {
    const { status, reasons, details } = await check();
    expect({ status, reasons }).toEqual({ status: 'healthy', reasons: [] });
    expect(details).toMatchObject({ migration, slow_statements: 'statistics unavailable', pool: { waiting: 0 } });
    expect(details.response_ms).toBeGreaterThanOrEqual(0);
  });

  test('does not ask again and again for statistics that it may not read', async () => {
    const asked: string[] = [];
    const clock = handClock();
    const database = {
      ...db.database,
      query: (text: string) => {
        asked.push(text);
        return db.database.query(text);
      },
    };
    const counted = () => asked.filter((text) => text.includes('pg_stat_statements')).length;
    const again = createDatabaseCheck({ database, migration, clock });
    await again();
    await again();
    expect(counted()).toBe(1);
    clock.advance(600_000);
    await again();
    expect(counted()).toBe(2);
  });

  test('is degraded where migrations are pending, and names the remedy', async () => {
    expect(await check({ migration: migration + 1 })).toMatchObject({
      status: 'degraded',
      reasons: [`migration ${migration} of ${migration + 1}: run zava-mcp-server migrate`],
    });
  });

  test('is degraded where it answers late or calls wait', async () => {
    const slow = {
      ...db.database,
      waits: () => ({ p95Ms: 1500, timeoutMs: 5000 }),
      load: () => ({ slots: 1, running: 1, waiting: 3 }),
    };
    expect(await check({ database: slow })).toMatchObject({ status: 'degraded', reasons: ['calls wait for connections'] });
    const clock = handClock();
    const late = {
      ...db.database,
      query: (text: string) => {
        clock.advance(1200);
        return db.database.query(text);
      },
    };
    expect(await check({ database: late, clock })).toMatchObject({ status: 'degraded', reasons: ['it takes 1200 ms to answer'] });
  });

  test('is alive where only its statistics do not come, and they are asked for again', async () => {
    let hangs = true;
    const half = {
      ...db.database,
      query: (text: string) => (hangs && text !== 'SELECT 1' ? new Promise<never>(() => {}) : db.database.query(text)),
    };
    const look = createDatabaseCheck({ database: half, migration, clock: { monotonic: () => performance.now() }, detailsMs: 20 });
    expect(await look()).toMatchObject({ status: 'healthy', details: { migration: 'statistics unavailable' } });
    hangs = false;
    await expect.poll(async () => (await look()).details).toMatchObject({ migration });
  });

  test('shows the slowest statements where it may, without their literals', async () => {
    if (db.address === undefined) return;
    const server = db.role('server');
    await db.admin.query(`GRANT SELECT ON extensions.pg_stat_statements TO ${server}`);
    await db.admin.query(`GRANT EXECUTE ON FUNCTION extensions.pg_stat_statements(boolean) TO ${server}`);
    try {
      // On a busy machine statements that made the database are slow, too.
      const own = '(SELECT oid FROM pg_database WHERE datname = current_database())';
      await db.admin.query(`SELECT extensions.pg_stat_statements_reset(0, ${own}, 0)`);
      await db.admin.query("SELECT pg_sleep(1.05), 'a literal of somebody'");
      // Others' texts are hidden from it.
      expect((await check()).details.slow_statements).toBe('statistics unavailable');
      await db.admin.query(`GRANT pg_read_all_stats TO ${server} WITH INHERIT TRUE`);
      const seen = (await check()).details.slow_statements;
      expect(seen).toContainEqual({ query: 'SELECT pg_sleep($1), $2', calls: 1, mean_ms: expect.any(Number) });
      expect(JSON.stringify(seen)).not.toContain('a literal');
    } finally {
      await db.admin.query(`REVOKE pg_read_all_stats FROM ${server}`);
    }
  });

  test('finds a database that has gone unhealthy, and says nothing of where it was', async () => {
    const gone =
      db.address === undefined
        ? { ...db.database, query: () => Promise.reject(new Error('the worker ended')) }
        : await createPoolDatabase({
            address: db.address,
            server: { user: db.role('server'), password: db.password ?? '' },
            reader: (suffix) => ({ user: db.role(suffix), password: db.password ?? '' }),
            useScopeFunction: 'retail.use_scope',
            maxConnections: 2,
          });
    if ('close' in gone && db.address !== undefined) await gone.close();
    expect(await check({ database: gone })).toEqual({
      status: 'unhealthy',
      reasons: ['the database does not answer'],
      details: {},
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPoolSizing } from '../../src/app/pool-sizing.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Database } from '../../src/postgres/database.ts';
import { openPool, realTiers } from '../postgres/real-servers.ts';
import type { TestDatabase } from '../support/databases.ts';
import { until } from '../support/redis.ts';

describe.skipIf(realTiers.length === 0)('The ceiling of the connections', () => {
  let db: TestDatabase;
  let pool: Database;
  beforeAll(async () => {
    db = await realTiers[0]!.open();
    pool = await openPool(db, { maxConnections: 6 });
  });
  afterAll(async () => {
    await pool?.close();
    await db?.close();
  });

  const connections = async () => {
    const [row] = await db.admin.query(
      'SELECT count(*)::text AS n FROM pg_stat_activity WHERE datname = current_database() AND usename IN ($1, $2)',
      [db.role('server'), db.role('reader')],
    );
    return Number(row?.n);
  };
  const slow = (n: number) => pool.query(`SELECT ${n} AS n FROM generate_series(1, 400000) HAVING count(*) > 0`);

  test('comes down without a query lost, and idle connections are closed', async () => {
    const others = (await connections()) - 1;
    const running = Promise.all([1, 2, 3, 4].map(slow));
    await until('they run', () => pool.load().running === 4);
    pool.resize?.(2);
    expect(pool.load()).toMatchObject({ slots: 2, running: 4 });
    const late = slow(5);
    expect(pool.load().waiting).toBe(1);
    expect((await running).flat().map(({ n }) => n)).toEqual(['1', '2', '3', '4']);
    expect(await late).toEqual([{ n: '5' }]);
    pool.resize?.(2);
    await until('the others are closed', async () => (await connections()) - others <= 2);
  });

  test('goes up for calls that wait, and never above the most', async () => {
    pool.resize?.(1);
    const calls = [1, 2, 3, 4].map(slow);
    await until('they wait', () => pool.load().waiting === 3);
    pool.resize?.(60);
    expect(pool.load()).toMatchObject({ slots: 6, waiting: 0 });
    await Promise.all(calls);
  });

  test('follows the load, where that is wanted', async () => {
    const sized: number[] = [];
    const database = { load: pool.load, resize: (connections: number) => void sized.push(connections) };
    for (const POSTGRES_POOL_SIZING of ['fixed', 'load']) {
      const config = loadConfig({ serving: 'nothing' }, { POSTGRES_POOL_SIZING });
      await startPoolSizing({ config, database, load: () => 0 }).close();
    }
    expect(sized).toEqual([]);
    const config = loadConfig({ serving: 'nothing' }, {});
    await startPoolSizing({ config, database: { load: pool.load }, load: () => 0 }).close();
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRedis } from '../../src/resilience/redis-connection.ts';
import { realTiers } from '../postgres/real-servers.ts';
import type { TestDatabase } from '../support/databases.ts';
import { onRedis, until } from '../support/redis.ts';
import { type Replica, type ReplicaOptions, replica, tokenFor } from './replicas.ts';

const stores = 'SELECT DISTINCT store_id FROM orders ORDER BY store_id';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const tier = realTiers[0];
describe.skipIf(tier === undefined)('Answers of the whole product that are kept, on PostgreSQL 17', () => {
  let db: TestDatabase;
  let seattle: string;
  let bellevue: string;
  beforeAll(async () => {
    db = await tier!.open();
    [seattle, bellevue] = await Promise.all([tokenFor([1]), tokenFor([2])]);
  });
  afterAll(() => db?.close());

  /** Trusts its versions: from now on it may answer from its cache. */
  async function ready(options?: ReplicaOptions): Promise<Replica> {
    const one = await replica(db, options);
    open.push(one);
    const probe = `SELECT count(*) AS "${randomUUID()}" FROM stores`;
    await until('answers are kept', async () => (await one.ask(seattle, probe)).cached === true);
    return one;
  }
  const listeners = "FROM pg_stat_activity WHERE application_name LIKE '% listener' AND datname = current_database()";

  test('belong to one store: the same SQL by two is two answers, each cached for its own alone', async () => {
    const { ask, statements } = await ready();
    const before = statements();
    const answers = [];
    for (const token of [seattle, bellevue, seattle, bellevue, await tokenFor([2, 1])]) answers.push(await ask(token, stores));
    expect(answers.map(({ rows, cached }) => [rows, cached])).toEqual([
      [[[1]], false],
      [[[2]], false],
      [[[1]], true],
      [[[2]], true],
      [[[1], [2]], false],
    ]);
    expect(statements() - before).toBe(3);
  });

  test('are made by one statement in the database for fifty identical calls at once', async () => {
    const { ask } = await ready();
    const mark = `n_${randomUUID().replaceAll('-', '')}`;
    const sql = `SELECT count(*) AS ${mark} FROM order_items a JOIN orders o ON o.order_id = a.order_id`;
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(seattle, sql)));
    expect(new Set(answers.map(({ rows }) => JSON.stringify(rows))).size).toBe(1);
    expect(answers[0]!.rows![0]![0]).toBeGreaterThan(0);
    const [told] = await db.admin.query(
      `SELECT sum(calls) AS calls FROM extensions.pg_stat_statements WHERE query LIKE '%${mark}%' AND query NOT LIKE '%pg_stat_statements%'`,
    );
    expect(told).toEqual({ calls: '1' });
  });

  test('are gone on every replica 100 ms after the commit of a change, also of a table that only a policy reads', async () => {
    const replicas = [await ready(), await ready()];
    const sql = 'SELECT count(*) AS customers FROM customers';
    const cachedNow = async () => (await Promise.all(replicas.map(({ ask }) => ask(seattle, sql)))).map(({ cached }) => cached);
    for (const change of [
      'UPDATE retail.customers SET first_name = first_name',
      'UPDATE retail.orders SET total_amount = total_amount',
    ]) {
      await cachedNow();
      expect(await cachedNow()).toEqual([true, true]);
      await db.owner.query(`${change} WHERE customer_id = (SELECT min(customer_id) FROM retail.customers)`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await cachedNow()).toEqual([false, false]);
    }
  });

  test('are not used while the connection that listens is cut, and again when it is back', async () => {
    const { ask, observations } = await ready();
    await ask(seattle, stores);
    expect((await ask(seattle, stores)).cached).toBe(true);
    await db.admin.query(`SELECT pg_terminate_backend(pid) ${listeners}`);
    await until('the loss is noted', () =>
      observations.some((told) => told.kind === 'fault_met' && told.where === 'table versions'),
    );
    // Until it has come back: a change in between would go unheard.
    for (let hits = 0; hits === 0; ) {
      const [listening] = await db.admin.query(`SELECT count(*) AS count ${listeners}`);
      const { cached, rows } = await ask(seattle, stores);
      expect(rows).toEqual([[1]]);
      if (listening?.count === '0') expect(cached).toBe(false);
      if (cached) hits += 1;
    }
  });

  test('are never those of volatile statements, nor kept at all where CACHE_TTL_SECONDS is 0', async () => {
    const { ask } = await ready();
    const drawn = 'SELECT random() AS drawn, count(*) AS n FROM stores';
    const first = await ask(seattle, drawn);
    const second = await ask(seattle, drawn);
    expect([first.cached, second.cached]).toEqual([false, false]);
    expect(first.rows).not.toEqual(second.rows);
    const off = await replica(db, { env: { CACHE_TTL_SECONDS: '0' } });
    open.push(off);
    expect([(await off.ask(seattle, stores)).cached, (await off.ask(seattle, stores)).cached]).toEqual([false, false]);
  });

  test('are not shared by a role that may read costs and one that may not', async () => {
    const { ask } = await ready();
    // Both see stores 4 and 8.
    const withCosts = await tokenFor([], 'regional_manager', ['Inland Northwest', 'Online']);
    const without = await tokenFor([4, 8]);
    const [own, again, other] = [await ask(withCosts, stores), await ask(withCosts, stores), await ask(without, stores)];
    expect([own.rows, again.rows, other.rows]).toEqual([
      [[4], [8]],
      [[4], [8]],
      [[4], [8]],
    ]);
    expect([own.cached, again.cached, other.cached]).toEqual([false, true, false]);
    const costs = 'SELECT max(cost) AS cost FROM products';
    const dear = await ask(withCosts, costs);
    expect(Number(dear.rows?.[0]?.[0])).toBeGreaterThan(0);
    expect((await ask(withCosts, costs)).cached).toBe(true);
    expect(['query_rejected', 'query_failed']).toContain((await ask(without, costs)).code);
  });

  test.each(['altered', 'expired'])(
    'do not come of a scope token that is %s: the call fails as internal, and nothing is kept',
    async (what) => {
      let spoil = false;
      const altered = (token: string) => `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
      // A token is good for a minute.
      const lateMs = () => (spoil && what === 'expired' ? 120_000 : 0);
      const one = await ready({
        clock: { now: () => Date.now() - lateMs(), monotonic: () => performance.now() },
        onStatement: (statement) =>
          spoil && what === 'altered' ? { ...statement, scopeToken: altered(statement.scopeToken) } : statement,
      });
      const sql = `SELECT count(*) AS "${randomUUID()}" FROM orders`;
      spoil = true;
      const refused = [await one.ask(seattle, sql), await one.ask(seattle, sql)];
      expect(refused.map(({ status, code, rows }) => [status, code, rows])).toEqual([
        [200, 'internal', undefined],
        [200, 'internal', undefined],
      ]);
      spoil = false;
      expect(await one.ask(seattle, sql)).toMatchObject({ code: undefined, cached: false });
    },
  );

  onRedis('and shared by a Redis', (url) => {
    test('are hits on the other replica, until a change', async () => {
      const note = () => {};
      const pair: Replica[] = [];
      for (let count = 0; count < 2; count += 1) {
        const redis = openRedis({ url, note });
        open.push(redis);
        await until('Redis is connected', () => redis.client.isReady);
        pair.push(await ready({ redis }));
      }
      const [one, two] = pair as [Replica, Replica];
      const sql = `SELECT count(*) AS "${randomUUID()}" FROM inventory`;
      expect((await one.ask(seattle, sql)).cached).toBe(false);
      await until('the entry has come to Redis', async () => (await one.ask(seattle, sql)).cached === true);
      const before = two.statements();
      expect((await two.ask(seattle, sql)).cached).toBe(true);
      expect((await two.ask(bellevue, sql)).cached).toBe(false);
      expect(two.statements() - before).toBe(1);
      await db.owner.query('UPDATE retail.inventory SET stock_level = stock_level WHERE store_id = 1');
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await two.ask(seattle, sql)).cached).toBe(false);
    });
  });
});

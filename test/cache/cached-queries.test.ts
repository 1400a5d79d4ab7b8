import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/app/server-workers.ts';
import { cacheKey, schemaVersion } from '../../src/cache/cache-key.ts';
import type { CacheStore } from '../../src/cache/cache-store.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { createResultCache } from '../../src/cache/result-cache.ts';
import { createTableVersions } from '../../src/cache/table-versions.ts';
import { createTieredStore } from '../../src/cache/tiered-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import { readerRoleFor } from '../../src/core/schema-definition.ts';
import type { Database, OwnerSession } from '../../src/postgres/database.ts';
import { startTableListener, watchEmbeddedTables } from '../../src/postgres/table-listener.ts';
import { createExecute } from '../../src/query/execute.ts';
import { createGuard } from '../../src/query/guard.ts';
import { renderRows } from '../../src/query/render-rows.ts';
import { loadTypeCatalog } from '../../src/query/type-catalog.ts';
import { openRedis } from '../../src/resilience/redis-connection.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { createEnvelope } from '../../src/vault/envelope.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';
import { onEveryDatabase, principalFor, type TestDatabase } from '../support/databases.ts';
import { until } from '../support/redis.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

const keeping = { keepExpiredMs: 0, maxKeepMs: 330_000 };
const memory = () => createMemoryStore({ clock: systemClock, maxItems: 1000, ...keeping });

/** The path of a caller's statement as one replica walks it. */
async function replica(db: TestDatabase, store: CacheStore) {
  const versions = createTableVersions({ definition: retailDefinition, clock: systemClock });
  let owner: OwnerSession = db.owner;
  if (db.address === undefined) {
    owner = (await watchEmbeddedTables(db.database, versions)).watched(db.owner);
  } else {
    const login = { user: db.role('server'), password: db.password };
    const channel = 'zava_table_changed';
    const retryMs = { first: 400, last: 400 };
    open.push(startTableListener({ address: db.address, login, channel, sink: versions, onFailure: () => {}, retryMs }));
    await until('the versions are known', () => versions.trusted());
  }
  let statements = 0;
  const database: Database = {
    ...db.database,
    runAsTenant: (statement) => {
      statements += 1;
      return db.database.runAsTenant(statement);
    },
  };
  const guard = await createGuard({ definition: retailDefinition, serverMajor: database.serverMajor });
  const types = await loadTypeCatalog(database);
  const execute = createExecute({ database, signScope: db.sign, maxRows: 1000, maxBytes: 300_000, timeoutMs: 10_000 });
  const cache = createResultCache({ store, versions, clock: systemClock, ttlMs: 300_000 });
  const version = schemaVersion(retailDefinition);
  const ask = async (storeIds: readonly number[], sql: string, signal?: AbortSignal) => {
    const principal = await principalFor(db.database, 'store_manager', storeIds);
    const approved = guard.approve(sql, readerRoleFor(retailDefinition, principal.permissions));
    const scope = { namespace: 'test', schemaVersion: version, reader: approved.reader.suffix };
    const key = cacheKey({ ...scope, tenantIds: principal.tenants.map(({ id }) => id), kind: 'query', text: approved.text });
    return cache.answer({
      key,
      relations: approved.relations,
      signal,
      produce: async (shared) => renderRows(await execute(approved, principal, shared), types, 300_000),
    });
  };
  return { ask, owner, versions, cache, statements: () => statements };
}

const stores = 'SELECT DISTINCT store_id FROM orders';

onEveryDatabase('cached queries', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  test('the same text by two stores is two answers, never a shared one', async () => {
    const { ask } = await replica(db, memory());
    expect(await ask([1], stores)).toMatchObject({ cached: false, result: { rowsJson: '[[1]]' } });
    expect(await ask([2], stores)).toMatchObject({ cached: false, result: { rowsJson: '[[2]]' } });
    expect(await ask([1], `${stores} /* again */`)).toMatchObject({ cached: true, result: { rowsJson: '[[1]]' } });
    expect((await ask([2, 1], `${stores} ORDER BY 1`)).result.rowsJson).toBe('[[1],[2]]');
    expect((await ask([1, 2], `${stores} ORDER BY 1`)).cached).toBe(true);
  });

  test('fifty identical calls at once are one statement', async () => {
    const { ask, statements } = await replica(db, memory());
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask([1], 'SELECT count(*) FROM order_items')));
    expect(statements()).toBe(1);
    expect(new Set(answers.map(({ result }) => result.rowsJson)).size).toBe(1);
  });

  test('100 ms after a commit the next call misses on every replica, also when only a table of a policy changed', async () => {
    const replicas = [await replica(db, memory()), await replica(db, memory())];
    const count = 'SELECT count(*) FROM customers';
    for (const { ask } of replicas) {
      await ask([1], count);
      expect((await ask([1], count)).cached).toBe(true);
    }
    // On the embedded database there is one process, and so one replica.
    const told = db.address === undefined ? replicas.slice(0, 1) : replicas;
    await told[0]!.owner.query('UPDATE retail.orders SET total_amount = total_amount');
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const { ask } of told) expect((await ask([1], count)).cached).toBe(false);
    for (const { ask } of told) expect((await ask([1], count)).cached).toBe(true);
  });

  test('a failing statement fails again', async () => {
    const { ask, statements } = await replica(db, memory());
    for (let time = 0; time < 2; time += 1) {
      await expect(ask([1], 'SELECT 1 / (store_id - store_id) FROM orders')).rejects.toMatchObject({ code: 'query_failed' });
    }
    expect(statements()).toBe(2);
  });

  if (tier.name === 'the embedded database') return;
  test('while the LISTEN connection is cut nothing is a hit, until it is back', async () => {
    const { ask, versions } = await replica(db, memory());
    await ask([1], stores);
    await db.admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '% listener' AND datname = current_database()",
    );
    await until('the loss is noticed', () => !versions.trusted());
    expect((await ask([1], stores)).cached).toBe(false);
    expect((await ask([1], stores)).cached).toBe(false);
    await until('the listener is back', () => versions.trusted());
    expect((await ask([1], stores)).cached).toBe(true);
  });
});

describe('A Redis of this test’s own', () => {
  test('is killed between two calls: they succeed, the errors are counted, and what memory has is still a hit', async () => {
    const port = await freePort('127.0.0.1');
    const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
    open.push({
      close: async () => {
        if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL');
      },
    });
    const connection = openRedis({ url: `redis://127.0.0.1:${port}`, note: () => {} });
    open.push(connection);
    await until('Redis is connected', () => connection.client.isReady);
    const ring = createKeyRing([newEncryptionKey('k1')]);
    let errors = 0;
    const redis = createRedisStore({
      redis: connection.client,
      prefix: '',
      seal: createEnvelope(() => ring),
      clock: systemClock,
      onError: () => {
        errors += 1;
      },
      pauseMs: 10,
      timeoutMs: 1000,
      ...keeping,
    });
    const versions = createTableVersions({ definition: retailDefinition, clock: systemClock });
    versions.replaceAll(new Map([['orders', '1']]));
    const cacheOn = (store: CacheStore) => createResultCache({ store, versions, clock: systemClock, ttlMs: 300_000 });
    let runs = 0;
    const question = (key: string) => ({
      key,
      relations: ['orders'],
      produce: async () => {
        runs += 1;
        return { columns: [], rowsJson: '[]', rowCount: 0, truncated: false };
      },
    });
    const [one, two] = [cacheOn(createTieredStore([memory(), redis])), cacheOn(createTieredStore([memory(), redis]))];
    const alone = cacheOn(redis);
    await one.answer(question('a'));
    await until('the other replica finds it', () => two.holds(question('a')));
    expect((await two.answer(question('a'))).cached).toBe(true);
    expect((await alone.answer(question('a'))).cached).toBe(true);
    expect([runs, errors]).toEqual([1, 0]);

    server.kill('SIGKILL');
    await once(server, 'exit');
    expect((await two.answer(question('a'))).cached).toBe(true);
    const others = ['b', 'c', 'd'].map((key) => alone.answer(question(key)));
    expect((await Promise.all(others)).map(({ cached }) => cached)).toEqual([false, false, false]);
    expect((await alone.answer(question('a'))).cached).toBe(false);
    expect(runs).toBe(5);
    expect(errors).toBeGreaterThan(0);
  });
});

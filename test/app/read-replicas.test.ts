import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type OpenedDatabase, openDatabase } from '../../src/app/adapters.ts';
import { openAnswerCache } from '../../src/app/answer-cache.ts';
import { withReadReplicas } from '../../src/app/read-replicas.ts';
import { retailSchema } from '../../src/app/served-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { OwnerSession, TenantStatement } from '../../src/postgres/database.ts';
import type { VersionsSink } from '../../src/postgres/table-listener.ts';
import type { ApprovedQuery } from '../../src/query/approved-query.ts';
import { createKeyRing, newEncryptionKey } from '../../src/vault/key-ring.ts';
import { signingKey, type TestDatabase, tierOn } from '../support/databases.ts';
import { until } from '../support/redis.ts';
import { onTwoServers, type ServerPair, startServerPair } from '../support/server-pair.ts';

const ring = createKeyRing([newEncryptionKey('test')]);

onTwoServers('A primary and its read replica', () => {
  let pair: ServerPair;
  let db: TestDatabase;
  /** Superuser's sessions. */
  let onStandby: OwnerSession;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    pair = await startServerPair();
    db = await (await tierOn('a server of its own', pair.primary.adminUrl)).open();
    await db.admin.script('UPDATE retail.inventory SET stock_level = 0 WHERE store_id = 1');
    onStandby = await pair.standby.admin();
    const there = 'SELECT 1 AS there FROM pg_database WHERE datname = $1';
    await until('the standby has it', async () => (await onStandby.query(there, [db.address!.database])).length === 1);
  }, 120_000);
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
  });
  afterAll(async () => {
    await onStandby?.close().catch(() => {});
    await db?.close().catch(() => {});
    await pair?.close();
  }, 60_000);

  interface Serving {
    readonly opened: OpenedDatabase;
    readonly noted: Observation[];
    /** Versions of the inventory in the order in which this process heard of them. */
    readonly heard: number[];
    ask(text: string, changes?: Partial<TenantStatement>): Promise<string | null | undefined>;
  }

  /** A process of the server, as far as its database goes. */
  async function serving(env: Record<string, string> = {}, replicaPort = pair.standby.port): Promise<Serving> {
    const { database, port } = db.address!;
    const config = loadConfig(
      { serving: 'stdio' },
      {
        DATABASE_URL: `postgresql://127.0.0.1:${port}/${database}?sslmode=disable`,
        POSTGRES_USER: db.role('server'),
        POSTGRES_PASSWORD: db.password!,
        POSTGRES_ROLE_PREFIX: db.role('x').replace(/_x$/, ''),
        POSTGRES_REPLICA_URLS: `postgresql://127.0.0.1:${replicaPort}/${database}?sslmode=disable`,
        POSTGRES_MAX_CONNECTIONS: '5',
        ...env,
      },
    );
    const noted: Observation[] = [];
    const note = (seen: Observation) => noted.push(seen);
    const alone = await openDatabase({ config, served: retailSchema, key: signingKey });
    const opened = withReadReplicas(alone, { config, note });
    open.push({ close: () => opened.database.close() });
    const heard: number[] = [];
    const sink: VersionsSink = {
      replaceAll: (versions) => void heard.push(Number(versions.get('inventory'))),
      changed: (table, version) => void (table === 'inventory' && heard.push(Number(version))),
      lost: () => {},
    };
    if (config.cacheTtlSeconds > 0) open.push((await opened.watchTables?.(sink, () => {})) ?? { close: async () => {} });
    const ask: Serving['ask'] = async (text, changes = {}) => {
      const limits = { maxRows: 1000, maxBytes: 1_000_000 };
      const statement = { reader: 'reader', scopeToken: db.sign([1]), text, limits, timeoutMs: 10_000, ...changes };
      return (await opened.database.runAsTenant(statement)).rows[0]?.[0];
    };
    return { opened, noted, heard, ask };
  }

  const whoAnswers = "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END";
  const stock = "SELECT (CASE WHEN pg_is_in_recovery() THEN 'standby ' ELSE 'primary ' END) || max(stock_level) FROM inventory";
  const onTheStandby = (one: Serving) => until('the standby answers', async () => (await one.ask(whoAnswers)) === 'standby');
  const setStock = (level: number) => db.owner.script(`UPDATE retail.inventory SET stock_level = ${level} WHERE store_id = 1`);
  const heardOf = (one: Serving) => {
    const before = one.heard.at(-1) ?? 0;
    return until('the change is heard of', () => (one.heard.at(-1) ?? 0) > before);
  };

  test('a tenant’s statements are answered by the standby, the server’s own by the primary', async () => {
    const one = await serving();
    await onTheStandby(one);
    expect(await one.opened.database.query('SELECT pg_is_in_recovery()::text AS standby')).toEqual([{ standby: 'false' }]);
    expect(one.noted).toEqual([]);
    const { slots } = one.opened.database.load();
    expect(slots).toBe(8);
    one.opened.database.resize?.(2);
    expect(one.opened.database.load().slots).toBe(4);
    expect(await one.ask(whoAnswers)).toBe('standby');
  });

  test('the standby verifies the scope, and shows a tenant her own rows only', async () => {
    const one = await serving();
    await onTheStandby(one);
    const text = 'SELECT count(*) || pg_is_in_recovery()::text || min(store_id) || max(store_id) FROM orders';
    for (const store of [1, 2, 5]) {
      const [truth] = await db.admin.query('SELECT count(*)::text AS n FROM retail.orders WHERE store_id = $1', [store]);
      const statement = { reader: 'reader', text, limits: { maxRows: 10, maxBytes: 1000 }, timeoutMs: 5000 };
      const result = await one.opened.database.runAsTenant({ ...statement, scopeToken: db.sign([store]) });
      expect(result.verifiedTenantIds).toEqual([store]);
      expect(result.rows).toEqual([[`${truth?.n}true${store}${store}`]]);
    }
  });

  test.each([
    ['an altered token', (token: string) => token.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['a token of another key', (token: string) => token.replace('v1.test.', 'v1.other.')],
    ['no token', () => ''],
  ])('%s shows nothing there, nor at the primary', async (_what, alter) => {
    const one = await serving();
    await onTheStandby(one);
    const statement = {
      reader: 'reader',
      limits: { maxRows: 10, maxBytes: 1000 },
      timeoutMs: 5000,
      scopeToken: alter(db.sign([1])),
    };
    const result = await one.opened.database.runAsTenant({ ...statement, text: 'SELECT order_id FROM orders' });
    expect(result).toMatchObject({ verifiedTenantIds: [], rows: [] });
  });

  test('nothing can be written there', async () => {
    const one = await serving();
    await onTheStandby(one);
    await expect(one.ask('UPDATE inventory SET stock_level = 1')).rejects.toMatchObject({
      code: expect.stringMatching(/query_failed|internal/),
    });
  });

  test('a standby that has not replayed a change this process has heard of is not asked until it has', async () => {
    const one = await serving();
    await setStock(100);
    await onTheStandby(one);
    await onStandby.script('SELECT pg_wal_replay_pause()');
    try {
      const heard = heardOf(one);
      await setStock(200);
      await heard;
      for (let call = 0; call < 20; call += 1) expect(await one.ask(stock)).toBe('primary 200');
    } finally {
      await onStandby.script('SELECT pg_wal_replay_resume()');
    }
    await until('it has caught up', async () => (await one.ask(stock)) === 'standby 200');
  });

  test('a position that the standby has not reached shows no row, whatever this process believes', async () => {
    const one = await serving();
    await onTheStandby(one);
    const copy = await one.opened.openCopy!({ ...db.address!, port: pair.standby.port });
    open.push(copy);
    const statement = { reader: 'reader', scopeToken: db.sign([1]), limits: { maxRows: 10, maxBytes: 1000 }, timeoutMs: 5000 };
    const at = async (replayedTo: string) => copy.runAsTenant({ ...statement, text: 'SELECT count(*) FROM orders', replayedTo });
    const [row] = await onStandby.query('SELECT pg_last_wal_replay_lsn()::text AS lsn');
    expect((await at(row?.lsn ?? '')).verifiedTenantIds).toEqual([1]);
    const beyond = await at('FFFFFFFF/FFFFFFFF');
    expect(beyond.verifiedTenantIds).toEqual([]);
    expect(beyond.rows).toEqual([['0']]);
  });

  test('while a writer never rests and the standby lags, no answer is older than what was heard before it', async () => {
    await onStandby.script("ALTER SYSTEM SET recovery_min_apply_delay = '60ms'");
    await onStandby.script('SELECT pg_reload_conf()');
    try {
      const one = await serving();
      await onTheStandby(one);
      // A version and a stock level each: the n-th version heard from here on means that level.
      const first = one.heard.at(-1) ?? 0;
      let writing = true;
      const writer = (async () => {
        for (let level = 1; writing; level += 1) {
          await setStock(1000 + level);
          await delay(level % 3 === 0 ? 250 : 5);
        }
      })();
      const answeredBy = { primary: 0, standby: 0 };
      const reader = async () => {
        while (writing) {
          const atLeast = 1000 + (one.heard.at(-1) ?? 0) - first;
          const [who = '', level] = ((await one.ask(stock)) ?? '').split(' ');
          answeredBy[who as 'primary' | 'standby'] += 1;
          if (atLeast > 1000) expect(Number(level)).toBeGreaterThanOrEqual(atLeast);
        }
      };
      const readers = Promise.all([reader(), reader(), reader()]);
      await delay(3000);
      writing = false;
      await Promise.all([writer, readers]);
      expect(answeredBy.primary).toBeGreaterThan(5);
      expect(answeredBy.standby).toBeGreaterThan(5);
    } finally {
      await onStandby.script('ALTER SYSTEM RESET recovery_min_apply_delay');
      await onStandby.script('SELECT pg_reload_conf()');
    }
  });

  test('a remembered answer is the new one 100 ms after a commit, whether the standby has come so far or not', async () => {
    const one = await serving();
    const config = loadConfig({ serving: 'nothing' }, {});
    const cache = await openAnswerCache({
      ...{ config, definition: retailSchema.definition, place: 'here', load: one.opened.database.load },
      ...{ watchTables: one.opened.watchTables, ring: () => ring, clock: systemClock, note: () => {} },
    });
    open.push(cache);
    const approved = { text: stock, reader: { suffix: 'reader' }, relations: ['inventory'] } as unknown as ApprovedQuery;
    const produce = async () => ({ columns: [], rowsJson: (await one.ask(stock)) ?? '', rowCount: 1, truncated: false });
    const remembered = async () => {
      const { result, cached } = await cache.remember({ approved, tenantIds: [1], produce });
      return [result.rowsJson, cached];
    };
    await until('versions are known', async () => (await remembered())[1] === true);
    await onTheStandby(one);
    await onStandby.script('SELECT pg_wal_replay_pause()');
    try {
      await setStock(5001);
      await delay(100);
      expect(await remembered()).toEqual(['primary 5001', false]);
      expect(await remembered()).toEqual(['primary 5001', true]);
    } finally {
      await onStandby.script('SELECT pg_wal_replay_resume()');
    }
    await onTheStandby(one);
    for (const level of [5002, 5003, 5004, 5005]) {
      await setStock(level);
      await delay(100);
      const [answer, cached] = await remembered();
      expect([String(answer).replace(/^\w+ /, ''), cached]).toEqual([String(level), false]);
      expect(await remembered()).toEqual([answer, true]);
    }
  });

  test('a statement that was in the way of the replay is answered by the primary', async () => {
    const one = await serving();
    await onTheStandby(one);
    const slow = `SELECT pg_is_in_recovery() || count(*)::text FROM order_items a CROSS JOIN order_items b
      WHERE a.quantity * b.quantity > 0 AND length(a.order_item_id::text || b.order_item_id::text) > 0`;
    const answer = one.ask(slow, { timeoutMs: 15_000 });
    const running =
      "SELECT 1 AS there FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%CROSS JOIN%' AND pid <> pg_backend_pid()";
    await until('it runs on the standby', async () => (await onStandby.query(running)).length === 1);
    await db.admin.script('BEGIN; LOCK TABLE retail.order_items IN ACCESS EXCLUSIVE MODE; COMMIT');
    expect(await answer).toMatch(/^false\d+$/);
    expect(one.noted).toEqual([]);
  });

  test('a caller’s mistake is told as such, and the standby is still used', async () => {
    const one = await serving();
    await onTheStandby(one);
    await expect(one.ask('SELECT 1 / (store_id - store_id) FROM orders')).rejects.toMatchObject({ code: 'query_failed' });
    await expect(one.ask('SELECT no_such_column FROM orders')).rejects.toMatchObject({ code: 'query_failed' });
    expect(await one.ask(whoAnswers)).toBe('standby');
  });

  test('a standby that dies under load costs no answer, is told of once, and is used again when it is back', async () => {
    const one = await serving();
    await onTheStandby(one);
    let asking = true;
    const answers = new Set<string | null | undefined>();
    const reader = async () => {
      while (asking) answers.add(await one.ask(whoAnswers));
    };
    const readers = Promise.all([reader(), reader(), reader(), reader()]);
    await delay(200);
    await onStandby.close().catch(() => {});
    await pair.standby.stop('SIGKILL');
    await delay(600);
    expect(await one.ask(whoAnswers)).toBe('primary');
    asking = false;
    await readers;
    expect(answers).toEqual(new Set(['standby', 'primary']));
    expect(one.noted).toEqual([expect.objectContaining({ kind: 'fault_met', where: 'read replicas' })]);
    await pair.standby.start();
    onStandby = await pair.standby.admin();
    await onTheStandby(one);
    expect(one.noted).toHaveLength(1);
  }, 60_000);

  test('without the result cache, and so without its listener, the standby serves as well', async () => {
    const one = await serving({ CACHE_TTL_SECONDS: '0' });
    await onTheStandby(one);
  });

  test('where changes cannot be heard it is not used, and the operator is told', async () => {
    const one = await serving({ POSTGRES_POOLER: 'transaction' });
    expect(one.opened.advice).toMatch(/^POSTGRES_REPLICA_URLS is not used: .*POSTGRES_DIRECT_URL/);
    expect(await one.ask(whoAnswers)).toBe('primary');
  });

  test('a server that takes writes is not taken for a replica', async () => {
    const one = await serving({}, pair.primary.port);
    await until('it is told', () => one.noted.length > 0);
    const [fault] = one.noted as { error: Error }[];
    expect(fault?.error.message).toContain(`The read replica 127.0.0.1:${pair.primary.port}/`);
    expect(fault?.error.cause).toMatchObject({ message: 'it is no standby' });
    expect(await one.ask(whoAnswers)).toBe('primary');
  });

  // The last one: there is no way back.
  test('a standby that is promoted is not asked any more, not even by a call that is on its way', async () => {
    const one = await serving();
    await onTheStandby(one);
    const copy = await one.opened.openCopy!({ ...db.address!, port: pair.standby.port });
    open.push(copy);
    await onStandby.query('SELECT pg_promote()');
    const statement = { reader: 'reader', scopeToken: db.sign([1]), limits: { maxRows: 10, maxBytes: 1000 }, timeoutMs: 5000 };
    const late = await copy.runAsTenant({ ...statement, text: 'SELECT order_id FROM orders', replayedTo: '0/1' });
    expect(late).toMatchObject({ verifiedTenantIds: [], rows: [] });
    for (let call = 0; call < 20; call += 1) {
      expect((await one.opened.database.runAsTenant({ ...statement, text: whoAnswers })).verifiedTenantIds).toEqual([1]);
    }
    await until('it is told', () => one.noted.length > 0);
  });
});
